/* What the fuzzers share: choices out of the input, noise with garbage in it, and the word for what must hold. */
#ifndef SPATIAL_FUZZ_CHOICES_H
#define SPATIAL_FUZZ_CHOICES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define MUST(condition)       \
    do {                      \
        if (!(condition)) {   \
            __builtin_trap(); \
        }                     \
    } while (0)

typedef struct {
    const uint8_t *data;
    size_t size;
} choices;

/* The next bytes as a number; zeros when they are used up. */
static inline uint32_t choose(choices *c, int n_bytes) {
    uint32_t value = 0;
    for (int n = 0; n < n_bytes && c->size > 0; n++) {
        value = value << 8 | *c->data++;
        c->size--;
    }
    return value;
}

/* Mostly noise, now and then something else where that is wanted. */
static inline float sample(uint32_t *random, int wild) {
    *random = *random * 1664525u + 1013904223u;
    float value = (float)(int32_t)*random * (1.0f / 2147483648.0f);
    if (wild && *random % 61 == 0) {
        const float others[] = {NAN, INFINITY, -INFINITY, 1e30f, 1e-40f, 1e6f, -1e6f, 0.0f};
        value = others[*random / 61 % 8];
    }
    return value;
}

/* A sample rate: mostly a usual one, else at the ends of what is allowed and outside. */
static inline double choose_rate(choices *c) {
    const double usual[] = {48000, 8000, 96000, 44100, 192000, 2000, 1000, 22050.5};
    const double others[] = {1000,  1e6, 999.999, 1000.001, 1e6 + 1, 768000, 4000,     3999.9,   3364,
                             0.999, 1,   1e-6,    1e-13,    1e-300,  0,      -48000.0, INFINITY, NAN};
    unsigned which = choose(c, 1);
    return which % 3 ? usual[which / 3 % 8] : others[which / 3 % 18];
}

static inline int rate_is_allowed(double fs) { return fs >= 1000 && fs <= 1e6; }

#endif
