/* What this processor can do at most, on one core:
 *
 *     roofline KILOBYTES...
 *
 * prints JSON: thousand millions of float operations a second by fused multiply-add ("fma"; two operations each) and by as many separate
 * multiplications and additions ("multiply_add"), and thousand millions of bytes a second read over and over from arrays of the given
 * sizes ("read"). The widest vectors there are. Compiled with contraction, which is how "fma" becomes what it is called. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef float float8 __attribute__((vector_size(32), may_alias));
typedef float float16 __attribute__((vector_size(64), may_alias));

/* Independent sums: more than latency times units, fewer than registers. */
#define N_SUMS_512 24
#define N_SUMS_256 12
#define N_STEPS 20000
#define N_ROUNDS 300

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

static volatile float kept;

#define UNROLL _Pragma("GCC unroll 24")

#define DEFINE(name, instructions, vector, n_sums)                                                                                       \
    __attribute__((target(instructions))) static void fma_##name(float factor) {                                                         \
        vector sums[n_sums], a = factor - (vector){0}, b = (1 - factor) - (vector){0};                                                   \
        UNROLL for (int k = 0; k < n_sums; k++) { sums[k] = a * (float)k; }                                                              \
        for (int n = 0; n < N_STEPS; n++) {                                                                                              \
            UNROLL for (int k = 0; k < n_sums; k++) { sums[k] = sums[k] * a + b; }                                                       \
        }                                                                                                                                \
        UNROLL for (int k = 1; k < n_sums; k++) { sums[0] += sums[k]; }                                                                  \
        kept = sums[0][0];                                                                                                               \
    }                                                                                                                                    \
    __attribute__((target(instructions))) static void multiply_add_##name(float factor) {                                                \
        vector sums[n_sums], a = factor - (vector){0}, b = (1 - factor) - (vector){0};                                                   \
        UNROLL for (int k = 0; k < n_sums; k++) { sums[k] = a * (float)k; }                                                              \
        for (int n = 0; n < N_STEPS; n++) {                                                                                              \
            UNROLL for (int k = 0; k < n_sums; k++) { sums[k] = k % 2 ? sums[k] * a : sums[k] + b; }                                     \
            UNROLL for (int k = 0; k < n_sums; k++) { sums[k] = k % 2 ? sums[k] * b : sums[k] + a; }                                     \
        }                                                                                                                                \
        UNROLL for (int k = 1; k < n_sums; k++) { sums[0] += sums[k]; }                                                                  \
        kept = sums[0][0];                                                                                                               \
    }                                                                                                                                    \
    __attribute__((target(instructions))) static void read_##name(const float *x, size_t count) {                                        \
        const size_t lanes = sizeof(vector) / sizeof(float);                                                                             \
        vector sums[8] = {{0}};                                                                                                          \
        for (size_t n = 0; n + 8 * lanes <= count; n += 8 * lanes) {                                                                     \
            UNROLL for (size_t k = 0; k < 8; k++) { sums[k] += *(const vector *)(x + n + k * lanes); }                                   \
        }                                                                                                                                \
        UNROLL for (size_t k = 1; k < 8; k++) { sums[0] += sums[k]; }                                                                    \
        kept = sums[0][0];                                                                                                               \
    }
DEFINE(avx512, "avx512f", float16, N_SUMS_512)
DEFINE(avx2, "avx2,fma", float8, N_SUMS_256)

static double quickest(void (*action)(float)) {
    double best = INFINITY;
    for (int r = 0; r < N_ROUNDS; r++) {
        double before = seconds();
        action(0.999f);
        best = fmin(best, seconds() - before);
    }
    return best;
}

int main(int argc, char **argv) {
    int wide = __builtin_cpu_supports("avx512f");
    double operations = 2.0 * N_STEPS * (wide ? 16 * N_SUMS_512 : 8 * N_SUMS_256);
    printf("{\"vector_bits\": %d, \"fma\": %.1f, \"multiply_add\": %.1f, \"read\": {", wide ? 512 : 256,
           1e-9 * operations / quickest(wide ? fma_avx512 : fma_avx2),
           1e-9 * operations / quickest(wide ? multiply_add_avx512 : multiply_add_avx2));
    for (int k = 1; k < argc; k++) {
        size_t count = (size_t)atoi(argv[k]) * 1024 / sizeof(float);
        float *x = aligned_alloc(64, count * sizeof(float));
        for (size_t n = 0; n < count; n++) {
            x[n] = (float)n;
        }
        double best = INFINITY;
        for (int r = 0; r < N_ROUNDS; r++) {
            double before = seconds();
            for (int again = 0; again < 4; again++) {
                (wide ? read_avx512 : read_avx2)(x, count);
            }
            best = fmin(best, (seconds() - before) / 4);
        }
        printf("%s\"%s\": %.1f", k > 1 ? ", " : "", argv[k], 1e-9 * count * sizeof(float) / best);
        free(x);
    }
    printf("}}\n");
    return 0;
}
