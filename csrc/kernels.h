/* The inner loops, compiled once per instruction set and chosen when a plan is made. */
#ifndef SPATIAL_KERNELS_H
#define SPATIAL_KERNELS_H

#include "core.h"
#include "bands.h"
#include "fft.h"
#include "interpolation.h"
#include "upmix_bins.h"
#include "weighting.h"

#define SP_MAX_CHUNK 16
#define SP_MAX_TILE 8

/* For each row t of a tile: sums[t] = or += (begin = 1 or 0) sum over n of spectra[n] * filters[n][t], for one chunk of bins.
 *
 * All are chunks [re | im] of the kernels' chunk size. Spectra and filters are read as linear streams; the spectra lie in a
 * ring, so n_first of them are followed by n_second from the ring's start. The sums of neighbouring rows lie sum_stride
 * floats apart. Products are summed in the order of n, from 0, SP_PRODUCTS_PER_SUM of them before they are added to what sums holds. */
typedef void sp_multiply_add(const float *first, int n_first, const float *second, int n_second, const float *filters, float *sums,
                             size_t sum_stride, int begin);

typedef struct {
    const char *name;
    int chunk;                                      /* complex bins of a chunk: a multiple of 8, at most SP_MAX_CHUNK */
    int max_tile;                                   /* rows whose sums fit into the registers, at most SP_MAX_TILE */
    sp_multiply_add *multiply_add[SP_MAX_TILE + 1]; /* [rows of the tile]; 0 is not used */
    void (*fft_plan)(sp_fft *fft, int block, float *tables); /* sp_fft_plan, or sp_fft_plan_wide, which is quicker; both will do */
    void (*fft_forward)(const sp_fft *fft, const float *previous, const float *current, float *spectrum, size_t chunk_stride, float *work);
    void (*fft_inverse)(const sp_fft *fft, const float *spectrum, size_t chunk_stride, float *out, float *work);
    /* The same in pieces: steps from first_step to before end_step, of fft->n_steps. work has to be as the step before left it. */
    void (*fft_forward_steps)(const sp_fft *fft, int first_step, int end_step, const float *previous, const float *current,
                              float *spectrum, size_t chunk_stride, float *work);
    void (*fft_inverse_steps)(const sp_fft *fft, int first_step, int end_step, const float *spectrum, size_t chunk_stride, float *out,
                              float *work);
    /* The same of two channels at once, for transforms of two_block bins; 0: there are none. */
    int two_block;
    void (*fft_forward_two)(const sp_fft *fft, const float *const *previous, const float *const *current, float *const *spectra,
                            size_t chunk_stride);
    void (*fft_inverse_two)(const sp_fft *fft, const float *const *spectra, size_t chunk_stride, float *const *out);
    /* On aligned arrays of n floats, a multiple of 16: */
    void (*add)(float *to, const float *from, int n);                        /* to + from */
    void (*sum_and_difference)(float *a, float *b, int n);                   /* a + b and a - b in the place of a and b */
    void (*fade)(float *to, const float *from, const float *weights, int n); /* to + weights (from - to) */
    unsigned (*copy_clean)(float *to, const float *from, int n);             /* sp_copy_clean of clean_samples.h */
    void (*upmix_centre)(const sp_upmix_bins *bins);
    /* n samples of M and S, the first of which is the position-th of the control block: C of each, and its powers into the sums. */
    void (*split_bands)(sp_split *split, const float *mid, const float *side, int n, int position, float *centre);
    /* largest[i] = largest magnitude between x[i + half - 1] and x[i + half], or 0 where no sample that it depends on is above harmless;
     * n is rounded up to 8, and so much is read; up to 32, and so much is written. Returns the largest of the n. As a meter reads it: */
    float (*meter_peaks)(const sp_interpolation *meter, const float *x, int n, float harmless, float *largest);
    /* Or the larger of that and of what four places more find, whose filters are longer; half is theirs. */
    float (*limiter_peaks)(const sp_interpolation *fine, const sp_interpolation *meter, const float *x, int n, float harmless,
                           float *largest);
    float (*largest_magnitude)(const float *x, int n);
    double (*weighted_power)(const sp_weighting *weighting, double *states, const float *const *x, int n);
} sp_kernels;

/* NULL where this processor has no such instruction set (SP_ISA_...). */
const sp_kernels *sp_kernels_for(int instruction_set);

#endif
