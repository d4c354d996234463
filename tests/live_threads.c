/* Live playback under a sanitizer: three threads do at once what they may do at once. Built by test_live_sanitizers.py.
 *
 * One thread calls back, as a device would, with callbacks of many sizes; one fills the ring, now and then too late; one switches chains,
 * reads figures and stops. "live_threads allocate" breaks the rule on purpose in the callback: the sanitizer has to notice.
 */
#include "core.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__clang__) && __clang_major__ >= 20
#define NONBLOCKING __attribute__((nonblocking))
#else
#define NONBLOCKING
#endif

#define FS 48000
#define BLOCK 128
#define TAPS 700
#define OUTPUTS 3
#define DEVICE_CHANNELS 4
#define FRAMES (4 * FS)
#define MOST 1024
#define SWITCHES 20

static sp_live *live;
static _Atomic int done, bad;
static int allocate;
static void *volatile kept;

static float noise(unsigned *random) {
    *random = *random * 1664525u + 1013904223u;
    return (float)(*random >> 8) / 8388608.0f - 1.0f;
}

static sp_feeds new_feeds(unsigned seed) {
    static float taps[OUTPUTS * 3 * TAPS];
    for (int n = 0; n < OUTPUTS * 3 * TAPS; n++) {
        taps[n] = 0.05f * noise(&seed);
    }
    sp_chain_plan plan = {.fs = FS,
                          .n_inputs = 2,
                          .convolver = {.n_inputs = 3, .n_outputs = OUTPUTS, .n_taps = TAPS, .block = BLOCK, .exact_blocks = 1},
                          .upmix = SP_UPMIX_DIRECTIONAL,
                          .upmix_n = 4096,
                          .upmix_span = 1024,
                          .strength = 1,
                          .limiter = 1,
                          .bypass_outputs = {0, 1}};
    int error;
    sp_feeds feeds = {.chain = sp_chain_new(&plan, taps, &error), .n_outputs = OUTPUTS, .channels = {0, 1, 3}, .tail = TAPS + 2048};
    if (!feeds.chain) {
        fprintf(stderr, "no chain: error %d\n", error);
        exit(2);
    }
    return feeds;
}

static void rest(long microseconds) {
    struct timespec time = {0, microseconds * 1000};
    nanosleep(&time, NULL);
}

static void call_back(float *out, unsigned long frames) NONBLOCKING {
    if (allocate) {
        kept = malloc(frames);
    }
    sp_live_callback(NULL, out, frames, NULL, 0, live);
}

static void *device(void *unused) {
    (void)unused;
    static float out[MOST * DEVICE_CHANNELS];
    sp_live_figures figures = {0};
    for (unsigned random = 1; !figures.finished;) {
        unsigned long frames = 1 + (unsigned long)(fabsf(noise(&random)) * (MOST - 1));
        call_back(out, frames);
        for (unsigned long n = 0; n < frames * DEVICE_CHANNELS; n++) {
            bad |= !(fabsf(out[n]) <= 0.8913f) || (n % DEVICE_CHANNELS == 2 && out[n] != 0.0f);
        }
        if (allocate) {
            break;
        }
        static _Atomic int calls;
        if (++calls % 4 == 0) {
            rest(200);
        }
        if (atomic_load(&done)) {
            break;
        }
    }
    return NULL;
}

static void *writer(void *unused) {
    (void)unused;
    static float x[2][MOST];
    unsigned random = 7;
    for (int written = 0; written < FRAMES;) {
        int n = FRAMES - written < MOST ? FRAMES - written : MOST;
        for (int i = 0; i < n; i++) {
            x[0][i] = noise(&random);
            x[1][i] = noise(&random);
        }
        for (int taken = 0; taken < n; taken += sp_live_write(live, (const float *[]){x[0] + taken, x[1] + taken}, n - taken)) {
            rest(50);
        }
        written += n;
        if (written % (FS / 2) < MOST) {
            rest(30000);
        }
    }
    sp_live_end(live);
    return NULL;
}

int main(int argc, char **argv) {
    allocate = argc > 1 && strcmp(argv[1], "allocate") == 0;
    sp_live_plan plan = {.block = BLOCK, .n_channels = DEVICE_CHANNELS, .ring_frames = 8192, .refill_frames = 4096, .fade_frames = 960};
    sp_feeds feeds = new_feeds(1);
    int error;
    live = sp_live_new(&plan, &feeds, &error);
    if (!live) {
        fprintf(stderr, "no live: error %d\n", error);
        return 2;
    }
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, device, NULL);
    pthread_create(&threads[1], NULL, writer, NULL);
    sp_live_figures figures = {0};
    for (int n = 0; !figures.finished && !allocate; n++) {
        if (n % 3 == 0 && n < 3 * SWITCHES) {
            sp_feeds other = new_feeds(n + 2);
            if (sp_live_switch(live, &other, n % 2 ? 0 : TAPS) != SP_OK) {
                return 2;
            }
        }
        sp_chain *chain;
        while ((chain = sp_live_collect(live, 0))) {
            sp_chain_free(chain);
        }
        rest(2000);
        sp_live_read(live, &figures);
    }
    sp_live_stop(live);
    if (!allocate) {
        while (!figures.silent) {
            rest(1000);
            sp_live_read(live, &figures);
        }
    }
    atomic_store(&done, 1);
    pthread_join(threads[1], NULL);
    pthread_join(threads[0], NULL);
    for (sp_chain *chain; (chain = sp_live_collect(live, 1));) {
        sp_chain_free(chain);
    }
    sp_live_free(live);
    printf("position %llu dry %llu switches %llu\n", figures.position, figures.dry, figures.switches);
    return bad || figures.position != FRAMES || figures.switches < 1;
}
