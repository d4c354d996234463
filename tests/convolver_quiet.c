/* What a callback may rely on: after planning, and through a swap and a reset, processing neither allocates nor frees, and touches no page
 * for the first time. Built by test_convolver_native.py with malloc, calloc, realloc and free wrapped by the linker. */
#define _GNU_SOURCE
#include "core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define N_INPUTS 3
#define N_OUTPUTS 5
#define BLOCK 64
#define N_BLOCKS 400

static int processing, n_calls;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);

void *__wrap_malloc(size_t size) {
    n_calls += processing;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    n_calls += processing;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
    n_calls += processing;
    return __real_realloc(old, size);
}

void __wrap_free(void *old) {
    n_calls += processing;
    __real_free(old);
}

static long page_faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

int main(void) {
    static float in[N_INPUTS][BLOCK], out[N_OUTPUTS][BLOCK], taps[N_OUTPUTS * N_INPUTS * 4000];
    const float *inputs[N_INPUTS];
    float *outputs[N_OUTPUTS];
    memset(in, 0, sizeof in);
    memset(out, 0, sizeof out);
    for (size_t k = 0; k < sizeof taps / sizeof *taps; k++) {
        taps[k] = (float)(k % 97) / 97 - 0.5f;
    }
    for (int i = 0; i < N_INPUTS; i++) {
        inputs[i] = in[i];
    }
    for (int o = 0; o < N_OUTPUTS; o++) {
        outputs[o] = out[o];
    }
    long n_faults = 0;
    for (int n_taps = 200; n_taps <= 4000; n_taps += 3800) { /* without and with tails */
        sp_plan plan = {.n_inputs = N_INPUTS, .n_outputs = N_OUTPUTS, .n_taps = n_taps, .block = BLOCK, .exact_blocks = 1};
        int error;
        sp_convolver *convolver = sp_convolver_new(&plan, taps, &error);
        sp_convolver_process(convolver, inputs, outputs, BLOCK); /* brings the code into memory, which play does before it starts */
        sp_convolver_reset(convolver);
        for (int run = 0; run < 2; run++) {
            sp_convolver_swap(convolver, sp_filters_new(convolver, taps, &error));
            long before = page_faults();
            processing = 1;
            for (int b = 0; b < N_BLOCKS; b++) {
                sp_convolver_process(convolver, inputs, outputs, BLOCK);
            }
            sp_convolver_reset(convolver);
            processing = 0;
            n_faults += run ? page_faults() - before : 0; /* the first run also brings in the code of a fade */
        }
        sp_convolver_free(convolver);
    }
    printf("%d %ld\n", n_calls, n_faults);
    return 0;
}
