/* Vectors by the extensions that GCC and clang share, and the two things that they spell differently. */
#ifndef SPATIAL_SIMD_H
#define SPATIAL_SIMD_H

#define SP_INLINE static inline __attribute__((always_inline))

/* Aligned to their size; may_alias because they are laid over float arrays. */
typedef float sp_float4 __attribute__((vector_size(16), may_alias));
typedef float sp_float8 __attribute__((vector_size(32), may_alias));
typedef float sp_float16 __attribute__((vector_size(64), may_alias));
typedef double sp_double8 __attribute__((vector_size(64), may_alias));
typedef int sp_int4 __attribute__((vector_size(16)));
typedef int sp_int8 __attribute__((vector_size(32)));
typedef int sp_int16 __attribute__((vector_size(64)));

/* The loop that follows is written out, so that a small array of vectors can live in registers. */
#if defined(__clang__)
#define SP_UNROLL _Pragma("clang loop unroll(full)")
#else
#define SP_UNROLL _Pragma("GCC unroll 16")
#endif

/* A vector of one register's size that was loaded stays in a register. Without it compilers load operands of two multiplications twice. */
#if defined(__x86_64__) || defined(__i386__)
#define SP_KEEP(vector) __asm__("" : "+v"(vector))
#elif defined(__aarch64__)
#define SP_KEEP(vector) __asm__("" : "+w"(vector))
#else
#define SP_KEEP(vector) (void)0
#endif

/* Lanes of a and b (counted on from a) in a new order. __builtin_shufflevector came to GCC in version 12. */
#if defined(__clang__) || __GNUC__ >= 12
#define SP_SHUFFLE4(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define SP_SHUFFLE8(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define SP_SHUFFLE16(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SP_SHUFFLE4(a, b, ...) __builtin_shuffle(a, b, (sp_int4){__VA_ARGS__})
#define SP_SHUFFLE8(a, b, ...) __builtin_shuffle(a, b, (sp_int8){__VA_ARGS__})
#define SP_SHUFFLE16(a, b, ...) __builtin_shuffle(a, b, (sp_int16){__VA_ARGS__})
#endif

#endif
