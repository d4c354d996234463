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

SP_INLINE TARGET float K(largest_lane)(sp_float8 a) {
    a = K(larger)(a, SP_SHUFFLE8(a, a, 4, 5, 6, 7, 0, 1, 2, 3));
    a = K(larger)(a, SP_SHUFFLE8(a, a, 2, 3, 0, 1, 6, 7, 4, 5));
    return a[0] > a[1] ? a[0] : a[1];
}

/* Largest magnitude of n numbers. Four are looked for side by side: a comparison waits for the one before. */
TARGET static float K(largest_magnitude)(const float *x, int n) {
    sp_float8 most[4] = {{0}};
    if (n < 8) {
        for (int i = 0; i < n; i++) {
            most[0][i] = x[i] < 0 ? -x[i] : x[i];
        }
    } else {
        int at = 0;
        for (; at + 32 <= n; at += 32) {
            SP_UNROLL for (int k = 0; k < 4; k++) { most[k] = K(larger)(K(magnitude)(K(load)(x + at + 8 * k)), most[k]); }
        }
        for (; at < n - 8; at += 8) {
            most[0] = K(larger)(K(magnitude)(K(load)(x + at)), most[0]);
        }
        most[1] = K(larger)(K(magnitude)(K(load)(x + n - 8)), most[1]);
    }
    return K(largest_lane)(K(larger)(K(larger)(most[0], most[1]), K(larger)(most[2], most[3])));
}

#define SP_PEAK_GROUP 32 /* places that are looked at, or not, together */

SP_INLINE TARGET float K(find_peaks)(const sp_interpolation *filters, const float *x, int n, float harmless, float *largest,
                                     const int places) {
    int half = filters->half;
    sp_float8 all = {0};
    for (int group = 0; group < n; group += SP_PEAK_GROUP) {
        int end = n - group < SP_PEAK_GROUP ? n : group + SP_PEAK_GROUP;
        if (K(largest_magnitude)(x + group, end - group + 2 * half - 1) <= harmless) {
            memset(largest + group, 0, SP_PEAK_GROUP * sizeof(float));
            continue;
        }
        for (int at = group; at < end; at += 8) {
            sp_float8 even[SP_MAX_PLACES], odd[SP_MAX_PLACES], most = {0};
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
            for (int p = 0; p < places; p++) {
                most = K(larger)(K(magnitude)(even[p]) + K(magnitude)(odd[p]), most);
            }
            memcpy(largest + at, &most, sizeof most);
            for (int lane = end - at; lane < 8; lane++) {
                most[lane] = 0;
            }
            all = K(larger)(most, all);
        }
    }
    return K(largest_lane)(all);
}

TARGET static float K(peaks_between)(const sp_interpolation *filters, const float *x, int n, float harmless, float *largest) {
    return filters->places == 4 ? K(find_peaks)(filters, x, n, harmless, largest, 4) : K(find_peaks)(filters, x, n, harmless, largest, 2);
}
