/* Negacyclic ("right-angle") FFT: what overlap-save convolution needs, and nothing else.
 *
 * Two neighbouring blocks of B real samples, taken as one sequence modulo X^2B + 1, are the same as the one complex block
 * z = previous + j current modulo X^B - j, because X^B stands for j. A filter partition of B taps is h = taps + j 0. In the
 * product z h the terms beyond X^2B come back, negated, on the first half only: its imaginary part is exactly the B samples of
 * linear convolution that belong to the current block. So a spectrum has just B complex bins, none of them special.
 *
 * The bins are the values of z at the B roots of X^B = j. Forward is decimation in frequency: a node holds a polynomial modulo
 * X^m - e^{j theta}, and splits into R polynomials modulo X^{m/R} - e^{j (theta + 2 pi k) / R}, k = 0..R-1. Block k of its m/R
 * coefficients is turned by k theta / R, then the blocks go through a DFT of R points. The last split of `lanes` coefficients
 * works across registers after a transpose. The inverse undoes this step by step (decimation in time), so that the bins stay
 * in the order in which they fall: a product of spectra does not mind. Not normalised: inverse(forward(z)) = B z.
 *
 * H. J. Nussbaumer, Fast Fourier Transform and Convolution Algorithms (1982); J. Arndt, Matters Computational (2011), "Right-angle
 * convolution".
 */
#ifndef SPATIAL_FFT_H
#define SPATIAL_FFT_H

#include <stddef.h>

#define SP_FFT_MAX_LEVELS 6
#define SP_FFT_MAX_STEPS 128

typedef struct {
    int block;                             /* B, a power of two >= 16 */
    int lanes;                             /* coefficients of a leaf: 8, or 4 where B < 64 */
    int n_levels;                          /* splits before the leaves */
    int radix[SP_FFT_MAX_LEVELS];          /* 4, the first also 8 */
    int n_nodes[SP_FFT_MAX_LEVELS];        /* that split */
    int m[SP_FFT_MAX_LEVELS];              /* coefficients after the split */
    int bins_per_step;                     /* of the leaves, which are done in several steps where there are many */
    int n_steps;                           /* of a transform, which may pause: levels, then leaves; the inverse the other way round */
    const float *turns[SP_FFT_MAX_LEVELS]; /* [node][k - 1][cos, sin] of k theta / R */
    const float *leaf_turns;               /* [group of leaves][k - 1][cos, sin][lane] */
    const float *pair_turns;               /* of 16 lanes, else NULL: the last level's, [pair of nodes][k - 1][cos, sin][lane] */
} sp_fft;

/* Everything but the tables. */
sp_fft sp_fft_shape(int block);

/* Floats that the tables of a transform take. */
size_t sp_fft_table_size(int block);

/* With tables, which are sp_fft_table_size(block) floats on a 64-byte boundary and belong to the caller. */
void sp_fft_plan(sp_fft *fft, int block, float *tables);

/* The same for kernels whose registers hold 16 floats: quicker, with the bins in another order where block >= 128. */
void sp_fft_plan_wide(sp_fft *fft, int block, float *tables);

#endif
