/* Filters that interpolate between samples, for what looks for true peaks. */
#ifndef SPATIAL_INTERPOLATION_H
#define SPATIAL_INTERPOLATION_H

#include <stddef.h>

#define SP_MAX_PLACES 4
#define SP_MAX_HALF 10

/* Filter of the true-peak meter of ITU-R BS.1770-5, annex 2: phases 0 and 1; phases 3 and 2 are their mirror images. */
#define SP_METER_PLACES 2
#define SP_METER_HALF 6
static const double sp_meter_taps[SP_METER_PLACES][2 * SP_METER_HALF] = {
    {0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875, 0.1373291015625, 0.9721679687500,
     -0.1022949218750, 0.0476074218750, -0.0266113281250, 0.0148925781250, -0.0083007812500},
    {-0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500, 0.4650878906250, 0.7797851562500,
     -0.2003173828125, 0.1015625000000, -0.0582275390625, 0.0330810546875, -0.0189208984375},
};

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
