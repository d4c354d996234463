/* Plan of the negacyclic FFT: radices and tables of turns. The transforms are in fft_passes.h and fft_lanes.h. */
#include "fft.h"

#include <math.h>

size_t sp_fft_table_size(int block) {
    /* Leaves take 2 B (lanes - 1) / lanes; the levels, of which the last has B / (4 lanes) nodes of 6 floats, less than B. */
    return (size_t)3 * block;
}

/* Root of a node, as a part of a full turn: theta / 2 pi. Exact, for all radices are powers of two. */
static double node_turn(const sp_fft *fft, int level, int node) {
    if (level == 0) {
        return 0.25; /* X^B = j */
    }
    int radix = fft->radix[level - 1];
    return (node_turn(fft, level - 1, node / radix) + node % radix) / radix;
}

/* No table value lies within 38000 double ulps of the midpoint of two floats, so every libm gives the same tables. */
static void cos_sin(double turn, float *cosine, float *sine) {
    const double two_pi = 6.283185307179586476925;
    *cosine = (float)cos(two_pi * turn);
    *sine = (float)sin(two_pi * turn);
}

void sp_fft_plan(sp_fft *fft, int block, float *tables) {
    fft->block = block;
    fft->lanes = block >= 64 ? 8 : 4;
    int n_leaves = block / fft->lanes;

    /* Radix 4, and one radix 8 in front where the number of leaves is no power of 4. */
    int log2_leaves = 0;
    while (n_leaves >> (log2_leaves + 1)) {
        log2_leaves++;
    }
    fft->n_levels = log2_leaves / 2;
    for (int level = 0; level < fft->n_levels; level++) {
        fft->radix[level] = level == 0 && log2_leaves % 2 ? 8 : 4;
    }

    float *next = tables;
    fft->leaf_turns = next;
    for (int group = 0; group < n_leaves / fft->lanes; group++) {
        for (int k = 1; k < fft->lanes; k++, next += 2 * fft->lanes) {
            for (int lane = 0; lane < fft->lanes; lane++) {
                double turn = node_turn(fft, fft->n_levels, group * fft->lanes + lane);
                cos_sin(turn * k / fft->lanes, &next[lane], &next[fft->lanes + lane]);
            }
        }
    }
    int n_nodes = 1;
    for (int level = 0; level < fft->n_levels; level++) {
        fft->turns[level] = next;
        for (int node = 0; node < n_nodes; node++) {
            for (int k = 1; k < fft->radix[level]; k++, next += 2) {
                cos_sin(node_turn(fft, level, node) * k / fft->radix[level], &next[0], &next[1]);
            }
        }
        n_nodes *= fft->radix[level];
    }
}
