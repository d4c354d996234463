/* The render chain: upmix, end of the programme, path gains, matrix convolution, bypass, gain, limiter, a block at a time.
 * spatial/dsp/chain.py is its twin. */
#include "core.h"

#include <math.h>
#include <stdatomic.h>

#include "arena.h"
#include "busy.h"
#include "checks.h"
#include "clean_samples.h"
#include "flush.h"

#define NO_END (~0ull)

/* A control that is set at any time and heard smoothly. A change that comes during a fade waits for its end: no corners. */
typedef struct {
    float from, to;
    int left; /* frames of the fade still to come */
} fade;

struct sp_chain {
    sp_chain_plan plan;
    sp_convolver *convolver;
    sp_upmix *upmix;     /* NULL: off or matrix */
    sp_limiter *limiter; /* NULL: none */
    int n_inputs, n_paths, n_outputs;
    int upmix_latency, fade_frames, delay; /* of the bypass, frames */
    float share[SP_MAX_CHANNELS];          /* of an input in bypass */

    _Atomic float wanted_path_gain[SP_MAX_CHANNELS], wanted_gain;
    _Atomic int wanted_mute, wanted_bypass;
    fade path_gain[SP_MAX_CHANNELS], gain, bypass;
    int started;

    unsigned long long frame, end; /* taken; of the programme */
    float *in[SP_MAX_CHANNELS], *paths[SP_MAX_CHANNELS], *straight[SP_MAX_CHANNELS], *weights, *direct; /* [block] */
    float *delayed[SP_MAX_CHANNELS]; /* [delay] rings */
    int at;                          /* in them */
    _Atomic float gain_now;
    _Atomic unsigned long long discarded; /* at the entrance */
    sp_busy busy; /* a thread processes, ends or resets */
    void *allocation;
};

/* ---- plan ---- */

static int plan_error(const sp_chain_plan *plan) {
    int n_inputs = plan->n_inputs, n_paths = plan->convolver.n_inputs, n_outputs = plan->convolver.n_outputs;
    if (!sp_rate_valid(plan->fs) || !(plan->strength >= 0 && plan->strength <= 1)) {
        return SP_ERROR_SETTING;
    }
    if (n_inputs < 1 || n_paths < n_inputs || n_paths > SP_MAX_CHANNELS) {
        return SP_ERROR_INPUTS;
    }
    if (plan->convolver.exact_blocks != 1 || (plan->limiter != 0 && plan->limiter != 1)) {
        return SP_ERROR_FLAG;
    }
    if (plan->upmix < SP_UPMIX_OFF || plan->upmix > SP_UPMIX_PROJECTION ||
        (plan->upmix != SP_UPMIX_OFF && (n_inputs != 2 || n_paths != 3))) {
        return SP_ERROR_UPMIX;
    }
    for (int i = 0; i < n_inputs; i++) {
        if (plan->bypass_outputs[i] < 0 || plan->bypass_outputs[i] >= n_outputs) {
            return SP_ERROR_BYPASS;
        }
    }
    return plan->bypass_delay < 0 || plan->bypass_delay > SP_MAX_BYPASS_DELAY ? SP_ERROR_BYPASS : SP_OK;
}

static void lay_out(sp_chain *c, sp_arena *memory) {
    int block = c->plan.convolver.block;
    for (int i = 0; i < c->n_inputs; i++) {
        c->in[i] = sp_take_floats(memory, block);
        c->straight[i] = sp_take_floats(memory, block);
        c->delayed[i] = sp_take_floats(memory, c->delay);
    }
    for (int p = 0; p < c->n_paths; p++) {
        c->paths[p] = sp_take_floats(memory, block);
    }
    c->weights = sp_take_floats(memory, block);
    c->direct = sp_take_floats(memory, block);
}

static void free_parts(const sp_chain *c) {
    sp_convolver_free(c->convolver);
    sp_upmix_free(c->upmix);
    sp_limiter_free(c->limiter);
}

/* Convolver, upmix and limiter; on an error none is left. */
static int make_parts(sp_chain *c, const float *filters) {
    const sp_chain_plan *plan = &c->plan;
    int error = SP_OK, isa = plan->convolver.instruction_set;
    c->convolver = sp_convolver_new(&plan->convolver, filters, &error);
    if (error == SP_OK && (plan->upmix == SP_UPMIX_DIRECTIONAL || plan->upmix == SP_UPMIX_PROJECTION)) {
        sp_upmix_plan upmix = {plan->upmix, plan->fs, plan->upmix_n, plan->upmix_span, plan->strength, isa};
        c->upmix = sp_upmix_new(&upmix, &error);
    }
    if (error == SP_OK && plan->limiter) {
        sp_limiter_plan limiter = {plan->fs, plan->convolver.n_outputs, isa};
        c->limiter = sp_limiter_new(&limiter, &error);
    }
    if (error != SP_OK) {
        free_parts(c);
    }
    return error;
}

/* What every input has in bypass: those that go to one output share it. */
static void plan_shares(sp_chain *c) {
    const int *to = c->plan.bypass_outputs;
    for (int i = 0; i < c->n_inputs; i++) {
        int sharing = 0;
        for (int j = 0; j < c->n_inputs; j++) {
            sharing += to[j] == to[i];
        }
        c->share[i] = (float)sqrt(1.0 / sharing);
    }
}

sp_chain *sp_chain_new(const sp_chain_plan *plan, const float *filters, int *error) {
    int nowhere;
    error = sp_error_at(error, &nowhere);
    *error = plan && filters ? plan_error(plan) : SP_ERROR_NULL;
    if (*error != SP_OK) {
        return NULL;
    }
    sp_chain stand_in = {
        .plan = *plan, .n_inputs = plan->n_inputs, .n_paths = plan->convolver.n_inputs, .n_outputs = plan->convolver.n_outputs};
    *error = make_parts(&stand_in, filters);
    if (*error != SP_OK) {
        return NULL;
    }
    stand_in.upmix_latency = stand_in.upmix ? sp_upmix_latency(stand_in.upmix) : 0;
    stand_in.fade_frames = (int)rint(SP_FADE_S * plan->fs);
    stand_in.fade_frames += stand_in.fade_frames == 0;
    stand_in.delay = stand_in.upmix_latency + plan->bypass_delay;
    sp_arena memory = {0};
    sp_take(&memory, sizeof(sp_chain));
    lay_out(&stand_in, &memory);
    void *allocation;
    memory = sp_arena_new(memory.used, &allocation);
    if (!allocation) {
        free_parts(&stand_in);
        *error = SP_ERROR_MEMORY;
        return NULL;
    }
    sp_chain *c = sp_take(&memory, sizeof(sp_chain));
    memcpy(c, &stand_in, sizeof stand_in);
    c->allocation = allocation;
    lay_out(c, &memory);
    plan_shares(c);
    for (int p = 0; p < c->n_paths; p++) {
        sp_chain_set_path_gain(c, p, 1.0f);
    }
    sp_chain_set_gain(c, 1.0f);
    sp_chain_reset(c);
    return c;
}

void sp_chain_free(sp_chain *c) {
    if (c) {
        free_parts(c);
        free(c->allocation);
    }
}

int sp_chain_reset(sp_chain *c) {
    if (!c) {
        return SP_ERROR_NULL;
    }
    if (!sp_enter(&c->busy)) {
        return SP_ERROR_BUSY;
    }
    int error = sp_convolver_reset(c->convolver); /* which others may have, too */
    if (error != SP_OK) {
        sp_leave(&c->busy);
        return error;
    }
    if (c->upmix) {
        sp_upmix_reset(c->upmix);
    }
    if (c->limiter) {
        sp_limiter_reset(c->limiter);
    }
    for (int i = 0; i < c->n_inputs; i++) {
        memset(c->delayed[i], 0, c->delay * sizeof(float));
    }
    c->at = 0;
    c->frame = 0;
    c->end = NO_END;
    c->started = 0;
    atomic_store_explicit(&c->discarded, 0, memory_order_relaxed);
    sp_leave(&c->busy);
    return SP_OK;
}

int sp_chain_block(const sp_chain *c) { return c ? c->plan.convolver.block : 0; }

int sp_chain_n_inputs(const sp_chain *c) { return c ? c->n_inputs : 0; }

int sp_chain_n_outputs(const sp_chain *c) { return c ? c->n_outputs : 0; }

int sp_chain_upmix_latency(const sp_chain *c) { return c ? c->upmix_latency : 0; }

int sp_chain_limiter_latency(const sp_chain *c) { return c ? sp_limiter_latency(c->limiter) : 0; }

sp_convolver *sp_chain_convolver(sp_chain *c) { return c ? c->convolver : NULL; }

const sp_limiter *sp_chain_limiter(const sp_chain *c) { return c ? c->limiter : NULL; }

/* ---- controls and readings ---- */

static int set_gain(_Atomic float *wanted, float gain) {
    if (!(gain >= 0 && gain <= SP_MAX_GAIN)) { /* nor what is not a number */
        return SP_ERROR_GAIN;
    }
    atomic_store_explicit(wanted, gain, memory_order_relaxed);
    return SP_OK;
}

static int set_switch(_Atomic int *wanted, int on) {
    atomic_store_explicit(wanted, on != 0, memory_order_relaxed);
    return SP_OK;
}

int sp_chain_set_path_gain(sp_chain *c, int path, float gain) {
    if (!c) {
        return SP_ERROR_NULL;
    }
    return path >= 0 && path < c->n_paths ? set_gain(&c->wanted_path_gain[path], gain) : SP_ERROR_GAIN;
}

int sp_chain_set_gain(sp_chain *c, float gain) { return c ? set_gain(&c->wanted_gain, gain) : SP_ERROR_NULL; }

int sp_chain_set_mute(sp_chain *c, int mute) { return c ? set_switch(&c->wanted_mute, mute) : SP_ERROR_NULL; }

int sp_chain_set_bypass(sp_chain *c, int bypass) { return c ? set_switch(&c->wanted_bypass, bypass) : SP_ERROR_NULL; }

float sp_chain_gain_now(const sp_chain *c) { return c ? atomic_load_explicit(&c->gain_now, memory_order_relaxed) : 0; }

unsigned long long sp_chain_discarded(const sp_chain *c) {
    if (!c) {
        return 0;
    }
    return atomic_load_explicit(&c->discarded, memory_order_relaxed) + sp_convolver_discarded(c->convolver) +
           sp_limiter_discarded(c->limiter);
}

int sp_chain_end(sp_chain *c, int n_frames) {
    if (!c) {
        return SP_ERROR_NULL;
    }
    if (n_frames < 0) {
        return SP_ERROR_FRAMES;
    }
    if (!sp_enter(&c->busy)) {
        return SP_ERROR_BUSY;
    }
    c->end = c->frame + (unsigned)n_frames;
    sp_leave(&c->busy);
    return SP_OK;
}

/* ---- fades ---- */

static void look(fade *f, float wanted, int started, int fade_frames) {
    if (!started) {
        *f = (fade){wanted, wanted, 0};
    } else if (f->left == 0 && wanted != f->to) {
        *f = (fade){f->to, wanted, fade_frames};
    }
}

/* What is wanted of every control, where a block begins. */
static void look_at_controls(sp_chain *c) {
    for (int p = 0; p < c->n_paths; p++) {
        look(&c->path_gain[p], atomic_load_explicit(&c->wanted_path_gain[p], memory_order_relaxed), c->started, c->fade_frames);
    }
    float gain = atomic_load_explicit(&c->wanted_gain, memory_order_relaxed);
    int mute = atomic_load_explicit(&c->wanted_mute, memory_order_relaxed);
    look(&c->gain, mute ? 0.0f : gain, c->started, c->fade_frames);
    int bypass = atomic_load_explicit(&c->wanted_bypass, memory_order_relaxed);
    look(&c->bypass, bypass ? 1.0f : 0.0f, c->started, c->fade_frames);
    c->started = 1;
}

/* Values in the next n frames: a smooth step that begins and ends level. 0 where there is just one value, f->to. */
static int fade_values(fade *f, int fade_frames, float *values, int n) {
    if (f->left == 0) {
        return 0;
    }
    for (int i = 0; i < n; i++) {
        f->left -= f->left > 0;
        float t = (float)(fade_frames - f->left) / (float)fade_frames;
        values[i] = f->left ? f->from + (f->to - f->from) * (t * t * (3 - 2 * t)) : f->to;
    }
    return 1;
}

static void apply(sp_chain *c, fade *f, float *const *channels, int n_channels, int n) {
    float steady = f->to;
    if (fade_values(f, c->fade_frames, c->weights, n)) {
        for (int k = 0; k < n_channels; k++) {
            for (int i = 0; i < n; i++) {
                channels[k][i] *= c->weights[i];
            }
        }
    } else if (steady != 1) {
        for (int k = 0; k < n_channels; k++) {
            for (int i = 0; i < n; i++) {
                channels[k][i] *= steady;
            }
        }
    }
}

/* ---- a block ---- */

/* L', R', C of a fixed matrix. */
static void split(sp_chain *c, int n) {
    float half = (float)(0.5 * c->plan.strength);
    for (int i = 0; i < n; i++) {
        float centre = (c->in[0][i] + c->in[1][i]) * half;
        c->paths[0][i] = c->in[0][i] - centre;
        c->paths[1][i] = c->in[1][i] - centre;
        c->paths[2][i] = centre;
    }
}

/* From the programme's channels to the paths. */
static void upmix(sp_chain *c, int n) {
    if (c->upmix) {
        sp_upmix_process(c->upmix, (const float *const *)c->in, c->paths, n);
    } else if (c->plan.upmix == SP_UPMIX_MATRIX) {
        split(c, n);
    } else {
        for (int p = 0; p < c->n_paths; p++) {
            if (p < c->n_inputs) {
                memcpy(c->paths[p], c->in[p], n * sizeof(float));
            } else {
                memset(c->paths[p], 0, n * sizeof(float));
            }
        }
    }
}

/* No path sounds longer than the programme. */
static void end_programme(sp_chain *c, int n) {
    if (c->end == NO_END) {
        return;
    }
    unsigned long long last = c->end + c->upmix_latency;
    int sounding = last > c->frame ? (last - c->frame < (unsigned)n ? (int)(last - c->frame) : n) : 0;
    for (int p = 0; p < c->n_paths; p++) {
        memset(c->paths[p] + sounding, 0, (n - sounding) * sizeof(float));
    }
}

/* The input, as late as the filters' sound, at straight; it goes on whether it is heard or not. */
static void delay(sp_chain *c, int n) {
    for (int i = 0; i < c->n_inputs; i++) {
        if (c->delay == 0) {
            memcpy(c->straight[i], c->in[i], n * sizeof(float));
            continue;
        }
        for (int done = 0, at = c->at, run; done < n; done += run, at = at + run < c->delay ? at + run : 0) {
            run = n - done < c->delay - at ? n - done : c->delay - at;
            memcpy(c->straight[i] + done, c->delayed[i] + at, run * sizeof(float));
            memcpy(c->delayed[i] + at, c->in[i] + done, run * sizeof(float));
        }
    }
    if (c->delay) {
        c->at = (c->at + n) % c->delay;
    }
}

/* What goes to an output in bypass. */
static void sum_straight(sp_chain *c, int output, int n) {
    for (int i = 0; i < c->n_inputs; i++) {
        const float *x = c->straight[i];
        float share = c->plan.bypass_outputs[i] == output ? c->share[i] : 0.0f;
        for (int k = 0; k < n; k++) {
            c->direct[k] = i ? c->direct[k] + share * x[k] : share * x[k];
        }
    }
}

/* From the filters' sound to the input itself. */
static void cross_fade(sp_chain *c, float *const *out, int n) {
    fade *f = &c->bypass;
    float steady = f->to;
    int moving = fade_values(f, c->fade_frames, c->weights, n);
    if (!moving && steady == 0) {
        return;
    }
    for (int o = 0; o < c->n_outputs; o++) {
        float *y = out[o];
        sum_straight(c, o, n);
        for (int i = 0; i < n; i++) {
            float direct = c->direct[i];
            float weight = moving ? c->weights[i] : 1.0f;
            y[i] = weight == 1 ? direct : y[i] * (1 - weight) + direct * weight;
        }
    }
}

int sp_chain_process(sp_chain *c, const float *const *in, float *const *out, int n_frames) {
    if (!c) {
        return SP_ERROR_NULL;
    }
    int block = c->plan.convolver.block, n_outputs = c->n_outputs;
    if (n_frames < 0 || n_frames % block) {
        return SP_ERROR_FRAMES;
    }
    int error = sp_audio_error(in, c->n_inputs, out, n_outputs, n_frames);
    if (error != SP_OK || n_frames == 0) {
        return error;
    }
    if (!sp_enter(&c->busy)) {
        return SP_ERROR_BUSY;
    }
    sp_float_state state = sp_float_state_get();
    sp_float_state_set(SP_FLUSHING);
    unsigned garbage = 0;
    for (int done = 0; done < n_frames; done += block) {
        float *here[SP_MAX_CHANNELS];
        for (int o = 0; o < n_outputs; o++) {
            here[o] = out[o] + done;
        }
        look_at_controls(c);
        for (int i = 0; i < c->n_inputs; i++) {
            garbage += sp_copy_clean(c->in[i], in[i] + done, block);
        }
        upmix(c, block);
        end_programme(c, block);
        for (int p = 0; p < c->n_paths; p++) {
            apply(c, &c->path_gain[p], &c->paths[p], 1, block);
        }
        error = sp_convolver_process(c->convolver, (const float *const *)c->paths, here, block); /* which others may have, too */
        if (error != SP_OK) {
            for (int o = 0; o < n_outputs; o++) {
                memset(here[o], 0, (n_frames - done) * sizeof(float));
            }
            break;
        }
        delay(c, block);
        cross_fade(c, here, block);
        apply(c, &c->gain, here, n_outputs, block);
        if (c->limiter) {
            sp_limiter_process(c->limiter, (const float *const *)here, here, block);
        }
        c->frame += block;
    }
    float gain_now = c->gain.left ? c->weights[block - 1] : c->gain.to;
    atomic_store_explicit(&c->gain_now, gain_now, memory_order_relaxed);
    if (garbage) {
        atomic_store_explicit(&c->discarded, atomic_load_explicit(&c->discarded, memory_order_relaxed) + garbage, memory_order_relaxed);
    }
    sp_float_state_set(state);
    sp_leave(&c->busy);
    return error;
}
