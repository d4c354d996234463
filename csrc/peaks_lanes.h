/* Largest magnitude between neighbouring samples, 8 places of the stream at a time. kernels_isa.h includes this once for each
 * instruction set.
 *
 * A filter that interpolates between two samples is the sum of an even and an odd part about their middle; the mirrored place has the
 * difference. The larger magnitude of the two is |even part| + |odd part|, at the price of one. */

SP_INLINE TARGET sp_float8 K(load)(const float *from) {
    sp_float8 v;
    memcpy(&v, from, sizeof v);
    return v;
}

SP_INLINE TARGET sp_float8 K(magnitude)(sp_float8 a) { return (sp_float8)((sp_int8)a & 0x7fffffff); }

SP_INLINE TARGET sp_float8 K(larger)(sp_float8 a, sp_float8 b) { return K(select)(a > b, a, b); }

SP_INLINE TARGET void K(find_peaks)(const sp_interpolation *filters, const float *x, int n, float *largest, const int places) {
    int half = filters->half;
    for (int at = 0; at < n; at += 8) {
        sp_float8 even[SP_MAX_PLACES], odd[SP_MAX_PLACES];
        for (int p = 0; p < places; p++) {
            even[p] = odd[p] = (sp_float8){0};
        }
        for (int m = 0; m < half; m++) {
            sp_float8 before = K(load)(x + at + half - 1 - m), after = K(load)(x + at + half + m);
            sp_float8 sum = before + after, difference = before - after;
            for (int p = 0; p < places; p++) {
                even[p] += filters->even[p][m] * sum;
                odd[p] += filters->odd[p][m] * difference;
            }
        }
        sp_float8 most = {0};
        for (int p = 0; p < places; p++) {
            most = K(larger)(K(magnitude)(even[p]) + K(magnitude)(odd[p]), most);
        }
        memcpy(largest + at, &most, sizeof most);
    }
}

TARGET static void K(peaks_between)(const sp_interpolation *filters, const float *x, int n, float *largest) {
    if (filters->places == 4) {
        K(find_peaks)(filters, x, n, largest, 4);
    } else {
        K(find_peaks)(filters, x, n, largest, 2);
    }
}

/* Largest magnitude of n numbers. */
TARGET static float K(largest_magnitude)(const float *x, int n) {
    sp_float8 most = {0};
    int at = 0;
    for (; at + 8 <= n; at += 8) {
        most = K(larger)(K(magnitude)(K(load)(x + at)), most);
    }
    float largest = 0;
    for (int lane = 0; lane < 8; lane++) {
        largest = most[lane] > largest ? most[lane] : largest;
    }
    for (; at < n; at++) {
        float magnitude = x[at] < 0 ? -x[at] : x[at];
        largest = magnitude > largest ? magnitude : largest;
    }
    return largest;
}
