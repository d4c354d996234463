/* The levels of a convolver, and how the work of the long ones is spread over the blocks. plan.c says how they are chosen. */
#ifndef SPATIAL_PLAN_H
#define SPATIAL_PLAN_H

#include "core.h"
#include "fft.h"

#define SP_MAX_LEVELS (1 + SP_MAX_TAILS)

/* Blocks of the longest partition: the smallest block is 16. */
#define SP_MAX_SPREAD (SP_MAX_PARTITION / SP_MIN_BLOCK)

/* Level 0 is the head, with partitions of a block; the others are tails. A level computes the output of one partition from the partition
 * before last, and has the time of one partition for it. So a tail of partitions of L frames begins at tap 2 L, and ends where the
 * next one begins. */
typedef struct {
    int n_levels;
    int partition[SP_MAX_LEVELS]; /* frames, rising */
    int first_tap[SP_MAX_LEVELS];
    int n_partitions[SP_MAX_LEVELS];
} sp_ladder;

/* The work of one level on one partition, as tasks in the order in which they are done: the steps of each input's forward transform, the
 * chunks of the sums of products, the steps of each output's inverse transform. Costs are in instructions, about. */
typedef struct {
    int n_inputs, n_chunks, n_outputs, n_steps;
    double step[SP_FFT_MAX_STEPS]; /* of a forward transform; the inverse takes them the other way round */
    double chunk;
} sp_work;

/* Whether the tails of a plan lie inside its domain. */
int sp_tails_valid(const sp_plan *plan);

/* Levels as the plan says, or the cheapest ones. n_products are the pairs of input and output that a partition has to multiply. The
 * same on every instruction set. */
sp_ladder sp_ladder_for(const sp_plan *plan, int n_products);

/* Work of a level with n_products in a partition, for chunks of so many bins and tiles of so many outputs. */
sp_work sp_work_of(const sp_ladder *ladder, int level, const sp_plan *plan, int n_products, int chunk, int max_tile);

/* What the levels so far cost in each block; it repeats after n_blocks. Begins with all zero. */
typedef struct {
    int n_blocks;
    double cost[SP_MAX_SPREAD];
} sp_load;

/* Spreads a level's tasks over the n_blocks blocks of its partition, where the levels before it leave room, and adds their cost. ends[n]
 * (NULL: not wanted) is the number of tasks done by the end of block n. */
void sp_spread(const sp_work *work, int n_blocks, sp_load *load, int *ends);

#endif
