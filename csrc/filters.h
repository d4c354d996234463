/* Filters as a convolver reads them: spectra of all partitions, one linear stream a level. */
#ifndef SPATIAL_FILTERS_H
#define SPATIAL_FILTERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "core.h"
#include "kernels.h"
#include "plan.h"

/* Inputs whose products are summed together: product n is partition n / n_inputs, input first + n % n_inputs. */
typedef struct {
    int first, n_inputs;
} sp_group;

#define SP_MAX_GROUPS 2

/* What the sets of one convolver have in common.
 *
 * Where the filters are mirror-symmetric, that is, where exchanging the first two inputs x0, x1 (left and right) exchanges outputs in
 * pairs, the convolver works on x1 - x0 and x0 + x1 in their place, in two groups: {x1 - x0} and {x0 + x1, all others}. Of a pair of
 * outputs, the half difference then needs the first group only and the half sum the second only: half the products. Filters that are
 * not symmetric can take their place, with all products. */
typedef struct {
    sp_plan plan;
    uint32_t number; /* of the convolver, no other has it: an address may come again when a convolver is gone */
    const sp_kernels *kernels;
    sp_ladder ladder;
    sp_fft fft[SP_MAX_LEVELS];
    int n_products;         /* of a partition, with the filters that it was made for */
    int difference_and_sum; /* 1: of the first two inputs, in their place */
    int n_groups;
    sp_group groups[SP_MAX_GROUPS];
} sp_layout;

/* Rows that are computed together, so that a spectrum is read once for all of them. */
typedef struct {
    int row, n_rows;
    int first_group, end_group;
} sp_tile;

struct sp_filters {
    const sp_layout *layout; /* of the convolver, which may be gone: number tells */
    uint32_t number;
    _Atomic uint32_t owned; /* by the convolver */
    int n_products; /* rows times inputs of all tiles */
    int n_tiles;
    sp_tile tiles[SP_MAX_CHANNELS + SP_MAX_GROUPS];
    /* Row k < n_pairs is the half sum of a pair of outputs and row n_outputs - n_pairs + k its half difference; when both are there, their
     * sum and difference take their places. The rows between are outputs themselves. */
    int n_pairs;
    int output_of_row[SP_MAX_CHANNELS], row_of_output[SP_MAX_CHANNELS];
    float *spectra[SP_MAX_LEVELS]; /* [chunk][tile][group][product][row of the tile][re | im] */
    struct sp_filters *next;       /* in a list of sets that are out of use */
    void *allocation;
};

/* Layout for filters that have to be fast; all but the tables of fft. */
sp_layout sp_layout_for(const sp_plan *plan, const float *taps);

/* NULL with *error set where there is no memory, or a tap is not finite. */
sp_filters *sp_filters_make(const sp_layout *layout, const float *taps, int *error);

/* Whoever owns them. NULL is fine. */
void sp_filters_drop(sp_filters *filters);

/* Where a chunk's stream begins at one level. */
static inline const float *sp_chunk_spectra(const sp_filters *filters, int level, int chunk) {
    size_t n_products = (size_t)filters->layout->ladder.n_partitions[level] * filters->n_products;
    return filters->spectra[level] + chunk * n_products * 2 * filters->layout->kernels->chunk;
}

#endif
