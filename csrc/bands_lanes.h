/* The bands of the upmix without delay, 8 edges at a time. kernels_isa.h includes this once for each instruction set.
 *
 * A low-pass of second order is two integrators in trapezoidal form, which keep their precision where an edge is far below the rate
 * (A. Simper, Cytomic, "Solving the continuous SVF equations using trapezoidal integration", 2013). */

/* One sample x of 8 low-passes with integrators s1 and s2. */
#define SP_LOW_PASS(low, x, s1, s2, group)                                                                  \
    do {                                                                                                    \
        sp_float8 v3 = (x) - (s2);                                                                          \
        sp_float8 v1 = a1[group] * (s1) + a2[group] * v3;                                                   \
        (low) = (s2) + a2[group] * (s1) + a3[group] * v3;                                                   \
        (s1) = 2 * v1 - (s1);                                                                               \
        (s2) = 2 * (low) - (s2);                                                                            \
    } while (0)

/* Low-passed M and S of n samples, [sample][SP_BANDS_ROW]: 0, then below the edges, then the sample itself. */
SP_INLINE TARGET void K(low_passes)(sp_split *split, const float *x, int n, sp_float8 *integrators, float *below) {
    const sp_float8 *a1 = (const sp_float8 *)split->a1, *a2 = (const sp_float8 *)split->a2, *a3 = (const sp_float8 *)split->a3;
    sp_float8 s1[SP_BANDS / 8], s2[SP_BANDS / 8];
    SP_UNROLL for (int g = 0; g < SP_BANDS / 8; g++) {
        s1[g] = integrators[2 * g];
        s2[g] = integrators[2 * g + 1];
    }
    for (int i = 0; i < n; i++) {
        float *row = below + (size_t)i * SP_BANDS_ROW;
        sp_float8 now = K(splat)(x[i]);
        row[0] = 0;
        SP_UNROLL for (int g = 0; g < SP_BANDS / 8; g++) {
            sp_float8 low;
            SP_LOW_PASS(low, now, s1[g], s2[g], g);
            memcpy(row + 1 + 8 * g, &low, sizeof low);
        }
        row[SP_BANDS] = x[i];
    }
    SP_UNROLL for (int g = 0; g < SP_BANDS / 8; g++) {
        integrators[2 * g] = s1[g];
        integrators[2 * g + 1] = s2[g];
    }
}

TARGET static void K(split_bands)(sp_split *split, const float *mid, const float *side, int n, int position, float *centre) {
    sp_float8 *integrators = (sp_float8 *)split->integrators, *sums = (sp_float8 *)split->sums;
    K(low_passes)(split, mid, n, integrators, split->below_mid);
    K(low_passes)(split, side, n, integrators + 2 * (SP_BANDS / 8), split->below_side);
    const sp_float8 *from = (const sp_float8 *)split->gains, *change = from + 2 * (SP_BANDS / 8);
    float total[8];
    for (int i = 0; i < n; i++) {
        const float *below_mid = split->below_mid + (size_t)i * SP_BANDS_ROW, *below_side = split->below_side + (size_t)i * SP_BANDS_ROW;
        float way = (float)(position + i + 1) / (float)split->control_frames;
        sp_float8 sum = {0};
        SP_UNROLL for (int g = 0; g < SP_BANDS / 8; g++) {
            sp_float8 m = K(load)(below_mid + 1 + 8 * g) - K(load)(below_mid + 8 * g);
            sp_float8 s = K(load)(below_side + 1 + 8 * g) - K(load)(below_side + 8 * g);
            sp_float8 of_mid = from[g] + change[g] * way, of_side = from[3 + g] + change[3 + g] * way;
            sum += of_mid * m + of_side * s;
            sums[3 * g] += m * m;
            sums[3 * g + 1] += s * s;
            sums[3 * g + 2] += m * s;
        }
        memcpy(total, &sum, sizeof total);
        centre[i] = ((total[0] + total[1]) + (total[2] + total[3])) + ((total[4] + total[5]) + (total[6] + total[7]));
    }
}
