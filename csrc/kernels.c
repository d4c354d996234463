/* Instruction sets: the kernels compiled for each, and the choice among them.
 *
 * The kernels use plain vector arithmetic without fused multiply-adds, so all of them give the same bits.
 */
#include "kernels.h"

#include <string.h>

#include "clean_samples.h"
#include "simd.h"

#define K(name) name##_baseline
#define TARGET
#define REGISTER sp_float4
#define REGISTER_FLOATS 4
#define VECTORS 2
#if defined(__aarch64__)
#define NAME "NEON"
#define MAX_TILE 4
#elif defined(__x86_64__)
#define NAME "SSE2"
#define MAX_TILE 2
#else
#define NAME "generic"
#define MAX_TILE 2
#endif
#include "kernels_isa.h"

#if defined(__x86_64__)

#define K(name) name##_avx2
#define TARGET __attribute__((target("avx2")))
#define NAME "AVX2"
#define REGISTER sp_float8
#define REGISTER_FLOATS 8
#define VECTORS 1
#define MAX_TILE 6
#include "kernels_isa.h"

/* VL gives the 8-lane FFT all 32 registers. */
#define K(name) name##_avx512
#define TARGET __attribute__((target("avx512f,avx512vl")))
#define NAME "AVX-512"
#define REGISTER sp_float16
#define REGISTER_FLOATS 16
#define VECTORS 1
#define MAX_TILE 8
#include "kernels_isa.h"

#endif

int sp_best_instruction_set(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
        return SP_ISA_AVX512;
    }
    if (__builtin_cpu_supports("avx2")) {
        return SP_ISA_AVX2;
    }
#endif
    return SP_ISA_BASELINE;
}

const sp_kernels *sp_kernels_for(int instruction_set) {
    int best = sp_best_instruction_set();
    if (instruction_set == SP_ISA_BEST) {
        instruction_set = best;
    }
    if (instruction_set > best) { /* each has all that the ones before it have */
        return NULL;
    }
    switch (instruction_set) {
    case SP_ISA_BASELINE:
        return &kernels_baseline;
#if defined(__x86_64__)
    case SP_ISA_AVX2:
        return &kernels_avx2;
    case SP_ISA_AVX512:
        return &kernels_avx512;
#endif
    default:
        return NULL;
    }
}

const char *sp_instruction_set_name(int instruction_set) {
    const sp_kernels *kernels = sp_kernels_for(instruction_set);
    return kernels ? kernels->name : NULL;
}
