/* libFuzzer: any plan, any order of calls. Says what must hold: a plan is refused with an error or works; a refused call touches nothing;
 * what comes out is finite, lies inside the frames that were asked for, and does not depend on how the frames are cut into calls.
 *
 *     clang -fsanitize=fuzzer,address,undefined -Icsrc csrc/fuzz/convolver_fuzz.c csrc/[the core].c -lm
 */
#include "core.h"

#include <math.h>
#include <string.h>

#include "choices.h"

#define MOST_CHANNELS 5
#define MOST_TAPS 6000
#define MOST_FRAMES 3000
#define GUARD 12345.0f

/* ---- one convolver, and a twin that gets the same frames in other pieces ---- */

typedef struct {
    sp_plan plan;
    float *taps;
    sp_convolver *convolver, *twin;
} subject;

static void new_taps(subject *s, choices *c, int wild) {
    uint32_t random = choose(c, 2);
    int symmetric = choose(c, 1) % 2, n_taps = s->plan.n_taps;
    for (int o = 0; o < s->plan.n_outputs; o++) {
        for (int i = 0; i < s->plan.n_inputs; i++) {
            for (int k = 0; k < n_taps; k++) {
                s->taps[((size_t)o * s->plan.n_inputs + i) * n_taps + k] = sample(&random, wild) / (1.0f + (float)k);
            }
        }
        if (symmetric && s->plan.n_inputs > 1) { /* each output is its own mirror image */
            float *row = s->taps + (size_t)o * s->plan.n_inputs * n_taps;
            memcpy(row + n_taps, row, n_taps * sizeof(float));
        }
    }
}

static int all_finite(const subject *s) {
    size_t count = (size_t)s->plan.n_outputs * s->plan.n_inputs * s->plan.n_taps;
    for (size_t k = 0; k < count; k++) {
        if (!isfinite(s->taps[k])) {
            return 0;
        }
    }
    return 1;
}

/* Processes n_frames in one call, checks the frames around, and compares with the twin. */
static void process(subject *s, choices *c, int n_frames) {
    static float in[MOST_CHANNELS][MOST_FRAMES], out[MOST_CHANNELS][MOST_FRAMES + 2], other[MOST_CHANNELS][MOST_FRAMES];
    const float *inputs[MOST_CHANNELS];
    float *outputs[MOST_CHANNELS];
    uint32_t random = choose(c, 2);
    int wild = random % 4 == 0;
    for (int k = 0; k < MOST_CHANNELS; k++) {
        inputs[k] = in[k];
        outputs[k] = out[k] + 1;
        for (int n = 0; n < n_frames; n++) {
            in[k][n] = sample(&random, wild);
        }
        for (int n = 0; n < n_frames + 2; n++) {
            out[k][n] = GUARD;
        }
    }
    int refused = s->plan.exact_blocks && n_frames % s->plan.block;
    MUST(sp_convolver_process(s->convolver, inputs, outputs, n_frames) == (refused ? SP_ERROR_FRAMES : SP_OK));
    for (int o = 0; o < s->plan.n_outputs; o++) {
        MUST(out[o][0] == GUARD && out[o][n_frames + 1] == GUARD);
        for (int n = 0; n < n_frames; n++) {
            MUST(refused ? out[o][n + 1] == GUARD : isfinite(out[o][n + 1]));
        }
    }
    if (refused) {
        return;
    }
    int step = s->plan.exact_blocks ? s->plan.block : 1 + (int)choose(c, 1);
    for (int done = 0; done < n_frames; done += step) {
        for (int k = 0; k < MOST_CHANNELS; k++) {
            inputs[k] = in[k] + done;
            outputs[k] = other[k] + done;
        }
        MUST(sp_convolver_process(s->twin, inputs, outputs, n_frames - done < step ? n_frames - done : step) == SP_OK);
    }
    for (int o = 0; o < s->plan.n_outputs; o++) {
        MUST(memcmp(out[o] + 1, other[o], n_frames * sizeof(float)) == 0);
    }
    MUST(sp_convolver_discarded(s->convolver) == sp_convolver_discarded(s->twin));
}

static void swap(sp_convolver *convolver, const float *taps) {
    int error = -1;
    sp_filters *filters = sp_filters_new(convolver, taps, &error);
    MUST(filters && error == SP_OK && sp_convolver_swap(convolver, filters) == SP_OK);
}

static void collect(sp_convolver *convolver, int again) {
    for (sp_filters *filters; (filters = sp_convolver_collect(convolver)); again = 0) {
        if (again) {
            MUST(sp_convolver_swap(convolver, filters) == SP_OK);
            return;
        }
        sp_filters_free(filters);
    }
}

static void foreign_filters(subject *s) {
    int error;
    sp_convolver *gone = sp_convolver_new(&s->plan, s->taps, &error);
    sp_filters *filters = sp_filters_new(gone, s->taps, &error);
    MUST(filters && sp_convolver_swap(s->convolver, filters) == SP_ERROR_FILTERS);
    sp_convolver_free(gone);
    sp_convolver *next = sp_convolver_new(&s->plan, s->taps, &error);
    MUST(next && sp_convolver_swap(next, filters) == SP_ERROR_FILTERS);
    sp_convolver_free(next);
    sp_filters_free(filters);
    filters = sp_filters_new(s->convolver, s->taps, &error); /* twice the same set */
    MUST(filters && sp_convolver_swap(s->convolver, filters) == SP_OK && sp_convolver_swap(s->convolver, filters) == SP_ERROR_FILTERS);
    swap(s->twin, s->taps);
    sp_filters_free(filters); /* not the caller's: it stays */
}

static sp_plan choose_plan(choices *c) {
    int raw = choose(c, 1) % 8 == 0; /* anything at all, else close to what is allowed */
    sp_plan plan = {
        .n_inputs = (int)(raw ? choose(c, 4) : 1 + choose(c, 1) % MOST_CHANNELS),
        .n_outputs = (int)(raw ? choose(c, 4) : 1 + choose(c, 1) % MOST_CHANNELS),
        .n_taps = (int)(raw ? choose(c, 4) : 1 + choose(c, 2) % MOST_TAPS),
        .block = (int)(raw ? choose(c, 4) : 16u << choose(c, 1) % 7),
        .exact_blocks = (int)(raw ? choose(c, 4) : choose(c, 1) % 2),
        .instruction_set = (int)(raw ? choose(c, 4) : choose(c, 1) % 5),
        .n_tails = (int)(raw ? choose(c, 4) : choose(c, 1) % 7) - 2,
    };
    for (int t = 0; t < SP_MAX_TAILS; t++) {
        plan.tails[t] = (int)(raw ? choose(c, 4) : 16u << choose(c, 1) % 9);
    }
    /* no more than the fuzzer's own arrays hold: these are sizes, which the core cannot know */
    plan.n_inputs = plan.n_inputs > MOST_CHANNELS && plan.n_inputs <= SP_MAX_CHANNELS ? MOST_CHANNELS : plan.n_inputs;
    plan.n_outputs = plan.n_outputs > MOST_CHANNELS && plan.n_outputs <= SP_MAX_CHANNELS ? MOST_CHANNELS : plan.n_outputs;
    plan.n_taps = plan.n_taps > MOST_TAPS && plan.n_taps <= SP_MAX_TAPS ? MOST_TAPS : plan.n_taps;
    return plan;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static float taps[MOST_CHANNELS * MOST_CHANNELS * MOST_TAPS];
    choices c = {data, size};
    subject s = {.plan = choose_plan(&c), .taps = taps};
    int known = s.plan.n_inputs >= 1 && s.plan.n_inputs <= MOST_CHANNELS && s.plan.n_outputs >= 1 && s.plan.n_outputs <= MOST_CHANNELS &&
                s.plan.n_taps >= 1 && s.plan.n_taps <= MOST_TAPS;
    int finite = 1;
    if (known) {
        new_taps(&s, &c, choose(&c, 1) % 8 == 0);
        finite = all_finite(&s);
    }
    int error = -1;
    s.convolver = sp_convolver_new(&s.plan, taps, &error);
    if (!s.convolver) {
        MUST(error != SP_OK && (finite || error != SP_ERROR_MEMORY));
        return 0;
    }
    MUST(error == SP_OK && known && finite);
    s.twin = sp_convolver_new(&s.plan, taps, &error);
    int partitions[1 + SP_MAX_TAILS], n_levels = sp_convolver_partitions(s.convolver, partitions);
    MUST(s.twin && n_levels >= 1 && n_levels <= 1 + SP_MAX_TAILS && partitions[0] == s.plan.block);
    MUST(sp_convolver_latency(s.convolver) == (s.plan.exact_blocks ? 0 : s.plan.block));

    for (int n_calls = 0; c.size > 0 && n_calls < 24; n_calls++) {
        switch (choose(&c, 1) % 7) {
        case 0: {
            const float *nothing[MOST_CHANNELS] = {0};
            float *nowhere[MOST_CHANNELS] = {0};
            int n_frames = -(int)(choose(&c, 2) + 1);
            MUST(sp_convolver_process(s.convolver, nothing, nowhere, n_frames) == SP_ERROR_FRAMES);
            MUST(sp_convolver_process(s.convolver, nothing, nowhere, s.plan.block) == SP_ERROR_NULL);
            MUST(sp_convolver_swap(s.convolver, NULL) == SP_ERROR_NULL);
            break;
        }
        case 1:
            new_taps(&s, &c, 0);
            swap(s.convolver, taps);
            swap(s.twin, taps);
            break;
        case 2: {
            int again = choose(&c, 1) % 2;
            collect(s.convolver, again);
            collect(s.twin, again);
            break;
        }
        case 3:
            MUST(sp_convolver_reset(s.convolver) == SP_OK && sp_convolver_reset(s.twin) == SP_OK);
            break;
        case 4: /* filters outlive a convolver, whose place another one takes */
            foreign_filters(&s);
            break;
        default: {
            int n_frames = (int)(choose(&c, 2) % (MOST_FRAMES + 1));
            int whole = choose(&c, 1) % 4 ? n_frames / s.plan.block * s.plan.block : n_frames;
            process(&s, &c, s.plan.exact_blocks ? whole : n_frames);
        }
        }
    }
    sp_convolver_free(s.convolver);
    sp_convolver_free(s.twin);
    return 0;
}
