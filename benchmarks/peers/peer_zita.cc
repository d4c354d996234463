/* libzita-convolver, vector mode on, FFTW_ESTIMATE so that its plans and counts repeat. Options: "LARGEST DENSITY", the largest partition
 * (0: all of a block, the uniform mode, which runs in the calling thread) and the density that it is told. */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <unistd.h>
#include <xmmintrin.h>
#include <zita-convolver.h>

#include "peer.h"

struct peer {
    Convproc convolver;
    peer_plan plan;
    int smallest; /* partition */
};

extern "C" void *peer_new(const peer_plan *plan, const float *taps) {
    int largest = 0;
    float density = 0;
    sscanf(plan->options, "%d %f", &largest, &density);
    int smallest = plan->block > (int)Convproc::MINPART ? plan->block : (int)Convproc::MINPART;
    largest = largest ? largest : smallest;
    _mm_setcsr(_mm_getcsr() | 0x8040); /* it does not flush subnormal numbers by itself */
    peer *made = new peer;
    made->plan = *plan;
    made->smallest = smallest;
    made->convolver.set_options(Convproc::OPT_VECTOR_MODE);
    if (made->convolver.configure(plan->n_inputs, plan->n_outputs, plan->n_taps, plan->block, smallest, largest, density)) {
        return NULL;
    }
    for (int o = 0; o < plan->n_outputs; o++) {
        for (int i = 0; i < plan->n_inputs; i++) {
            float *h = const_cast<float *>(taps) + ((size_t)o * plan->n_inputs + i) * plan->n_taps;
            if (made->convolver.impdata_create(i, o, 1, h, 0, plan->n_taps)) {
                return NULL;
            }
        }
    }
    if (made->convolver.start_process(0, SCHED_OTHER)) {
        return NULL;
    }
    usleep(50000); /* driven at once its tails come at wrong times */
    return made;
}

/* Blocks smaller than its smallest partition wait for it, and run through a thread. */
extern "C" int peer_latency(const void *p) {
    const peer *made = static_cast<const peer *>(p);
    return made->smallest > made->plan.block ? made->smallest + made->plan.block : 0;
}

extern "C" void peer_process(void *p, const float *const *in, float *const *out) {
    peer *made = static_cast<peer *>(p);
    size_t bytes = made->plan.block * sizeof(float);
    for (int i = 0; i < made->plan.n_inputs; i++) {
        memcpy(made->convolver.inpdata(i), in[i], bytes);
    }
    made->convolver.process(true); /* waits for its threads */
    for (int o = 0; o < made->plan.n_outputs; o++) {
        memcpy(out[o], made->convolver.outdata(o), bytes);
    }
}

extern "C" void peer_free(void *p) {
    peer *made = static_cast<peer *>(p);
    made->convolver.stop_process();
    made->convolver.cleanup();
    delete made;
}
