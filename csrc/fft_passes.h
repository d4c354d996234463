/* The passes of the negacyclic FFT of fft.h that work on whole vectors of LANES floats: splits and joins of polynomials of LANES
 * coefficients or more. kernels_isa.h includes this for 4, for 8 and, where registers are that wide, for 16 lanes, with vec, LANES, TARGET
 * and the naming macro L() defined. The operations, and so the bits, are the same for any number of lanes and on every instruction set;
 * only what the compiler makes of a vector differs. */

/* One number in every lane. */
#define SPLAT(number) ((number) - (vec){0})

/* Of 16 lanes there are registers enough to load nothing twice. */
#if LANES == 16
#define KEEP(x) SP_KEEP(x)
#else
#define KEEP(x) (void)0
#endif

/* Complex numbers, one a lane. */
typedef struct {
    vec re, im;
} L(cvec);

SP_INLINE TARGET L(cvec) L(load)(const float *re, const float *im) { return (L(cvec)){*(const vec *)re, *(const vec *)im}; }

SP_INLINE TARGET void L(store)(float *re, float *im, L(cvec) x) {
    *(vec *)re = x.re;
    *(vec *)im = x.im;
}

SP_INLINE TARGET L(cvec) L(add)(L(cvec) a, L(cvec) b) { return (L(cvec)){a.re + b.re, a.im + b.im}; }

SP_INLINE TARGET L(cvec) L(sub)(L(cvec) a, L(cvec) b) { return (L(cvec)){a.re - b.re, a.im - b.im}; }

/* x e^{sign j angle}; sign is +1 forward, -1 back, and known when this is inlined. */
SP_INLINE TARGET L(cvec) L(turn)(L(cvec) x, vec cosine, vec sine, int sign) {
    return sign > 0 ? (L(cvec)){x.re * cosine - x.im * sine, x.re * sine + x.im * cosine}
                    : (L(cvec)){x.re * cosine + x.im * sine, x.im * cosine - x.re * sine};
}

SP_INLINE TARGET L(cvec) L(quarter_turn)(L(cvec) x, int sign) { return sign > 0 ? (L(cvec)){-x.im, x.re} : (L(cvec)){x.im, -x.re}; }

SP_INLINE TARGET L(cvec) L(eighth_turn)(L(cvec) x, int sign) {
    const float root_half = 0.70710678118654752440f;
    return sign > 0 ? (L(cvec)){(x.re - x.im) * root_half, (x.re + x.im) * root_half}
                    : (L(cvec)){(x.re + x.im) * root_half, (x.im - x.re) * root_half};
}

/* x[k] <- sum over n of x[n] e^{sign 2 pi j n k / 4} */
SP_INLINE TARGET void L(dft4)(L(cvec) *x0, L(cvec) *x1, L(cvec) *x2, L(cvec) *x3, int sign) {
    L(cvec) even_sum = L(add)(*x0, *x2), even_difference = L(sub)(*x0, *x2);
    L(cvec) odd_sum = L(add)(*x1, *x3), odd_difference = L(quarter_turn)(L(sub)(*x1, *x3), sign);
    *x0 = L(add)(even_sum, odd_sum);
    *x1 = L(add)(even_difference, odd_difference);
    *x2 = L(sub)(even_sum, odd_sum);
    *x3 = L(sub)(even_difference, odd_difference);
}

/* The same for 4 or 8 points. */
SP_INLINE TARGET void L(dft)(L(cvec) *x, int n_points, int sign) {
    if (n_points == 4) {
        L(dft4)(&x[0], &x[1], &x[2], &x[3], sign);
        return;
    }
    L(cvec) even[4] = {x[0], x[2], x[4], x[6]}, odd[4] = {x[1], x[3], x[5], x[7]};
    L(dft4)(&even[0], &even[1], &even[2], &even[3], sign);
    L(dft4)(&odd[0], &odd[1], &odd[2], &odd[3], sign);
    odd[1] = L(eighth_turn)(odd[1], sign);
    odd[2] = L(quarter_turn)(odd[2], sign);
    odd[3] = L(quarter_turn)(L(eighth_turn)(odd[3], sign), sign);
    SP_UNROLL for (int k = 0; k < 4; k++) {
        x[k] = L(add)(even[k], odd[k]);
        x[k + 4] = L(sub)(even[k], odd[k]);
    }
}

/* e^{j angle[k]}, k = 1..radix-1, in all lanes: read before a loop, whose stores may change the table for all the compiler knows. */
SP_INLINE TARGET void L(load_units)(const float *turns, L(cvec) *units, int radix) {
    SP_UNROLL for (int k = 1; k < radix; k++) { units[k] = (L(cvec)){SPLAT(turns[2 * k - 2]), SPLAT(turns[2 * k - 1])}; }
}

/* Splits n_nodes polynomials of radix * m coefficients each into radix polynomials of m. May work in place. */
SP_INLINE TARGET void L(split)(const float *from_re, const float *from_im, float *re, float *im, int m, int n_nodes, const float *turns,
                               int radix) {
    for (int node = 0; node < n_nodes; node++, turns += 2 * (radix - 1)) {
        L(cvec) units[8];
        L(load_units)(turns, units, radix);
        for (int n = 0; n < m; n += LANES) {
            size_t at = (size_t)node * radix * m + n;
            L(cvec) x[8];
            SP_UNROLL for (int k = 0; k < radix; k++) {
                x[k] = L(load)(from_re + at + k * m, from_im + at + k * m);
                KEEP(x[k].re);
                KEEP(x[k].im);
            }
            SP_UNROLL for (int k = 1; k < radix; k++) {
                x[k] = L(turn)(x[k], units[k].re, units[k].im, +1);
            }
            L(dft)(x, radix, +1);
            SP_UNROLL for (int k = 0; k < radix; k++) {
                L(store)(re + at + k * m, im + at + k * m, x[k]);
            }
        }
    }
}

/* Undoes split. to_re may be NULL: then the real part, which nobody asks for at the end of the inverse, is not computed. */
SP_INLINE TARGET void L(join)(const float *re, const float *im, float *to_re, float *to_im, int m, int n_nodes, const float *turns,
                              int radix) {
    for (int node = 0; node < n_nodes; node++, turns += 2 * (radix - 1)) {
        L(cvec) units[8];
        L(load_units)(turns, units, radix);
        for (int n = 0; n < m; n += LANES) {
            size_t at = (size_t)node * radix * m + n;
            L(cvec) x[8];
            SP_UNROLL for (int k = 0; k < radix; k++) {
                x[k] = L(load)(re + at + k * m, im + at + k * m);
                KEEP(x[k].re);
                KEEP(x[k].im);
            }
            L(dft)(x, radix, -1);
            SP_UNROLL for (int k = 1; k < radix; k++) {
                x[k] = L(turn)(x[k], units[k].re, units[k].im, -1);
            }
            SP_UNROLL for (int k = 0; k < radix; k++) {
                if (to_re) {
                    *(vec *)(to_re + at + k * m) = x[k].re;
                }
                *(vec *)(to_im + at + k * m) = x[k].im;
            }
        }
    }
}

#undef SPLAT
#undef KEEP
