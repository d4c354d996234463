/* Matrix convolver: partitioned overlap-save in several levels, and the exchange of filters while it runs.
 *
 * The filters are cut into partitions. Each new partition of an input is transformed once; its spectrum stays for as long as there are
 * partitions, in a ring. The spectrum of an output is the sum over partitions p and inputs i of
 *
 *     spectrum of the partition p partitions ago of input i  *  spectrum of partition p of filter[output][i],
 *
 * and one inverse transform makes the output's new partition of it (fft.h says why overlap-save is exact). The first taps are cut into
 * partitions of a block and make sound of a block at once; later taps are cut into longer partitions, which cost less, and whose work is
 * spread evenly over the blocks that there are until their sound is due (plan.h).
 *
 * Input spectra do not depend on the filters. So for an exchange every level makes its outputs with both sets, while they cross-fade, and
 * all levels agree on when that is.
 */
#include "core.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "busy.h"
#include "checks.h"
#include "convolver_level.h"
#include "filters.h"
#include "flush.h"

struct sp_convolver {
    sp_layout layout;
    int longest; /* partition, frames */
    sp_level levels[SP_MAX_LEVELS];

    /* Stream. */
    float *input; /* [input][ring of 3 longest partitions]: the block that fills up is at `place` */
    int input_frames, place;
    float *out;                  /* [output][block]: the last block computed */
    int fill;                    /* frames of the block that fills up */
    unsigned long long position; /* blocks computed */
    atomic_ullong discarded;

    /* Filters. A set is in one place at a time. */
    sp_filters *sounding;
    sp_filters *coming; /* fades in from block `fade_begin` on */
    unsigned long long fade_begin;
    int fade_frames;
    float *weights;                /* [fade_frames] of the coming filters */
    _Atomic(sp_filters *) waiting; /* given by a control thread */
    _Atomic(sp_filters *) retired; /* list of what is out of use, for the next one that collects */

    sp_busy busy; /* a thread processes or resets */
    void *allocation; /* what free wants */
};

/* ---- plan ---- */

static int plan_error(const sp_plan *plan) {
    if (plan->n_inputs < 1 || plan->n_inputs > SP_MAX_CHANNELS) {
        return SP_ERROR_INPUTS;
    }
    if (plan->n_outputs < 1 || plan->n_outputs > SP_MAX_CHANNELS) {
        return SP_ERROR_OUTPUTS;
    }
    if (plan->n_taps < 1 || plan->n_taps > SP_MAX_TAPS) {
        return SP_ERROR_TAPS;
    }
    if (plan->block < SP_MIN_BLOCK || plan->block > SP_MAX_BLOCK || (plan->block & (plan->block - 1))) {
        return SP_ERROR_BLOCK;
    }
    if (plan->exact_blocks != 0 && plan->exact_blocks != 1) {
        return SP_ERROR_FLAG;
    }
    if (!sp_kernels_for(plan->instruction_set)) {
        return SP_ERROR_INSTRUCTION_SET;
    }
    return sp_tails_valid(plan) ? SP_OK : SP_ERROR_TAILS;
}

/* Places everything in the arena; the convolver itself is its first piece and, while measuring, a stand-in. */
static void lay_out(sp_convolver *c, sp_load *load, sp_arena *memory) {
    const sp_plan *plan = &c->layout.plan;
    c->input = sp_take_floats(memory, (uint64_t)plan->n_inputs * c->input_frames);
    c->weights = sp_take_floats(memory, c->fade_frames);
    for (int number = 0; number < c->layout.ladder.n_levels; number++) {
        int partition = c->layout.ladder.partition[number];
        float *tables = sp_take_floats(memory, sp_fft_table_size(partition));
        if (memory->start) {
            c->layout.kernels->fft_plan(&c->layout.fft[number], partition, tables);
        }
        sp_level_lay_out(&c->levels[number], &c->layout, number, load, memory);
    }
}

/* Rises from 0 to 1 without a kink at either end: 3 x^2 - 2 x^3. */
static void make_weights(sp_convolver *c) {
    for (int n = 0; n < c->fade_frames; n++) {
        double x = (n + 0.5) / c->fade_frames;
        c->weights[n] = (float)(x * x * (3 - 2 * x));
    }
}

/* 2^32 convolvers until a number comes again. */
static uint32_t next_number(void) {
    static _Atomic uint32_t last;
    return atomic_fetch_add(&last, 1) + 1;
}

sp_convolver *sp_convolver_new(const sp_plan *plan, const float *taps, int *error) {
    int nowhere;
    error = sp_error_at(error, &nowhere);
    *error = plan && taps ? plan_error(plan) : SP_ERROR_NULL;
    if (*error != SP_OK) {
        return NULL;
    }
    sp_convolver stand_in = {.layout = sp_layout_for(plan, taps)};
    stand_in.layout.number = next_number();
    const sp_ladder *ladder = &stand_in.layout.ladder;
    stand_in.longest = ladder->partition[ladder->n_levels - 1];
    stand_in.input_frames = 3 * stand_in.longest;
    stand_in.fade_frames = stand_in.longest > SP_MIN_FADE ? stand_in.longest : SP_MIN_FADE;

    sp_arena memory = {0};
    sp_take(&memory, sizeof(sp_convolver));
    lay_out(&stand_in, NULL, &memory);
    void *allocation;
    memory = sp_arena_new(memory.used, &allocation);
    if (!allocation) {
        *error = SP_ERROR_MEMORY;
        return NULL;
    }
    sp_convolver *c = sp_take(&memory, sizeof(sp_convolver));
    memcpy(c, &stand_in, sizeof stand_in);
    c->allocation = allocation;
    sp_load load = {0};
    lay_out(c, &load, &memory);
    make_weights(c);
    c->out = c->levels[0].out[0];
    c->sounding = sp_filters_new(c, taps, error);
    if (!c->sounding) {
        sp_convolver_free(c);
        return NULL;
    }
    c->sounding->owned = 1;
    return c;
}

int sp_convolver_latency(const sp_convolver *c) { return !c || c->layout.plan.exact_blocks ? 0 : c->layout.plan.block; }

int sp_convolver_fade(const sp_convolver *c) { return c ? c->fade_frames : 0; }

int sp_convolver_partitions(const sp_convolver *c, int *partitions) {
    if (!c || !partitions) {
        return 0;
    }
    memcpy(partitions, c->layout.ladder.partition, c->layout.ladder.n_levels * sizeof(int));
    return c->layout.ladder.n_levels;
}

unsigned long long sp_convolver_discarded(const sp_convolver *c) {
    return c ? atomic_load_explicit(&c->discarded, memory_order_relaxed) : 0;
}

/* ---- filters that come and go ---- */

sp_filters *sp_filters_new(const sp_convolver *c, const float *taps, int *error) {
    int nowhere;
    error = sp_error_at(error, &nowhere);
    *error = SP_ERROR_NULL;
    return c && taps ? sp_filters_make(&c->layout, taps, error) : NULL;
}

/* To the list of those out of use. Nobody takes a part of it, only the whole; so this ends after as many tries as other threads are at it
 * in this moment, in general after one. */
static void retire(sp_convolver *c, sp_filters *filters) {
    filters->next = atomic_load(&c->retired);
    while (!atomic_compare_exchange_weak(&c->retired, &filters->next, filters)) {
    }
}

int sp_convolver_swap(sp_convolver *c, sp_filters *filters) {
    if (!c || !filters) {
        return SP_ERROR_NULL;
    }
    if (filters->number != c->layout.number || atomic_exchange(&filters->owned, 1)) {
        return SP_ERROR_FILTERS;
    }
    sp_filters *skipped = atomic_exchange(&c->waiting, filters);
    if (skipped) {
        retire(c, skipped);
    }
    return SP_OK;
}

sp_filters *sp_convolver_collect(sp_convolver *c) {
    sp_filters *first = c ? atomic_exchange(&c->retired, NULL) : NULL;
    if (first) {
        for (sp_filters *rest = first->next, *next; rest; rest = next) {
            next = rest->next;
            retire(c, rest);
        }
        atomic_store(&first->owned, 0);
    }
    return first;
}

static unsigned long long fade_end(const sp_convolver *c) { return c->fade_begin + c->fade_frames / c->layout.plan.block; }

static void end_fade(sp_convolver *c) {
    retire(c, c->sounding);
    c->sounding = c->coming;
    c->coming = NULL;
}

/* Where all levels begin a pass: ends a fade that is over, and begins one for filters that wait. The longest level makes now what sounds
 * one partition later, so that is when the fade begins. */
static void exchange_filters(sp_convolver *c) {
    if (c->coming && c->position == fade_end(c)) {
        end_fade(c);
    }
    if (!c->coming && atomic_load_explicit(&c->waiting, memory_order_relaxed)) {
        c->coming = atomic_exchange(&c->waiting, NULL);
        c->fade_begin = c->position + (c->layout.ladder.n_levels > 1 ? c->longest / c->layout.plan.block : 0);
    }
}

/* ---- stream ---- */

int sp_convolver_reset(sp_convolver *c) {
    if (!c) {
        return SP_ERROR_NULL;
    }
    if (!sp_enter(&c->busy)) {
        return SP_ERROR_BUSY;
    }
    if (c->coming) {
        end_fade(c);
    }
    sp_filters *waiting = atomic_exchange(&c->waiting, NULL);
    if (waiting) {
        retire(c, c->sounding);
        c->sounding = waiting;
    }
    memset(c->input, 0, (size_t)c->layout.plan.n_inputs * c->input_frames * sizeof(float));
    for (int number = 0; number < c->layout.ladder.n_levels; number++) {
        sp_level_reset(&c->levels[number]);
    }
    c->out = c->levels[0].out[0];
    c->place = 0;
    c->fill = 0;
    c->position = 0;
    atomic_store_explicit(&c->discarded, 0, memory_order_relaxed);
    sp_leave(&c->busy);
    return SP_OK;
}

static void free_list(sp_filters *filters) {
    for (sp_filters *next; filters; filters = next) {
        next = filters->next;
        sp_filters_drop(filters);
    }
}

void sp_convolver_free(sp_convolver *c) {
    if (c) {
        sp_filters_drop(c->sounding);
        sp_filters_drop(c->coming);
        sp_filters_drop(atomic_load(&c->waiting));
        free_list(atomic_load(&c->retired));
        free(c->allocation);
    }
}

static float *input_of(const sp_convolver *c, int input) { return c->input + (size_t)input * c->input_frames; }

static void copy_in(sp_convolver *c, const float *const *in, int from, int n_frames) {
    unsigned long long garbage = 0;
    for (int i = 0; i < c->layout.plan.n_inputs; i++) {
        garbage += c->layout.kernels->copy_clean(input_of(c, i) + c->place + c->fill, in[i] + from, n_frames);
    }
    if (garbage) {
        atomic_fetch_add_explicit(&c->discarded, garbage, memory_order_relaxed);
    }
}

static void copy_out(const sp_convolver *c, float *const *out, int to, int n_frames) {
    for (int o = 0; o < c->layout.plan.n_outputs; o++) {
        memcpy(out[o] + to, c->out + (size_t)o * c->layout.plan.block + c->fill, n_frames * sizeof(float));
    }
}

/* The head takes the block that is there now, and its output is due now; a tail takes its last whole partition, and its output is due one
 * partition from now. */
static void begin_pass(sp_convolver *c, int number) {
    sp_level *level = &c->levels[number];
    int current = c->place - (number ? level->partition : 0);
    current += current < 0 ? c->input_frames : 0;
    int previous = current - level->partition;
    previous += previous < 0 ? c->input_frames : 0;
    sp_pass pass = {
        .previous = c->input + previous,
        .current = c->input + current,
        .input_stride = c->input_frames,
        .filters = c->sounding,
    };
    unsigned long long due = c->position + (number ? level->n_blocks : 0);
    if (c->coming && due >= fade_end(c)) {
        pass.filters = c->coming;
    } else if (c->coming && due >= c->fade_begin) {
        pass.coming = c->coming;
        pass.weights = c->weights + (due - c->fade_begin) * c->layout.plan.block;
    }
    sp_level_begin(level, &pass);
}

static void convolve_block(sp_convolver *c) {
    const sp_plan *plan = &c->layout.plan;
    if (c->layout.difference_and_sum) {
        c->layout.kernels->sum_and_difference(input_of(c, 1) + c->place, input_of(c, 0) + c->place, plan->block);
    }
    if ((c->position & (c->levels[c->layout.ladder.n_levels - 1].n_blocks - 1)) == 0) {
        exchange_filters(c);
    }
    for (int number = 0; number < c->layout.ladder.n_levels; number++) {
        sp_level *level = &c->levels[number];
        int block_of_pass = (int)(c->position & (level->n_blocks - 1)); /* a power of 2 */
        if (block_of_pass == 0) {
            begin_pass(c, number);
        }
        sp_level_work(level, block_of_pass);
        if (number == 0) {
            c->out = level->out[level->making];
            continue;
        }
        for (int o = 0; o < plan->n_outputs; o++) {
            const float *due = level->out[!level->making] + (size_t)o * level->partition + (size_t)block_of_pass * plan->block;
            c->layout.kernels->add(c->out + (size_t)o * plan->block, due, plan->block);
        }
    }
    c->position++;
    c->place += plan->block;
    c->place -= c->place == c->input_frames ? c->input_frames : 0;
}

int sp_convolver_process(sp_convolver *c, const float *const *in, float *const *out, int n_frames) {
    if (!c) {
        return SP_ERROR_NULL;
    }
    int block = c->layout.plan.block, exact_blocks = c->layout.plan.exact_blocks;
    if (n_frames < 0 || (exact_blocks && n_frames % block)) {
        return SP_ERROR_FRAMES;
    }
    int error = sp_audio_error(in, c->layout.plan.n_inputs, out, c->layout.plan.n_outputs, n_frames);
    if (error != SP_OK || n_frames == 0) {
        return error;
    }
    if (!sp_enter(&c->busy)) {
        return SP_ERROR_BUSY;
    }
    sp_float_state state = sp_float_state_get();
    sp_float_state_set(SP_FLUSHING);
    for (int done = 0, run; done < n_frames; done += run) {
        run = n_frames - done < block - c->fill ? n_frames - done : block - c->fill;
        copy_in(c, in, done, run);
        if (exact_blocks) { /* run is a whole block */
            convolve_block(c);
            copy_out(c, out, done, run);
            continue;
        }
        copy_out(c, out, done, run); /* of the block before */
        c->fill += run;
        if (c->fill == block) {
            convolve_block(c);
            c->fill = 0;
        }
    }
    sp_float_state_set(state);
    sp_leave(&c->busy);
    return SP_OK;
}
