/* Filters that interpolate between samples, for what looks for true peaks. */
#ifndef SPATIAL_INTERPOLATION_H
#define SPATIAL_INTERPOLATION_H

#include "core.h"

#define SP_MAX_PLACES 4
#define SP_MAX_HALF SP_LIMITER_HALF_TAPS

#define SP_METER_PLACES 2
#define SP_METER_HALF 6
static const double sp_meter_taps[SP_METER_PLACES][2 * SP_METER_HALF] = {{SP_METER_TAPS_0}, {SP_METER_TAPS_1}};

/* Even and odd parts, about the middle between two samples, of the filters for some places there; the mirrored places come with them.
 * Tap m weighs the m-th sample before and after the middle. */
typedef struct {
    int half; /* taps on either side */
    float even[SP_MAX_PLACES][SP_MAX_HALF];
    float odd[SP_MAX_PLACES][SP_MAX_HALF];
    double largest_gain; /* sum of the magnitudes of a filter's taps, the largest there is */
} sp_interpolation;

/* From the filters themselves, [places][2 half], in the order of the samples, times gain. */
static inline void sp_interpolation_set(sp_interpolation *to, const double *filters, int places, int half, double gain) {
    to->half = half;
    to->largest_gain = 0;
    for (int p = 0; p < places; p++) {
        const double *taps = filters + (size_t)p * 2 * half;
        double sum = 0;
        for (int m = 0; m < half; m++) {
            double before = gain * taps[half - 1 - m], after = gain * taps[half + m];
            to->even[p][m] = (float)((before + after) / 2);
            to->odd[p][m] = (float)((before - after) / 2);
            sum += (before < 0 ? -before : before) + (after < 0 ? -after : after);
        }
        to->largest_gain = sum > to->largest_gain ? sum : to->largest_gain;
    }
}

#endif
