/* Prints a number that stands for every bit that the convolver puts out, for plans of many kinds and through a swap. Built by
 * test_convolver_native.py by several compilers for several processors: all have to print the same. */
#include "core.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 16
#define N_FRAMES 12288

static uint32_t state = 1;

static float noise(void) {
    state = state * 1664525u + 1013904223u;
    return (float)(int32_t)state * (1.0f / 2147483648.0f);
}

static float *new_taps(const sp_plan *plan, int symmetric) {
    float *taps = malloc((size_t)plan->n_inputs * plan->n_outputs * plan->n_taps * sizeof(float));
    for (int o = 0; o < plan->n_outputs; o++) {
        float *row = taps + (size_t)o * plan->n_inputs * plan->n_taps;
        for (int k = 0; k < plan->n_inputs * plan->n_taps; k++) {
            row[k] = noise() / 64;
        }
        if (symmetric) { /* each output is its own mirror image */
            memcpy(row + plan->n_taps, row, plan->n_taps * sizeof(float));
        }
    }
    return taps;
}

int main(void) {
    const int shapes[][5] = {/* inputs, outputs, taps, block, symmetric */
                             {3, 5, 4096, 128, 0}, {3, 5, 4096, 128, 1}, {2, 2, 5000, 16, 0},
                             {1, 1, 300, 32, 0},   {2, 9, 700, 64, 1},   {16, 7, 900, 256, 0}};
    uint64_t hash = 14695981039346656037u;
    for (size_t p = 0; p < sizeof shapes / sizeof *shapes; p++) {
        const int *shape = shapes[p];
        sp_plan plan = {.n_inputs = shape[0], .n_outputs = shape[1], .n_taps = shape[2], .block = shape[3]};
        plan.instruction_set = SP_ISA_BASELINE;
        float *old = new_taps(&plan, shape[4]), *new = new_taps(&plan, shape[4]), *in[MOST], *out[MOST];
        for (int k = 0; k < MOST; k++) {
            in[k] = malloc(N_FRAMES * sizeof(float));
            out[k] = malloc(N_FRAMES * sizeof(float));
            for (int n = 0; n < N_FRAMES; n++) {
                in[k][n] = noise();
            }
        }
        int error;
        sp_convolver *convolver = sp_convolver_new(&plan, old, &error);
        if (!convolver || sp_convolver_swap(convolver, sp_filters_new(convolver, new, &error)) != SP_OK) {
            return 1;
        }
        sp_convolver_process(convolver, (const float *const *)in, out, N_FRAMES);
        for (int o = 0; o < plan.n_outputs; o++) {
            for (int n = 0; n < N_FRAMES; n++) {
                uint32_t bits;
                memcpy(&bits, &out[o][n], sizeof bits);
                hash = (hash ^ bits) * 1099511628211u;
            }
        }
        sp_convolver_free(convolver);
        free(old);
        free(new);
        for (int k = 0; k < MOST; k++) {
            free(in[k]);
            free(out[k]);
        }
    }
    printf("%016llx\n", (unsigned long long)hash);
    return 0;
}
