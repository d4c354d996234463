/* K-weighting of 8 channels at a time, in double precision: the high-pass has its poles within 1 % of the circle. kernels_isa.h includes
 * this once for each instruction set. */

/* Eight channels of eight frames: rows of channels become rows of frames. */
SP_INLINE TARGET void K(transpose)(sp_float8 *rows) {
    sp_float8 pairs[8], fours[8];
    SP_UNROLL for (int i = 0; i < 8; i += 2) {
        pairs[i] = SP_SHUFFLE8(rows[i], rows[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pairs[i + 1] = SP_SHUFFLE8(rows[i], rows[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    SP_UNROLL for (int i = 0; i < 8; i += 4) {
        SP_UNROLL for (int k = 0; k < 2; k++) {
            fours[i + 2 * k] = SP_SHUFFLE8(pairs[i + k], pairs[i + 2 + k], 0, 1, 8, 9, 4, 5, 12, 13);
            fours[i + 2 * k + 1] = SP_SHUFFLE8(pairs[i + k], pairs[i + 2 + k], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    SP_UNROLL for (int i = 0; i < 4; i++) {
        rows[i] = SP_SHUFFLE8(fours[i], fours[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        rows[i + 4] = SP_SHUFFLE8(fours[i], fours[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

/* One frame of 8 channels; its weighted power is added to sum. */
#define SP_WEIGH(frame)                                                \
    do {                                                               \
        sp_double8 in = __builtin_convertvector(frame, sp_double8);    \
        sp_double8 shelved = w->b0 * in + s1, before = s1;             \
        s1 = (w->p1 * in + s2) - w->a1 * before;                       \
        s2 = w->p2 * in - w->a2 * before;                              \
        sp_double8 passed = shelved + t1;                              \
        before = t1;                                                   \
        t1 = (w->q1 * shelved + t2) - w->c1 * before;                  \
        t2 = w->q2 * shelved - w->c2 * before;                         \
        sum += passed * passed;                                        \
    } while (0)

/* Weighted power of n frames, summed over frames and channels; states is [SP_WEIGHTING_STATES][8]. */
TARGET static double K(weighted_power)(const sp_weighting *w, double *states, const float *const *x, int n) {
    sp_double8 *state = (sp_double8 *)states;
    sp_double8 s1 = state[0], s2 = state[1], t1 = state[2], t2 = state[3], sum = {0};
    int i = 0;
    for (; i + 8 <= n; i += 8) {
        sp_float8 rows[8];
        SP_UNROLL for (int lane = 0; lane < 8; lane++) { rows[lane] = K(load)(x[lane] + i); }
        K(transpose)(rows);
        SP_UNROLL for (int frame = 0; frame < 8; frame++) { SP_WEIGH(rows[frame]); }
    }
    for (; i < n; i++) {
        sp_float8 frame = {x[0][i], x[1][i], x[2][i], x[3][i], x[4][i], x[5][i], x[6][i], x[7][i]};
        SP_WEIGH(frame);
    }
    state[0] = s1;
    state[1] = s2;
    state[2] = t1;
    state[3] = t2;
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}
