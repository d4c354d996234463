/* The negacyclic FFT of fft.h for vectors of LANES floats. kernels_isa.h includes this once for 4 and once for 8 lanes, with
 * vec, LANES, TARGET, CHUNK and the naming macro L() defined. The operations, and so the bits, are the same on every
 * instruction set; only what the compiler makes of a vector differs. */

/* One number in every lane. */
#define SPLAT(number) ((number) - (vec){0})

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
    for (int k = 0; k < 4; k++) {
        x[k] = L(add)(even[k], odd[k]);
        x[k + 4] = L(sub)(even[k], odd[k]);
    }
}

/* Splits n_nodes polynomials of radix * m coefficients each into radix polynomials of m. May work in place. */
SP_INLINE TARGET void L(split)(const float *from_re, const float *from_im, float *re, float *im, int m, int n_nodes, const float *turns,
                               int radix) {
    for (int node = 0; node < n_nodes; node++, turns += 2 * (radix - 1)) {
        for (int n = 0; n < m; n += LANES) {
            size_t at = (size_t)node * radix * m + n;
            L(cvec) x[8];
            for (int k = 0; k < radix; k++) {
                x[k] = L(load)(from_re + at + k * m, from_im + at + k * m);
            }
            for (int k = 1; k < radix; k++) {
                x[k] = L(turn)(x[k], SPLAT(turns[2 * k - 2]), SPLAT(turns[2 * k - 1]), +1);
            }
            L(dft)(x, radix, +1);
            for (int k = 0; k < radix; k++) {
                L(store)(re + at + k * m, im + at + k * m, x[k]);
            }
        }
    }
}

/* Undoes split. to_re may be NULL: then the real part, which nobody asks for at the end of the inverse, is not computed. */
SP_INLINE TARGET void L(join)(const float *re, const float *im, float *to_re, float *to_im, int m, int n_nodes, const float *turns,
                              int radix) {
    for (int node = 0; node < n_nodes; node++, turns += 2 * (radix - 1)) {
        for (int n = 0; n < m; n += LANES) {
            size_t at = (size_t)node * radix * m + n;
            L(cvec) x[8];
            for (int k = 0; k < radix; k++) {
                x[k] = L(load)(re + at + k * m, im + at + k * m);
            }
            L(dft)(x, radix, -1);
            for (int k = 1; k < radix; k++) {
                x[k] = L(turn)(x[k], SPLAT(turns[2 * k - 2]), SPLAT(turns[2 * k - 1]), -1);
            }
            for (int k = 0; k < radix; k++) {
                if (to_re) {
                    *(vec *)(to_re + at + k * m) = x[k].re;
                }
                *(vec *)(to_im + at + k * m) = x[k].im;
            }
        }
    }
}

/* a[i][k] <-> a[k][i] for LANES registers of LANES floats. */
SP_INLINE TARGET void L(transpose)(vec *a) {
    vec pairs[LANES], quads[LANES];
#if LANES == 8
    for (int i = 0; i < 8; i += 2) { /* single floats of neighbouring rows, within each half of a register */
        pairs[i] = SP_SHUFFLE8(a[i], a[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pairs[i + 1] = SP_SHUFFLE8(a[i], a[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4) { /* pairs of floats, two rows apart */
        for (int k = 0; k < 2; k++) {
            quads[i + 2 * k] = SP_SHUFFLE8(pairs[i + k], pairs[i + k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            quads[i + 2 * k + 1] = SP_SHUFFLE8(pairs[i + k], pairs[i + k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    for (int i = 0; i < 4; i++) { /* halves of registers, four rows apart */
        a[i] = SP_SHUFFLE8(quads[i], quads[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        a[i + 4] = SP_SHUFFLE8(quads[i], quads[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
#else
    for (int i = 0; i < 4; i += 2) {
        pairs[i] = SP_SHUFFLE4(a[i], a[i + 1], 0, 4, 1, 5);
        pairs[i + 1] = SP_SHUFFLE4(a[i], a[i + 1], 2, 6, 3, 7);
    }
    for (int k = 0; k < 2; k++) {
        quads[2 * k] = SP_SHUFFLE4(pairs[k], pairs[k + 2], 0, 1, 4, 5);
        quads[2 * k + 1] = SP_SHUFFLE4(pairs[k], pairs[k + 2], 2, 3, 6, 7);
    }
    for (int i = 0; i < 4; i++) {
        a[i] = quads[i];
    }
#endif
}

/* Where bin b lies: chunks of CHUNK bins, [re | im], chunk_stride floats apart. */
SP_INLINE size_t L(bin_offset)(int b, size_t chunk_stride) { return (size_t)(b / CHUNK) * chunk_stride + b % CHUNK; }

/* Values at the LANES roots of each leaf; LANES leaves together, one a lane once they are transposed. */
SP_INLINE TARGET void L(split_leaves)(const float *re, const float *im, float *spectrum, size_t chunk_stride, int block,
                                      const float *turns) {
    for (int b = 0; b < block; b += LANES * LANES, turns += 2 * LANES * (LANES - 1)) {
        vec real[LANES], imag[LANES];
        for (int k = 0; k < LANES; k++) {
            real[k] = *(const vec *)(re + b + k * LANES);
            imag[k] = *(const vec *)(im + b + k * LANES);
        }
        L(transpose)(real);
        L(transpose)(imag);
        L(cvec) x[LANES];
        for (int k = 0; k < LANES; k++) {
            x[k] = (L(cvec)){real[k], imag[k]};
        }
        for (int k = 1; k < LANES; k++) {
            L(cvec) unit = L(load)(turns + 2 * LANES * (k - 1), turns + 2 * LANES * (k - 1) + LANES);
            x[k] = L(turn)(x[k], unit.re, unit.im, +1);
        }
        L(dft)(x, LANES, +1);
        for (int k = 0; k < LANES; k++) {
            float *bins = spectrum + L(bin_offset)(b + k * LANES, chunk_stride);
            L(store)(bins, bins + CHUNK, x[k]);
        }
    }
}

/* Undoes split_leaves. */
SP_INLINE TARGET void L(join_leaves)(const float *spectrum, size_t chunk_stride, float *re, float *im, int block, const float *turns) {
    for (int b = 0; b < block; b += LANES * LANES, turns += 2 * LANES * (LANES - 1)) {
        L(cvec) x[LANES];
        for (int k = 0; k < LANES; k++) {
            const float *bins = spectrum + L(bin_offset)(b + k * LANES, chunk_stride);
            x[k] = L(load)(bins, bins + CHUNK);
        }
        L(dft)(x, LANES, -1);
        for (int k = 1; k < LANES; k++) {
            L(cvec) unit = L(load)(turns + 2 * LANES * (k - 1), turns + 2 * LANES * (k - 1) + LANES);
            x[k] = L(turn)(x[k], unit.re, unit.im, -1);
        }
        vec real[LANES], imag[LANES];
        for (int k = 0; k < LANES; k++) {
            real[k] = x[k].re;
            imag[k] = x[k].im;
        }
        L(transpose)(real);
        L(transpose)(imag);
        for (int k = 0; k < LANES; k++) {
            L(store)(re + b + k * LANES, im + b + k * LANES, (L(cvec)){real[k], imag[k]});
        }
    }
}

/* Spectrum of the block pair z = previous + j current. work is 2 B floats. */
TARGET static void L(forward)(const sp_fft *fft, const float *previous, const float *current, float *spectrum, size_t chunk_stride,
                              float *work) {
    float *re = work, *im = work + fft->block;
    int m = fft->block / fft->radix[0], n_nodes = fft->radix[0];
    if (fft->radix[0] == 8) {
        L(split)(previous, current, re, im, m, 1, fft->turns[0], 8);
    } else {
        L(split)(previous, current, re, im, m, 1, fft->turns[0], 4);
    }
    for (int level = 1; level < fft->n_levels; level++) {
        m /= 4;
        L(split)(re, im, re, im, m, n_nodes, fft->turns[level], 4);
        n_nodes *= 4;
    }
    L(split_leaves)(re, im, spectrum, chunk_stride, fft->block, fft->leaf_turns);
}

/* B times the imaginary part of the block that has this spectrum. work is 2 B floats. */
TARGET static void L(inverse)(const sp_fft *fft, const float *spectrum, size_t chunk_stride, float *out, float *work) {
    float *re = work, *im = work + fft->block;
    L(join_leaves)(spectrum, chunk_stride, re, im, fft->block, fft->leaf_turns);
    int m = LANES, n_nodes = fft->block / LANES;
    for (int level = fft->n_levels - 1; level > 0; level--) {
        n_nodes /= 4;
        L(join)(re, im, re, im, m, n_nodes, fft->turns[level], 4);
        m *= 4;
    }
    if (fft->radix[0] == 8) {
        L(join)(re, im, NULL, out, m, 1, fft->turns[0], 8);
    } else {
        L(join)(re, im, NULL, out, m, 1, fft->turns[0], 4);
    }
}

#undef SPLAT
#undef vec
#undef LANES
#undef L
