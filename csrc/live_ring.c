#include "live_ring.h"

#define NOT_KNOWN UINT64_MAX

void sp_live_ring_lay_out(sp_live_ring *r, int n_channels, uint64_t least, sp_arena *memory) {
    uint64_t size = 1;
    while (size < least) {
        size *= 2;
    }
    r->mask = size - 1;
    r->n_channels = n_channels;
    for (int c = 0; c < n_channels; c++) {
        r->channels[c] = sp_take_floats(memory, size);
    }
}

void sp_live_ring_begin(sp_live_ring *r, uint64_t first_frame) {
    r->written = r->taken = first_frame;
    r->end = NOT_KNOWN;
}

int sp_live_ring_room(const sp_live_ring *r) {
    uint64_t written = atomic_load_explicit(&r->written, memory_order_relaxed);
    return (int)(r->mask + 1 - (written - atomic_load_explicit(&r->taken, memory_order_acquire)));
}

int sp_live_ring_write(sp_live_ring *r, const float *const *in, int n_frames) {
    int room = sp_live_ring_room(r), n = n_frames < room ? n_frames : room;
    if (n <= 0) {
        return 0;
    }
    uint64_t written = atomic_load_explicit(&r->written, memory_order_relaxed);
    size_t at = written & r->mask, until_wrap = r->mask + 1 - at, first = (size_t)n < until_wrap ? (size_t)n : until_wrap;
    for (int c = 0; c < r->n_channels; c++) {
        memcpy(r->channels[c] + at, in[c], first * sizeof(float));
        memcpy(r->channels[c], in[c] + first, (n - first) * sizeof(float));
    }
    atomic_store_explicit(&r->written, written + n, memory_order_release);
    return n;
}

unsigned long sp_live_ring_capture(sp_live_ring *r, const float *in, int n_captured, unsigned long n_frames) {
    unsigned long room = (unsigned long)sp_live_ring_room(r), n_written = n_frames < room ? n_frames : room;
    uint64_t written = atomic_load_explicit(&r->written, memory_order_relaxed);
    for (unsigned long n = 0; n < n_written; n++) {
        for (int c = 0; c < r->n_channels; c++) {
            r->channels[c][(written + n) & r->mask] = in ? in[n * n_captured + c % n_captured] : 0.0f;
        }
    }
    atomic_store_explicit(&r->written, written + n_written, memory_order_release);
    return n_written;
}

void sp_live_ring_end(sp_live_ring *r) {
    atomic_store_explicit(&r->end, atomic_load_explicit(&r->written, memory_order_relaxed), memory_order_release);
}

/* The end is looked at first: once it is known, all is written. */
uint64_t sp_live_ring_there(const sp_live_ring *r, int *all) {
    uint64_t end = atomic_load_explicit(&r->end, memory_order_acquire);
    uint64_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);
    *all = end != NOT_KNOWN;
    return (*all ? end : atomic_load_explicit(&r->written, memory_order_acquire)) - taken;
}

void sp_live_ring_peek(const sp_live_ring *r, int behind, int n_frames, float *const *to) {
    size_t at = (atomic_load_explicit(&r->taken, memory_order_relaxed) + behind) & r->mask;
    size_t n = n_frames, until_wrap = r->mask + 1 - at, first = n < until_wrap ? n : until_wrap;
    for (int c = 0; c < r->n_channels; c++) {
        memcpy(to[c], r->channels[c] + at, first * sizeof(float));
        memcpy(to[c] + first, r->channels[c], (n - first) * sizeof(float));
    }
}

void sp_live_ring_take(sp_live_ring *r, int n_frames) {
    uint64_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);
    atomic_store_explicit(&r->taken, taken + n_frames, memory_order_release);
}
