/* libFuzzer: a live and all that its threads do, in any order. What must hold: a plan or feeds that do not fit the chain are refused with an
 * error; a callback writes its frames and no more, finite; frames are neither lost nor invented; every chain comes back once.
 *
 *     clang -fsanitize=fuzzer,address,undefined -Icsrc csrc/fuzz/live_fuzz.c csrc/[the core].c -lm
 */
#include "core.h"

#include <math.h>
#include <string.h>

#include "choices.h"

#define MOST_FRAMES 1500
#define MOST_DEVICE 6
#define MOST_INPUTS 3
#define MOST_OUTPUTS 3
#define MOST_CHAINS 40
#define GUARD 12345.0f

static sp_chain *chains[MOST_CHAINS]; /* in the live's hands */
static int n_chains;

static sp_chain *new_chain(choices *c, int n_inputs, int block, int limiter) {
    static float taps[MOST_OUTPUTS * MOST_INPUTS * 300];
    uint32_t random = choose(c, 1) + 1;
    sp_chain_plan plan = {
        .fs = 8000,
        .n_inputs = n_inputs,
        .convolver = {.n_inputs = n_inputs, .n_outputs = 1 + (int)(random % MOST_OUTPUTS), .n_taps = 1 + (int)choose(c, 1), .block = block,
                      .exact_blocks = 1},
        .limiter = limiter,
    };
    for (size_t k = 0; k < sizeof taps / sizeof *taps; k++) {
        taps[k] = sample(&random, 0) / 8;
    }
    int error = -1;
    sp_chain *chain = sp_chain_new(&plan, taps, &error);
    MUST(chain && error == SP_OK);
    return chain;
}

/* Feeds that mostly fit; *fit says whether they do. */
static sp_feeds choose_feeds(choices *c, sp_chain *chain, int n_channels, int *fit) {
    int raw = choose(c, 1) % 8 == 0, n = sp_chain_n_outputs(chain);
    sp_feeds feeds = {chain, choose(c, 1) % 2 ? n : 0, {0}, (int)choose(c, 1)};
    for (int o = 0; o < SP_MAX_CHANNELS; o++) {
        feeds.channels[o] = o;
    }
    if (raw) {
        feeds.n_outputs = (int)choose(c, 1) % 5 - 1;
        feeds.channels[0] = (int)choose(c, 1) % 8 - 1;
        feeds.tail = (int)choose(c, 1) - 4;
    }
    *fit = (feeds.n_outputs == 0 || feeds.n_outputs == n) && feeds.tail >= 0;
    for (int o = 0; o < n; o++) {
        *fit = *fit && feeds.channels[o] >= 0 && feeds.channels[o] < n_channels;
        for (int p = 0; p < o; p++) {
            *fit = *fit && feeds.channels[o] != feeds.channels[p];
        }
    }
    return feeds;
}

static void given_back(sp_chain *chain) {
    int found = 0;
    while (found < n_chains && chains[found] != chain) {
        found++;
    }
    MUST(found < n_chains);
    chains[found] = chains[--n_chains];
    sp_chain_free(chain);
}

static void call_back(sp_live *live, const sp_live_plan *plan, int n_frames, uint32_t *random, int wild) {
    static float in[MOST_INPUTS * MOST_FRAMES], out[MOST_DEVICE * MOST_FRAMES + 1];
    int captures = plan->n_captured && *random % 8;
    for (int n = 0; n < plan->n_captured * n_frames; n++) {
        in[n] = sample(random, wild);
    }
    for (int n = 0; n <= plan->n_channels * n_frames; n++) {
        out[n] = GUARD;
    }
    MUST(sp_live_callback(captures ? in : NULL, out, (unsigned long)n_frames, NULL, *random % 5, live) == 0);
    for (int n = 0; n < plan->n_channels * n_frames; n++) {
        MUST(isfinite(out[n]) && out[n] != GUARD);
    }
    MUST(out[plan->n_channels * n_frames] == GUARD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static float programme[MOST_INPUTS][MOST_FRAMES];
    const float *inputs[MOST_INPUTS] = {programme[0], programme[1], programme[2]}, *missing[MOST_INPUTS] = {programme[0]};
    choices c = {data, size};
    int raw = choose(&c, 1) % 8 == 0, block = 16 << choose(&c, 1) % 4, fit, error = -1, limiter = (int)choose(&c, 1) % 2;
    int n_inputs = 2 + (int)choose(&c, 1) % (MOST_INPUTS - 1);
    sp_chain *chain = new_chain(&c, n_inputs, block, limiter);
    const int blocks[] = {block, 0, block, 2 * block, 48, -1, 0};
    sp_live_plan plan = {
        .block = blocks[choose(&c, 1) % (raw ? 7 : 3)],
        .host_block = raw ? (int)choose(&c, 4) : (int)choose(&c, 1) % 4 * block,
        .n_channels = raw ? (int)choose(&c, 1) % (MOST_DEVICE + 1) : MOST_DEVICE - (int)choose(&c, 1) % 3,
        .n_captured = raw ? (int)choose(&c, 1) % 4 : (int[]){0, 1, n_inputs}[choose(&c, 1) % 3],
        .ring_frames = raw ? (int)choose(&c, 2) - 4 : (int)choose(&c, 1) * 8,
        .refill_frames = raw ? (int)choose(&c, 2) - 4 : (int)choose(&c, 1) * 2,
        .fade_frames = raw ? (int)choose(&c, 2) - 4 : 1 + (int)choose(&c, 1),
        .fade_in = (int)choose(&c, 1) % (raw ? 3 : 2),
        .first_frame = raw ? (unsigned long long)choose(&c, 4) << (choose(&c, 1) % 2 * 32) : choose(&c, 1),
    };
    sp_feeds feeds = choose_feeds(&c, chain, plan.n_channels, &fit);
    sp_live *live = sp_live_new(&plan, &feeds, &error);
    if (!live) {
        MUST(error != SP_OK && (raw || !fit));
        sp_chain_free(chain);
        return 0;
    }
    MUST(error == SP_OK && fit && (plan.block == 0 || plan.block == block));
    n_chains = 0;
    chains[n_chains++] = chain;
    MUST(sp_live_latency(live) == (plan.host_block && plan.host_block % block == 0 ? 0 : block));
    uint32_t random = choose(&c, 2);
    unsigned long long called = plan.first_frame, written = 0;
    int ended = 0;
    for (int n_calls = 0; c.size > 0 && n_calls < 60; n_calls++) {
        unsigned what = choose(&c, 1) % 16, amount = choose(&c, 2) % (MOST_FRAMES + 1);
        if (what < 5 && !ended) {
            for (unsigned n = 0; n < amount; n++) {
                for (int i = 0; i < n_inputs; i++) {
                    programme[i][n] = sample(&random, what == 0);
                }
            }
            int room = sp_live_room(live), taken = sp_live_write(live, inputs, (int)amount);
            MUST(taken == (plan.n_captured ? 0 : room < (int)amount ? room : (int)amount));
            MUST(sp_live_write(live, missing, 1) == -SP_ERROR_NULL && sp_live_write(live, NULL, -1) == -SP_ERROR_FRAMES);
            written += (unsigned)taken;
        } else if (what < 12) {
            int n_frames = plan.host_block > 0 && plan.host_block <= MOST_FRAMES && what < 10 ? plan.host_block : (int)amount;
            call_back(live, &plan, n_frames, &random, what == 5);
            called += (unsigned)n_frames;
        } else if (what == 12 && n_chains < MOST_CHAINS - 1) {
            int same = choose(&c, 1) % 4 == 0, other_block = choose(&c, 1) % 8 == 0;
            int other_inputs = choose(&c, 1) % 8 == 0 ? 5 - n_inputs : n_inputs;
            sp_chain *next = same ? chains[0] : new_chain(&c, other_inputs, other_block ? 32 + 32 * (block == 32) : block, limiter);
            sp_feeds others = choose_feeds(&c, next, plan.n_channels, &fit);
            error = sp_live_switch(live, &others, (int)amount);
            MUST((error == SP_OK) == (fit && !same && other_inputs == n_inputs && (!other_block || sp_chain_block(next) == block)));
            if (error == SP_OK) {
                chains[n_chains++] = next;
            } else if (!same) {
                sp_chain_free(next);
            }
        } else if (what == 13) {
            sp_chain *out_of_use = sp_live_collect(live, 0);
            if (out_of_use) {
                given_back(out_of_use);
            }
        } else if (what == 14 && amount % 4 == 0) {
            MUST((amount % 8 ? sp_live_end(live) : sp_live_stop(live)) == SP_OK);
            ended = ended || amount % 8;
        } else {
            sp_live_figures figures;
            MUST(sp_live_read(live, &figures) == SP_OK && figures.frames == called && figures.refused == 0);
            MUST(plan.n_captured || figures.position <= plan.first_frame + written);
            for (int o = 0; o < SP_MAX_CHANNELS; o++) {
                MUST(isfinite(figures.peaks[o]) && (!limiter || figures.peaks[o] < 1));
            }
        }
    }
    for (sp_chain *rest; (rest = sp_live_collect(live, 1));) {
        given_back(rest);
    }
    MUST(n_chains == 0);
    sp_live_free(live);
    return 0;
}
