/* The ring between the thread that writes a programme and the callback that takes it. One writer, one reader, no locks; both count frames
 * without end (2^64 frames are twelve million years). */
#ifndef SPATIAL_LIVE_RING_H
#define SPATIAL_LIVE_RING_H

#include <stdatomic.h>
#include <stdint.h>

#include "arena.h"
#include "core.h"

typedef struct {
    float *channels[SP_MAX_CHANNELS];
    int n_channels;
    uint64_t mask; /* size less 1, a power of two */
    _Atomic uint64_t written, taken, end;
} sp_live_ring;

/* For at least so many frames of n_channels. */
void sp_live_ring_lay_out(sp_live_ring *ring, int n_channels, uint64_t least, sp_arena *memory);

/* Empty, its first frame being counted as first_frame; no end is known. */
void sp_live_ring_begin(sp_live_ring *ring, uint64_t first_frame);

/* ---- the writer ---- */

int sp_live_ring_room(const sp_live_ring *ring);

/* As many of the frames as there is room for; returns how many. */
int sp_live_ring_write(sp_live_ring *ring, const float *const *in, int n_frames);

/* The same from interleaved ones, as many as the ring has or one that goes to all; NULL: silence. */
unsigned long sp_live_ring_capture(sp_live_ring *ring, const float *in, int n_captured, unsigned long n_frames);

/* Nothing more will be written. */
void sp_live_ring_end(sp_live_ring *ring);

/* ---- the reader ---- */

/* Frames that are there, and whether they are all that will come. */
uint64_t sp_live_ring_there(const sp_live_ring *ring, int *all);

/* Copies n_frames, from some frames behind the next one on, which stay there. */
void sp_live_ring_peek(const sp_live_ring *ring, int behind, int n_frames, float *const *to);

void sp_live_ring_take(sp_live_ring *ring, int n_frames);

#endif
