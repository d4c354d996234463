/* The core. Options: "ISA SWAP", the instruction set, 0 (the best) to 3, and 1 where the same filters are to be swapped in as it starts. */
#include <stdio.h>
#include <stdlib.h>

#include "core.h"
#include "peer.h"

typedef struct {
    sp_convolver *convolver;
    int block;
} peer;

void *peer_new(const peer_plan *plan, const float *taps) {
    int isa = 0, swap = 0, error;
    sscanf(plan->options, "%d %d", &isa, &swap);
    sp_plan asked = {
        .n_inputs = plan->n_inputs,
        .n_outputs = plan->n_outputs,
        .n_taps = plan->n_taps,
        .block = plan->block,
        .exact_blocks = 1,
        .instruction_set = isa,
    };
    peer *made = malloc(sizeof *made);
    *made = (peer){sp_convolver_new(&asked, taps, &error), plan->block};
    if (made->convolver && swap) {
        sp_convolver_swap(made->convolver, sp_filters_new(made->convolver, taps, &error));
    }
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
