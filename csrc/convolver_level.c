/* A level's tasks: forward transforms of the inputs, then sums of products chunk by chunk, then inverse transforms of the outputs. */
#include "convolver_level.h"

#include <string.h>

/* The rounding error of a float sum grows by 3 dB with each doubling of its terms, so products are summed in three stages: so many
 * products to a sum, so many sums to a sum of sums, and these with the error of each addition carried along. */
#define PRODUCTS_PER_SUM 64
#define PRODUCTS_PER_SUM_OF_SUMS 4096

void sp_level_lay_out(sp_level *l, const sp_layout *layout, int number, sp_load *load, sp_arena *memory) {
    int chunk = layout->kernels->chunk, n_outputs = layout->plan.n_outputs;
    l->layout = layout;
    l->level = number;
    l->partition = layout->ladder.partition[number];
    l->n_blocks = l->partition / layout->plan.block;
    l->n_chunks = l->partition / chunk;
    l->n_tasks = layout->plan.n_inputs + l->n_chunks + n_outputs;
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
    }
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

static int smaller(int a, int b) { return a < b ? a : b; }

/* ---- sums of products ---- */

/* sums[row] += products of a ring from `begin` to before `end`, of one tile and chunk, in sums of PRODUCTS_PER_SUM. */
static void add_products(const sp_level *l, const sp_ring *ring, int chunk, int begin, int end, const float *filters, int n_rows,
                         float *sums, size_t sum_stride) {
    const sp_kernels *kernels = l->layout->kernels;
    const float *spectra = ring->spectra + chunk * ring->stride;
    for (int next; begin < end; begin = next) {
        next = smaller(begin + PRODUCTS_PER_SUM, end);
        int place = ring->newest + begin;
        place -= place < ring->n_products ? 0 : ring->n_products;
        int n_first = smaller(next - begin, ring->n_products - place);
        kernels->multiply_add[n_rows](spectra + (size_t)place * 2 * kernels->chunk, n_first, spectra, next - begin - n_first, filters, sums,
                                      sum_stride);
        filters += (size_t)(next - begin) * n_rows * 2 * kernels->chunk;
    }
}

/* The same for all products of a ring, however many: sums of sums, added by D. E. Knuth's two-sum with the rounding error in a sum of
 * its own. */
static void add_many_products(const sp_level *l, const sp_ring *ring, int chunk, const float *filters, int n_rows, float *sums) {
    int chunk_floats = 2 * l->layout->kernels->chunk;
    _Alignas(SP_ALIGNMENT) float part[SP_MAX_TILE * 2 * SP_MAX_CHUNK];
    float lost[SP_MAX_TILE * 2 * SP_MAX_CHUNK] = {0};
    for (int begin = 0; begin < ring->n_products; begin += PRODUCTS_PER_SUM_OF_SUMS) {
        int end = smaller(begin + PRODUCTS_PER_SUM_OF_SUMS, ring->n_products);
        memset(part, 0, sizeof part);
        add_products(l, ring, chunk, begin, end, filters, n_rows, part, chunk_floats);
        filters += (size_t)(end - begin) * n_rows * chunk_floats;
        for (int row = 0; row < n_rows; row++) {
            for (int n = 0; n < chunk_floats; n++) {
                float a = sums[row * l->sum_stride + n], b = part[row * chunk_floats + n];
                float sum = a + b, b_in_sum = sum - a;
                lost[row * chunk_floats + n] += (a - (sum - b_in_sum)) + (b - b_in_sum);
                sums[row * l->sum_stride + n] = sum;
            }
        }
    }
    for (int row = 0; row < n_rows; row++) {
        for (int n = 0; n < chunk_floats; n++) {
            sums[row * l->sum_stride + n] += lost[row * chunk_floats + n];
        }
    }
}

/* One chunk of the spectra of all outputs, for one set of filters. */
static void multiply(const sp_level *l, const sp_filters *filters, float *sums, int chunk) {
    int chunk_floats = 2 * l->layout->kernels->chunk;
    sums += (size_t)chunk * chunk_floats;
    for (int t = 0; t < filters->n_tiles; t++) {
        const sp_tile *tile = &filters->tiles[t];
        const float *stream = sp_tile_spectra(filters, tile, l->level, chunk);
        float *tile_sums = sums + tile->row * l->sum_stride;
        for (int row = 0; row < tile->n_rows; row++) {
            memset(tile_sums + row * l->sum_stride, 0, chunk_floats * sizeof(float));
        }
        for (int g = tile->first_group; g < tile->end_group; g++) {
            const sp_ring *ring = &l->rings[g];
            if (ring->n_products <= PRODUCTS_PER_SUM_OF_SUMS) {
                add_products(l, ring, chunk, 0, ring->n_products, stream, tile->n_rows, tile_sums, l->sum_stride);
            } else {
                add_many_products(l, ring, chunk, stream, tile->n_rows, tile_sums);
            }
            stream += (size_t)ring->n_products * tile->n_rows * chunk_floats;
        }
    }
    float *half_sums = sums, *half_differences = sums + (l->layout->plan.n_outputs - filters->n_pairs) * l->sum_stride;
    for (int pair = 0; pair < filters->n_pairs; pair++, half_sums += l->sum_stride, half_differences += l->sum_stride) {
        for (int n = 0; n < chunk_floats; n++) {
            float sum = half_sums[n], difference = half_differences[n];
            half_sums[n] = sum + difference;
            half_differences[n] = sum - difference;
        }
    }
}

/* ---- tasks ---- */

static void transform_input(sp_level *l, int input, float *work) {
    const sp_kernels *kernels = l->layout->kernels;
    int group = l->layout->n_groups - 1;
    while (input < l->layout->groups[group].first) {
        group--;
    }
    sp_ring *ring = &l->rings[group];
    float *spectrum = ring->spectra + (size_t)(ring->newest + input - l->layout->groups[group].first) * 2 * kernels->chunk;
    size_t at = input * l->pass.input_stride;
    kernels->fft_forward(&l->layout->fft[l->level], l->pass.previous + at, l->pass.current + at, spectrum, ring->stride, work);
}

static void transform_output(sp_level *l, int output, float *work) {
    const sp_kernels *kernels = l->layout->kernels;
    const sp_fft *fft = &l->layout->fft[l->level];
    const sp_pass *pass = &l->pass;
    size_t chunk_stride = 2 * (size_t)kernels->chunk;
    float *out = l->out[l->making] + (size_t)output * l->partition;
    kernels->fft_inverse(fft, l->sums[0] + pass->filters->row_of_output[output] * l->sum_stride, chunk_stride, out, work);
    if (pass->coming) {
        float *coming = work + 2 * l->partition;
        kernels->fft_inverse(fft, l->sums[1] + pass->coming->row_of_output[output] * l->sum_stride, chunk_stride, coming, work);
        for (int n = 0; n < l->partition; n++) {
            out[n] += pass->weights[n] * (coming[n] - out[n]);
        }
    }
}

static void do_task(sp_level *l, int task, float *work) {
    int n_inputs = l->layout->plan.n_inputs;
    if (task < n_inputs) {
        transform_input(l, task, work);
    } else if (task < n_inputs + l->n_chunks) {
        multiply(l, l->pass.filters, l->sums[0], task - n_inputs);
        if (l->pass.coming) {
            multiply(l, l->pass.coming, l->sums[1], task - n_inputs);
        }
    } else {
        transform_output(l, task - n_inputs - l->n_chunks, work);
    }
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

void sp_level_work(sp_level *l, int block, float *work) {
    for (; l->n_done < l->ends[block]; l->n_done++) {
        do_task(l, l->n_done, work);
    }
}
