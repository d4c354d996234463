/* Filters that interpolate between samples, for what looks for true peaks. */
#ifndef SPATIAL_INTERPOLATION_H
#define SPATIAL_INTERPOLATION_H

#define SP_MAX_PLACES 4
#define SP_MAX_HALF 10

/* Even and odd parts, about the middle between two samples, of the filters for some places there; the mirrored places come with them.
 * Tap m weighs the m-th sample before and after the middle. */
typedef struct {
    int places; /* 2 or 4 */
    int half;   /* taps on either side */
    float even[SP_MAX_PLACES][SP_MAX_HALF];
    float odd[SP_MAX_PLACES][SP_MAX_HALF];
    double largest_gain; /* sum of the magnitudes of a filter's taps, the largest there is */
} sp_interpolation;

/* From the filters themselves, [places][2 half], in the order of the samples. */
static inline void sp_interpolation_set(sp_interpolation *to, const double *filters, int places, int half) {
    to->places = places;
    to->half = half;
    to->largest_gain = 0;
    for (int p = 0; p < places; p++) {
        const double *taps = filters + (size_t)p * 2 * half;
        double gain = 0;
        for (int m = 0; m < half; m++) {
            double before = taps[half - 1 - m], after = taps[half + m];
            to->even[p][m] = (float)((before + after) / 2);
            to->odd[p][m] = (float)((before - after) / 2);
            gain += (before < 0 ? -before : before) + (after < 0 ? -after : after);
        }
        to->largest_gain = gain > to->largest_gain ? gain : to->largest_gain;
    }
}

#endif
