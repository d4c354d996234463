/* libFuzzer: the upmixes that listen, in frames and in bands, at any rate. What must hold: a plan is refused with an error or works; centre
 * and sides add up to the input, late by the latency; nothing depends on how the frames are cut into calls; a reset is as new.
 *
 *     clang -fsanitize=fuzzer,address,undefined -Icsrc csrc/fuzz/upmix_fuzz.c csrc/[the core].c -lm
 */
#include "core.h"

#include <math.h>
#include <string.h>

#include "choices.h"

#define MOST_FRAMES 1500
#define MOST_LATENCY 2048
#define MOST_CALLS 8

static sp_upmix_plan choose_plan(choices *c) {
    int raw = choose(c, 1) % 8 == 0; /* anything at all, else close to what is allowed */
    sp_upmix_plan plan = {
        .method = raw ? (int)choose(c, 4) : SP_UPMIX_DIRECTIONAL + (int)choose(c, 1) % 2,
        .fs = choose_rate(c),
        .n = raw ? (int)choose(c, 4) : 32 << choose(c, 1) % 7,
        .span = raw ? (int)choose(c, 4) : 16 << choose(c, 1) % 7,
        .strength = raw ? (double)(int32_t)choose(c, 4) / 1000 : choose(c, 1) / 255.0,
        .instruction_set = (int)choose(c, 1) % 4,
    };
    plan.n = !raw && plan.n > 16 * plan.span ? 16 * plan.span : plan.n; /* time */
    if (choose(c, 1) % 4 == 0) {
        plan.n = plan.span = 0;
    }
    if (plan.n > 4096 || plan.span > MOST_LATENCY) { /* time */
        plan.n = 4096;
        plan.span = MOST_LATENCY;
    }
    return plan;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static float in[2][MOST_LATENCY + MOST_CALLS * MOST_FRAMES], out[3][MOST_FRAMES], other[3][MOST_FRAMES];
    choices c = {data, size};
    sp_upmix_plan plan = choose_plan(&c);
    int error = -1;
    sp_upmix *upmix = sp_upmix_new(&plan, &error);
    if (!upmix) {
        MUST(error != SP_OK);
        return 0;
    }
    MUST(error == SP_OK && rate_is_allowed(plan.fs) && (plan.span || plan.fs >= SP_MIN_BANDS_FS));
    sp_upmix *twin = sp_upmix_new(&plan, &error);
    int latency = sp_upmix_latency(upmix), position = 0;
    MUST(twin && latency == plan.span);
    memset(in, 0, sizeof in);
    uint32_t random = choose(&c, 2);
    for (int n_calls = 0; c.size > 0 && n_calls < MOST_CALLS; n_calls++) {
        int what = (int)choose(&c, 1) % 8, n_frames = (int)(choose(&c, 2) % (MOST_FRAMES + 1)), kind = (int)choose(&c, 1) % 6;
        if (what == 0) {
            MUST(sp_upmix_reset(upmix) == SP_OK);
            sp_upmix_free(twin);
            twin = sp_upmix_new(&plan, &error);
            memset(in, 0, sizeof in);
            position = 0;
        } else if (what == 1) {
            const float *nothing[2] = {0};
            float *nowhere[3] = {0};
            MUST(sp_upmix_process(upmix, nothing, nowhere, -1 - n_frames) == SP_ERROR_FRAMES);
            MUST(sp_upmix_process(upmix, nothing, nowhere, 1 + n_frames) == SP_ERROR_NULL);
        } else {
            float *now[2] = {in[0] + MOST_LATENCY + position, in[1] + MOST_LATENCY + position};
            float level = powf(10, (float)(int)(random % 13) - 8);
            for (int n = 0; n < n_frames; n++) {
                float a = sample(&random, kind == 0), b = kind == 1 ? a : kind == 2 ? -a : kind == 3 ? 0 : sample(&random, kind == 0);
                now[0][n] = kind == 5 ? 0 : level * a;
                now[1][n] = kind == 5 ? 0 : level * b;
            }
            const float *inputs[2] = {now[0], now[1]};
            float *outputs[3] = {out[0], out[1], out[2]};
            MUST(sp_upmix_process(upmix, inputs, outputs, n_frames) == SP_OK);
            int step = 1 + (int)choose(&c, 1);
            for (int done = 0; done < n_frames; done += step) {
                const float *from[2] = {now[0] + done, now[1] + done};
                float *to[3] = {other[0] + done, other[1] + done, other[2] + done};
                MUST(sp_upmix_process(twin, from, to, n_frames - done < step ? n_frames - done : step) == SP_OK);
            }
            for (int i = 0; i < 2; i++) {
                for (int n = 0; n < n_frames; n++) { /* garbage counts as 0 */
                    now[i][n] = fabsf(now[i][n]) <= SP_MAX_SAMPLE ? now[i][n] : 0;
                }
                for (int n = 0; n < n_frames; n++) {
                    float wanted = now[i][n - latency], sum = out[i][n] + out[2][n];
                    MUST(fabsf(sum - wanted) <= 1e-6f * (fabsf(wanted) + fabsf(out[2][n])) + 1e-37f);
                }
            }
            for (int o = 0; o < 3; o++) {
                MUST(memcmp(out[o], other[o], n_frames * sizeof(float)) == 0);
            }
            position += n_frames;
        }
        MUST(sp_upmix_discarded(upmix) == sp_upmix_discarded(twin));
    }
    sp_upmix_free(upmix);
    sp_upmix_free(twin);
    return 0;
}
