/* libFuzzer: the limiter at any rate, and the meter, which is how its true peaks are told. What must hold: a plan is refused with an error
 * or works; nothing is above the ceiling, no true peak above what spatial.h promises; below the ceiling nothing changes; neither depends on
 * how the frames are cut into calls; nothing poisons a meter; a reset is as new.
 *
 *     clang -fsanitize=fuzzer,address,undefined -Icsrc csrc/fuzz/limiter_fuzz.c csrc/[the core].c -lm
 */
#include "core.h"

#include <math.h>
#include <string.h>

#include "choices.h"

#define MOST_CHANNELS 3
#define MOST_FRAMES 1000
#define MOST_STEPS (MOST_FRAMES / 100 + 1)
#define CEILING 0.89125094f
#define PROMISED_DBTP (-0.8)
#define FALL_DB 0.1      /* a frame, up to which it is promised */
#define METER_GAIN 2.023 /* sum of the magnitudes of the meter's taps: what it reads of samples below the ceiling, whatever they are */

/* Signals that are hard to limit. */
static void fill(float *x, int n_frames, choices *c, uint32_t *random) {
    unsigned kind = choose(c, 1), tone = choose(c, 1), length = 1 + choose(c, 1);
    float level = powf(10, (float)(choose(c, 1) % 40) / 10 - 1), phase = 0;
    for (int n = 0; n < n_frames; n++) {
        float value = sample(random, kind % 8 == 7);
        phase += 3.14159265f * (float)tone / 255;
        value = kind % 8 == 0 ? sinf(phase) : kind % 8 == 1 ? copysignf(1, sinf(phase)) : kind % 8 == 2 ? copysignf(1, value) : value;
        value *= kind % 8 == 3 ? (float)((unsigned)n % length == 0) : 1;
        value *= kind / 8 % 2 ? (float)((unsigned)n / length % 2) : 1;
        x[n] = level * value;
    }
}

static sp_meter *meter_of(double fs, int n_channels, int peaks) {
    int error = -1;
    sp_meter_plan plan = {fs, n_channels, peaks, SP_ISA_BEST};
    sp_meter *meter = sp_meter_new(&plan, &error);
    MUST((meter != NULL) == (error == SP_OK));
    return meter;
}

/* The same frames in one piece and in many. */
static void measure(sp_meter *meter, sp_meter *twin, const float *const *x, int n_channels, int n_frames, int piece) {
    static double steps[MOST_STEPS], others[MOST_STEPS];
    int n_steps = sp_meter_process(meter, x, n_frames, steps), n_others = 0;
    MUST(n_steps >= 0 && n_steps <= n_frames / sp_meter_step(meter) + 1);
    for (int done = 0; done < n_frames; done += piece) {
        const float *from[MOST_CHANNELS];
        for (int k = 0; k < n_channels; k++) {
            from[k] = x[k] + done;
        }
        int found = sp_meter_process(twin, from, n_frames - done < piece ? n_frames - done : piece, others + n_others);
        MUST(found >= 0);
        n_others += found;
    }
    MUST(n_steps == n_others && sp_meter_discarded(meter) == sp_meter_discarded(twin));
    for (int k = 0; k < n_steps; k++) {
        MUST(isfinite(steps[k]) && steps[k] >= 0 && fabs(steps[k] - others[k]) <= 1e-9 * steps[k]);
    }
    for (int k = 0; k < n_channels; k++) {
        MUST(sp_meter_sample_peak(meter, k) == sp_meter_sample_peak(twin, k));
    }
    double peak = sp_meter_true_peak(meter);
    MUST(isfinite(peak) && peak == sp_meter_true_peak(twin) && peak == sp_meter_true_peak(meter));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static float in[MOST_CHANNELS][MOST_FRAMES], out[MOST_CHANNELS][MOST_FRAMES], other[MOST_CHANNELS][MOST_FRAMES];
    choices c = {data, size};
    sp_limiter_plan plan = {choose_rate(&c), (int)choose(&c, 1) % (MOST_CHANNELS + 2), (int)choose(&c, 1) % 4};
    plan.n_channels = plan.n_channels > MOST_CHANNELS ? 65 : plan.n_channels;
    int error = -1, n = plan.n_channels;
    sp_limiter *limiter = sp_limiter_new(&plan, &error);
    if (!limiter) {
        MUST(error != SP_OK && (n < 1 || n > SP_MAX_CHANNELS || !rate_is_allowed(plan.fs) || error == SP_ERROR_INSTRUCTION_SET));
        MUST(rate_is_allowed(plan.fs) || !meter_of(plan.fs, 1, 1));
        return 0;
    }
    MUST(error == SP_OK && rate_is_allowed(plan.fs));
    sp_limiter *twin = sp_limiter_new(&plan, &error);
    int latency = sp_limiter_latency(limiter), average = latency - 9, piece = 1 + (int)choose(&c, 1);
    MUST(twin && latency >= SP_MIN_LOOK_AHEAD && latency >= 0.004 * plan.fs);
    sp_meter *before = meter_of(plan.fs, n, 1), *before_twin = meter_of(plan.fs, n, 1);
    sp_meter *after = meter_of(plan.fs, n, 1), *after_twin = meter_of(plan.fs, n, 1);
    uint32_t random = choose(&c, 2);
    for (int n_calls = 0; c.size > 0 && n_calls < 8; n_calls++) {
        if (choose(&c, 1) % 8 == 0) {
            MUST(sp_limiter_reset(limiter) == SP_OK && sp_meter_reset(before) == SP_OK && sp_meter_reset(after) == SP_OK);
            sp_limiter_free(twin);
            sp_meter_free(before_twin);
            sp_meter_free(after_twin);
            twin = sp_limiter_new(&plan, &error);
            before_twin = meter_of(plan.fs, n, 1);
            after_twin = meter_of(plan.fs, n, 1);
        }
        int n_frames = (int)(choose(&c, 2) % (MOST_FRAMES + 1));
        const float *inputs[MOST_CHANNELS], *made[MOST_CHANNELS];
        float *outputs[MOST_CHANNELS];
        for (int k = 0; k < n; k++) {
            fill(in[k], n_frames, &c, &random);
            inputs[k] = in[k];
            made[k] = outputs[k] = out[k];
        }
        MUST(sp_limiter_process(limiter, inputs, outputs, n_frames) == SP_OK);
        for (int done = 0; done < n_frames; done += piece) {
            const float *from[MOST_CHANNELS];
            float *to[MOST_CHANNELS];
            for (int k = 0; k < n; k++) {
                from[k] = in[k] + done;
                to[k] = other[k] + done;
            }
            MUST(sp_limiter_process(twin, from, to, n_frames - done < piece ? n_frames - done : piece) == SP_OK);
        }
        for (int k = 0; k < n; k++) {
            MUST(memcmp(out[k], other[k], n_frames * sizeof(float)) == 0);
            for (int i = 0; i < n_frames; i++) {
                MUST(fabsf(out[k][i]) <= CEILING);
            }
        }
        measure(before, before_twin, inputs, n, n_frames, piece);
        measure(after, after_twin, made, n, n_frames, piece);
        MUST(sp_limiter_discarded(limiter) == sp_limiter_discarded(twin) && sp_limiter_limited(limiter) == sp_limiter_limited(twin));
    }
    for (int done = 0; done < latency + 20; done += MOST_FRAMES) {
        const float *inputs[MOST_CHANNELS], *made[MOST_CHANNELS];
        float *outputs[MOST_CHANNELS];
        memset(in, 0, sizeof in);
        for (int k = 0; k < n; k++) {
            inputs[k] = in[k];
            made[k] = outputs[k] = out[k];
        }
        MUST(sp_limiter_process(limiter, inputs, outputs, MOST_FRAMES) == SP_OK);
        measure(after, after_twin, made, n, MOST_FRAMES, piece);
    }
    double true_peak = sp_meter_true_peak(after), most = CEILING * METER_GAIN;
    if (sp_limiter_lowest_gain_db(limiter) >= -FALL_DB * average) {
        most = pow(10, PROMISED_DBTP / 20);
    }
    MUST(true_peak <= most);
    sp_limiter_free(limiter);
    sp_limiter_free(twin);
    sp_meter_free(before);
    sp_meter_free(before_twin);
    sp_meter_free(after);
    sp_meter_free(after_twin);
    return 0;
}
