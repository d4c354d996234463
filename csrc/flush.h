/* Floating-point state of a thread while the core computes: round to nearest, no traps, subnormal numbers are zero. They cost
 * many times a normal number, and no one hears them. */
#ifndef SPATIAL_FLUSH_H
#define SPATIAL_FLUSH_H

#include <stdint.h>

#if defined(__SSE__)
typedef unsigned int sp_float_state;
static inline sp_float_state sp_float_state_get(void) { return __builtin_ia32_stmxcsr(); }
static inline void sp_float_state_set(sp_float_state state) { __builtin_ia32_ldmxcsr(state); }
#define SP_FLUSHING 0x9fc0u /* all exceptions masked, flush to zero, denormals are zero */

#elif defined(__aarch64__)
typedef uint64_t sp_float_state;
static inline sp_float_state sp_float_state_get(void) {
    uint64_t state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    return state;
}
static inline void sp_float_state_set(sp_float_state state) { __asm__ volatile("msr fpcr, %0" ::"r"(state)); }
#define SP_FLUSHING ((uint64_t)1 << 24)

#else /* the state stays as it is: right, and slow on subnormal input */
typedef int sp_float_state;
static inline sp_float_state sp_float_state_get(void) { return 0; }
static inline void sp_float_state_set(sp_float_state state) { (void)state; }
#define SP_FLUSHING 0
#endif

#endif
