/* A level's tasks: forward transforms of the inputs, then sums of products chunk by chunk, then inverse transforms of the outputs. */
#include "convolver_level.h"

#include <string.h>

/* The rounding error of a float sum grows by 3 dB with each doubling of its terms, so products are summed in three stages: the kernels sum
 * SP_PRODUCTS_PER_SUM of them, and add so many sums to a sum of sums; these are added with the error of each addition carried along. */
#define PRODUCTS_PER_SUM_OF_SUMS 4096

void sp_level_lay_out(sp_level *l, const sp_layout *layout, int number, sp_load *load, sp_arena *memory) {
    int chunk = layout->kernels->chunk, n_outputs = layout->plan.n_outputs;
    l->layout = layout;
    l->level = number;
    l->partition = layout->ladder.partition[number];
    l->n_blocks = l->partition / layout->plan.block;
    l->n_chunks = l->partition / chunk;
    for (int g = 0; g < layout->n_groups; g++) {
        sp_ring *ring = &l->rings[g];
        ring->n_products = layout->ladder.n_partitions[number] * layout->groups[g].n_inputs;
        ring->stride = (size_t)(ring->n_products + 1) * 2 * chunk; /* one more, so that the rows do not fall on the same cache sets */
        ring->spectra = sp_take_floats(memory, (uint64_t)ring->stride * l->n_chunks);
    }
    l->sum_stride = (size_t)2 * (l->partition + chunk); /* for the same reason */
    for (int k = 0; k < 2; k++) {
        l->sums[k] = sp_take_floats(memory, (uint64_t)n_outputs * l->sum_stride);
        l->out[k] = sp_take_floats(memory, (uint64_t)n_outputs * l->partition);
        l->work[k] = sp_take_floats(memory, (uint64_t)2 * l->partition);
    }
    l->coming = sp_take_floats(memory, l->partition);
    l->ends = sp_take(memory, (uint64_t)l->n_blocks * sizeof(int));
    if (memory->start) {
        sp_work work = sp_work_of(&layout->ladder, number, &layout->plan, layout->n_products, chunk, layout->kernels->max_tile);
        sp_spread(&work, l->n_blocks, load, l->ends);
    }
}

void sp_level_reset(sp_level *l) {
    for (int g = 0; g < l->layout->n_groups; g++) {
        sp_ring *ring = &l->rings[g];
        memset(ring->spectra, 0, ring->stride * l->n_chunks * sizeof(float));
        ring->newest = 0;
    }
    for (int k = 0; k < 2; k++) {
        memset(l->out[k], 0, (size_t)l->layout->plan.n_outputs * l->partition * sizeof(float));
    }
    l->n_done = 0;
}

/* ---- sums of products ---- */

/* sums[row] += all products of a ring, however many, of one tile and chunk: sums of sums, added by D. E. Knuth's two-sum with the rounding
 * error in a sum of its own. */
static void add_many_products(const sp_level *l, const sp_ring *ring, const float *spectra, const float *filters, int n_rows,
                              float *sums) {
    const sp_kernels *kernels = l->layout->kernels;
    int chunk_floats = 2 * kernels->chunk;
    _Alignas(SP_ALIGNMENT) float part[SP_MAX_TILE * 2 * SP_MAX_CHUNK];
    float lost[SP_MAX_TILE * 2 * SP_MAX_CHUNK] = {0};
    for (int begin = 0, n; begin < ring->n_products; begin += n) {
        int place = (ring->newest + begin) % ring->n_products, n_to_end = ring->n_products - place;
        n = ring->n_products - begin < PRODUCTS_PER_SUM_OF_SUMS ? ring->n_products - begin : PRODUCTS_PER_SUM_OF_SUMS;
        int n_first = n < n_to_end ? n : n_to_end;
        const float *first = spectra + (size_t)place * chunk_floats;
        kernels->multiply_add[n_rows](first, n_first, spectra, n - n_first, filters, part, chunk_floats, 1);
        filters += (size_t)n * n_rows * chunk_floats;
        for (int row = 0; row < n_rows; row++) {
            for (int k = 0; k < chunk_floats; k++) {
                float a = sums[row * l->sum_stride + k], b = part[row * chunk_floats + k];
                float sum = a + b, b_in_sum = sum - a;
                lost[row * chunk_floats + k] += (a - (sum - b_in_sum)) + (b - b_in_sum);
                sums[row * l->sum_stride + k] = sum;
            }
        }
    }
    for (int row = 0; row < n_rows; row++) {
        for (int k = 0; k < chunk_floats; k++) {
            sums[row * l->sum_stride + k] += lost[row * chunk_floats + k];
        }
    }
}

/* Products of one tile, group and chunk. begin: sums is written, not added to. */
static void sum_products(const sp_level *l, const sp_ring *ring, int chunk, const float *filters, int n_rows, float *sums, int begin) {
    const sp_kernels *kernels = l->layout->kernels;
    size_t chunk_floats = 2 * (size_t)kernels->chunk;
    const float *spectra = ring->spectra + chunk * ring->stride;
    if (ring->n_products <= PRODUCTS_PER_SUM_OF_SUMS) {
        int n_first = ring->n_products - ring->newest;
        kernels->multiply_add[n_rows](spectra + ring->newest * chunk_floats, n_first, spectra, ring->newest, filters, sums, l->sum_stride,
                                      begin);
        return;
    }
    for (int row = 0; row < n_rows && begin; row++) {
        memset(sums + row * l->sum_stride, 0, chunk_floats * sizeof(float));
    }
    add_many_products(l, ring, spectra, filters, n_rows, sums);
}

/* Some chunks of the spectra of all outputs, for one set of filters. */
static void multiply(const sp_level *l, const sp_filters *filters, float *sums, int first, int end) {
    const sp_kernels *kernels = l->layout->kernels;
    size_t chunk_floats = 2 * (size_t)kernels->chunk;
    /* A small set stays in the nearest cache, but for little; so the next pass begins where this one ends. */
    int backwards = l->layout->ladder.n_levels == 1 && l->making;
    for (int k = first; k < end; k++) {
        int chunk = backwards ? first + end - 1 - k : k;
        const float *stream = sp_chunk_spectra(filters, l->level, chunk);
        for (int t = 0; t < filters->n_tiles; t++) {
            const sp_tile *tile = &filters->tiles[t];
            float *tile_sums = sums + tile->row * l->sum_stride + chunk * chunk_floats;
            for (int g = tile->first_group; g < tile->end_group; g++) {
                sum_products(l, &l->rings[g], chunk, stream, tile->n_rows, tile_sums, g == tile->first_group);
                stream += l->rings[g].n_products * tile->n_rows * chunk_floats;
            }
        }
    }
    for (int pair = 0; pair < filters->n_pairs; pair++) {
        float *half_sum = sums + pair * l->sum_stride + first * chunk_floats;
        float *half_difference = half_sum + (l->layout->plan.n_outputs - filters->n_pairs) * l->sum_stride;
        kernels->sum_and_difference(half_sum, half_difference, (end - first) * (int)chunk_floats);
    }
}

/* ---- tasks ---- */

/* The ring of an input, and where its newest spectrum goes. */
static const sp_ring *ring_of(const sp_level *l, int input, float **spectrum) {
    int group = l->layout->n_groups - 1;
    while (input < l->layout->groups[group].first) {
        group--;
    }
    const sp_ring *ring = &l->rings[group];
    *spectrum = ring->spectra + (size_t)(ring->newest + input - l->layout->groups[group].first) * 2 * l->layout->kernels->chunk;
    return ring;
}

static void transform_input(sp_level *l, int input, int first_step, int end_step) {
    float *spectrum;
    const sp_ring *ring = ring_of(l, input, &spectrum);
    size_t at = input * l->pass.input_stride;
    l->layout->kernels->fft_forward_steps(&l->layout->fft[l->level], first_step, end_step, l->pass.previous + at, l->pass.current + at,
                                          spectrum, ring->stride, l->work[0]);
}

/* This one and the next, all steps; 0 where they cannot go together. */
static int transform_two_inputs(sp_level *l, int input) {
    float *spectra[2];
    const sp_ring *ring = ring_of(l, input, &spectra[0]);
    if (ring_of(l, input + 1, &spectra[1]) != ring) {
        return 0;
    }
    const sp_pass *pass = &l->pass;
    size_t at = input * pass->input_stride, next = at + pass->input_stride;
    const float *previous[2] = {pass->previous + at, pass->previous + next}, *current[2] = {pass->current + at, pass->current + next};
    l->layout->kernels->fft_forward_two(&l->layout->fft[l->level], previous, current, spectra, ring->stride);
    return 1;
}

static void transform_output(sp_level *l, int output, int first_step, int end_step) {
    const sp_kernels *kernels = l->layout->kernels;
    const sp_fft *fft = &l->layout->fft[l->level];
    const sp_pass *pass = &l->pass;
    size_t chunk_stride = 2 * (size_t)kernels->chunk;
    float *out = l->out[l->making] + (size_t)output * l->partition;
    const float *sums = l->sums[0] + pass->filters->row_of_output[output] * l->sum_stride;
    kernels->fft_inverse_steps(fft, first_step, end_step, sums, chunk_stride, out, l->work[0]);
    if (pass->coming) {
        sums = l->sums[1] + pass->coming->row_of_output[output] * l->sum_stride;
        kernels->fft_inverse_steps(fft, first_step, end_step, sums, chunk_stride, l->coming, l->work[1]);
        if (end_step == fft->n_steps) {
            kernels->fade(out, l->coming, pass->weights, l->partition);
        }
    }
}

static int transform_two_outputs(sp_level *l, int output) {
    if (l->pass.coming) {
        return 0;
    }
    const int *row = l->pass.filters->row_of_output + output;
    const float *spectra[2] = {l->sums[0] + row[0] * l->sum_stride, l->sums[0] + row[1] * l->sum_stride};
    float *first = l->out[l->making] + (size_t)output * l->partition, *out[2] = {first, first + l->partition};
    l->layout->kernels->fft_inverse_two(&l->layout->fft[l->level], spectra, 2 * (size_t)l->layout->kernels->chunk, out);
    return 1;
}

void sp_level_begin(sp_level *l, const sp_pass *pass) {
    l->pass = *pass;
    l->n_done = 0;
    l->making = !l->making;
    for (int g = 0; g < l->layout->n_groups; g++) {
        sp_ring *ring = &l->rings[g];
        ring->newest = (ring->newest ? ring->newest : ring->n_products) - l->layout->groups[g].n_inputs;
    }
}

/* Tasks of a kind, of which there are n and which come after `before` others, that are to be done now: from *first to before *end. */
static int due(const sp_level *l, int block, int before, int n, int *first, int *end) {
    *first = l->n_done > before ? l->n_done - before : 0;
    *end = l->ends[block] - before < n ? l->ends[block] - before : n;
    return *first < *end;
}

/* Steps of the transforms of channels, one after the other, or two channels at once where that is quicker. */
static void transform(sp_level *l, void (*steps)(sp_level *, int, int, int), int (*two)(sp_level *, int), int first, int end) {
    int n_steps = l->layout->fft[l->level].n_steps, by_two = l->partition == l->layout->kernels->two_block;
    for (int n; first < end; first += n) {
        int channel = first / n_steps, step = first % n_steps;
        n = 2 * n_steps;
        if (by_two && step == 0 && end - first >= n && two(l, channel)) {
            continue;
        }
        n = n_steps - step < end - first ? n_steps - step : end - first;
        steps(l, channel, step, step + n);
    }
}

void sp_level_work(sp_level *l, int block) {
    int n_steps = l->layout->fft[l->level].n_steps, n_forward = l->layout->plan.n_inputs * n_steps, first, end;
    if (due(l, block, 0, n_forward, &first, &end)) {
        transform(l, transform_input, transform_two_inputs, first, end);
    }
    if (due(l, block, n_forward, l->n_chunks, &first, &end)) {
        multiply(l, l->pass.filters, l->sums[0], first, end);
        if (l->pass.coming) {
            multiply(l, l->pass.coming, l->sums[1], first, end);
        }
    }
    if (due(l, block, n_forward + l->n_chunks, l->layout->plan.n_outputs * n_steps, &first, &end)) {
        transform(l, transform_output, transform_two_outputs, first, end);
    }
    l->n_done = l->ends[block];
}
