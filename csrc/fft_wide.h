/* The negacyclic FFT of fft.h on registers of 16 floats, for blocks of 128 and more, and for two channels' of 64 at once. The operations,
 * and so the bits of each bin, are those of 8 lanes; two polynomials of 8 coefficients share a register. kernels_isa.h includes this after
 * fft_passes.h for 16 lanes.
 *
 * The last split, into leaves, works on two nodes a, b at once and leaves their children side by side: a0 b0 a1 b1 a2 b2 a3 b3. Two such
 * pairs make the 16 leaves that are transposed and split together, 8 x 8 floats in each half of the registers. So the leaves' order
 * differs from that of 8 lanes, which only the tables (sp_fft_plan_wide) know. */

#define HALF 8

/* a[i][k] <-> a[k][i] in each half of 8 registers. */
SP_INLINE TARGET void L(transpose_halves)(sp_float16 *a) {
    sp_float16 pairs[HALF], quads[HALF];
    SP_UNROLL for (int i = 0; i < 8; i += 2) {
        pairs[i] = SP_SHUFFLE16(a[i], a[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
        pairs[i + 1] = SP_SHUFFLE16(a[i], a[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    }
    SP_UNROLL for (int i = 0; i < 8; i += 4) {
        SP_UNROLL for (int k = 0; k < 2; k++) {
            quads[i + 2 * k] = SP_SHUFFLE16(pairs[i + k], pairs[i + k + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
            quads[i + 2 * k + 1] = SP_SHUFFLE16(pairs[i + k], pairs[i + k + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        }
    }
    SP_UNROLL for (int i = 0; i < 4; i++) {
        a[i] = SP_SHUFFLE16(quads[i], quads[i + 4], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
        a[i + 4] = SP_SHUFFLE16(quads[i], quads[i + 4], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    }
}

/* First halves of a and b; second halves of both. */
SP_INLINE TARGET sp_float16 L(first_halves)(sp_float16 a, sp_float16 b) {
    return SP_SHUFFLE16(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

SP_INLINE TARGET sp_float16 L(second_halves)(sp_float16 a, sp_float16 b) {
    return SP_SHUFFLE16(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}

/* Two nodes' blocks a0 a1 a2 a3 b0 b1 b2 b3 of 8 coefficients, in registers a0 a1, a2 a3, b0 b1, b2 b3, as a0 b0, a1 b1, a2 b2, a3 b3. */
SP_INLINE TARGET void L(pair_up)(sp_float16 *x) {
    sp_float16 pairs[4] = {L(first_halves)(x[0], x[2]), L(second_halves)(x[0], x[2]), L(first_halves)(x[1], x[3]),
                           L(second_halves)(x[1], x[3])};
    SP_UNROLL for (int k = 0; k < 4; k++) { x[k] = pairs[k]; }
}

SP_INLINE TARGET void L(part_pairs)(sp_float16 *x) {
    sp_float16 parts[4] = {L(first_halves)(x[0], x[1]), L(first_halves)(x[2], x[3]), L(second_halves)(x[0], x[1]),
                           L(second_halves)(x[2], x[3])};
    SP_UNROLL for (int k = 0; k < 4; k++) { x[k] = parts[k]; }
}

/* n complex numbers from registers, and back into them. */
SP_INLINE TARGET void L(take)(const sp_float16 *re, const sp_float16 *im, int stride, L(cvec) *x, int n) {
    SP_UNROLL for (int k = 0; k < n; k++) { x[k] = (L(cvec)){re[k * stride], im[k * stride]}; }
}

SP_INLINE TARGET void L(put)(sp_float16 *re, sp_float16 *im, int stride, const L(cvec) *x, int n) {
    SP_UNROLL for (int k = 0; k < n; k++) {
        re[k * stride] = x[k].re;
        im[k * stride] = x[k].im;
    }
}

/* x[k] e^{sign j angle[k]} with turns [k - 1][cos, sin][lane]. */
SP_INLINE TARGET void L(turn_lanes)(L(cvec) *x, int n_points, const float *turns, int sign) {
    SP_UNROLL for (int k = 1; k < n_points; k++) {
        L(cvec) unit = L(load)(turns + 2 * LANES * (k - 1), turns + 2 * LANES * (k - 1) + LANES);
        x[k] = L(turn)(x[k], unit.re, unit.im, sign);
    }
}

/* The last split of a pair of nodes, in place: 32 coefficients each into 4 leaves of 8. turns are [k - 1][cos, sin][8 of a, 8 of b]. */
SP_INLINE TARGET void L(split_pair)(sp_float16 *re, sp_float16 *im, const float *turns) {
    L(pair_up)(re);
    L(pair_up)(im);
    L(cvec) x[4];
    L(take)(re, im, 1, x, 4);
    L(turn_lanes)(x, 4, turns, +1);
    L(dft)(x, 4, +1);
    L(put)(re, im, 1, x, 4);
}

SP_INLINE TARGET void L(join_pair)(sp_float16 *re, sp_float16 *im, const float *turns) {
    L(cvec) x[4];
    L(take)(re, im, 1, x, 4);
    L(dft)(x, 4, -1);
    L(turn_lanes)(x, 4, turns, -1);
    L(put)(re, im, 1, x, 4);
    L(part_pairs)(re);
    L(part_pairs)(im);
}

/* 16 leaves together, in place; a register is then one root of each. */
SP_INLINE TARGET void L(split_16_leaves)(sp_float16 *re, sp_float16 *im, const float *turns) {
    L(transpose_halves)(re);
    L(transpose_halves)(im);
    L(cvec) x[HALF];
    L(take)(re, im, 1, x, HALF);
    L(turn_lanes)(x, HALF, turns, +1);
    L(dft)(x, HALF, +1);
    L(put)(re, im, 1, x, HALF);
}

SP_INLINE TARGET void L(join_16_leaves)(sp_float16 *re, sp_float16 *im, const float *turns) {
    L(cvec) x[HALF];
    L(take)(re, im, 1, x, HALF);
    L(dft)(x, HALF, -1);
    L(turn_lanes)(x, HALF, turns, -1);
    L(put)(re, im, 1, x, HALF);
    L(transpose_halves)(re);
    L(transpose_halves)(im);
}

/* n registers, `stride` floats apart in memory. */
SP_INLINE TARGET void L(load_registers)(const float *from, size_t stride, sp_float16 *x, int n) {
    SP_UNROLL for (int k = 0; k < n; k++) { x[k] = *(const sp_float16 *)(from + k * stride); }
}

SP_INLINE TARGET void L(store_registers)(float *to, size_t stride, const sp_float16 *x, int n) {
    SP_UNROLL for (int k = 0; k < n; k++) { *(sp_float16 *)(to + k * stride) = x[k]; }
}

SP_INLINE TARGET void L(split_pairs)(float *re, float *im, int block, const float *turns) {
    for (int n = 0; n < block; n += 64, turns += 6 * LANES) {
        sp_float16 real[4], imag[4];
        L(load_registers)(re + n, LANES, real, 4);
        L(load_registers)(im + n, LANES, imag, 4);
        L(split_pair)(real, imag, turns);
        L(store_registers)(re + n, LANES, real, 4);
        L(store_registers)(im + n, LANES, imag, 4);
    }
}

SP_INLINE TARGET void L(join_pairs)(float *re, float *im, int block, const float *turns) {
    for (int n = 0; n < block; n += 64, turns += 6 * LANES) {
        sp_float16 real[4], imag[4];
        L(load_registers)(re + n, LANES, real, 4);
        L(load_registers)(im + n, LANES, imag, 4);
        L(join_pair)(real, imag, turns);
        L(store_registers)(re + n, LANES, real, 4);
        L(store_registers)(im + n, LANES, imag, 4);
    }
}

/* As split_leaves of fft_lanes.h; a chunk of 16 bins is one root of 16 leaves. */
SP_INLINE TARGET void L(split_leaves)(const float *re, const float *im, float *spectrum, size_t chunk_stride, int first, int end,
                                      const float *turns) {
    turns += first / HALF * 2 * (HALF - 1);
    for (int b = first; b < end; b += HALF * LANES, turns += 2 * LANES * (HALF - 1)) {
        float *bins = spectrum + b / CHUNK * chunk_stride;
        sp_float16 real[HALF], imag[HALF];
        L(load_registers)(re + b, LANES, real, HALF);
        L(load_registers)(im + b, LANES, imag, HALF);
        L(split_16_leaves)(real, imag, turns);
        L(store_registers)(bins, chunk_stride, real, HALF);
        L(store_registers)(bins + CHUNK, chunk_stride, imag, HALF);
    }
}

SP_INLINE TARGET void L(join_leaves)(const float *spectrum, size_t chunk_stride, float *re, float *im, int first, int end,
                                     const float *turns) {
    turns += first / HALF * 2 * (HALF - 1);
    for (int b = first; b < end; b += HALF * LANES, turns += 2 * LANES * (HALF - 1)) {
        const float *bins = spectrum + b / CHUNK * chunk_stride;
        sp_float16 real[HALF], imag[HALF];
        L(load_registers)(bins, chunk_stride, real, HALF);
        L(load_registers)(bins + CHUNK, chunk_stride, imag, HALF);
        L(join_16_leaves)(real, imag, turns);
        L(store_registers)(re + b, LANES, real, HALF);
        L(store_registers)(im + b, LANES, imag, HALF);
    }
}

/* ---- a transform of 128 bins, which fits into the registers ---- */

SP_INLINE TARGET void L(split_128)(sp_float16 *re, sp_float16 *im, const float *turns) {
    SP_UNROLL for (int n = 0; n < 2; n++) {
        L(cvec) x[4];
        L(take)(re + n, im + n, 2, x, 4);
        SP_UNROLL for (int k = 1; k < 4; k++) {
            x[k] = L(turn)(x[k], turns[2 * k - 2] - (sp_float16){0}, turns[2 * k - 1] - (sp_float16){0}, +1);
        }
        L(dft)(x, 4, +1);
        L(put)(re + n, im + n, 2, x, 4);
    }
}

SP_INLINE TARGET void L(join_128)(sp_float16 *re, sp_float16 *im, const float *turns) {
    SP_UNROLL for (int n = 0; n < 2; n++) {
        L(cvec) x[4];
        L(take)(re + n, im + n, 2, x, 4);
        L(dft)(x, 4, -1);
        SP_UNROLL for (int k = 1; k < 4; k++) {
            x[k] = L(turn)(x[k], turns[2 * k - 2] - (sp_float16){0}, turns[2 * k - 1] - (sp_float16){0}, -1);
        }
        L(put)(re + n, im + n, 2, x, 4);
    }
}

SP_INLINE TARGET void L(forward_128)(const sp_fft *fft, const float *previous, const float *current, float *spectrum,
                                     size_t chunk_stride) {
    sp_float16 re[HALF], im[HALF];
    L(load_registers)(previous, LANES, re, HALF);
    L(load_registers)(current, LANES, im, HALF);
    L(split_128)(re, im, fft->turns[0]);
    L(split_pair)(re, im, fft->pair_turns);
    L(split_pair)(re + 4, im + 4, fft->pair_turns + 6 * LANES);
    L(split_16_leaves)(re, im, fft->leaf_turns);
    L(store_registers)(spectrum, chunk_stride, re, HALF);
    L(store_registers)(spectrum + CHUNK, chunk_stride, im, HALF);
}

SP_INLINE TARGET void L(inverse_128)(const sp_fft *fft, const float *spectrum, size_t chunk_stride, float *out) {
    sp_float16 re[HALF], im[HALF];
    L(load_registers)(spectrum, chunk_stride, re, HALF);
    L(load_registers)(spectrum + CHUNK, chunk_stride, im, HALF);
    L(join_16_leaves)(re, im, fft->leaf_turns);
    L(join_pair)(re, im, fft->pair_turns);
    L(join_pair)(re + 4, im + 4, fft->pair_turns + 6 * LANES);
    L(join_128)(re, im, fft->turns[0]);
    L(store_registers)(out, LANES, im, HALF);
}

/* ---- all transforms ---- */

/* Steps of the transform, as in fft_lanes.h. */
TARGET static void L(forward)(const sp_fft *fft, int first_step, int end_step, const float *previous, const float *current,
                              float *spectrum, size_t chunk_stride, float *work) {
    if (fft->block == 128 && end_step - first_step == fft->n_steps) {
        L(forward_128)(fft, previous, current, spectrum, chunk_stride);
        return;
    }
    float *re = work, *im = work + fft->block;
    for (int step = first_step; step < end_step; step++) {
        if (step >= fft->n_levels) {
            int first = (step - fft->n_levels) * fft->bins_per_step;
            L(split_leaves)(re, im, spectrum, chunk_stride, first, first + fft->bins_per_step, fft->leaf_turns);
        } else if (step == fft->n_levels - 1) {
            L(split_pairs)(re, im, fft->block, fft->pair_turns);
        } else if (fft->radix[step] == 8) {
            L(split)(previous, current, re, im, fft->m[0], 1, fft->turns[0], 8);
        } else {
            const float *from_re = step == 0 ? previous : re, *from_im = step == 0 ? current : im;
            L(split)(from_re, from_im, re, im, fft->m[step], fft->n_nodes[step], fft->turns[step], 4);
        }
    }
}

TARGET static void L(inverse)(const sp_fft *fft, int first_step, int end_step, const float *spectrum, size_t chunk_stride, float *out,
                              float *work) {
    if (fft->block == 128 && end_step - first_step == fft->n_steps) {
        L(inverse_128)(fft, spectrum, chunk_stride, out);
        return;
    }
    float *re = work, *im = work + fft->block;
    for (int step = first_step; step < end_step; step++) {
        int level = fft->n_steps - 1 - step;
        if (level >= fft->n_levels) {
            int first = step * fft->bins_per_step;
            L(join_leaves)(spectrum, chunk_stride, re, im, first, first + fft->bins_per_step, fft->leaf_turns);
        } else if (level == fft->n_levels - 1) {
            L(join_pairs)(re, im, fft->block, fft->pair_turns);
        } else if (level > 0) {
            L(join)(re, im, re, im, fft->m[level], fft->n_nodes[level], fft->turns[level], 4);
        } else if (fft->radix[0] == 8) {
            L(join)(re, im, NULL, out, fft->m[0], 1, fft->turns[0], 8);
        } else {
            L(join)(re, im, NULL, out, fft->m[0], 1, fft->turns[0], 4);
        }
    }
}

/* ---- two transforms of 64 bins at once ---- */

/* A transform of 64 bins fits into the registers, and 8 lanes leave half of each empty: two channels fill them. The bins lie as those of
 * one transform of 8 lanes do (fft_lanes.h), with the same bits. */

/* Of each channel, one register after the other, into 8 registers that hold 8 floats of each; and back. */
SP_INLINE TARGET void L(load_two)(const float *a, const float *b, size_t stride, sp_float16 *x) {
    SP_UNROLL for (int k = 0; k < HALF; k += 2, a += stride, b += stride) {
        sp_float16 of_a = *(const sp_float16 *)a, of_b = *(const sp_float16 *)b;
        x[k] = L(first_halves)(of_a, of_b);
        x[k + 1] = L(second_halves)(of_a, of_b);
    }
}

SP_INLINE TARGET void L(store_two)(float *a, float *b, size_t stride, const sp_float16 *x) {
    SP_UNROLL for (int k = 0; k < HALF; k += 2, a += stride, b += stride) {
        *(sp_float16 *)a = L(first_halves)(x[k], x[k + 1]);
        *(sp_float16 *)b = L(second_halves)(x[k], x[k + 1]);
    }
}

/* The only level's turns, one for all lanes; and the leaves' turns, the same for both channels. */
SP_INLINE TARGET void L(turn_two)(const sp_fft *fft, int leaves, int sign, sp_float16 *re, sp_float16 *im) {
    SP_UNROLL for (int k = 1; k < HALF; k++) {
        sp_float16 cosine, sine;
        if (leaves) {
            sp_float16 unit = *(const sp_float16 *)(fft->leaf_turns + 2 * HALF * (k - 1));
            cosine = L(first_halves)(unit, unit);
            sine = L(second_halves)(unit, unit);
        } else {
            cosine = fft->turns[0][2 * k - 2] - (sp_float16){0};
            sine = fft->turns[0][2 * k - 1] - (sp_float16){0};
        }
        L(cvec) x = L(turn)((L(cvec)){re[k], im[k]}, cosine, sine, sign);
        re[k] = x.re;
        im[k] = x.im;
    }
}

SP_INLINE TARGET void L(dft_two)(sp_float16 *re, sp_float16 *im, int sign) {
    L(cvec) x[HALF];
    L(take)(re, im, 1, x, HALF);
    L(dft)(x, HALF, sign);
    L(put)(re, im, 1, x, HALF);
}

TARGET static void L(forward_two)(const sp_fft *fft, const float *const *previous, const float *const *current, float *const *spectra,
                                  size_t chunk_stride) {
    sp_float16 re[HALF], im[HALF];
    L(load_two)(previous[0], previous[1], LANES, re);
    L(load_two)(current[0], current[1], LANES, im);
    L(turn_two)(fft, 0, +1, re, im);
    L(dft_two)(re, im, +1);
    L(transpose_halves)(re);
    L(transpose_halves)(im);
    L(turn_two)(fft, 1, +1, re, im);
    L(dft_two)(re, im, +1);
    L(store_two)(spectra[0], spectra[1], chunk_stride, re);
    L(store_two)(spectra[0] + CHUNK, spectra[1] + CHUNK, chunk_stride, im);
}

TARGET static void L(inverse_two)(const sp_fft *fft, const float *const *spectra, size_t chunk_stride, float *const *out) {
    sp_float16 re[HALF], im[HALF];
    L(load_two)(spectra[0], spectra[1], chunk_stride, re);
    L(load_two)(spectra[0] + CHUNK, spectra[1] + CHUNK, chunk_stride, im);
    L(dft_two)(re, im, -1);
    L(turn_two)(fft, 1, -1, re, im);
    L(transpose_halves)(re);
    L(transpose_halves)(im);
    L(dft_two)(re, im, -1);
    L(turn_two)(fft, 0, -1, re, im);
    L(store_two)(out[0], out[1], LANES, im);
}

#undef HALF
