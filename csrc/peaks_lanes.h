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

/* Adds to what places find what the m-th samples before and after the middle give. */
#define SP_ADD_PLACES(filters, n_even, evens, n_odd, odds)  \
    for (int p = 0; p < (n_even); p++) {                    \
        (evens)[p] += (filters)->even[p][m] * sum;          \
    }                                                       \
    for (int p = 0; p < (n_odd); p++) {                     \
        (odds)[p] += (filters)->odd[p][m] * difference;     \
    }

/* Four fine places, the last of which is the middle, so that its odd part is 0, or none; and those of the meter. */
SP_INLINE TARGET float K(find_peaks)(const sp_interpolation *fine, const sp_interpolation *meter, const float *x, int n, float harmless,
                                     float *largest, const int n_fine) {
    const int half = n_fine ? SP_MAX_HALF : SP_METER_HALF, n_odd = n_fine ? n_fine - 1 : 0;
    sp_float8 all = {0};
    for (int group = 0; group < n; group += SP_PEAK_GROUP) {
        int end = n - group < SP_PEAK_GROUP ? n : group + SP_PEAK_GROUP;
        if (K(largest_magnitude)(x + group, end - group + 2 * half - 1) <= harmless) {
            memset(largest + group, 0, SP_PEAK_GROUP * sizeof(float));
            continue;
        }
        for (int at = group; at < end; at += 8) {
            sp_float8 even[SP_MAX_PLACES] = {{0}}, odd[SP_MAX_PLACES] = {{0}}, most = {0};
            sp_float8 meter_even[SP_METER_PLACES] = {{0}}, meter_odd[SP_METER_PLACES] = {{0}};
            int m = 0;
            SP_UNROLL for (; m < SP_METER_HALF; m++) {
                sp_float8 before = K(load)(x + at + half - 1 - m), after = K(load)(x + at + half + m);
                sp_float8 sum = before + after, difference = before - after;
                SP_ADD_PLACES(meter, SP_METER_PLACES, meter_even, SP_METER_PLACES, meter_odd)
                SP_ADD_PLACES(fine, n_fine, even, n_odd, odd)
            }
            for (; m < half; m++) {
                sp_float8 before = K(load)(x + at + half - 1 - m), after = K(load)(x + at + half + m);
                sp_float8 sum = before + after, difference = before - after;
                SP_ADD_PLACES(fine, n_fine, even, n_odd, odd)
            }
            for (int p = 0; p < SP_METER_PLACES; p++) {
                most = K(larger)(K(magnitude)(meter_even[p]) + K(magnitude)(meter_odd[p]), most);
            }
            for (int p = 0; p < n_fine; p++) {
                sp_float8 value = K(magnitude)(even[p]);
                if (p < n_odd) {
                    value += K(magnitude)(odd[p]);
                }
                most = K(larger)(value, most);
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

#undef SP_ADD_PLACES

TARGET static float K(meter_peaks)(const sp_interpolation *meter, const float *x, int n, float harmless, float *largest) {
    return K(find_peaks)(meter, meter, x, n, harmless, largest, 0);
}

TARGET static float K(limiter_peaks)(const sp_interpolation *fine, const sp_interpolation *meter, const float *x, int n, float harmless,
                                     float *largest) {
    return K(find_peaks)(fine, meter, x, n, harmless, largest, 4);
}
