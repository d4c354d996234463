/* Where samples come in: garbage must not reach a delay line or a mean. */
#ifndef SPATIAL_CLEAN_SAMPLES_H
#define SPATIAL_CLEAN_SAMPLES_H

#include <math.h>

#include "core.h"

/* Copies samples; garbage becomes 0. Returns how much there was. */
static inline unsigned sp_copy_clean(float *to, const float *from, int n_frames) {
    unsigned garbage = 0;
    for (int n = 0; n < n_frames; n++) {
        int good = fabsf(from[n]) <= (float)SP_MAX_SAMPLE; /* false for what is not a number */
        to[n] = good ? from[n] : 0.0f;
        garbage += !good;
    }
    return garbage;
}

#endif
