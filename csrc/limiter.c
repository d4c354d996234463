/* Peak limiter with look-ahead, one gain for all channels. spatial/dsp/twins/limiter.py is its twin.
 *
 * The gain that each frame needs is taken as a minimum over look-ahead and hold, rises again no faster than the release, and is then
 * averaged in dB over the look-ahead: it arrives in time, in equal small steps. Gains are whole numbers of a very small step, so that
 * minima and sums are exact however the stream is cut into calls; dB and factors are computed from plain sums and products here, as the
 * mathematical libraries of different machines round differently.
 *
 * Peaks are looked for at eight places a sample, and by the filter of BS.1770's meter besides, which reads up to 0.22 dB too much of a tone
 * and up to 0.84 dB more than the eight places of anything else. What it reads is kept a margin below what is promised: while the gain
 * falls, it is not the same throughout the meter's 12 taps. The worst case of that for a steady fall is a linear programme; it is 0.14 dB
 * for 0.1 dB a frame, and so is the margin.
 */
#include "core.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>

#include "arena.h"
#include "busy.h"
#include "checks.h"
#include "flush.h"
#include "kernels.h"


#define PLACES (SP_LIMITER_PLACES / 2)
#define REACH SP_LIMITER_HALF_TAPS /* samples that a peak beside a sample depends on, each way */


#define RUN 256 /* frames at a time */

static const double pi = 3.14159265358979323846;

/* What a frame needs that does not need nothing. */
typedef struct {
    unsigned long long frame;
    long long steps;
} need;

struct sp_limiter {
    sp_limiter_plan plan;
    const sp_kernels *kernels;
    sp_interpolation fine, meter; /* what the second reads is scaled to the ceiling of the first */
    int latency, history; /* frames: the delay; those that are kept */
    int average, window;  /* frames of the mean and of the minimum */
    long long slope;      /* steps a frame that the gain may rise */
    float ceiling, harmless; /* a channel below harmless cannot exceed the ceiling anywhere */

    float *channels;  /* [channel][stride]: history, then the run */
    size_t stride;
    float *peaks, *between, *gains; /* [RUN] and some more */
    need *needs;      /* ring: the minima to come, rising; the first is the one of now */
    int first, n_needs, ring;
    long long *averaged; /* [average] ring: what the mean covers */
    int oldest;
    long long sum, released;
    unsigned long long frame; /* that comes next */

    _Atomic float gain_db, lowest_gain_db;
    _Atomic unsigned long long limited, discarded;
    sp_busy busy; /* a thread processes or resets */
    void *allocation;
};

/* ---- dB without a library ---- */

/* log10 of a positive normal number, to 1e-11. */
static double log10_of(double x) {
    int exponent;
    double m = frexp(x, &exponent);
    if (m < 0.70710678118654752440) {
        m *= 2;
        exponent--;
    }
    double z = (m - 1) / (m + 1), zz = z * z;
    double log_m = 2 * z * (1 + zz * (1.0 / 3 + zz * (1.0 / 5 + zz * (1.0 / 7 + zz * (1.0 / 9 + zz / 11)))));
    return (exponent * 0.69314718055994530942 + log_m) * 0.43429448190325182765;
}

/* 10^(db/20) for db from -300 to 0, to 1e-10. */
static double gain_of(double db) {
    double octaves = db * (3.32192809488736234787 / 20);
    int whole = (int)octaves - 1; /* below it, for it is not above 0 */
    double x = (octaves - whole - 1) * 0.69314718055994530942; /* -0.69..0 and a little */
    double power = 1;
    for (int n = 12; n > 0; n--) {
        power = 1 + power * x / n;
    }
    return ldexp(power, whole + 1);
}

/* ---- plan ---- */

/* I0 of the Kaiser window, by its power series. */
static double bessel_i0(double x) {
    double term = 1, sum = 1;
    for (int k = 1; k < 60; k++) {
        term *= (x / 2 / k) * (x / 2 / k);
        sum += term;
    }
    return sum;
}

/* Windowed sincs for the places k/SP_LIMITER_PLACES between two samples, gain 1 at 0 Hz. */
static void plan_interpolation(sp_interpolation *interpolation) {
    double taps[PLACES][2 * REACH];
    for (int p = 0; p < PLACES; p++) {
        double place = (p + 1.0) / SP_LIMITER_PLACES, sum = 0;
        for (int i = 0; i < 2 * REACH; i++) {
            double offset = i + 1 - REACH - place, part = offset / REACH;
            taps[p][i] = sin(pi * offset) / (pi * offset) * bessel_i0(SP_LIMITER_KAISER_BETA * sqrt(1 - part * part));
            sum += taps[p][i];
        }
        for (int i = 0; i < 2 * REACH; i++) {
            taps[p][i] /= sum;
        }
    }
    sp_interpolation_set(interpolation, &taps[0][0], PLACES, REACH, 1);
}

static void lay_out(sp_limiter *l, sp_arena *memory) {
    l->channels = sp_take_floats(memory, (uint64_t)l->plan.n_channels * l->stride);
    l->peaks = sp_take_floats(memory, RUN);
    l->between = sp_take_floats(memory, RUN + 32);
    l->gains = sp_take_floats(memory, RUN);
    l->needs = sp_take(memory, (uint64_t)l->ring * sizeof(need));
    l->averaged = sp_take(memory, (uint64_t)l->average * sizeof(long long));
}

sp_limiter *sp_limiter_new(const sp_limiter_plan *plan, int *error) {
    int nowhere;
    error = sp_error_at(error, &nowhere);
    *error = SP_OK;
    if (!plan) {
        *error = SP_ERROR_NULL;
    } else if (plan->n_channels < 1 || plan->n_channels > SP_MAX_CHANNELS) {
        *error = SP_ERROR_OUTPUTS;
    } else if (!sp_rate_valid(plan->fs)) {
        *error = SP_ERROR_SETTING;
    } else if (!sp_kernels_for(plan->instruction_set)) {
        *error = SP_ERROR_INSTRUCTION_SET;
    }
    if (*error != SP_OK) {
        return NULL;
    }
    int look_ahead = (int)rint(SP_LIMITER_LOOK_AHEAD_S * plan->fs);
    sp_limiter stand_in = {.plan = *plan, .kernels = sp_kernels_for(plan->instruction_set)};
    stand_in.latency = look_ahead > SP_MIN_LOOK_AHEAD ? look_ahead : SP_MIN_LOOK_AHEAD;
    stand_in.history = stand_in.latency + REACH;
    stand_in.average = stand_in.latency - REACH + 1;
    stand_in.window = stand_in.average + (int)rint(SP_LIMITER_HOLD_S * plan->fs);
    stand_in.slope = (long long)rint(SP_LIMITER_RELEASE_DB_PER_S * SP_LIMITER_STEPS_PER_DB / plan->fs);
    stand_in.stride = (size_t)stand_in.history + RUN + 16; /* peaks are looked for 8 at a time */
    stand_in.ring = stand_in.window + 1;
    sp_arena memory = {0};
    sp_take(&memory, sizeof(sp_limiter));
    lay_out(&stand_in, &memory);
    void *allocation;
    memory = sp_arena_new(memory.used, &allocation);
    if (!allocation) {
        *error = SP_ERROR_MEMORY;
        return NULL;
    }
    sp_limiter *l = sp_take(&memory, sizeof(sp_limiter));
    memcpy(l, &stand_in, sizeof stand_in);
    l->allocation = allocation;
    lay_out(l, &memory);
    plan_interpolation(&l->fine);
    sp_interpolation_set(&l->meter, &sp_meter_taps[0][0], SP_METER_PLACES, SP_METER_HALF,
                         pow(10, (SP_LIMITER_CEILING_DB - SP_LIMITER_METER_CEILING_DB + SP_LIMITER_METER_MARGIN_DB) / 20));
    l->ceiling = (float)pow(10, SP_LIMITER_CEILING_DB / 20);
    l->harmless = (float)(l->ceiling / (1.001 * fmax(l->fine.largest_gain, l->meter.largest_gain)));
    sp_limiter_reset(l);
    return l;
}

int sp_limiter_latency(const sp_limiter *l) { return l ? l->latency : 0; }

int sp_limiter_reset(sp_limiter *l) {
    if (!l) {
        return SP_ERROR_NULL;
    }
    if (!sp_enter(&l->busy)) {
        return SP_ERROR_BUSY;
    }
    memset(l->channels, 0, l->plan.n_channels * l->stride * sizeof(float));
    memset(l->averaged, 0, l->average * sizeof(long long));
    l->first = l->n_needs = l->oldest = 0;
    l->sum = l->released = 0;
    l->frame = 0;
    atomic_store_explicit(&l->gain_db, 0.0f, memory_order_relaxed);
    atomic_store_explicit(&l->lowest_gain_db, 0.0f, memory_order_relaxed);
    atomic_store_explicit(&l->limited, 0, memory_order_relaxed);
    atomic_store_explicit(&l->discarded, 0, memory_order_relaxed);
    sp_leave(&l->busy);
    return SP_OK;
}

void sp_limiter_free(sp_limiter *l) {
    if (l) {
        free(l->allocation);
    }
}

float sp_limiter_gain_db(const sp_limiter *l) { return l ? atomic_load_explicit(&l->gain_db, memory_order_relaxed) : 0; }

float sp_limiter_lowest_gain_db(const sp_limiter *l) {
    return l ? atomic_load_explicit(&l->lowest_gain_db, memory_order_relaxed) : 0;
}

unsigned long long sp_limiter_limited(const sp_limiter *l) { return l ? atomic_load_explicit(&l->limited, memory_order_relaxed) : 0; }

unsigned long long sp_limiter_discarded(const sp_limiter *l) { return l ? atomic_load_explicit(&l->discarded, memory_order_relaxed) : 0; }

/* ---- frames ---- */

/* The run's samples behind the history; garbage becomes 0. So do subnormal numbers, which a product flushes and a copy does not: the bits
 * would depend on the runs. */
static unsigned take(sp_limiter *l, const float *const *in, int from, int n) {
    unsigned garbage = 0;
    for (int c = 0; c < l->plan.n_channels; c++) {
        float *to = l->channels + c * l->stride + l->history;
        const float *x = in[c] + from;
        for (int i = 0; i < n; i++) {
            float magnitude = fabsf(x[i]);
            int good = magnitude <= (float)SP_MAX_LIMITED_SAMPLE; /* false for what is not a number */
            to[i] = good && magnitude >= FLT_MIN ? x[i] : 0.0f;
            garbage += !good;
        }
    }
    return garbage;
}

/* Largest magnitude at and beside the n frames that end REACH before the newest; returns whether any channel is loud enough to matter. */
static int find_peaks(sp_limiter *l, int n) {
    int loud = 0;
    for (int c = 0; c < l->plan.n_channels; c++) {
        const float *x = l->channels + c * l->stride + l->history - 2 * REACH;
        if (l->kernels->largest_magnitude(x, n + 2 * REACH) <= l->harmless) {
            continue;
        }
        if (!loud) {
            memset(l->peaks, 0, n * sizeof(float));
            loud = 1;
        }
        l->kernels->limiter_peaks(&l->fine, &l->meter, x, n + 1, l->harmless, l->between); /* the first lies before the first frame */
        for (int i = 0; i < n; i++) {
            float here = fabsf(x[REACH + i]), beside = l->between[i] > l->between[i + 1] ? l->between[i] : l->between[i + 1];
            here = here > beside ? here : beside;
            l->peaks[i] = here > l->peaks[i] ? here : l->peaks[i];
        }
    }
    return loud;
}

static long long needed_steps(const sp_limiter *l, float peak) {
    if (!(peak > l->ceiling)) {
        return 0;
    }
    return (long long)floor(20.0 * SP_LIMITER_STEPS_PER_DB * log10_of((double)l->ceiling / peak)) - SP_LIMITER_ROUNDING_STEPS;
}

/* Minimum over the window that ends with this frame: a queue of those that are below all that came after them. */
static long long minimum_with(sp_limiter *l, long long steps) {
    while (l->n_needs && l->needs[(l->first + l->n_needs - 1) % l->ring].steps >= steps) {
        l->n_needs--;
    }
    if (l->n_needs && l->needs[l->first].frame + l->window <= l->frame) {
        l->first = (l->first + 1) % l->ring;
        l->n_needs--;
    }
    if (steps < 0) {
        l->needs[(l->first + l->n_needs++) % l->ring] = (need){l->frame, steps};
    }
    return l->n_needs ? l->needs[l->first].steps : 0;
}

/* Gains of the n frames that leave now; peaks are those of the frames that became known, NULL where there are none to mind. */
static void find_gains(sp_limiter *l, const float *peaks, int n) {
    long long lowest = 0, before = 1;
    unsigned limited = 0;
    float gain = 1;
    for (int i = 0; i < n; i++, l->frame++) {
        long long least = minimum_with(l, peaks ? needed_steps(l, peaks[i]) : 0), risen = l->released + l->slope;
        l->released = least < risen ? least : risen;
        l->sum += l->released - l->averaged[l->oldest];
        l->averaged[l->oldest] = l->released;
        l->oldest = l->oldest + 1 < l->average ? l->oldest + 1 : 0;
        if (l->sum != before) {
            gain = l->sum ? (float)gain_of((double)l->sum / ((double)SP_LIMITER_STEPS_PER_DB * l->average)) : 1.0f;
            before = l->sum;
        }
        l->gains[i] = gain;
        limited += l->sum < 0;
        lowest = l->sum < lowest ? l->sum : lowest;
    }
    float lowest_db = (float)((double)lowest / ((double)SP_LIMITER_STEPS_PER_DB * l->average));
    if (lowest_db < sp_limiter_lowest_gain_db(l)) {
        atomic_store_explicit(&l->lowest_gain_db, lowest_db, memory_order_relaxed);
    }
    atomic_store_explicit(&l->limited, sp_limiter_limited(l) + limited, memory_order_relaxed);
}

int sp_limiter_process(sp_limiter *l, const float *const *in, float *const *out, int n_frames) {
    int error = l ? sp_audio_error(in, l->plan.n_channels, out, l->plan.n_channels, n_frames) : SP_ERROR_NULL;
    if (error != SP_OK) {
        return error;
    }
    if (!sp_enter(&l->busy)) {
        return SP_ERROR_BUSY;
    }
    sp_float_state state = sp_float_state_get();
    sp_float_state_set(SP_FLUSHING);
    unsigned garbage = 0;
    for (int done = 0, n; done < n_frames; done += n) {
        n = n_frames - done < RUN ? n_frames - done : RUN;
        garbage += take(l, in, done, n);
        int loud = find_peaks(l, n), limiting = loud || l->n_needs || l->released || l->sum;
        if (limiting) {
            find_gains(l, loud ? l->peaks : NULL, n);
        } else {
            l->frame += n;
        }
        for (int c = 0; c < l->plan.n_channels; c++) {
            float *channel = l->channels + c * l->stride, *y = out[c] + done;
            if (limiting) {
                for (int i = 0; i < n; i++) {
                    y[i] = channel[REACH + i] * l->gains[i];
                }
            } else {
                memcpy(y, channel + REACH, n * sizeof(float));
            }
            memmove(channel, channel + n, l->history * sizeof(float));
        }
    }
    atomic_store_explicit(&l->gain_db, (float)((double)l->sum / ((double)SP_LIMITER_STEPS_PER_DB * l->average)), memory_order_relaxed);
    if (garbage) {
        atomic_store_explicit(&l->discarded, sp_limiter_discarded(l) + garbage, memory_order_relaxed);
    }
    sp_float_state_set(state);
    sp_leave(&l->busy);
    return SP_OK;
}
