/* The inner loops, compiled once per instruction set and chosen when a plan is made. */
#ifndef SPATIAL_KERNELS_H
#define SPATIAL_KERNELS_H

#include "core.h"
#include "fft.h"

#define SP_MAX_CHUNK 16
#define SP_MAX_TILE 8

/* For each output t of a tile: sums[t] += sum over n of spectra[n] * filters[n][t], for one chunk of bins.
 *
 * All are chunks [re | im] of the kernels' chunk size; spectra and filters are read as two linear streams, the sums of
 * neighbouring outputs lie sum_stride floats apart. Products are added in the order of n. */
typedef void sp_multiply_add(const float *spectra, const float *filters, int n_products, float *sums, size_t sum_stride);

typedef struct {
    const char *name;
    int chunk;                                        /* complex bins of a chunk: a multiple of 8, at most SP_MAX_CHUNK */
    int max_tile;                                     /* outputs whose sums fit into the registers, at most SP_MAX_TILE */
    sp_multiply_add *multiply_add[SP_MAX_TILE + 1];   /* [outputs of the tile]; 0 is not used */
    void (*fft_forward)(const sp_fft *fft, const float *previous, const float *current, float *spectrum, size_t chunk_stride, float *work);
    void (*fft_inverse)(const sp_fft *fft, const float *spectrum, size_t chunk_stride, float *out, float *work);
} sp_kernels;

/* NULL where this processor has no such instruction set (SP_ISA_...). */
const sp_kernels *sp_kernels_for(int instruction_set);

#endif
