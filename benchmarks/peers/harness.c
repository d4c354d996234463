/* Drives one peer over blocks of noise:
 *
 *     harness INPUTS OUTPUTS TAPS BLOCK OPTIONS BLOCKS ROUNDS
 *
 * prints JSON: microseconds of a block by the wall clock (mean of the quickest round) and by the processor, all threads counted (mean of
 * the round that took least); the error in dB against direct convolution in double precision, relative to the rms of the input times the
 * L2 norm of the output's filters; and the latency in frames. ROUNDS 0: processes BLOCKS blocks and nothing else, for counting
 * instructions. */
#define _GNU_SOURCE
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peer.h"

#define MAX_CHANNELS 64
#define N_CHECKED 300

static uint32_t state = 1;

/* Uniform noise in -1..1. */
static float noise(void) {
    state = state * 1664525u + 1013904223u;
    return (float)(int32_t)state * (1.0f / 2147483648.0f);
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

/* n_frames of each channel, one block a call; the sound repeats after `length` frames. */
static void drive(void *peer, const peer_plan *plan, float **in, float **out, int length, int n_blocks) {
    const float *inputs[MAX_CHANNELS];
    float *outputs[MAX_CHANNELS];
    for (int b = 0; b < n_blocks; b++) {
        size_t at = (size_t)b * plan->block % length;
        for (int i = 0; i < plan->n_inputs; i++) {
            inputs[i] = in[i] + at;
        }
        for (int o = 0; o < plan->n_outputs; o++) {
            outputs[o] = out[o] + at;
        }
        peer_process(peer, inputs, outputs);
    }
}

static double error_db(const peer_plan *plan, const float *taps, float **in, float **out, int length, int latency) {
    double error = 0, size = 0;
    for (int k = 0; k < N_CHECKED; k++) {
        int o = k % plan->n_outputs, n = (int)((noise() * 0.5 + 0.5) * (length - 1 - latency));
        double sum = 0, power = 0;
        for (int i = 0; i < plan->n_inputs; i++) {
            const float *h = taps + ((size_t)o * plan->n_inputs + i) * plan->n_taps;
            for (int tap = 0; tap < plan->n_taps; tap++) {
                sum += tap <= n ? (double)h[tap] * in[i][n - tap] : 0;
                power += (double)h[tap] * h[tap];
            }
        }
        double difference = out[o][n + latency] - sum;
        error += difference * difference;
        size += power / 3; /* mean square of the noise */
    }
    return 10 * log10(error / size + 1e-30);
}

int main(int argc, char **argv) {
    if (argc != 8) {
        return 2;
    }
    peer_plan plan = {atoi(argv[1]), atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), argv[5]};
    int n_blocks = atoi(argv[6]), n_rounds = atoi(argv[7]);
    size_t n_all_taps = (size_t)plan.n_inputs * plan.n_outputs * plan.n_taps;
    float *taps = malloc(n_all_taps * sizeof(float));
    for (size_t k = 0; k < n_all_taps; k++) {
        taps[k] = noise() / sqrtf((float)plan.n_taps);
    }
    int length = 16384;
    while (n_rounds && length < 2 * plan.n_taps) {
        length *= 2;
    }
    float *in[MAX_CHANNELS], *out[MAX_CHANNELS];
    for (int i = 0; i < plan.n_inputs; i++) {
        in[i] = aligned_alloc(64, length * sizeof(float));
        for (int n = 0; n < length; n++) {
            in[i][n] = noise();
        }
    }
    for (int o = 0; o < plan.n_outputs; o++) {
        out[o] = aligned_alloc(64, length * sizeof(float));
        memset(out[o], 0, length * sizeof(float));
    }
    void *peer = peer_new(&plan, taps);
    if (!peer) {
        fprintf(stderr, "the peer refuses this plan\n");
        return 1;
    }
    if (n_rounds == 0) {
        drive(peer, &plan, in, out, length, n_blocks);
        peer_free(peer);
        return 0;
    }
    drive(peer, &plan, in, out, length, length / plan.block);
    double error = error_db(&plan, taps, in, out, length, peer_latency(peer)), wall = INFINITY, processor = INFINITY;
    for (int r = 0; r < n_rounds; r++) {
        double wall_before = seconds(CLOCK_MONOTONIC), processor_before = seconds(CLOCK_PROCESS_CPUTIME_ID);
        drive(peer, &plan, in, out, length, n_blocks);
        wall = fmin(wall, seconds(CLOCK_MONOTONIC) - wall_before);
        processor = fmin(processor, seconds(CLOCK_PROCESS_CPUTIME_ID) - processor_before);
    }
    printf("{\"wall_us\": %.4f, \"processor_us\": %.4f, \"error_db\": %.1f, \"latency\": %d}\n", 1e6 * wall / n_blocks,
           1e6 * processor / n_blocks, error, peer_latency(peer));
    peer_free(peer);
    return 0;
}
