/* Loudness and true peak of a stream (ITU-R BS.1770-5). spatial/render/meters.py is its twin, and gates what this sums up. */
#include "core.h"

#include <math.h>

#include "arena.h"
#include "flush.h"
#include "kernels.h"

#define STEPS_PER_S 10
#define RUN 256 /* frames at a time */
#define PLACES 2
#define HALF 6
#define HISTORY (2 * HALF - 1)

static const double pi = 3.14159265358979323846;

/* Interpolating filter of annex 2, phases 0 and 1; phases 3 and 2 are their mirror images. */
static const double true_peak_taps[PLACES][2 * HALF] = {
    {0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875, 0.1373291015625, 0.9721679687500,
     -0.1022949218750, 0.0476074218750, -0.0266113281250, 0.0148925781250, -0.0083007812500},
    {-0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500, 0.4650878906250, 0.7797851562500,
     -0.2003173828125, 0.1015625000000, -0.0582275390625, 0.0330810546875, -0.0189208984375},
};

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
    void *allocation;
};

/* A high shelf, then a high-pass, whose zeros are twice at 0 Hz. BS.1770 prints coefficients for 48 kHz; these are the analogue filters
 * behind them, by bilinear transform (De Man 2014). */
static void plan_weighting(sp_weighting *w, double fs) {
    const double shelf_hz = 1681.974450955533, shelf_db = 3.999843853973347, shelf_q = 0.7071752369554196;
    const double pass_hz = 38.13547087602444, pass_q = 0.5003270373238773;
    double k = tan(pi * shelf_hz / fs), high = pow(10, shelf_db / 20), band = pow(high, 0.4996667741545416);
    double norm = 1 + k / shelf_q + k * k;
    w->b0 = (high + band * k / shelf_q + k * k) / norm;
    w->a1 = 2 * (k * k - 1) / norm;
    w->a2 = (1 - k / shelf_q + k * k) / norm;
    w->p1 = 2 * (k * k - high) / norm - w->b0 * w->a1;
    w->p2 = (high - band * k / shelf_q + k * k) / norm - w->b0 * w->a2;
    k = tan(pi * pass_hz / fs);
    norm = 1 + k / pass_q + k * k;
    w->c1 = 2 * (k * k - 1) / norm;
    w->c2 = (1 - k / pass_q + k * k) / norm;
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
    *error = SP_OK;
    if (plan->n_channels < 1 || plan->n_channels > SP_MAX_CHANNELS) {
        *error = SP_ERROR_OUTPUTS;
    } else if (plan->peaks != 0 && plan->peaks != 1) {
        *error = SP_ERROR_FLAG;
    } else if (!(plan->fs >= SP_MIN_METER_FS && plan->fs <= SP_MAX_FS)) {
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
        .step = (int)rint(plan->fs / STEPS_PER_S),
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
    *m = stand_in;
    m->allocation = allocation;
    lay_out(m, &memory);
    plan_weighting(&m->weighting, plan->fs);
    sp_interpolation_set(&m->interpolation, &true_peak_taps[0][0], PLACES, HALF);
    return m;
}

void sp_meter_free(sp_meter *m) {
    if (m) {
        free(m->allocation);
    }
}

int sp_meter_step(const sp_meter *m) { return m->step; }

double sp_meter_sample_peak(const sp_meter *m, int channel) { return m->sample_peaks[channel]; }

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
    float largest = m->kernels->peaks_between(&m->interpolation, channel, n, harmless, m->largest);
    m->between = largest > m->between ? largest : m->between;
}

int sp_meter_process(sp_meter *m, const float *const *in, int n_frames, double *steps) {
    if (n_frames < 0) {
        return 0;
    }
    sp_float_state state = sp_float_state_get();
    sp_float_state_set(SP_FLUSHING);
    int n_steps = 0;
    for (int done = 0, n; done < n_frames; done += n) {
        n = n_frames - done < RUN ? n_frames - done : RUN;
        for (int c = 0; c < m->plan.n_channels; c++) {
            float *channel = m->channels + c * m->stride;
            memcpy(channel + HISTORY, in[c] + done, n * sizeof(float));
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
    return n_steps;
}

double sp_meter_true_peak(sp_meter *m) {
    double between = m->between, peak = 0;
    if (!m->plan.peaks) {
        return 0;
    }
    for (int c = 0; c < m->plan.n_channels; c++) {
        float end[2 * HISTORY + 16] = {0};
        memcpy(end, m->channels + c * m->stride, HISTORY * sizeof(float));
        add_between(m, end, HISTORY, m->kernels->largest_magnitude(end, HISTORY));
        peak = m->sample_peaks[c] > peak ? m->sample_peaks[c] : peak;
    }
    peak = m->between > peak ? m->between : peak;
    m->between = between;
    return peak;
}
