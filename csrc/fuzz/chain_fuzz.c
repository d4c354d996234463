/* libFuzzer: any chain, any order of calls and controls, with the upmix and the limiter in it. What must hold: a plan is refused with an
 * error or works; what comes out is finite, with the limiter below full scale, and does not depend on how the frames are cut into calls.
 *
 *     clang -fsanitize=fuzzer,address,undefined -Icsrc csrc/fuzz/chain_fuzz.c csrc/[the core].c -lm
 */
#include "core.h"

#include <math.h>
#include <string.h>

#include "choices.h"

#define MOST_INPUTS 5
#define MOST_PATHS 7
#define MOST_OUTPUTS 4
#define MOST_TAPS 500
#define MOST_FRAMES 2048

static sp_chain_plan choose_plan(choices *c) {
    int raw = choose(c, 1) % 8 == 0; /* anything at all, else close to what is allowed */
    unsigned channels = choose(c, 1);
    int n_inputs = raw ? (int)(channels % (MOST_INPUTS + 1)) : 1 + (int)(channels % MOST_INPUTS), more = (int)(channels / 16 % 3);
    sp_chain_plan plan = {
        .fs = choose_rate(c),
        .n_inputs = n_inputs,
        .convolver = {.n_inputs = n_inputs + more - (raw && channels >= 128),
                      .n_outputs = 1 + (int)choose(c, 1) % MOST_OUTPUTS,
                      .n_taps = 1 + (int)choose(c, 2) % MOST_TAPS,
                      .block = 16 << choose(c, 1) % 4,
                      .exact_blocks = raw ? (int)choose(c, 1) % 3 : 1,
                      .instruction_set = (int)choose(c, 1) % 4},
        .upmix = raw ? (int)choose(c, 4) : (int)choose(c, 1) % 4,
        .upmix_n = raw ? (int)choose(c, 4) : 32 << choose(c, 1) % 6,
        .upmix_span = raw ? (int)choose(c, 4) : 16 << choose(c, 1) % 5,
        .strength = raw ? (double)(int32_t)choose(c, 4) / 1000 : choose(c, 1) / 255.0,
        .limiter = raw ? (int)choose(c, 1) % 3 : (int)choose(c, 1) % 2,
        .bypass_delay = raw ? (int)choose(c, 4) : (int)choose(c, 1),
    };
    if (!raw && plan.upmix != SP_UPMIX_OFF) {
        plan.n_inputs = 2;
        plan.convolver.n_inputs = 3;
    }
    plan.upmix_n = !raw && plan.upmix_n > 8 * plan.upmix_span ? 8 * plan.upmix_span : plan.upmix_n; /* time */
    if (choose(c, 1) % 8 == 0) {
        plan.upmix_n = plan.upmix_span = 0;
    }
    plan.bypass_delay = plan.bypass_delay > 4096 && plan.bypass_delay <= SP_MAX_BYPASS_DELAY ? 4096 : plan.bypass_delay; /* memory */
    for (int i = 0; i < plan.n_inputs; i++) {
        plan.bypass_outputs[i] = raw ? (int)choose(c, 4) : (int)choose(c, 1) % plan.convolver.n_outputs;
    }
    return plan;
}

static float gain_of(unsigned value) {
    const float others[] = {-0.0f, -1e-30f, -1, 1e-40f, SP_MAX_GAIN, 1.0001f * SP_MAX_GAIN, 3e38f, INFINITY, -INFINITY, NAN};
    return value % 32 < 22 ? (float)(value % 32) / 8 : others[value % 32 - 22];
}

/* The same call for both. */
static void control(sp_chain *chain, int n_paths, unsigned which, unsigned value) {
    float gain = gain_of(value);
    int allowed = gain >= 0 && gain <= SP_MAX_GAIN;
    switch (which % 6) {
    case 0:
    case 1: {
        int path = (int)(value / 32) - 2; /* -2..5 */
        allowed = allowed && path >= 0 && path < n_paths;
        MUST(sp_chain_set_path_gain(chain, path, gain) == (allowed ? SP_OK : SP_ERROR_GAIN));
        break;
    }
    case 2:
        MUST(sp_chain_set_gain(chain, gain) == (allowed ? SP_OK : SP_ERROR_GAIN));
        break;
    case 3:
        MUST(sp_chain_set_mute(chain, (int)(value % 2)) == SP_OK);
        break;
    case 4:
        MUST(sp_chain_end(chain, (int)value - 8) == (value < 8 ? SP_ERROR_FRAMES : SP_OK));
        break;
    default:
        MUST(sp_chain_set_bypass(chain, (int)(value % 2)) == SP_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static float taps[MOST_OUTPUTS * MOST_PATHS * MOST_TAPS];
    static float in[MOST_INPUTS][MOST_FRAMES], out[MOST_OUTPUTS][MOST_FRAMES], other[MOST_OUTPUTS][MOST_FRAMES];
    choices c = {data, size};
    sp_chain_plan plan = choose_plan(&c);
    uint32_t random = choose(&c, 2);
    for (size_t k = 0; k < sizeof taps / sizeof *taps; k++) {
        taps[k] = sample(&random, 0) / 16;
    }
    int error = -1, block = plan.convolver.block, n_outputs = plan.convolver.n_outputs;
    sp_chain *chain = sp_chain_new(&plan, taps, &error);
    if (!chain) {
        MUST(error != SP_OK);
        return 0;
    }
    MUST(error == SP_OK && rate_is_allowed(plan.fs) && sp_chain_block(chain) == block && sp_chain_n_outputs(chain) == n_outputs);
    MUST(sp_chain_n_inputs(chain) == plan.n_inputs);
    sp_chain *twin = sp_chain_new(&plan, taps, &error);
    MUST(twin && sp_chain_upmix_latency(chain) >= 0 && sp_chain_limiter_latency(chain) >= 0);
    MUST((sp_chain_limiter(chain) != NULL) == plan.limiter);
    for (int n_calls = 0; c.size > 0 && n_calls < 8; n_calls++) {
        unsigned what = choose(&c, 1) % 8, which = choose(&c, 1), value = choose(&c, 1);
        if (what == 0) {
            control(chain, plan.convolver.n_inputs, which, value);
            control(twin, plan.convolver.n_inputs, which, value);
        } else if (what == 1) {
            MUST(sp_chain_reset(chain) == SP_OK && sp_chain_reset(twin) == SP_OK);
        } else if (what == 2) {
            float *nowhere[MOST_OUTPUTS] = {0};
            const float *nothing[MOST_INPUTS] = {0};
            MUST(sp_chain_process(chain, nothing, nowhere, 1 + (int)which % (block - 1)) == SP_ERROR_FRAMES);
            MUST(sp_chain_process(chain, nothing, nowhere, block) == SP_ERROR_NULL);
        } else {
            int n_frames = (int)(choose(&c, 2) % (MOST_FRAMES + 1)) / block * block, wild = value % 4 == 0;
            const float *inputs[MOST_INPUTS];
            float *outputs[MOST_OUTPUTS];
            for (int i = 0; i < plan.n_inputs; i++) {
                inputs[i] = in[i];
                for (int n = 0; n < n_frames; n++) {
                    in[i][n] = sample(&random, wild);
                }
            }
            for (int o = 0; o < MOST_OUTPUTS; o++) {
                outputs[o] = out[o];
            }
            MUST(sp_chain_process(chain, inputs, outputs, n_frames) == SP_OK);
            for (int done = 0; done < n_frames; done += block) {
                for (int i = 0; i < plan.n_inputs; i++) {
                    inputs[i] = in[i] + done;
                }
                for (int o = 0; o < MOST_OUTPUTS; o++) {
                    outputs[o] = other[o] + done;
                }
                MUST(sp_chain_process(twin, inputs, outputs, block) == SP_OK);
            }
            for (int o = 0; o < n_outputs; o++) {
                MUST(memcmp(out[o], other[o], n_frames * sizeof(float)) == 0);
                for (int n = 0; n < n_frames; n++) {
                    MUST(isfinite(out[o][n]) && (!plan.limiter || fabsf(out[o][n]) < 1));
                }
            }
        }
    }
    MUST(sp_chain_discarded(chain) == sp_chain_discarded(twin));
    sp_chain_free(chain);
    sp_chain_free(twin);
    return 0;
}
