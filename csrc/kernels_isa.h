/* The kernels of one instruction set. kernels.c includes this once for each, with defined:
 *   K(name)   appends the instruction set to a name
 *   TARGET    attribute that lets the compiler use it
 *   NAME      what it is called
 *   REGISTER  vector type of one register        VECTORS  registers of a chunk's real parts
 *   MAX_TILE  outputs at once: 2 MAX_TILE VECTORS registers hold sums, some must be left for the operands
 */

#define REGISTER_FLOATS ((int)(sizeof(REGISTER) / sizeof(float)))
#define CHUNK (VECTORS * REGISTER_FLOATS)

#define LANES 4
#define vec sp_float4
#define L(name) K(lanes4_##name)
#include "fft_lanes.h"

#define LANES 8
#define vec sp_float8
#define L(name) K(lanes8_##name)
#include "fft_lanes.h"

TARGET static void K(fft_forward)(const sp_fft *fft, const float *previous, const float *current, float *spectrum, size_t chunk_stride,
                                  float *work) {
    if (fft->lanes == 8) {
        K(lanes8_forward)(fft, previous, current, spectrum, chunk_stride, work);
    } else {
        K(lanes4_forward)(fft, previous, current, spectrum, chunk_stride, work);
    }
}

TARGET static void K(fft_inverse)(const sp_fft *fft, const float *spectrum, size_t chunk_stride, float *out, float *work) {
    if (fft->lanes == 8) {
        K(lanes8_inverse)(fft, spectrum, chunk_stride, out, work);
    } else {
        K(lanes4_inverse)(fft, spectrum, chunk_stride, out, work);
    }
}

/* tile is known where this is inlined, so that the sums live in registers. */
SP_INLINE TARGET void K(multiply_add)(const float *first, int n_first, const float *second, int n_second, const float *filters,
                                      float *sums, size_t sum_stride, const int tile) {
    REGISTER re[MAX_TILE][VECTORS], im[MAX_TILE][VECTORS];
    for (int t = 0; t < tile; t++) {
        for (int v = 0; v < VECTORS; v++) {
            re[t][v] = im[t][v] = (REGISTER){0};
        }
    }
    for (int part = 0; part < 2; part++) {
        const float *x = part == 0 ? first : second;
        int n_products = part == 0 ? n_first : n_second;
        for (int n = 0; n < n_products; n++, x += 2 * CHUNK) {
            for (int t = 0; t < tile; t++, filters += 2 * CHUNK) {
                for (int v = 0; v < VECTORS; v++) {
                    REGISTER x_re = *(const REGISTER *)(x + v * REGISTER_FLOATS);
                    REGISTER x_im = *(const REGISTER *)(x + v * REGISTER_FLOATS + CHUNK);
                    REGISTER h_re = *(const REGISTER *)(filters + v * REGISTER_FLOATS);
                    REGISTER h_im = *(const REGISTER *)(filters + v * REGISTER_FLOATS + CHUNK);
                    re[t][v] += x_re * h_re;
                    im[t][v] += x_re * h_im;
                    re[t][v] -= x_im * h_im;
                    im[t][v] += x_im * h_re;
                }
            }
        }
    }
    for (int t = 0; t < tile; t++) {
        for (int v = 0; v < VECTORS; v++) {
            *(REGISTER *)(sums + t * sum_stride + v * REGISTER_FLOATS) += re[t][v];
            *(REGISTER *)(sums + t * sum_stride + v * REGISTER_FLOATS + CHUNK) += im[t][v];
        }
    }
}

#define MULTIPLY_ADD(tile)                                                                                                            \
    TARGET static void K(multiply_add_##tile)(const float *first, int n_first, const float *second, int n_second, const float *filters, \
                                              float *sums, size_t sum_stride) {                                                       \
        K(multiply_add)(first, n_first, second, n_second, filters, sums, sum_stride, tile);                                           \
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
MULTIPLY_ADD(7)
MULTIPLY_ADD(8)
#endif

#include "upmix_lanes.h"
#include "peaks_lanes.h"
#include "weighting_lanes.h"

static const sp_kernels K(kernels) = {
    .name = NAME,
    .chunk = CHUNK,
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
        K(multiply_add_7),
        K(multiply_add_8),
#endif
    },
    .fft_forward = K(fft_forward),
    .fft_inverse = K(fft_inverse),
    .upmix_centre = K(upmix_centre),
    .peaks_between = K(peaks_between),
    .largest_magnitude = K(largest_magnitude),
    .weighted_power = K(weighted_power),
};

#undef MULTIPLY_ADD
#undef CHUNK
#undef REGISTER_FLOATS
#undef K
#undef TARGET
#undef NAME
#undef REGISTER
#undef VECTORS
#undef MAX_TILE
