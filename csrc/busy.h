/* One thread at a time in an object: a flag that turns the second one away, so that a mistake of the caller ends in SP_ERROR_BUSY and not
 * in a torn heap. It never waits. Four bytes, so lock-free on 32-bit processors as well. */
#ifndef SPATIAL_BUSY_H
#define SPATIAL_BUSY_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint32_t sp_busy;

/* 1: the object is this thread's until sp_leave; 0: another thread is in it. */
static inline int sp_enter(sp_busy *busy) { return !atomic_exchange_explicit(busy, 1, memory_order_acquire); }

static inline void sp_leave(sp_busy *busy) { atomic_store_explicit(busy, 0, memory_order_release); }

#endif
