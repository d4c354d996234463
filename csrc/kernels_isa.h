/* The kernels of one instruction set. kernels.c includes this once for each, with defined:
 *   K(name)   appends the instruction set to a name
 *   TARGET    attribute that lets the compiler use it
 *   NAME      what it is called
 *   REGISTER  vector type of one register        REGISTER_FLOATS  floats in it        VECTORS  registers of a chunk's real parts
 *   MAX_TILE  outputs at once: 2 MAX_TILE VECTORS registers hold sums, some must be left for the operands
 */

#define CHUNK (VECTORS * REGISTER_FLOATS)

#if REGISTER_FLOATS == 16
#define LANES 16
#define vec sp_float16
#define L(name) K(lanes16_##name)
#include "fft_passes.h"
#include "fft_wide.h"
#undef LANES
#undef vec
#undef L
#define WIDE 16
#define W(name) K(lanes16_##name)
#endif

#define LANES 8
#define vec sp_float8
#define L(name) K(lanes8_##name)
#include "fft_passes.h"
#ifndef WIDE
#define WIDE 8
#define W(name) K(lanes8_##name)
#endif
#include "fft_lanes.h"

#define LANES 4
#define vec sp_float4
#define L(name) K(lanes4_##name)
#include "fft_passes.h"
#include "fft_lanes.h"

#undef WIDE
#undef W

TARGET static void K(fft_forward_steps)(const sp_fft *fft, int first_step, int end_step, const float *previous, const float *current,
                                        float *spectrum, size_t chunk_stride, float *work) {
#if REGISTER_FLOATS == 16
    if (fft->pair_turns) {
        K(lanes16_forward)(fft, first_step, end_step, previous, current, spectrum, chunk_stride, work);
        return;
    }
#endif
    if (fft->lanes == 8) {
        K(lanes8_forward)(fft, first_step, end_step, previous, current, spectrum, chunk_stride, work);
    } else {
        K(lanes4_forward)(fft, first_step, end_step, previous, current, spectrum, chunk_stride, work);
    }
}

TARGET static void K(fft_inverse_steps)(const sp_fft *fft, int first_step, int end_step, const float *spectrum, size_t chunk_stride,
                                        float *out, float *work) {
#if REGISTER_FLOATS == 16
    if (fft->pair_turns) {
        K(lanes16_inverse)(fft, first_step, end_step, spectrum, chunk_stride, out, work);
        return;
    }
#endif
    if (fft->lanes == 8) {
        K(lanes8_inverse)(fft, first_step, end_step, spectrum, chunk_stride, out, work);
    } else {
        K(lanes4_inverse)(fft, first_step, end_step, spectrum, chunk_stride, out, work);
    }
}

TARGET static void K(fft_forward)(const sp_fft *fft, const float *previous, const float *current, float *spectrum, size_t chunk_stride,
                                  float *work) {
    K(fft_forward_steps)(fft, 0, fft->n_steps, previous, current, spectrum, chunk_stride, work);
}

TARGET static void K(fft_inverse)(const sp_fft *fft, const float *spectrum, size_t chunk_stride, float *out, float *work) {
    K(fft_inverse_steps)(fft, 0, fft->n_steps, spectrum, chunk_stride, out, work);
}

/* tile is known where this is inlined, and its loops are written out, so that the sums live in registers. */
SP_INLINE TARGET void K(multiply_add)(const float *first, int n_first, const float *second, int n_second, const float *filters,
                                      float *sums, size_t sum_stride, int begin, const int tile) {
    const float *x = first;
    for (int n_left = n_first + n_second; n_left > 0; begin = 0) {
        REGISTER re[MAX_TILE][VECTORS], im[MAX_TILE][VECTORS];
        SP_UNROLL for (int t = 0; t < tile; t++) {
            SP_UNROLL for (int v = 0; v < VECTORS; v++) { re[t][v] = im[t][v] = (REGISTER){0}; }
        }
        int n_later = n_left > SP_PRODUCTS_PER_SUM ? n_left - SP_PRODUCTS_PER_SUM : 0;
        for (; n_left > n_later; n_left--, x += 2 * CHUNK) {
            x = n_left == n_second ? second : x;
            SP_UNROLL for (int t = 0; t < tile; t++, filters += 2 * CHUNK) {
                SP_UNROLL for (int v = 0; v < VECTORS; v++) {
                    REGISTER x_re = *(const REGISTER *)(x + v * REGISTER_FLOATS);
                    REGISTER x_im = *(const REGISTER *)(x + v * REGISTER_FLOATS + CHUNK);
                    REGISTER h_re = *(const REGISTER *)(filters + v * REGISTER_FLOATS);
                    REGISTER h_im = *(const REGISTER *)(filters + v * REGISTER_FLOATS + CHUNK);
                    SP_KEEP(h_re); /* otherwise loads, not operations, are what there is too much of */
#if REGISTER_FLOATS == 16
                    SP_KEEP(h_im);
#endif
                    re[t][v] += x_re * h_re - x_im * h_im;
                    im[t][v] += x_re * h_im + x_im * h_re;
                }
            }
        }
        float *sum = sums;
        SP_UNROLL for (int t = 0; t < tile; t++, sum += sum_stride) {
            SP_UNROLL for (int v = 0; v < VECTORS; v++) {
                REGISTER *sum_re = (REGISTER *)(sum + v * REGISTER_FLOATS), *sum_im = (REGISTER *)(sum + v * REGISTER_FLOATS + CHUNK);
                if (begin) {
                    *sum_re = re[t][v];
                    *sum_im = im[t][v];
                } else {
                    *sum_re += re[t][v];
                    *sum_im += im[t][v];
                }
            }
        }
    }
}

#define MULTIPLY_ADD(tile)                                                                                                            \
    TARGET static void K(multiply_add_##tile)(const float *first, int n_first, const float *second, int n_second, const float *filters, \
                                              float *sums, size_t sum_stride, int begin) {                                            \
        K(multiply_add)(first, n_first, second, n_second, filters, sums, sum_stride, begin, tile);                                    \
    }
MULTIPLY_ADD(1)
MULTIPLY_ADD(2)
#if MAX_TILE > 2
MULTIPLY_ADD(3)
MULTIPLY_ADD(4)
#endif
#if MAX_TILE > 4
MULTIPLY_ADD(5)
MULTIPLY_ADD(6)
#endif
#if MAX_TILE > 6
MULTIPLY_ADD(7)
MULTIPLY_ADD(8)
#endif

TARGET static void K(add)(float *to, const float *from, int n) {
    for (int k = 0; k < n; k += REGISTER_FLOATS) {
        *(REGISTER *)(to + k) += *(const REGISTER *)(from + k);
    }
}

TARGET static void K(sum_and_difference)(float *a, float *b, int n) {
    for (int k = 0; k < n; k += REGISTER_FLOATS) {
        REGISTER sum = *(const REGISTER *)(a + k) + *(const REGISTER *)(b + k);
        REGISTER difference = *(const REGISTER *)(a + k) - *(const REGISTER *)(b + k);
        *(REGISTER *)(a + k) = sum;
        *(REGISTER *)(b + k) = difference;
    }
}

TARGET static void K(fade)(float *to, const float *from, const float *weights, int n) {
    for (int k = 0; k < n; k += REGISTER_FLOATS) {
        REGISTER *sum = (REGISTER *)(to + k);
        *sum += *(const REGISTER *)(weights + k) * (*(const REGISTER *)(from + k) - *sum);
    }
}

TARGET static unsigned K(copy_clean)(float *to, const float *from, int n) { return sp_copy_clean(to, from, n); }

#include "upmix_lanes.h"
#include "peaks_lanes.h"
#include "bands_lanes.h"
#include "weighting_lanes.h"

static const sp_kernels K(kernels) = {
    .name = NAME,
    .chunk = CHUNK,
    .fft_plan = REGISTER_FLOATS == 16 ? sp_fft_plan_wide : sp_fft_plan,
    .max_tile = MAX_TILE,
    .multiply_add = {
        NULL,
        K(multiply_add_1),
        K(multiply_add_2),
#if MAX_TILE > 2
        K(multiply_add_3),
        K(multiply_add_4),
#endif
#if MAX_TILE > 4
        K(multiply_add_5),
        K(multiply_add_6),
#endif
#if MAX_TILE > 6
        K(multiply_add_7),
        K(multiply_add_8),
#endif
    },
    .fft_forward = K(fft_forward),
    .fft_inverse = K(fft_inverse),
#if REGISTER_FLOATS == 16
    .two_block = 64,
    .fft_forward_two = K(lanes16_forward_two),
    .fft_inverse_two = K(lanes16_inverse_two),
#endif
    .fft_forward_steps = K(fft_forward_steps),
    .fft_inverse_steps = K(fft_inverse_steps),
    .add = K(add),
    .sum_and_difference = K(sum_and_difference),
    .fade = K(fade),
    .copy_clean = K(copy_clean),
    .upmix_centre = K(upmix_centre),
    .split_bands = K(split_bands),
    .meter_peaks = K(meter_peaks),
    .limiter_peaks = K(limiter_peaks),
    .largest_magnitude = K(largest_magnitude),
    .weighted_power = K(weighted_power),
};

#undef MULTIPLY_ADD
#undef SP_LOW_PASS
#undef SP_PEAK_GROUP
#undef SP_WEIGH
#undef CHUNK
#undef REGISTER_FLOATS
#undef K
#undef TARGET
#undef NAME
#undef REGISTER
#undef VECTORS
#undef MAX_TILE
