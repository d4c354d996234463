/* One level of a convolver: its partitions' spectra, and the work on one partition cut into tasks. */
#ifndef SPATIAL_CONVOLVER_LEVEL_H
#define SPATIAL_CONVOLVER_LEVEL_H

#include "arena.h"
#include "filters.h"

typedef struct {
    int n_products;
    float *spectra; /* [chunk][ring of products][re | im]; from `newest` on, the newest partition's products come first */
    size_t stride;  /* of the chunks */
    int newest;
} sp_ring;

/* What one pass over a partition works on, fixed while the pass lasts. */
typedef struct {
    const float *previous, *current; /* the partition before last of the input and the last one, as [input] frames apart */
    size_t input_stride;
    const sp_filters *filters; /* that sound */
    const sp_filters *coming;  /* that fade in; NULL: none */
    const float *weights;      /* of the filters that fade in, one for each frame */
} sp_pass;

typedef struct {
    const sp_layout *layout;
    int level;
    int partition, n_blocks; /* L frames: so many blocks */
    int n_chunks;
    sp_ring rings[SP_MAX_GROUPS]; /* one for each group of inputs */
    size_t sum_stride;
    float *sums[2]; /* of the filters that sound, that fade in: [row][chunk][re | im], rows sum_stride apart */
    float *out[2];  /* [output][L]: what the pass makes, and what the pass before made */
    int making;
    float *coming;  /* [L]: an output of the filters that fade in */
    float *work[2]; /* [2 L]: of the transforms for the filters that sound, that fade in */
    int *ends;      /* tasks done by the end of each block */
    sp_pass pass;
    int n_done;     /* tasks */
} sp_level;

/* Places all in the arena; with memory, makes the schedule, and adds what the level costs to load. */
void sp_level_lay_out(sp_level *level, const sp_layout *layout, int number, sp_load *load, sp_arena *memory);

void sp_level_reset(sp_level *level);

/* Begins a pass. */
void sp_level_begin(sp_level *level, const sp_pass *pass);

/* Does what is to be done by the end of a block of the pass. */
void sp_level_work(sp_level *level, int block);

#endif
