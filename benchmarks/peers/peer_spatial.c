/* The core. Options: instruction set, 0 (the best) to 3. */
#include <stdlib.h>

#include "core.h"
#include "peer.h"

typedef struct {
    sp_convolver *convolver;
    int block;
} peer;

void *peer_new(const peer_plan *plan, const float *taps) {
    sp_plan asked = {
        .n_inputs = plan->n_inputs,
        .n_outputs = plan->n_outputs,
        .n_taps = plan->n_taps,
        .block = plan->block,
        .exact_blocks = 1,
        .instruction_set = atoi(plan->options),
    };
    int error;
    peer *made = malloc(sizeof *made);
    *made = (peer){sp_convolver_new(&asked, taps, &error), plan->block};
    return made->convolver ? made : NULL;
}

int peer_latency(const void *p) { return sp_convolver_latency(((const peer *)p)->convolver); }

void peer_process(void *p, const float *const *in, float *const *out) {
    peer *made = p;
    sp_convolver_process(made->convolver, in, out, made->block);
}

void peer_free(void *p) {
    peer *made = p;
    sp_convolver_free(made->convolver);
    free(made);
}
