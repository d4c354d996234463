/* The negacyclic FFT of fft.h whose leaves are polynomials of LANES coefficients. kernels_isa.h includes this once for 4 and once for 8
 * lanes, after fft_passes.h, with CHUNK defined too, and with WIDE and W() as LANES and L() of the widest passes there are. */

/* a[i][k] <-> a[k][i] for LANES registers of LANES floats. */
SP_INLINE TARGET void L(transpose)(vec *a) {
    vec pairs[LANES], quads[LANES];
#if LANES == 8
    SP_UNROLL for (int i = 0; i < 8; i += 2) { /* single floats of neighbouring rows, within each half of a register */
        pairs[i] = SP_SHUFFLE8(a[i], a[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pairs[i + 1] = SP_SHUFFLE8(a[i], a[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    SP_UNROLL for (int i = 0; i < 8; i += 4) { /* pairs of floats, two rows apart */
        SP_UNROLL for (int k = 0; k < 2; k++) {
            quads[i + 2 * k] = SP_SHUFFLE8(pairs[i + k], pairs[i + k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            quads[i + 2 * k + 1] = SP_SHUFFLE8(pairs[i + k], pairs[i + k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    SP_UNROLL for (int i = 0; i < 4; i++) { /* halves of registers, four rows apart */
        a[i] = SP_SHUFFLE8(quads[i], quads[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        a[i + 4] = SP_SHUFFLE8(quads[i], quads[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
#else
    SP_UNROLL for (int i = 0; i < 4; i += 2) {
        pairs[i] = SP_SHUFFLE4(a[i], a[i + 1], 0, 4, 1, 5);
        pairs[i + 1] = SP_SHUFFLE4(a[i], a[i + 1], 2, 6, 3, 7);
    }
    SP_UNROLL for (int k = 0; k < 2; k++) {
        quads[2 * k] = SP_SHUFFLE4(pairs[k], pairs[k + 2], 0, 1, 4, 5);
        quads[2 * k + 1] = SP_SHUFFLE4(pairs[k], pairs[k + 2], 2, 3, 6, 7);
    }
    SP_UNROLL for (int i = 0; i < 4; i++) {
        a[i] = quads[i];
    }
#endif
}

/* Where bin b lies: chunks of CHUNK bins, [re | im], chunk_stride floats apart. */
SP_INLINE size_t L(bin_offset)(int b, size_t chunk_stride) { return (size_t)(b / CHUNK) * chunk_stride + b % CHUNK; }

/* Values at the LANES roots of each leaf; LANES leaves together, one a lane once they are transposed. */
SP_INLINE TARGET void L(split_leaves)(const float *re, const float *im, float *spectrum, size_t chunk_stride, int first, int end,
                                      const float *turns) {
    turns += first / LANES * 2 * (LANES - 1);
    for (int b = first; b < end; b += LANES * LANES, turns += 2 * LANES * (LANES - 1)) {
        float *group = spectrum + L(bin_offset)(b, chunk_stride);
        vec real[LANES], imag[LANES];
        SP_UNROLL for (int k = 0; k < LANES; k++) {
            real[k] = *(const vec *)(re + b + k * LANES);
            imag[k] = *(const vec *)(im + b + k * LANES);
        }
        L(transpose)(real);
        L(transpose)(imag);
        L(cvec) x[LANES];
        SP_UNROLL for (int k = 0; k < LANES; k++) {
            x[k] = (L(cvec)){real[k], imag[k]};
        }
        SP_UNROLL for (int k = 1; k < LANES; k++) {
            L(cvec) unit = L(load)(turns + 2 * LANES * (k - 1), turns + 2 * LANES * (k - 1) + LANES);
            x[k] = L(turn)(x[k], unit.re, unit.im, +1);
        }
        L(dft)(x, LANES, +1);
        SP_UNROLL for (int k = 0; k < LANES; k++) {
            float *bins = group + L(bin_offset)(k * LANES, chunk_stride);
            L(store)(bins, bins + CHUNK, x[k]);
        }
    }
}

/* Undoes split_leaves. */
SP_INLINE TARGET void L(join_leaves)(const float *spectrum, size_t chunk_stride, float *re, float *im, int first, int end,
                                     const float *turns) {
    turns += first / LANES * 2 * (LANES - 1);
    for (int b = first; b < end; b += LANES * LANES, turns += 2 * LANES * (LANES - 1)) {
        const float *group = spectrum + L(bin_offset)(b, chunk_stride);
        L(cvec) x[LANES];
        SP_UNROLL for (int k = 0; k < LANES; k++) {
            const float *bins = group + L(bin_offset)(k * LANES, chunk_stride);
            x[k] = L(load)(bins, bins + CHUNK);
        }
        L(dft)(x, LANES, -1);
        SP_UNROLL for (int k = 1; k < LANES; k++) {
            L(cvec) unit = L(load)(turns + 2 * LANES * (k - 1), turns + 2 * LANES * (k - 1) + LANES);
            x[k] = L(turn)(x[k], unit.re, unit.im, -1);
        }
        vec real[LANES], imag[LANES];
        SP_UNROLL for (int k = 0; k < LANES; k++) {
            real[k] = x[k].re;
            imag[k] = x[k].im;
        }
        L(transpose)(real);
        L(transpose)(imag);
        SP_UNROLL for (int k = 0; k < LANES; k++) {
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

/* Steps of the transform to the spectrum of the block pair z = previous + j current. work is 2 B floats, kept from step to step. */
TARGET static void L(forward)(const sp_fft *fft, int first_step, int end_step, const float *previous, const float *current,
                              float *spectrum, size_t chunk_stride, float *work) {
    float *re = work, *im = work + fft->block;
    for (int step = first_step; step < end_step; step++) {
        if (step >= fft->n_levels) {
            int first = (step - fft->n_levels) * fft->bins_per_step;
            L(split_leaves)(re, im, spectrum, chunk_stride, first, first + fft->bins_per_step, fft->leaf_turns);
        } else if (fft->radix[step] == 8) {
            L(split_wide)(previous, current, re, im, fft->m[0], 1, fft->turns[0], 8);
        } else {
            const float *from_re = step == 0 ? previous : re, *from_im = step == 0 ? current : im;
            L(split_wide)(from_re, from_im, re, im, fft->m[step], fft->n_nodes[step], fft->turns[step], 4);
        }
    }
}

/* Steps of the transform to B times the imaginary part of the block that has this spectrum. work is 2 B floats, kept from step to step. */
TARGET static void L(inverse)(const sp_fft *fft, int first_step, int end_step, const float *spectrum, size_t chunk_stride, float *out,
                              float *work) {
    float *re = work, *im = work + fft->block;
    for (int step = first_step; step < end_step; step++) {
        int level = fft->n_steps - 1 - step;
        if (level >= fft->n_levels) {
            int first = step * fft->bins_per_step;
            L(join_leaves)(spectrum, chunk_stride, re, im, first, first + fft->bins_per_step, fft->leaf_turns);
        } else if (level > 0) {
            L(join_wide)(re, im, re, im, fft->m[level], fft->n_nodes[level], fft->turns[level], 4);
        } else if (fft->radix[0] == 8) {
            L(join_wide)(re, im, NULL, out, fft->m[0], 1, fft->turns[0], 8);
        } else {
            L(join_wide)(re, im, NULL, out, fft->m[0], 1, fft->turns[0], 4);
        }
    }
}

#undef vec
#undef LANES
#undef L
