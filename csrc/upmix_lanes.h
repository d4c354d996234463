/* The upmix's estimate of C, 8 bins at a time; upmix.c says what is computed. kernels_isa.h includes this once for each instruction
 * set. Powers are in units of the bin's own throughout, so that nothing overflows. */

SP_INLINE TARGET sp_float8 K(splat)(float number) { return number - (sp_float8){0}; }

/* a where mask is set, else b. */
SP_INLINE TARGET sp_float8 K(select)(sp_int8 mask, sp_float8 a, sp_float8 b) {
    return (sp_float8)((mask & (sp_int8)a) | (~mask & (sp_int8)b));
}

/* u . s of a direction's unit vector u; k is known once the loops are written out. */
SP_INLINE TARGET sp_float8 K(along)(int k, sp_float8 x, sp_float8 y, sp_float8 z) {
    const float root = 0.86602540378443864676f;
    switch (k) {
    case 0:
        return -y;
    case 1:
        return x * 0.5f - y * root;
    case 2:
        return x * root - y * 0.5f;
    case 3:
        return x;
    case 4:
        return x * root + y * 0.5f;
    case 5:
        return x * 0.5f + y * root;
    case 6:
        return y;
    case 7:
        return z;
    case 8:
        return -z;
    default:
        return K(splat)(0.0f);
    }
}

/* Stokes parameters of the model with variances v, and its determinant (times 4). */
typedef struct {
    sp_float8 t, x, y, z, determinant;
} K(upmix_model);

SP_INLINE TARGET K(upmix_model) K(model_of)(const sp_float8 *v) {
    const float root = 0.86602540378443864676f, regularisation = (float)SP_DIRECTIONAL_REGULARISATION;
    K(upmix_model) m;
    m.t = ((v[0] + v[6]) + (v[1] + v[5])) + ((v[2] + v[4]) + v[3]) + ((v[7] + v[8]) + v[9]) + 2 * regularisation;
    m.x = v[3] + (v[2] + v[4]) * root + (v[1] + v[5]) * 0.5f;
    m.y = (v[6] - v[0]) + (v[5] - v[1]) * root + (v[4] - v[2]) * 0.5f;
    m.z = v[7] - v[8];
    m.determinant = m.t * m.t - (m.x * m.x + m.y * m.y + m.z * m.z);
    return m;
}

/* Clipped to 0..1. */
SP_INLINE TARGET sp_float8 K(unit)(sp_float8 a) {
    a = K(select)(a > 0.0f, a, K(splat)(0.0f));
    return K(select)(a < 1.0f, a, K(splat)(1.0f));
}

TARGET static void K(upmix_centre)(const sp_upmix_bins *bins) {
    const float dead_zone = (float)SP_DIRECTIONAL_DEAD_ZONE, tiny = 1e-37f;
    sp_float8 *sums = (sp_float8 *)bins->sums, sum[SP_SUMS];
    SP_UNROLL for (int i = 0; i < SP_SUMS; i++) { sum[i] = K(splat)(0.0f); }
    for (int chunk = 0; chunk < bins->n_chunks; chunk++) {
        const sp_float8 *row = (const sp_float8 *)bins->rows + (size_t)chunk * SP_UPMIX_ROWS;
        sp_float8 *variances = (sp_float8 *)bins->variances + (size_t)chunk * SP_UPMIX_DIRECTIONS;
        const float *prior = bins->prior + (size_t)bins->band[chunk] * SP_UPMIX_DIRECTIONS;
        sp_float8 *heard = (sp_float8 *)bins->heard + (size_t)bins->band[chunk] * SP_UPMIX_DIRECTIONS;
        sp_float8 *centre = (sp_float8 *)bins->centre + (size_t)chunk * 2;

        sp_float8 power = row[SP_POWER], x = row[SP_STOKES_X], y = row[SP_STOKES_Y], z = row[SP_STOKES_Z];
        sp_int8 sounding = power > bins->floor;
        sp_float8 keep = bins->keep / K(select)(sounding, power, K(splat)(1.0f));
        sp_float8 v[SP_UPMIX_DIRECTIONS];
        SP_UNROLL for (int k = 0; k < SP_UPMIX_DIRECTIONS; k++) { v[k] = keep * variances[k] + prior[k]; }

        for (int update = 0; update < SP_DIRECTIONAL_UPDATES; update++) {
            K(upmix_model) m = K(model_of)(v);
            sp_float8 likeness = 2 * (m.t - (m.x * x + m.y * y + m.z * z)) / m.determinant;
            SP_UNROLL for (int k = 0; k < SP_UPMIX_DIRECTIONS; k++) {
                sp_float8 factor = likeness - (1.0f - K(along)(k, x, y, z)) / (m.t - K(along)(k, m.x, m.y, m.z));
                v[k] *= K(select)(factor > 0.0f, factor, K(splat)(0.0f));
            }
        }

        K(upmix_model) m = K(model_of)(v);
        sp_float8 gain = 2 * v[SP_UPMIX_CENTRE] / m.determinant;
        sp_float8 weight = row[SP_AMPLITUDE] / (m.t - 2 * (float)SP_DIRECTIONAL_REGULARISATION);
        SP_UNROLL for (int k = 0; k < SP_UPMIX_DIRECTIONS; k++) {
            variances[k] = K(select)(sounding, v[k] * power, K(splat)(0.0f));
            heard[k] += v[k] * weight;
        }
        gain = K(select)(sounding, gain, K(splat)(0.0f));
        sp_float8 of_mid = gain * (m.t - m.x);
        sum[SP_SUM_CENTRE] += variances[SP_UPMIX_CENTRE];
        sum[SP_SUM_ERROR] += variances[SP_UPMIX_CENTRE] * (1 - of_mid);
        sum[SP_SUM_INPUT] += power;
        sum[SP_SUM_SIDE] += power * (1 - x);
        sum[SP_SUM_CROSS] += power * y;

        sp_float8 mid_re = row[SP_MID_RE], mid_im = row[SP_MID_IM], side_re = row[SP_SIDE_RE], side_im = row[SP_SIDE_IM];
        sp_float8 side_power = side_re * side_re + side_im * side_im;
        sp_float8 edge = 10 * dead_zone * (mid_re * mid_re + mid_im * mid_im + side_power);
        sp_float8 dead = K(unit)((edge - side_power) / (0.9f * edge + tiny));
        sp_float8 alive = 1 - dead, of_estimate = alive * (1 - bins->steady);
        sp_float8 of_side_re = gain * m.y * of_estimate + alive * bins->steady_side, of_side_im = gain * m.z * of_estimate;
        of_mid = 1 - (1 - of_mid) * of_estimate;
        centre[0] = of_mid * mid_re - (of_side_re * side_re + of_side_im * side_im);
        centre[1] = of_mid * mid_im - (of_side_re * side_im - of_side_im * side_re);
    }
    SP_UNROLL for (int i = 0; i < SP_SUMS; i++) { sums[i] = sum[i]; }
}
