/* What all public functions ask of their arguments. */
#ifndef SPATIAL_CHECKS_H
#define SPATIAL_CHECKS_H

#include "core.h"

/* Where an error goes that nobody wants to hear of. */
static inline int *sp_error_at(int *error, int *nowhere) { return error ? error : nowhere; }

static inline int sp_rate_valid(double fs) { return fs >= SP_MIN_FS && fs <= SP_MAX_FS; } /* 0 for what is not a number */

/* Whether every one of n channels is there. */
static inline int sp_all_there(const float *const *channels, int n) {
    if (!channels) {
        return 0;
    }
    for (int c = 0; c < n; c++) {
        if (!channels[c]) {
            return 0;
        }
    }
    return 1;
}

/* SP_OK where n_frames can be processed; without frames nothing is looked at. */
static inline int sp_audio_error(const float *const *in, int n_in, float *const *out, int n_out, int n_frames) {
    if (n_frames < 0) {
        return SP_ERROR_FRAMES;
    }
    int there = sp_all_there(in, n_in) && sp_all_there((const float *const *)out, n_out);
    return n_frames == 0 || there ? SP_OK : SP_ERROR_NULL;
}

#endif
