/* Plan of the negacyclic FFT: radices and tables of turns. The transforms are in fft_passes.h, fft_lanes.h and fft_wide.h. */
#include "fft.h"

#include <math.h>

/* As much work as a pass of radix 4 over 2048 bins. */
#define MOST_BINS_PER_STEP 512

size_t sp_fft_table_size(int block) {
    /* Leaves take 2 B (lanes - 1) / lanes; the levels, of which the last has B / (4 lanes) nodes of 6 floats, less than B; and the last
     * one's for 16 lanes 8 times as much. */
    return (size_t)4 * block;
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

/* Turns of a polynomial's 2nd to last block before its split into `radix`; lanes of a table lie `stride` floats apart. */
static void put_turns(double turn, int radix, int stride, float *to) {
    for (int k = 1; k < radix; k++, to += 2 * stride) {
        cos_sin(turn * k / radix, &to[0], &to[stride]);
    }
}

/* Leaf that lane l of a group of 16 works on: halves of the registers are the two nodes of a pair, whose children alternate. */
static int wide_leaf(int group, int lane) {
    int half = lane / 8, pair = 2 * group + lane % 8 / 4, child = lane % 4;
    return (2 * pair + half) * 4 + child;
}

static void make_tables(sp_fft *fft, int wide, float *next) {
    int leaf_lanes = wide ? 16 : fft->lanes;
    fft->leaf_turns = next;
    for (int group = 0; group < fft->block / (fft->lanes * leaf_lanes); group++, next += 2 * leaf_lanes * (fft->lanes - 1)) {
        for (int lane = 0; lane < leaf_lanes; lane++) {
            int leaf = wide ? wide_leaf(group, lane) : group * leaf_lanes + lane;
            put_turns(node_turn(fft, fft->n_levels, leaf), fft->lanes, leaf_lanes, next + lane);
        }
    }
    int last = fft->n_levels - 1;
    if (wide) {
        fft->pair_turns = next;
        for (int pair = 0; pair < fft->n_nodes[last] / 2; pair++, next += 6 * 16) {
            for (int lane = 0; lane < 16; lane++) {
                put_turns(node_turn(fft, last, 2 * pair + lane / 8), 4, 16, next + lane);
            }
        }
    }
    for (int level = 0; level < fft->n_levels - wide; level++) {
        fft->turns[level] = next;
        for (int node = 0; node < fft->n_nodes[level]; node++, next += 2 * (fft->radix[level] - 1)) {
            put_turns(node_turn(fft, level, node), fft->radix[level], 1, next);
        }
    }
}

void sp_fft_plan(sp_fft *fft, int block, float *tables) {
    *fft = sp_fft_shape(block);
    make_tables(fft, 0, tables);
}

void sp_fft_plan_wide(sp_fft *fft, int block, float *tables) {
    *fft = sp_fft_shape(block);
    make_tables(fft, block >= 128, tables);
}
