#include "live_voice.h"

#include <stdint.h>
#include <stdlib.h>

#include "arena.h"

#define WARM_UP_BLOCKS 16
#define WARM_UP_LEVEL 8.0f /* loud enough to give every stage work */

static int feeds_error(const sp_live_plan *plan, const sp_feeds *feeds) {
    unsigned char taken[SP_MAX_DEVICE_CHANNELS] = {0};
    if (!feeds || !feeds->chain) {
        return SP_ERROR_NULL;
    }
    int n_outputs = sp_chain_n_outputs(feeds->chain);
    if (feeds->n_outputs != 0 && feeds->n_outputs != n_outputs) {
        return SP_ERROR_OUTPUTS;
    }
    if (plan->block != sp_chain_block(feeds->chain)) {
        return SP_ERROR_BLOCK;
    }
    for (int o = 0; o < n_outputs; o++) {
        int channel = feeds->channels[o];
        if (channel < 0 || channel >= plan->n_channels || taken[channel]++) {
            return SP_ERROR_OUTPUTS;
        }
    }
    return feeds->tail < 0 ? SP_ERROR_FRAMES : SP_OK;
}

/* Noise through a new chain, so that the callback touches no page of its code or data for the first time. */
static int warm_up(const sp_voice *v, float *noise, int block) {
    const float *in[SP_MAX_CHANNELS];
    for (int c = 0; c < sp_chain_n_inputs(v->feeds.chain); c++) {
        in[c] = noise;
    }
    uint32_t random = 1;
    int error = SP_OK;
    for (int b = 0; b < WARM_UP_BLOCKS && error == SP_OK; b++) {
        for (int n = 0; n < block; n++) {
            random = random * 1664525u + 1013904223u;
            noise[n] = WARM_UP_LEVEL * ((float)(random >> 8) / 8388608.0f - 1.0f);
        }
        error = sp_chain_process(v->feeds.chain, in, v->out, block);
    }
    return error == SP_OK ? sp_chain_reset(v->feeds.chain) : error;
}

sp_voice *sp_voice_new(const sp_live_plan *plan, const sp_feeds *feeds, int warm, int *error) {
    *error = feeds_error(plan, feeds);
    if (*error != SP_OK) {
        return NULL;
    }
    void *allocation;
    int n_outputs = sp_chain_n_outputs(feeds->chain);
    sp_arena memory = {0};
    sp_take(&memory, sizeof(sp_voice));
    for (int o = 0; o <= n_outputs; o++) {
        sp_take_floats(&memory, plan->block);
    }
    memory = sp_arena_new(memory.used, &allocation);
    if (!allocation) {
        *error = SP_ERROR_MEMORY;
        return NULL;
    }
    sp_voice *v = sp_take(&memory, sizeof(sp_voice));
    *v = (sp_voice){.feeds = *feeds, .warm = warm, .allocation = allocation};
    v->feeds.n_outputs = n_outputs;
    for (int o = 0; o < n_outputs; o++) {
        v->out[o] = sp_take_floats(&memory, plan->block);
    }
    *error = warm_up(v, sp_take_floats(&memory, plan->block), plan->block);
    if (*error != SP_OK) {
        sp_voice_free(v);
        return NULL;
    }
    return v;
}

void sp_voice_free(sp_voice *v) {
    if (v) {
        free(v->allocation);
    }
}
