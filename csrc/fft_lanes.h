/* The negacyclic FFT of fft.h whose leaves are polynomials of LANES coefficients. kernels_isa.h includes this once for 4 and once for 8
 * lanes, after fft_passes.h, with CHUNK defined too, and with WIDE and W() as LANES and L() of the widest passes there are. */

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

/* n_nodes polynomials of radix * m coefficients into radix of m each, and back, by the widest vectors that m coefficients fill. */
SP_INLINE TARGET void L(split_wide)(const float *from_re, const float *from_im, float *re, float *im, int m, int n_nodes,
                                    const float *turns, int radix) {
    if (m >= WIDE) {
        W(split)(from_re, from_im, re, im, m, n_nodes, turns, radix);
    } else {
        L(split)(from_re, from_im, re, im, m, n_nodes, turns, radix);
    }
}

SP_INLINE TARGET void L(join_wide)(const float *re, const float *im, float *to_re, float *to_im, int m, int n_nodes, const float *turns,
                                   int radix) {
    if (m >= WIDE) {
        W(join)(re, im, to_re, to_im, m, n_nodes, turns, radix);
    } else {
        L(join)(re, im, to_re, to_im, m, n_nodes, turns, radix);
    }
}

/* Spectrum of the block pair z = previous + j current. work is 2 B floats. */
TARGET static void L(forward)(const sp_fft *fft, const float *previous, const float *current, float *spectrum, size_t chunk_stride,
                              float *work) {
    float *re = work, *im = work + fft->block;
    int m = fft->block / fft->radix[0], n_nodes = fft->radix[0];
    if (fft->radix[0] == 8) {
        L(split_wide)(previous, current, re, im, m, 1, fft->turns[0], 8);
    } else {
        L(split_wide)(previous, current, re, im, m, 1, fft->turns[0], 4);
    }
    for (int level = 1; level < fft->n_levels; level++) {
        m /= 4;
        L(split_wide)(re, im, re, im, m, n_nodes, fft->turns[level], 4);
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
        L(join_wide)(re, im, re, im, m, n_nodes, fft->turns[level], 4);
        m *= 4;
    }
    if (fft->radix[0] == 8) {
        L(join_wide)(re, im, NULL, out, m, 1, fft->turns[0], 8);
    } else {
        L(join_wide)(re, im, NULL, out, m, 1, fft->turns[0], 4);
    }
}

#undef vec
#undef LANES
#undef L
