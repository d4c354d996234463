/* Plan of the negacyclic FFT: radices and tables of turns. The transforms are in fft_passes.h and fft_lanes.h. */
#include "fft.h"

#include <math.h>

/* As much work as a pass of radix 4 over 2048 bins. */
#define MOST_BINS_PER_STEP 512

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

sp_fft sp_fft_shape(int block) {
    sp_fft fft = {.block = block, .lanes = block >= 64 ? 8 : 4};
    /* Radix 4, and one radix 8 in front where the number of leaves is no power of 4. */
    int log2_leaves = 0;
    while ((block / fft.lanes) >> (log2_leaves + 1)) {
        log2_leaves++;
    }
    fft.n_levels = log2_leaves / 2;
    for (int level = 0, n_nodes = 1; level < fft.n_levels; level++) {
        fft.radix[level] = level == 0 && log2_leaves % 2 ? 8 : 4;
        fft.n_nodes[level] = n_nodes;
        n_nodes *= fft.radix[level];
        fft.m[level] = block / n_nodes;
    }
    fft.bins_per_step = block < MOST_BINS_PER_STEP ? block : MOST_BINS_PER_STEP;
    fft.n_steps = fft.n_levels + block / fft.bins_per_step;
    return fft;
}

void sp_fft_plan(sp_fft *fft, int block, float *tables) {
    *fft = sp_fft_shape(block);
    float *next = tables;
    fft->leaf_turns = next;
    for (int group = 0; group < block / (fft->lanes * fft->lanes); group++) {
        for (int k = 1; k < fft->lanes; k++, next += 2 * fft->lanes) {
            for (int lane = 0; lane < fft->lanes; lane++) {
                double turn = node_turn(fft, fft->n_levels, group * fft->lanes + lane);
                cos_sin(turn * k / fft->lanes, &next[lane], &next[fft->lanes + lane]);
            }
        }
    }
    for (int level = 0; level < fft->n_levels; level++) {
        fft->turns[level] = next;
        for (int node = 0; node < fft->n_nodes[level]; node++) {
            for (int k = 1; k < fft->radix[level]; k++, next += 2) {
                cos_sin(node_turn(fft, level, node) * k / fft->radix[level], &next[0], &next[1]);
            }
        }
    }
}
