/* Matrix convolver: uniformly partitioned overlap-save.
 *
 * The filters are cut into partitions of `block` taps. Each new block of an input is transformed once; its spectrum stays for as
 * many blocks as there are partitions, in a ring. The spectrum of an output is the sum over partitions p and inputs i of
 *
 *     spectrum of the block p blocks ago of input i  *  spectrum of partition p of filter[output][i],
 *
 * and one inverse transform makes the output's new block of it (fft.h says why overlap-save is exact).
 */
#include "core.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "entrance.h"
#include "fft.h"
#include "flush.h"
#include "kernels.h"

/* The rounding error of a float sum grows by 3 dB with each doubling of its terms, so products are summed in three stages: so many
 * products to a sum, so many sums to a sum of sums, and these with the error of each addition carried along. */
#define PRODUCTS_PER_SUM 64
#define PRODUCTS_PER_SUM_OF_SUMS 4096

/* ---- one level of partitions ---- */

typedef struct {
    int block, n_inputs, n_outputs;
    int n_products; /* partitions * inputs; product n is partition n / n_inputs, input n % n_inputs */
    int chunk, n_chunks;
    sp_fft fft;
    float *filters; /* [tile of outputs][chunk][product][output of the tile][re | im], read from end to end once a block */
    float *spectra; /* [chunk][ring of products][re | im]; the ring holds the products of the newest block first */
    uint64_t spectra_stride;
    int newest;  /* place in the ring of the newest block's first product */
    float *sums; /* [output][chunk][re | im] */
    float *work; /* of the transforms */
} level;

static void level_lay_out(level *l, const sp_plan *plan, const sp_kernels *kernels, sp_arena *memory) {
    int n_partitions = (plan->n_taps + plan->block - 1) / plan->block;
    l->block = plan->block;
    l->n_inputs = plan->n_inputs;
    l->n_outputs = plan->n_outputs;
    l->n_products = n_partitions * plan->n_inputs;
    l->chunk = kernels->chunk;
    l->n_chunks = plan->block / kernels->chunk;
    uint64_t row = (uint64_t)l->n_products * 2 * l->chunk;
    l->spectra_stride = row + 2 * l->chunk; /* one chunk more, so that the rows do not fall on the same cache sets */
    l->filters = sp_take_floats(memory, row * l->n_chunks * l->n_outputs);
    l->spectra = sp_take_floats(memory, l->spectra_stride * l->n_chunks);
    l->sums = sp_take_floats(memory, (uint64_t)l->n_outputs * 2 * l->block);
    l->work = sp_take_floats(memory, (uint64_t)2 * l->block);
    float *tables = sp_take_floats(memory, sp_fft_table_size(plan->block));
    if (memory->start) {
        sp_fft_plan(&l->fft, plan->block, tables);
    }
}

/* Neighbouring outputs that are computed together, so that a spectrum is read once for all of them. */
typedef struct {
    int output; /* the first one */
    int size;
} tile;

/* The tile that starts at an output: as large as the registers allow, and all of a level of equal size within one. */
static tile tile_at(const level *l, const sp_kernels *kernels, int output) {
    int rest = l->n_outputs - output;
    int n_tiles = (rest + kernels->max_tile - 1) / kernels->max_tile;
    return (tile){output, (rest + n_tiles - 1) / n_tiles};
}

static float *tile_filters(const level *l, tile outputs, int chunk, int product) {
    size_t per_output = (size_t)l->n_products * 2 * l->block;
    size_t per_product = (size_t)outputs.size * 2 * l->chunk;
    return l->filters + outputs.output * per_output + ((size_t)chunk * l->n_products + product) * per_product;
}

/* Spectra of all partitions, with the transforms' factor 1 / block in them. taps are [n_outputs][n_inputs][n_taps]; padded is
 * scratch of a block, zeros a block of zeros. */
static void level_load(level *l, const sp_kernels *kernels, const float *taps, int n_taps, float *padded, const float *zeros) {
    size_t chunk_floats = 2 * (size_t)l->chunk;
    float *spectrum = l->sums;
    tile outputs;
    for (int output = 0; output < l->n_outputs; output += outputs.size) {
        outputs = tile_at(l, kernels, output);
        for (int t = 0; t < outputs.size; t++) {
            for (int product = 0; product < l->n_products; product++) {
                int partition = product / l->n_inputs, input = product % l->n_inputs;
                const float *filter = taps + ((size_t)(output + t) * l->n_inputs + input) * n_taps;
                for (int n = 0; n < l->block; n++) {
                    int tap = partition * l->block + n;
                    padded[n] = tap < n_taps ? filter[tap] / (float)l->block : 0.0f;
                }
                kernels->fft_forward(&l->fft, padded, zeros, spectrum, chunk_floats, l->work);
                for (int c = 0; c < l->n_chunks; c++) {
                    float *to = tile_filters(l, outputs, c, product) + t * chunk_floats;
                    memcpy(to, spectrum + c * chunk_floats, chunk_floats * sizeof(float));
                }
            }
        }
    }
}

static void level_reset(level *l) {
    memset(l->spectra, 0, l->spectra_stride * l->n_chunks * sizeof(float));
    l->newest = 0;
}

/* A new block of every input, [n_inputs][block], and the block before it. */
static void level_push(level *l, const sp_kernels *kernels, const float *previous, const float *current) {
    l->newest = (l->newest ? l->newest : l->n_products) - l->n_inputs;
    for (int i = 0; i < l->n_inputs; i++) {
        size_t at = (size_t)i * l->block;
        float *spectrum = l->spectra + (size_t)(l->newest + i) * 2 * l->chunk;
        kernels->fft_forward(&l->fft, previous + at, current + at, spectrum, l->spectra_stride, l->work);
    }
}

static int smaller(int a, int b) { return a < b ? a : b; }

/* sums[t] += products from `begin` to before `end`, of one tile and chunk, in sums of PRODUCTS_PER_SUM. */
static void add_products(const level *l, const sp_kernels *kernels, tile outputs, int chunk, int begin, int end, float *sums,
                         size_t sum_stride) {
    const float *ring = l->spectra + chunk * l->spectra_stride;
    for (int next; begin < end; begin = next) {
        next = smaller(begin + PRODUCTS_PER_SUM, end);
        int place = (l->newest + begin) % l->n_products;
        int n_first = smaller(next - begin, l->n_products - place);
        kernels->multiply_add[outputs.size](ring + (size_t)place * 2 * l->chunk, n_first, ring, next - begin - n_first,
                                            tile_filters(l, outputs, chunk, begin), sums, sum_stride);
    }
}

/* The same for all products, however many: sums of sums, added by D. E. Knuth's two-sum with the rounding error in a sum of its own. */
static void add_many_products(const level *l, const sp_kernels *kernels, tile outputs, int chunk, float *sums, size_t sum_stride) {
    int chunk_floats = 2 * l->chunk;
    _Alignas(SP_ALIGNMENT) float part[SP_MAX_TILE * 2 * SP_MAX_CHUNK];
    float lost[SP_MAX_TILE * 2 * SP_MAX_CHUNK] = {0};
    for (int begin = 0; begin < l->n_products; begin += PRODUCTS_PER_SUM_OF_SUMS) {
        int end = smaller(begin + PRODUCTS_PER_SUM_OF_SUMS, l->n_products);
        memset(part, 0, sizeof part);
        add_products(l, kernels, outputs, chunk, begin, end, part, chunk_floats);
        for (int t = 0; t < outputs.size; t++) {
            for (int n = 0; n < chunk_floats; n++) {
                float a = sums[t * sum_stride + n], b = part[t * chunk_floats + n];
                float sum = a + b, b_in_sum = sum - a;
                lost[t * chunk_floats + n] += (a - (sum - b_in_sum)) + (b - b_in_sum);
                sums[t * sum_stride + n] = sum;
            }
        }
    }
    for (int t = 0; t < outputs.size; t++) {
        for (int n = 0; n < chunk_floats; n++) {
            sums[t * sum_stride + n] += lost[t * chunk_floats + n];
        }
    }
}

/* The new block of every output, [n_outputs][block]. */
static void level_pull(level *l, const sp_kernels *kernels, float *out) {
    size_t sum_stride = (size_t)2 * l->block;
    memset(l->sums, 0, l->n_outputs * sum_stride * sizeof(float));
    tile outputs;
    for (int output = 0; output < l->n_outputs; output += outputs.size) {
        outputs = tile_at(l, kernels, output);
        for (int chunk = 0; chunk < l->n_chunks; chunk++) {
            float *sums = l->sums + output * sum_stride + (size_t)chunk * 2 * l->chunk;
            if (l->n_products <= PRODUCTS_PER_SUM_OF_SUMS) {
                add_products(l, kernels, outputs, chunk, 0, l->n_products, sums, sum_stride);
            } else {
                add_many_products(l, kernels, outputs, chunk, sums, sum_stride);
            }
        }
    }
    for (int o = 0; o < l->n_outputs; o++) {
        kernels->fft_inverse(&l->fft, l->sums + o * sum_stride, (size_t)2 * l->chunk, out + (size_t)o * l->block, l->work);
    }
}

/* ---- the convolver: blocks out of calls of any size ---- */

struct sp_convolver {
    sp_plan plan;
    const sp_kernels *kernels;
    level level;
    float *blocks[2]; /* [n_inputs][block]: the block that fills up, and the one before it; they change places */
    int current;
    float *out; /* [n_outputs][block]: the last block computed */
    int fill;   /* frames of the block that fills up */
    unsigned long long discarded;
    void *allocation; /* what free wants */
};

static int plan_error(const sp_plan *plan) {
    if (plan->n_inputs < 1 || plan->n_inputs > SP_MAX_CHANNELS) {
        return SP_ERROR_INPUTS;
    }
    if (plan->n_outputs < 1 || plan->n_outputs > SP_MAX_CHANNELS) {
        return SP_ERROR_OUTPUTS;
    }
    if (plan->n_taps < 1 || plan->n_taps > SP_MAX_TAPS) {
        return SP_ERROR_TAPS;
    }
    if (plan->block < SP_MIN_BLOCK || plan->block > SP_MAX_BLOCK || (plan->block & (plan->block - 1))) {
        return SP_ERROR_BLOCK;
    }
    if (plan->exact_blocks != 0 && plan->exact_blocks != 1) {
        return SP_ERROR_FLAG;
    }
    return sp_kernels_for(plan->instruction_set) ? SP_OK : SP_ERROR_INSTRUCTION_SET;
}

static int all_finite(const sp_plan *plan, const float *filters) {
    size_t count = (size_t)plan->n_outputs * plan->n_inputs * plan->n_taps;
    for (size_t n = 0; n < count; n++) {
        if (!isfinite(filters[n])) {
            return 0;
        }
    }
    return 1;
}

/* Places everything in the arena; the convolver itself is its first piece and, while measuring, a stand-in. */
static void lay_out(sp_convolver *c, sp_arena *memory) {
    for (int b = 0; b < 2; b++) {
        c->blocks[b] = sp_take_floats(memory, (uint64_t)c->plan.n_inputs * c->plan.block);
    }
    c->out = sp_take_floats(memory, (uint64_t)c->plan.n_outputs * c->plan.block);
    level_lay_out(&c->level, &c->plan, c->kernels, memory);
}

sp_convolver *sp_convolver_new(const sp_plan *plan, const float *filters, int *error) {
    *error = plan_error(plan);
    if (*error == SP_OK && !all_finite(plan, filters)) {
        *error = SP_ERROR_TAP_VALUE;
    }
    if (*error != SP_OK) {
        return NULL;
    }

    sp_convolver stand_in = {.plan = *plan, .kernels = sp_kernels_for(plan->instruction_set)};
    sp_arena memory = {0};
    sp_take(&memory, sizeof(sp_convolver));
    lay_out(&stand_in, &memory);
    void *allocation;
    memory = sp_arena_new(memory.used, &allocation);
    if (!allocation) {
        *error = SP_ERROR_MEMORY;
        return NULL;
    }

    sp_convolver *c = sp_take(&memory, sizeof(sp_convolver));
    *c = stand_in;
    c->allocation = allocation;
    lay_out(c, &memory);
    level_load(&c->level, c->kernels, filters, plan->n_taps, c->out, c->blocks[0]);
    sp_convolver_reset(c);
    return c;
}

int sp_convolver_latency(const sp_convolver *c) { return c->plan.exact_blocks ? 0 : c->plan.block; }

unsigned long long sp_convolver_discarded(const sp_convolver *c) { return c->discarded; }

void sp_convolver_reset(sp_convolver *c) {
    for (int b = 0; b < 2; b++) {
        memset(c->blocks[b], 0, (size_t)c->plan.n_inputs * c->plan.block * sizeof(float));
    }
    memset(c->out, 0, (size_t)c->plan.n_outputs * c->plan.block * sizeof(float));
    level_reset(&c->level);
    c->current = 0;
    c->fill = 0;
    c->discarded = 0;
}

void sp_convolver_free(sp_convolver *c) {
    if (c) {
        free(c->allocation);
    }
}

static void copy_in(sp_convolver *c, const float *const *in, int from, int n_frames) {
    for (int i = 0; i < c->plan.n_inputs; i++) {
        float *block = c->blocks[c->current] + (size_t)i * c->plan.block;
        c->discarded += sp_copy_clean(block + c->fill, in[i] + from, n_frames);
    }
}

static void copy_out(const sp_convolver *c, float *const *out, int to, int n_frames) {
    for (int o = 0; o < c->plan.n_outputs; o++) {
        memcpy(out[o] + to, c->out + (size_t)o * c->plan.block + c->fill, n_frames * sizeof(float));
    }
}

static void convolve_block(sp_convolver *c) {
    level_push(&c->level, c->kernels, c->blocks[!c->current], c->blocks[c->current]);
    level_pull(&c->level, c->kernels, c->out);
    c->current = !c->current;
}

int sp_convolver_process(sp_convolver *c, const float *const *in, float *const *out, int n_frames) {
    int block = c->plan.block;
    if (n_frames < 0 || (c->plan.exact_blocks && n_frames % block)) {
        return SP_ERROR_FRAMES;
    }
    sp_float_state state = sp_float_state_get();
    sp_float_state_set(SP_FLUSHING);
    for (int done = 0, run; done < n_frames; done += run) {
        run = n_frames - done < block - c->fill ? n_frames - done : block - c->fill;
        copy_in(c, in, done, run);
        if (c->plan.exact_blocks) { /* run is a whole block */
            convolve_block(c);
            copy_out(c, out, done, run);
            continue;
        }
        copy_out(c, out, done, run); /* of the block before */
        c->fill += run;
        if (c->fill == block) {
            convolve_block(c);
            c->fill = 0;
        }
    }
    sp_float_state_set(state);
    return SP_OK;
}
