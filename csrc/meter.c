/* Loudness and true peak of a stream (ITU-R BS.1770-5). spatial/dsp/twins/meters.py is its twin, and gates what this sums up. */
#include "core.h"

#include <math.h>
#include <stdatomic.h>

#include "arena.h"
#include "busy.h"
#include "checks.h"
#include "flush.h"
#include "kernels.h"

#define RUN 256 /* frames at a time */
#define HALF SP_METER_HALF
#define HISTORY (2 * HALF - 1)

static const double pi = 3.14159265358979323846;

struct sp_meter {
    sp_meter_plan plan;
    const sp_kernels *kernels;
    sp_interpolation interpolation;
    int step;  /* frames of a step */
    int groups; /* of 8 channels */

    sp_weighting weighting;
    double *states; /* [group][SP_WEIGHTING_STATES][8] */
    double power;   /* of the step that is not complete, summed over frames and channels */
    int in_step;    /* frames of it */

    float *channels; /* [channel][stride]: history, then the run */
    size_t stride;
    float *silent;   /* [RUN] for the lanes without a channel */
    float *largest;  /* [RUN] and some more */
    double *sample_peaks;
    double between;  /* largest magnitude between samples */
    _Atomic unsigned long long discarded;
    sp_busy busy; /* a thread processes, reads peaks or resets */
    void *allocation;
};


static double square(double x) { return x * x; }

static double warped(double hz, double fs) { return tan(pi * hz / fs); }

/* Of the analogue shelf at a frequency, as power. */
static double shelf_power(double high, double band, double hz) {
    double x = square(hz / SP_METER_SHELF_HZ);
    return (square(1 - high * x) + square(band / SP_METER_SHELF_Q) * x) / (square(1 - x) + x / square(SP_METER_SHELF_Q));
}

/* Where half the rate comes near to the shelf or lies below it the bilinear transform has no such filter, or one that grows without end.
 * Here the poles are the analogue ones, sampled, and the zeros are such that the magnitude is right at 0, fs/4 and fs/2 (Vicanek 2016);
 * between them it is, within 0.4 dB. */
static void plan_matched_shelf(double *b, double *a, double high, double band, double fs) {
    double w = 2 * pi * SP_METER_SHELF_HZ / fs, q = 1 / (2 * SP_METER_SHELF_Q), radius = exp(-q * w);
    a[0] = -2 * radius * cos(sqrt(1 - q * q) * w);
    a[1] = radius * radius;
    double at_0 = 1 + a[0] + a[1], at_half = (1 - a[0] + a[1]) * sqrt(shelf_power(high, band, fs / 2));
    double at_quarter = (square(1 - a[1]) + square(a[0])) * shelf_power(high, band, fs / 4);
    double b2 = at_quarter - (square(at_0) + square(at_half)) / 2, mean = (at_0 + at_half) / 2;
    b[0] = (mean + sqrt(mean * mean + b2)) / 2;
    b[1] = (at_0 - at_half) / 2;
    b[2] = -b2 / (4 * b[0]);
}

/* A high shelf, then a high-pass, whose zeros are twice at 0 Hz. BS.1770 prints coefficients for 48 kHz; these are the analogue filters
 * behind them, by bilinear transform (De Man 2014). The standard leaves the high-pass a gain of a few hundredths of a dB, which would grow
 * to 2 dB at low rates and is held there. */
static void plan_weighting(sp_weighting *w, double fs) {
    double high = pow(10, SP_METER_SHELF_DB / 20), band = pow(high, SP_METER_SHELF_BAND_POWER), k = warped(SP_METER_SHELF_HZ, fs);
    double norm = 1 + k / SP_METER_SHELF_Q + k * k;
    double b[3] = {(high + band * k / SP_METER_SHELF_Q + k * k) / norm, 2 * (k * k - high) / norm,
                   (high - band * k / SP_METER_SHELF_Q + k * k) / norm};
    double a[2] = {2 * (k * k - 1) / norm, (1 - k / SP_METER_SHELF_Q + k * k) / norm};
    k = warped(SP_METER_PASS_HZ, fs);
    norm = 1 + k / SP_METER_PASS_Q + k * k;
    if (fs < SP_METER_MATCHED_BELOW_HZ) {
        plan_matched_shelf(b, a, high, band, fs);
        double at_48k = warped(SP_METER_PASS_HZ, SP_REFERENCE_FS), gain = (1 + at_48k / SP_METER_PASS_Q + at_48k * at_48k) / norm;
        for (int i = 0; i < 3; i++) {
            b[i] *= gain;
        }
    }
    w->b0 = b[0];
    w->a1 = a[0];
    w->a2 = a[1];
    w->p1 = b[1] - w->b0 * w->a1;
    w->p2 = b[2] - w->b0 * w->a2;
    w->c1 = 2 * (k * k - 1) / norm;
    w->c2 = (1 - k / SP_METER_PASS_Q + k * k) / norm;
    w->q1 = -2 - w->c1;
    w->q2 = 1 - w->c2;
}

static void lay_out(sp_meter *m, sp_arena *memory) {
    m->states = sp_take(memory, (uint64_t)m->groups * SP_WEIGHTING_STATES * 8 * sizeof(double));
    m->channels = sp_take_floats(memory, (uint64_t)m->plan.n_channels * m->stride);
    m->silent = sp_take_floats(memory, RUN);
    m->largest = sp_take_floats(memory, RUN + 32);
    m->sample_peaks = sp_take(memory, (uint64_t)m->plan.n_channels * sizeof(double));
}

sp_meter *sp_meter_new(const sp_meter_plan *plan, int *error) {
    int nowhere;
    error = sp_error_at(error, &nowhere);
    *error = SP_OK;
    if (!plan) {
        *error = SP_ERROR_NULL;
    } else if (plan->n_channels < 1 || plan->n_channels > SP_MAX_CHANNELS) {
        *error = SP_ERROR_OUTPUTS;
    } else if (plan->peaks != 0 && plan->peaks != 1) {
        *error = SP_ERROR_FLAG;
    } else if (!sp_rate_valid(plan->fs)) {
        *error = SP_ERROR_SETTING;
    } else if (!sp_kernels_for(plan->instruction_set)) {
        *error = SP_ERROR_INSTRUCTION_SET;
    }
    if (*error != SP_OK) {
        return NULL;
    }
    sp_meter stand_in = {
        .plan = *plan,
        .kernels = sp_kernels_for(plan->instruction_set),
        .step = (int)rint(plan->fs / SP_METER_STEPS_PER_S),
        .groups = (plan->n_channels + 7) / 8,
        .stride = HISTORY + RUN + 16, /* peaks are looked for 8 at a time */
    };
    sp_arena memory = {0};
    sp_take(&memory, sizeof(sp_meter));
    lay_out(&stand_in, &memory);
    void *allocation;
    memory = sp_arena_new(memory.used, &allocation);
    if (!allocation) {
        *error = SP_ERROR_MEMORY;
        return NULL;
    }
    sp_meter *m = sp_take(&memory, sizeof(sp_meter));
    memcpy(m, &stand_in, sizeof stand_in);
    m->allocation = allocation;
    lay_out(m, &memory);
    plan_weighting(&m->weighting, plan->fs);
    sp_interpolation_set(&m->interpolation, &sp_meter_taps[0][0], SP_METER_PLACES, HALF, 1);
    return m;
}

void sp_meter_free(sp_meter *m) {
    if (m) {
        free(m->allocation);
    }
}

int sp_meter_step(const sp_meter *m) { return m ? m->step : 0; }

unsigned long long sp_meter_discarded(const sp_meter *m) { return m ? atomic_load_explicit(&m->discarded, memory_order_relaxed) : 0; }

int sp_meter_reset(sp_meter *m) {
    if (!m) {
        return SP_ERROR_NULL;
    }
    if (!sp_enter(&m->busy)) {
        return SP_ERROR_BUSY;
    }
    memset(m->states, 0, (size_t)m->groups * SP_WEIGHTING_STATES * 8 * sizeof(double));
    memset(m->channels, 0, (size_t)m->plan.n_channels * m->stride * sizeof(float));
    memset(m->sample_peaks, 0, (size_t)m->plan.n_channels * sizeof(double));
    m->power = m->between = 0;
    m->in_step = 0;
    atomic_store_explicit(&m->discarded, 0, memory_order_relaxed);
    sp_leave(&m->busy);
    return SP_OK;
}

double sp_meter_sample_peak(sp_meter *m, int channel) {
    if (!m || channel < 0 || channel >= m->plan.n_channels) {
        return 0;
    }
    if (!sp_enter(&m->busy)) {
        return -1;
    }
    double peak = m->sample_peaks[channel];
    sp_leave(&m->busy);
    return peak;
}

/* Weighted power of the run, step by step; returns how many steps it completes. */
static int add_loudness(sp_meter *m, int n, double *steps) {
    int n_steps = 0;
    for (int done = 0, part; done < n; done += part) {
        part = n - done < m->step - m->in_step ? n - done : m->step - m->in_step;
        for (int g = 0; g < m->groups; g++) {
            const float *lanes[8];
            for (int lane = 0; lane < 8; lane++) {
                int channel = 8 * g + lane;
                lanes[lane] = channel < m->plan.n_channels ? m->channels + channel * m->stride + HISTORY + done : m->silent;
            }
            m->power += m->kernels->weighted_power(&m->weighting, m->states + (size_t)g * SP_WEIGHTING_STATES * 8, lanes, part);
        }
        m->in_step += part;
        if (m->in_step == m->step) {
            steps[n_steps++] = m->power / m->step;
            m->power = 0;
            m->in_step = 0;
        }
    }
    return n_steps;
}

/* Largest magnitude between samples that n more of a channel bring; not looked for where it cannot be larger than what there was. peak is
 * that of all samples it depends on. */
static void add_between(sp_meter *m, const float *channel, int n, float peak) {
    float harmless = (float)(m->between / (1.001 * m->interpolation.largest_gain));
    if (peak <= harmless) {
        return;
    }
    float largest = m->kernels->meter_peaks(&m->interpolation, channel, n, harmless, m->largest);
    m->between = largest > m->between ? largest : m->between;
}

int sp_meter_process(sp_meter *m, const float *const *in, int n_frames, double *steps) {
    if (!m) {
        return -SP_ERROR_NULL;
    }
    if (n_frames < 0) {
        return -SP_ERROR_FRAMES;
    }
    if (n_frames > 0 && (!steps || !sp_all_there(in, m->plan.n_channels))) {
        return -SP_ERROR_NULL;
    }
    if (!sp_enter(&m->busy)) {
        return -SP_ERROR_BUSY;
    }
    sp_float_state state = sp_float_state_get();
    sp_float_state_set(SP_FLUSHING);
    int n_steps = 0;
    unsigned garbage = 0;
    for (int done = 0, n; done < n_frames; done += n) {
        n = n_frames - done < RUN ? n_frames - done : RUN;
        for (int c = 0; c < m->plan.n_channels; c++) {
            float *channel = m->channels + c * m->stride;
            garbage += m->kernels->copy_clean(channel + HISTORY, in[c] + done, n);
            if (m->plan.peaks) {
                float peak = m->kernels->largest_magnitude(channel, HISTORY + n);
                m->sample_peaks[c] = peak > m->sample_peaks[c] ? peak : m->sample_peaks[c];
                add_between(m, channel, n, peak);
            }
        }
        n_steps += add_loudness(m, n, steps + n_steps);
        for (int c = 0; c < m->plan.n_channels; c++) {
            float *channel = m->channels + c * m->stride;
            memmove(channel, channel + n, HISTORY * sizeof(float));
        }
    }
    sp_float_state_set(state);
    if (garbage) {
        atomic_fetch_add_explicit(&m->discarded, garbage, memory_order_relaxed);
    }
    sp_leave(&m->busy);
    return n_steps;
}

double sp_meter_true_peak(sp_meter *m) {
    if (!m || !m->plan.peaks) {
        return 0;
    }
    if (!sp_enter(&m->busy)) {
        return -1;
    }
    double between = m->between, peak = 0;
    for (int c = 0; c < m->plan.n_channels; c++) {
        float end[2 * HISTORY + 16] = {0};
        memcpy(end, m->channels + c * m->stride, HISTORY * sizeof(float));
        add_between(m, end, HISTORY, m->kernels->largest_magnitude(end, HISTORY));
        peak = m->sample_peaks[c] > peak ? m->sample_peaks[c] : peak;
    }
    peak = m->between > peak ? m->between : peak;
    m->between = between;
    sp_leave(&m->busy);
    return peak;
}
