/* The core. Options: "ISA SWAP MIRROR", the instruction set, 0 (the best) to 3; 1 where the same filters are to be swapped in as it starts;
 * 1 where other, mirror-symmetric filters are to take the place of those that are given (for counting only). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "peer.h"

typedef struct {
    sp_convolver *convolver;
    int block;
} peer;

/* The first half of the outputs stays, the others become their mirror images, with the first two inputs exchanged. */
static float *mirrored(const peer_plan *plan, const float *taps) {
    size_t row = (size_t)plan->n_inputs * plan->n_taps;
    float *made = malloc(plan->n_outputs * row * sizeof(float));
    memcpy(made, taps, plan->n_outputs * row * sizeof(float));
    for (int o = 0; o < (plan->n_outputs + 1) / 2; o++) {
        const float *from = made + o * row;
        float *to = made + (plan->n_outputs - 1 - o) * row;
        memcpy(to + plan->n_taps, from, plan->n_taps * sizeof(float));
        if (to != from) {
            memcpy(to, from + plan->n_taps, plan->n_taps * sizeof(float));
            memcpy(to + 2 * plan->n_taps, from + 2 * plan->n_taps, (row - 2 * plan->n_taps) * sizeof(float));
        }
    }
    return made;
}

void *peer_new(const peer_plan *plan, const float *taps) {
    int isa = 0, swap = 0, mirror = 0, error;
    sscanf(plan->options, "%d %d %d", &isa, &swap, &mirror);
    float *symmetric = mirror ? mirrored(plan, taps) : NULL;
    taps = mirror ? symmetric : taps;
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
    free(symmetric);
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
