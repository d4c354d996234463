/* Two threads at once: one processes, the other prepares filters, swaps them in and frees what comes back. Under the thread sanitizer, and
 * by itself: all sets are the same filters, so the output has to stay what it is without swaps.
 *
 *     cc -fsanitize=thread -Icsrc csrc/fuzz/swap_threads.c csrc/[the core].c -lm -lpthread && ./a.out SECONDS
 */
#include "core.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define N_INPUTS 2
#define N_OUTPUTS 3
#define BLOCK 64
#define LENGTH (BLOCK * 512)

static sp_convolver *convolver;
static float *taps;
static _Atomic int finished;
static unsigned long swaps, given_back;

static float noise(unsigned *random) {
    *random = *random * 1664525u + 1013904223u;
    return (float)(int)*random * (1.0f / 2147483648.0f);
}

static void free_retired(void) {
    for (sp_filters *filters; (filters = sp_convolver_collect(convolver)); given_back++) {
        sp_filters_free(filters);
    }
}

static void *control(void *unused) {
    (void)unused;
    while (!finished) {
        int error;
        sp_convolver_swap(convolver, sp_filters_new(convolver, taps, &error));
        swaps++;
        free_retired();
        if (sp_convolver_discarded(convolver)) {
            abort();
        }
    }
    return NULL;
}

static void process(float **in, float **out) {
    for (int at = 0; at < LENGTH; at += BLOCK) {
        const float *inputs[N_INPUTS];
        float *outputs[N_OUTPUTS];
        for (int i = 0; i < N_INPUTS; i++) {
            inputs[i] = in[i] + at;
        }
        for (int o = 0; o < N_OUTPUTS; o++) {
            outputs[o] = out[o] + at;
        }
        sp_convolver_process(convolver, inputs, outputs, BLOCK);
    }
}

static double seconds(void) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv) {
    double end = seconds() + (argc > 1 ? atof(argv[1]) : 1);
    float *in[N_INPUTS], *out[N_OUTPUTS], *plain[N_OUTPUTS], worst = 0;
    unsigned random = 1;
    for (int n_taps = 200; n_taps <= 3000; n_taps += 2800) { /* without and with tails */
        sp_plan plan = {.n_inputs = N_INPUTS, .n_outputs = N_OUTPUTS, .n_taps = n_taps, .block = BLOCK, .exact_blocks = 1};
        int error;
        taps = malloc((size_t)N_INPUTS * N_OUTPUTS * n_taps * sizeof(float));
        for (int k = 0; k < N_INPUTS * N_OUTPUTS * n_taps; k++) {
            taps[k] = noise(&random) / sqrtf((float)n_taps);
        }
        for (int i = 0; i < N_INPUTS; i++) {
            in[i] = malloc(LENGTH * sizeof(float));
            for (int n = 0; n < LENGTH; n++) {
                in[i][n] = noise(&random);
            }
        }
        for (int o = 0; o < N_OUTPUTS; o++) {
            out[o] = malloc(LENGTH * sizeof(float));
            plain[o] = malloc(LENGTH * sizeof(float));
        }
        convolver = sp_convolver_new(&plan, taps, &error);
        process(in, plain);
        finished = 0;
        pthread_t thread;
        pthread_create(&thread, NULL, control, NULL);
        double until = n_taps == 200 ? seconds() + (end - seconds()) / 2 : end;
        do {
            sp_convolver_reset(convolver); /* this thread processes, so it may */
            process(in, out);
            for (int o = 0; o < N_OUTPUTS; o++) {
                for (int n = 0; n < LENGTH; n++) {
                    worst = fmaxf(worst, fabsf(out[o][n] - plain[o][n]));
                }
            }
        } while (seconds() < until);
        finished = 1;
        pthread_join(thread, NULL);
        free_retired();
        sp_convolver_free(convolver);
        free(taps);
        for (int i = 0; i < N_INPUTS; i++) {
            free(in[i]);
        }
        for (int o = 0; o < N_OUTPUTS; o++) {
            free(out[o]);
            free(plain[o]);
        }
    }
    printf("%lu swaps, %lu sets given back while running, largest difference %.1e\n", swaps, given_back, worst);
    return swaps > 2 && given_back > 0 && worst < 1e-5f ? 0 : 1;
}
