/* Two threads in one object, which is a mistake of the caller: one of them is turned away, nothing tears. Under the thread sanitizer, and
 * by itself: every call ends in SP_OK or SP_ERROR_BUSY, and what came out is finite and below the ceiling.
 *
 *     cc -fsanitize=thread -Icsrc csrc/fuzz/busy_threads.c csrc/[the core].c -lm -lpthread && ./a.out ROUNDS
 */
#include "core.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK 64
#define TAPS 900
#define OUTPUTS 3
#define INPUTS 3
#define CALL (4 * BLOCK)
#define N_THREADS 3

static sp_convolver *convolver;
static sp_chain *chain;
static sp_limiter *limiter;
static sp_upmix *frames, *bands;
static sp_meter *meter;
static sp_live *live;
static float taps[OUTPUTS * INPUTS * TAPS];
static int rounds = 300;
static _Atomic int done, wrong;
static _Atomic unsigned long busy;

static void expect(int error) {
    if (error == SP_ERROR_BUSY) {
        busy++;
    } else if (error != SP_OK) {
        wrong++;
    }
}

static float noise(unsigned *random) {
    *random = *random * 1664525u + 1013904223u;
    return (float)(int)*random * (1.0f / 2147483648.0f);
}

typedef struct {
    unsigned random;
    float in[INPUTS][CALL], out[OUTPUTS][CALL];
    const float *inputs[INPUTS];
    float *outputs[OUTPUTS];
} audio;

static void look(const audio *a, int error, int limited) {
    expect(error);
    for (int o = 0; o < OUTPUTS && error == SP_OK; o++) {
        for (int n = 0; n < CALL; n++) {
            wrong += !isfinite(a->out[o][n]) || (limited && fabsf(a->out[o][n]) > 0.8913f);
        }
    }
}

static void exchange(void) {
    int error;
    sp_filters *filters = sp_filters_new(convolver, taps, &error);
    expect(error);
    expect(sp_convolver_swap(convolver, filters));
    for (sp_filters *old; (old = sp_convolver_collect(convolver));) {
        sp_filters_free(old);
    }
}

/* What all threads do at once. */
static void *work(void *seed) {
    audio *a = calloc(1, sizeof *a);
    a->random = *(unsigned *)seed;
    for (int i = 0; i < INPUTS; i++) {
        a->inputs[i] = a->in[i];
        a->outputs[i] = a->out[i];
    }
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < INPUTS; i++) {
            for (int n = 0; n < CALL; n++) {
                a->in[i][n] = 4 * noise(&a->random);
            }
        }
        double steps[CALL];
        sp_live_figures figures;
        look(a, sp_convolver_process(convolver, a->inputs, a->outputs, CALL), 0);
        exchange();
        look(a, sp_chain_process(chain, a->inputs, a->outputs, CALL), 1);
        look(a, sp_limiter_process(limiter, a->inputs, a->outputs, CALL), 1);
        look(a, sp_upmix_process(frames, a->inputs, a->outputs, CALL), 0);
        look(a, sp_upmix_process(bands, a->inputs, a->outputs, CALL), 0);
        int n_steps = sp_meter_process(meter, a->inputs, CALL, steps);
        expect(n_steps < 0 ? -n_steps : SP_OK);
        wrong += sp_meter_true_peak(meter) > 100 || sp_meter_sample_peak(meter, 1) > 4;
        expect(sp_chain_set_gain(chain, 1.5f));
        int taken = sp_live_write(live, a->inputs, CALL);
        expect(taken < 0 ? -taken : SP_OK);
        sp_live_callback(NULL, a->out[0], CALL / OUTPUTS, NULL, 0, live);
        expect(sp_live_read(live, &figures));
        if (round % 16 == 0) {
            expect(sp_convolver_reset(convolver));
            expect(sp_chain_reset(chain));
            expect(sp_chain_end(chain, 1 << 20));
            expect(sp_limiter_reset(limiter));
            expect(sp_upmix_reset(frames));
            expect(sp_upmix_reset(bands));
            expect(sp_meter_reset(meter));
        }
        wrong += sp_convolver_discarded(convolver) || sp_chain_discarded(chain) || sp_upmix_discarded(bands) || sp_meter_discarded(meter);
    }
    free(a);
    done++;
    return NULL;
}

/* Sides of a live: chains come and go while callbacks run. */
static void *switching(void *plan) {
    for (int error; done < N_THREADS;) {
        sp_chain *next = sp_chain_new(plan, taps, &error);
        sp_feeds feeds = {.chain = next, .channels = {0, 1, 2}};
        if (sp_live_switch(live, &feeds, BLOCK) != SP_OK) {
            sp_chain_free(next);
        }
        for (sp_chain *old; (old = sp_live_collect(live, 0));) {
            sp_chain_free(old);
        }
    }
    return NULL;
}

int main(int argc, char **argv) {
    rounds = argc > 1 ? atoi(argv[1]) : rounds;
    unsigned random = 1;
    int errors[8] = {0};
    for (int k = 0; k < OUTPUTS * INPUTS * TAPS; k++) {
        taps[k] = noise(&random) / 30;
    }
    sp_plan plan = {.n_inputs = INPUTS, .n_outputs = OUTPUTS, .n_taps = TAPS, .block = BLOCK, .exact_blocks = 1};
    sp_chain_plan of_chain = {.fs = 48000, .n_inputs = 2, .convolver = plan, .upmix = SP_UPMIX_DIRECTIONAL, .upmix_n = 512,
                              .upmix_span = 128, .strength = 1, .limiter = 1, .bypass_outputs = {0, 1}};
    sp_upmix_plan of_frames = {SP_UPMIX_PROJECTION, 48000, 512, 128, 1, 0}, of_bands = {SP_UPMIX_DIRECTIONAL, 48000, 0, 0, 1, 0};
    convolver = sp_convolver_new(&plan, taps, &errors[0]);
    chain = sp_chain_new(&of_chain, taps, &errors[1]);
    limiter = sp_limiter_new(&(sp_limiter_plan){48000, OUTPUTS, 0}, &errors[2]);
    frames = sp_upmix_new(&of_frames, &errors[3]);
    bands = sp_upmix_new(&of_bands, &errors[4]);
    meter = sp_meter_new(&(sp_meter_plan){48000, INPUTS, 1, 0}, &errors[5]);
    sp_feeds feeds = {.chain = sp_chain_new(&of_chain, taps, &errors[6]), .channels = {0, 1, 2}};
    sp_live_plan of_live = {.n_channels = OUTPUTS, .ring_frames = 4096, .refill_frames = 64, .fade_frames = 64};
    live = sp_live_new(&of_live, &feeds, &errors[7]);
    for (int k = 0; k < 8; k++) {
        if (errors[k]) {
            printf("object %d: error %d\n", k, errors[k]);
            return 2;
        }
    }
    pthread_t threads[N_THREADS + 2];
    unsigned seeds[N_THREADS] = {1, 2, 3};
    for (int t = 0; t < N_THREADS; t++) {
        pthread_create(&threads[t], NULL, work, &seeds[t]);
    }
    for (int t = N_THREADS; t < N_THREADS + 2; t++) {
        pthread_create(&threads[t], NULL, switching, &of_chain);
    }
    for (int t = 0; t < N_THREADS + 2; t++) {
        pthread_join(threads[t], NULL);
    }
    printf("%d threads in one object each, %d rounds, %lu calls turned away, %d wrong\n", N_THREADS, rounds, busy, wrong);
    for (sp_chain *rest; (rest = sp_live_collect(live, 1));) {
        sp_chain_free(rest);
    }
    sp_live_free(live);
    sp_convolver_free(convolver);
    sp_chain_free(chain);
    sp_limiter_free(limiter);
    sp_upmix_free(frames);
    sp_upmix_free(bands);
    sp_meter_free(meter);
    return wrong != 0;
}
