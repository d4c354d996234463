/* Live: blocks of the chain out of callbacks of any size, from a ring that another thread fills (live_ring.h).
 *
 * Threads meet here without locks. A switch hands a pointer over and gets one back. Whatever else two threads see is a single atomic each.
 */
#include "core.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "busy.h"
#include "checks.h"
#include "flush.h"
#include "live_ring.h"
#include "live_voice.h"

#define GO_ON 0              /* paContinue */
#define OUTPUT_UNDERFLOW 4ul /* paOutputUnderflow */
#define STACK_BYTES 65536
#define PAGE_BYTES 1024 /* no page is smaller */
#define FULL_SCALE 0x3f800000u

/* ---- the live ---- */

struct sp_live {
    sp_live_plan plan;
    int n_inputs; /* of the chain, and of all that may follow it */
    int gap; /* frames of a fade around a gap: whole blocks */
    void *allocation;

    /* Of both threads: the ring; what a switch hands over and gets back; commands and figures. */
    sp_live_ring ring;
    sp_voice *_Atomic posted, *_Atomic retired;
    _Atomic int stop;
    _Atomic int switching, silent, finished;
    _Atomic uint64_t frames, callbacks, dries, dry_frames, device_dropouts, overrun_frames, clipped, switches, refused;
    sp_busy calling, writing, controlling; /* a thread calls back; writes or ends; switches or collects */
    _Atomic uint32_t peaks[SP_MAX_CHANNELS]; /* bits of a float; those of positive numbers are in order */

    /* Of the callback alone. */
    float *in[SP_MAX_CHANNELS]; /* one block for the chain */
    float *block;   /* [block][n_channels]: the last block that was computed */
    int ready;      /* frames of it that are still to be given */
    int waiting;    /* nothing has sounded yet */
    int dry;        /* the ring has run dry */
    int fallen;     /* frames of the fade into a gap that are through */
    int risen;      /* frames of the fade out of it */
    int ended;      /* the programme has; then last says at which frame its tail has, too */
    uint64_t last;
    uint64_t computed; /* frames that came out of the chain */
    int faded;      /* frames of the fade of stop */
    sp_voice *now, *next;
    int listened;   /* frames that next has heard */

    /* Of the thread that switches: lists of what was skipped, and of all chains that are not collected yet. */
    sp_voice *given_back, *held;
};

static int plan_error(const sp_live_plan *plan, int n_inputs) {
    if (plan->block < SP_MIN_BLOCK || plan->block > SP_MAX_BLOCK || (plan->block & (plan->block - 1))) {
        return SP_ERROR_BLOCK;
    }
    if (plan->n_channels < 1 || plan->n_channels > SP_MAX_DEVICE_CHANNELS) {
        return SP_ERROR_OUTPUTS;
    }
    if (plan->n_captured != 0 && plan->n_captured != 1 && plan->n_captured != n_inputs) {
        return SP_ERROR_INPUTS;
    }
    if (plan->fade_in != 0 && plan->fade_in != 1) {
        return SP_ERROR_FLAG;
    }
    if (plan->first_frame >= 1ull << 62) {
        return SP_ERROR_FRAMES;
    }
    const int lengths[] = {plan->host_block, plan->ring_frames, plan->refill_frames, plan->fade_frames - 1};
    for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
        if (lengths[n] < 0 || lengths[n] > SP_MAX_LIVE_FRAMES) {
            return SP_ERROR_FRAMES;
        }
    }
    return SP_OK;
}

static void lay_out(sp_live *l, sp_arena *memory) {
    const sp_live_plan *plan = &l->plan;
    uint64_t least = (uint64_t)plan->ring_frames + plan->refill_frames + plan->fade_frames + 2 * (uint64_t)plan->block;
    sp_live_ring_lay_out(&l->ring, l->n_inputs, least, memory);
    for (int c = 0; c < l->n_inputs; c++) {
        l->in[c] = sp_take_floats(memory, plan->block);
    }
    l->block = sp_take_floats(memory, (uint64_t)plan->block * plan->n_channels);
}

sp_live *sp_live_new(const sp_live_plan *asked, const sp_feeds *feeds, int *error) {
    int nowhere;
    error = sp_error_at(error, &nowhere);
    if (!asked || !feeds || !feeds->chain) {
        *error = SP_ERROR_NULL;
        return NULL;
    }
    sp_live_plan known = *asked;
    known.block = known.block ? known.block : sp_chain_block(feeds->chain);
    const sp_live_plan *plan = &known;
    int n_inputs = sp_chain_n_inputs(feeds->chain);
    *error = plan_error(plan, n_inputs);
    sp_voice *now = *error == SP_OK ? sp_voice_new(plan, feeds, 0, error) : NULL;
    if (!now) {
        return NULL;
    }
    void *allocation;
    sp_live stand_in = {.plan = *plan, .n_inputs = n_inputs};
    sp_arena memory = {0};
    sp_take(&memory, sizeof(sp_live));
    lay_out(&stand_in, &memory);
    memory = sp_arena_new(memory.used, &allocation);
    if (!allocation) {
        sp_voice_free(now);
        *error = SP_ERROR_MEMORY;
        return NULL;
    }
    sp_live *l = sp_take(&memory, sizeof(sp_live)); /* all zero */
    l->plan = *plan;
    l->n_inputs = n_inputs;
    l->gap = (plan->fade_frames + plan->block - 1) / plan->block * plan->block;
    l->allocation = allocation;
    lay_out(l, &memory);
    sp_live_ring_begin(&l->ring, plan->first_frame);
    l->frames = l->computed = plan->first_frame;
    l->ready = sp_live_latency(l);
    l->waiting = 1;
    l->risen = plan->fade_in ? 0 : l->gap;
    l->now = l->held = now;
    return l;
}

int sp_live_latency(const sp_live *l) { return !l || (l->plan.host_block && l->plan.host_block % l->plan.block == 0) ? 0 : l->plan.block; }

/* ---- the thread that writes ---- */

int sp_live_room(const sp_live *l) { return l ? sp_live_ring_room(&l->ring) : 0; }

int sp_live_write(sp_live *l, const float *const *in, int n_frames) {
    if (!l || (n_frames > 0 && !sp_all_there(in, l->n_inputs))) {
        return -SP_ERROR_NULL;
    }
    if (n_frames < 0) {
        return -SP_ERROR_FRAMES;
    }
    if (!sp_enter(&l->writing)) {
        return -SP_ERROR_BUSY;
    }
    int written = l->plan.n_captured ? 0 : sp_live_ring_write(&l->ring, in, n_frames); /* else the callback writes */
    sp_leave(&l->writing);
    return written;
}

int sp_live_end(sp_live *l) {
    if (!l) {
        return SP_ERROR_NULL;
    }
    if (!sp_enter(&l->writing)) {
        return SP_ERROR_BUSY;
    }
    sp_live_ring_end(&l->ring);
    sp_leave(&l->writing);
    return SP_OK;
}

/* ---- the callback ---- */

static void count(_Atomic uint64_t *counter, uint64_t more) { /* it has one writer */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more, memory_order_relaxed);
}

/* From 0 to 1 over a fade, without a corner at either end. */
static float rise(int frame, int fade_frames) {
    float t = frame <= 0 ? 0.0f : frame >= fade_frames ? 1.0f : (float)frame / (float)fade_frames;
    return t * t * (3.0f - 2.0f * t);
}

/* The first callback of a thread touches as much stack as later ones may want, while nothing sounds yet. */
static __attribute__((noinline)) void touch_stack(void) {
    volatile char stack[STACK_BYTES];
    for (int n = 0; n < STACK_BYTES; n += PAGE_BYTES) {
        stack[n] = 0;
    }
    (void)stack[0];
}

/* Whether the next block can be taken. What is kept in reserve is for a fade, should the ring run dry then. */
static int enough_there(sp_live *l) {
    int all;
    uint64_t there = sp_live_ring_there(&l->ring, &all);
    int least = l->plan.block;
    if (!l->plan.n_captured) {
        least += l->gap;
        least = (l->dry || l->waiting) && least < l->plan.refill_frames ? l->plan.refill_frames : least;
    }
    return all || there >= (uint64_t)least;
}

/* One block for the chain: n_frames of the ring, from some frames behind the next one on, and silence. */
static void peek_block(sp_live *l, int behind, int n_frames) {
    sp_live_ring_peek(&l->ring, behind, n_frames, l->in);
    for (int c = 0; c < l->n_inputs; c++) {
        memset(l->in[c] + n_frames, 0, (l->plan.block - n_frames) * sizeof(float));
    }
}

/* Multiplies the block by a part of a fade; falling: 1 less it. */
static void fade_block(sp_live *l, int from, int falling) {
    for (int n = 0; n < l->plan.block; n++) {
        float gain = rise(from + n, l->gap);
        gain = falling ? 1.0f - gain : gain;
        for (int c = 0; c < l->n_inputs; c++) {
            l->in[c][n] *= gain;
        }
    }
}

/* A block that the ring does not have: what is in reserve fades out, but stays there to be played again later; then silence. */
static void bridge_block(sp_live *l) {
    int all, block = l->plan.block, fading = l->fallen < l->gap;
    int sounds = fading && sp_live_ring_there(&l->ring, &all) >= (uint64_t)l->fallen + block;
    peek_block(l, l->fallen, sounds ? block : 0);
    if (fading) {
        fade_block(l, l->fallen, 1);
        l->fallen += block;
    }
    count(&l->dry_frames, block);
}

static void take_block(sp_live *l) {
    int all, block = l->plan.block;
    if (!l->dry && !enough_there(l)) {
        l->dry = 1;
        l->fallen = l->plan.n_captured ? l->gap : 0; /* a live input has no reserve, and waiting would be latency for good */
        count(&l->dries, 1);
    }
    if (l->dry && (l->fallen < l->gap || !enough_there(l))) {
        bridge_block(l);
        return;
    }
    if (l->dry) {
        l->dry = 0;
        l->risen = 0;
    }
    uint64_t there = sp_live_ring_there(&l->ring, &all);
    int n = there < (uint64_t)block ? (int)there : block;
    peek_block(l, 0, n);
    if (l->risen < l->gap) {
        fade_block(l, l->risen, 0);
        l->risen += block;
    }
    sp_live_ring_take(&l->ring, n);
    if (all && !l->ended && there <= (uint64_t)block) {
        int tail = l->now->feeds.tail;
        sp_chain_end(l->now->feeds.chain, n);
        if (l->next) {
            sp_chain_end(l->next->feeds.chain, n);
            tail = l->next->feeds.tail > tail ? l->next->feeds.tail : tail;
        }
        l->last = l->computed + n + tail;
        l->ended = 1;
    }
}

static void look_for_a_switch(sp_live *l) {
    if (l->next || l->ended || !atomic_load_explicit(&l->posted, memory_order_relaxed) ||
        atomic_load_explicit(&l->retired, memory_order_relaxed)) {
        return;
    }
    atomic_store_explicit(&l->switching, 1, memory_order_relaxed);
    l->next = atomic_exchange_explicit(&l->posted, NULL, memory_order_acquire);
    l->listened = 0;
}

static void meter(sp_live *l) {
    const sp_voice *v = l->now;
    uint64_t clipped = 0;
    for (int o = 0; o < v->feeds.n_outputs; o++) {
        uint32_t peak = 0, over = 0;
        for (int n = 0; n < l->plan.block; n++) {
            uint32_t bits;
            memcpy(&bits, v->out[o] + n, sizeof bits);
            bits &= 0x7fffffffu;
            peak = bits > peak ? bits : peak;
            over += bits > FULL_SCALE;
        }
        clipped += over;
        if (peak > atomic_load_explicit(&l->peaks[o], memory_order_relaxed)) {
            atomic_store_explicit(&l->peaks[o], peak, memory_order_relaxed);
        }
    }
    count(&l->clipped, clipped);
}

/* The block in the device's order, channels that no feed goes to silent; of two voices, a cross-fade. */
static void interleave(sp_live *l) {
    int block = l->plan.block, n_channels = l->plan.n_channels;
    int begins = l->next ? l->listened - l->next->warm : -block; /* frame of the cross-fade at which the block begins */
    memset(l->block, 0, (size_t)block * n_channels * sizeof(float));
    for (int o = 0; o < l->now->feeds.n_outputs; o++) {
        float *to = l->block + l->now->feeds.channels[o];
        for (int n = 0; n < block; n++) {
            to[n * n_channels] = l->now->out[o][n];
        }
    }
    if (begins + block <= 0) {
        return;
    }
    for (int n = 0; n < block; n++) {
        float gain = rise(begins + n, l->plan.fade_frames);
        float *frame = l->block + n * n_channels;
        for (int c = 0; c < n_channels; c++) {
            frame[c] *= 1.0f - gain;
        }
        for (int o = 0; o < l->next->feeds.n_outputs; o++) {
            frame[l->next->feeds.channels[o]] += gain * l->next->out[o][n];
        }
    }
}

/* One block through a chain; silence where another thread is in it. */
static void hear(sp_live *l, sp_voice *v) {
    if (sp_chain_process(v->feeds.chain, (const float *const *)l->in, v->out, l->plan.block) != SP_OK) {
        for (int o = 0; o < v->feeds.n_outputs; o++) {
            memset(v->out[o], 0, l->plan.block * sizeof(float));
        }
        atomic_fetch_add_explicit(&l->refused, l->plan.block, memory_order_relaxed);
    }
}

static void compute_block(sp_live *l) {
    int block = l->plan.block;
    look_for_a_switch(l);
    take_block(l);
    hear(l, l->now);
    if (l->next) {
        hear(l, l->next);
    }
    l->computed += block;
    meter(l);
    interleave(l);
    if (l->ended && l->computed > l->last) { /* the programme's last frame, to the frame */
        uint64_t beyond = l->computed - l->last;
        size_t n = beyond < (uint64_t)block ? (size_t)beyond : (size_t)block;
        memset(l->block + (block - n) * l->plan.n_channels, 0, n * l->plan.n_channels * sizeof(float));
    }
    if (l->next && (l->listened += block) >= l->next->warm + l->plan.fade_frames) {
        atomic_store_explicit(&l->retired, l->now, memory_order_release);
        l->now = l->next;
        l->next = NULL;
        count(&l->switches, 1);
        atomic_store_explicit(&l->switching, 0, memory_order_relaxed);
    }
    l->ready = block;
}

/* Multiplies what goes out by the fade of stop. */
static void fade_out(sp_live *l, float *out, unsigned long frames) {
    int n_channels = l->plan.n_channels;
    for (unsigned long n = 0; n < frames; n++) {
        float gain = 1.0f - rise(l->faded, l->plan.fade_frames);
        l->faded += l->faded < l->plan.fade_frames;
        for (int c = 0; c < n_channels; c++) {
            out[n * n_channels + c] *= gain;
        }
    }
}

static int sounds(sp_live *l, int stop) {
    if (l->waiting && (l->plan.n_captured || enough_there(l))) {
        l->waiting = 0;
    }
    if (!l->waiting && !l->ready && l->ended && l->computed >= l->last) {
        atomic_store_explicit(&l->finished, 1, memory_order_relaxed);
    }
    int finished = atomic_load_explicit(&l->finished, memory_order_relaxed);
    if (stop && (l->waiting || finished || l->faded >= l->plan.fade_frames)) {
        atomic_store_explicit(&l->silent, 1, memory_order_relaxed);
    }
    return !l->waiting && !finished && !atomic_load_explicit(&l->silent, memory_order_relaxed);
}

int sp_live_callback(const void *in, void *out, unsigned long frames, const void *time, unsigned long flags, void *user) {
    sp_live *l = user;
    float *to = out;
    (void)time;
    if (!l || !out) {
        return GO_ON;
    }
    size_t n_channels = l->plan.n_channels;
    if (!sp_enter(&l->calling)) {
        memset(to, 0, frames * n_channels * sizeof(float));
        atomic_fetch_add_explicit(&l->refused, frames, memory_order_relaxed);
        return GO_ON;
    }
    if (!atomic_load_explicit(&l->callbacks, memory_order_relaxed)) {
        touch_stack();
    }
    sp_float_state state = sp_float_state_get();
    sp_float_state_set(SP_FLUSHING);
    int stop = atomic_load_explicit(&l->stop, memory_order_relaxed);
    if (l->plan.n_captured && sounds(l, stop)) {
        count(&l->overrun_frames, frames - sp_live_ring_capture(&l->ring, in, l->plan.n_captured, frames));
    }
    unsigned long done = 0;
    while (done < frames && sounds(l, stop)) {
        if (!l->ready) {
            compute_block(l);
        }
        unsigned long run = frames - done < (unsigned long)l->ready ? frames - done : (unsigned long)l->ready;
        memcpy(to + done * n_channels, l->block + (l->plan.block - l->ready) * n_channels, run * n_channels * sizeof(float));
        if (stop) {
            fade_out(l, to + done * n_channels, run);
        }
        l->ready -= (int)run;
        done += run;
    }
    memset(to + done * n_channels, 0, (frames - done) * n_channels * sizeof(float));
    sp_float_state_set(state);
    count(&l->device_dropouts, (flags & OUTPUT_UNDERFLOW) != 0);
    count(&l->frames, frames);
    count(&l->callbacks, 1);
    sp_leave(&l->calling);
    return GO_ON;
}

/* ---- the thread that switches, stops and reads ---- */

static int has(const sp_live *l, const sp_chain *chain) {
    const sp_voice *v = l->held;
    while (v && v->feeds.chain != chain) {
        v = v->also;
    }
    return v != NULL;
}

static int post(sp_live *l, const sp_feeds *feeds, int warm_frames) {
    int error;
    if (has(l, feeds->chain)) {
        return SP_ERROR_BUSY;
    }
    if (feeds->chain && sp_chain_n_inputs(feeds->chain) != l->n_inputs) {
        return SP_ERROR_INPUTS;
    }
    sp_voice *v = sp_voice_new(&l->plan, feeds, warm_frames, &error);
    if (v) {
        v->also = l->held;
        l->held = v;
        sp_voice *before = atomic_exchange_explicit(&l->posted, v, memory_order_acq_rel);
        if (before) {
            before->next = l->given_back;
            l->given_back = before;
        }
    }
    return error;
}

int sp_live_switch(sp_live *l, const sp_feeds *feeds, int warm_frames) {
    if (!l || !feeds) {
        return SP_ERROR_NULL;
    }
    if (warm_frames < 0 || warm_frames > SP_MAX_LIVE_FRAMES) {
        return SP_ERROR_FRAMES;
    }
    if (!sp_enter(&l->controlling)) {
        return SP_ERROR_BUSY;
    }
    int error = post(l, feeds, warm_frames);
    sp_leave(&l->controlling);
    return error;
}

static sp_voice *take_back(sp_live *l, int last) {
    sp_voice *v = l->given_back;
    if (v) {
        l->given_back = v->next;
    } else {
        v = atomic_exchange_explicit(&l->retired, NULL, memory_order_acquire);
    }
    if (!v && last) {
        sp_voice **kept = l->next ? &l->next : &l->now;
        v = atomic_exchange_explicit(&l->posted, NULL, memory_order_acquire);
        if (!v) {
            v = *kept;
            *kept = NULL;
        }
    }
    for (sp_voice **at = &l->held; v && *at; at = &(*at)->also) {
        if (*at == v) {
            *at = v->also;
            break;
        }
    }
    return v;
}

sp_chain *sp_live_collect(sp_live *l, int last) {
    if (!l || !sp_enter(&l->controlling)) {
        return NULL;
    }
    sp_voice *v = take_back(l, last);
    sp_chain *chain = v ? v->feeds.chain : NULL;
    sp_voice_free(v);
    sp_leave(&l->controlling);
    return chain;
}

int sp_live_stop(sp_live *l) {
    if (!l) {
        return SP_ERROR_NULL;
    }
    atomic_store_explicit(&l->stop, 1, memory_order_relaxed);
    return SP_OK;
}

static uint64_t figure(const _Atomic uint64_t *counter) { return atomic_load_explicit(counter, memory_order_relaxed); }

int sp_live_read(sp_live *l, sp_live_figures *figures) {
    if (!l || !figures) {
        return SP_ERROR_NULL;
    }
    *figures = (sp_live_figures){
        .frames = figure(&l->frames),
        .position = figure(&l->ring.taken),
        .callbacks = figure(&l->callbacks),
        .dry = figure(&l->dries),
        .dry_frames = figure(&l->dry_frames),
        .device_dropouts = figure(&l->device_dropouts),
        .overrun_frames = figure(&l->overrun_frames),
        .clipped = figure(&l->clipped),
        .switches = figure(&l->switches),
        .refused = figure(&l->refused),
        .switching = atomic_load_explicit(&l->posted, memory_order_relaxed) || atomic_load_explicit(&l->switching, memory_order_relaxed),
        .silent = atomic_load_explicit(&l->silent, memory_order_relaxed),
        .finished = atomic_load_explicit(&l->finished, memory_order_relaxed),
    };
    for (int o = 0; o < SP_MAX_CHANNELS; o++) {
        uint32_t peak = atomic_exchange_explicit(&l->peaks[o], 0, memory_order_relaxed);
        memcpy(&figures->peaks[o], &peak, sizeof peak);
    }
    return SP_OK;
}

void sp_live_free(sp_live *l) {
    if (l) {
        while (sp_live_collect(l, 1)) {
        }
        free(l->allocation);
    }
}
