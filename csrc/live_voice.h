/* A chain and where its feeds go: what a live plays now, or switches to. */
#ifndef SPATIAL_LIVE_VOICE_H
#define SPATIAL_LIVE_VOICE_H

#include "core.h"

typedef struct sp_voice sp_voice;
struct sp_voice {
    sp_feeds feeds;
    int warm;                    /* frames for which it listens before it is heard */
    float *out[SP_MAX_CHANNELS]; /* one block of each output */
    sp_voice *next;              /* in the list of those that are given back */
    sp_voice *also;              /* in the list of all that the live has */
    void *allocation;
};

/* NULL with *error set where the feeds do not fit the plan, whose block is known. Runs the chain once, so that the callback touches none of its pages first. */
sp_voice *sp_voice_new(const sp_live_plan *plan, const sp_feeds *feeds, int warm, int *error);

/* The chain is left alone. NULL is fine. */
void sp_voice_free(sp_voice *voice);

#endif
