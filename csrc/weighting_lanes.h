/* K-weighting of 8 channels at a time, in double precision: the high-pass has its poles within 1 % of the circle. kernels_isa.h includes
 * this once for each instruction set. */

/* Weighted power of n frames, summed over frames and channels; states is [SP_WEIGHTING_STATES][8]. */
TARGET static double K(weighted_power)(const sp_weighting *w, double *states, const float *const *x, int n) {
    sp_double8 *state = (sp_double8 *)states;
    sp_double8 s1 = state[0], s2 = state[1], t1 = state[2], t2 = state[3], sum = {0};
    for (int i = 0; i < n; i++) {
        sp_double8 in = {x[0][i], x[1][i], x[2][i], x[3][i], x[4][i], x[5][i], x[6][i], x[7][i]};
        sp_double8 shelved = w->b0 * in + s1;
        s1 = (w->b1 * in + s2) - w->a1 * shelved;
        s2 = w->b2 * in - w->a2 * shelved;
        sp_double8 passed = shelved + t1;
        t1 = (t2 - 2 * shelved) - w->c1 * passed;
        t2 = shelved - w->c2 * passed;
        sum += passed * passed;
    }
    state[0] = s1;
    state[1] = s2;
    state[2] = t1;
    state[3] = t2;
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}
