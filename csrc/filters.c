/* Filter sets: mirror symmetry, rows and tiles, and the transform of all partitions. */
#include "filters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

static const float *filter_of(const sp_plan *plan, const float *taps, int output, int input) {
    return taps + ((size_t)output * plan->n_inputs + input) * plan->n_taps;
}

static int equal(const sp_plan *plan, const float *a, const float *b) {
    for (int n = 0; n < plan->n_taps; n++) {
        if (a[n] != b[n]) {
            return 0;
        }
    }
    return 1;
}

/* Whether exchanging the first two inputs exchanges these outputs. */
static int are_mirrored(const sp_plan *plan, const float *taps, int a, int b) {
    for (int input = 0; input < plan->n_inputs; input++) {
        int mirrored = input < 2 ? 1 - input : input;
        if (!equal(plan, filter_of(plan, taps, a, input), filter_of(plan, taps, b, mirrored))) {
            return 0;
        }
    }
    return 1;
}

/* Puts the pairs first and last among the rows, what is its own mirror image between; number of pairs, or -1 where there is an output
 * without its like. */
static int find_pairs(const sp_plan *plan, const float *taps, int *output_of_row) {
    if (plan->n_inputs < 2) {
        return -1;
    }
    int mirror[SP_MAX_CHANNELS], n_pairs = 0;
    memset(mirror, -1, sizeof mirror);
    for (int a = 0; a < plan->n_outputs; a++) {
        for (int b = a; mirror[a] < 0 && b < plan->n_outputs; b++) {
            if (mirror[b] < 0 && are_mirrored(plan, taps, a, b)) {
                mirror[a] = b;
                mirror[b] = a;
                n_pairs += b != a;
            }
        }
        if (mirror[a] < 0) {
            return -1;
        }
    }
    int pair = 0, single = n_pairs;
    for (int a = 0; a < plan->n_outputs; a++) {
        if (mirror[a] == a) {
            output_of_row[single++] = a;
        } else if (mirror[a] > a) {
            output_of_row[pair] = a;
            output_of_row[plan->n_outputs - n_pairs + pair++] = mirror[a];
        }
    }
    return n_pairs;
}

static void add_tiles(sp_filters *filters, const sp_layout *layout, int row, int end_row, int first_group, int end_group) {
    for (int n_tiles; row < end_row;) {
        int max_tile = layout->kernels->max_tile;
        n_tiles = (end_row - row + max_tile - 1) / max_tile;
        sp_tile tile = {
            .row = row,
            .n_rows = (end_row - row + n_tiles - 1) / n_tiles,
            .first_group = first_group,
            .end_group = end_group,
        };
        filters->tiles[filters->n_tiles++] = tile;
        for (int group = first_group; group < end_group; group++) {
            filters->n_products += tile.n_rows * layout->groups[group].n_inputs;
        }
        row += tile.n_rows;
    }
}

/* All of a set but its spectra. */
static sp_filters shape_of(const sp_layout *layout, const float *taps) {
    sp_filters filters = {.layout = layout, .number = layout->number};
    int n_outputs = layout->plan.n_outputs;
    int n_pairs = layout->difference_and_sum ? find_pairs(&layout->plan, taps, filters.output_of_row) : -1;
    if (n_pairs >= 0) {
        filters.n_pairs = n_pairs;
        add_tiles(&filters, layout, 0, n_outputs - n_pairs, 1, 2);
        add_tiles(&filters, layout, n_outputs - n_pairs, n_outputs, 0, 1);
    } else {
        for (int row = 0; row < n_outputs; row++) {
            filters.output_of_row[row] = row;
        }
        add_tiles(&filters, layout, 0, n_outputs, 0, layout->n_groups);
    }
    for (int row = 0; row < n_outputs; row++) {
        filters.row_of_output[filters.output_of_row[row]] = row;
    }
    return filters;
}

sp_layout sp_layout_for(const sp_plan *plan, const float *taps) {
    int output_of_row[SP_MAX_CHANNELS];
    sp_layout layout = {.plan = *plan, .kernels = sp_kernels_for(plan->instruction_set)};
    layout.difference_and_sum = find_pairs(plan, taps, output_of_row) >= 0;
    layout.n_groups = 1 + layout.difference_and_sum;
    if (layout.difference_and_sum) {
        layout.groups[0] = (sp_group){0, 1};
        layout.groups[1] = (sp_group){1, plan->n_inputs - 1};
    } else {
        layout.groups[0] = (sp_group){0, plan->n_inputs};
    }
    layout.n_products = shape_of(&layout, taps).n_products;
    layout.ladder = sp_ladder_for(plan, layout.n_products);
    return layout;
}

static void lay_out(sp_filters *filters, sp_arena *memory) {
    const sp_ladder *ladder = &filters->layout->ladder;
    for (int level = 0; level < ladder->n_levels; level++) {
        uint64_t floats = (uint64_t)2 * ladder->partition[level] * ladder->n_partitions[level] * filters->n_products;
        filters->spectra[level] = sp_take_floats(memory, floats);
    }
}

static int all_finite(const sp_plan *plan, const float *taps) {
    size_t count = (size_t)plan->n_outputs * plan->n_inputs * plan->n_taps;
    for (size_t n = 0; n < count; n++) {
        if (!isfinite(taps[n])) {
            return 0;
        }
    }
    return 1;
}

/* The output whose filters a row takes: a pair's half difference takes those of the pair's first output, as its half sum does. */
static int output_for_row(const sp_filters *filters, int row) {
    int first_half_difference = filters->layout->plan.n_outputs - filters->n_pairs;
    return filters->output_of_row[row < first_half_difference ? row : row - first_half_difference];
}

/* Taps of one row and input from `first` on, as many as there are up to n, zeros after them, times scale. */
static void copy_taps(const sp_filters *filters, const float *taps, int row, int input, int first, int n, float scale, float *to) {
    const sp_plan *plan = &filters->layout->plan;
    int count = plan->n_taps - first < n ? plan->n_taps - first : n, output = output_for_row(filters, row);
    if (filters->layout->difference_and_sum && input < 2) {
        /* h0 x0 + h1 x1 = (h1 - h0)/2 (x1 - x0) + (h0 + h1)/2 (x0 + x1) */
        const float *h0 = filter_of(plan, taps, output, 0) + first, *h1 = filter_of(plan, taps, output, 1) + first;
        float half = 0.5f * scale;
        for (int k = 0; k < count; k++) {
            to[k] = input == 0 ? (h1[k] - h0[k]) * half : (h0[k] + h1[k]) * half;
        }
    } else {
        const float *h = filter_of(plan, taps, output, input) + first;
        for (int k = 0; k < count; k++) {
            to[k] = h[k] * scale;
        }
    }
    for (int k = count; k < n; k++) {
        to[k] = 0.0f;
    }
}

/* Spectra of one row and input at one level, with the transforms' factor 1 / L in them, to chunk 0 at `to` and its like; the partitions
 * lie step floats apart. scratch is 5 partitions. */
static void load(const sp_filters *filters, const float *taps, int level, int row, int input, float *to, size_t step, const float *zeros,
                 float *scratch) {
    const sp_layout *layout = filters->layout;
    int partition = layout->ladder.partition[level], n_partitions = layout->ladder.n_partitions[level];
    size_t chunk_floats = 2 * (size_t)layout->kernels->chunk, chunk_stride = (size_t)n_partitions * filters->n_products * chunk_floats;
    float *padded = scratch, *spectrum = scratch + partition, *work = scratch + 3 * (size_t)partition;
    for (int p = 0; p < n_partitions; p++, to += step) {
        copy_taps(filters, taps, row, input, layout->ladder.first_tap[level] + p * partition, partition, 1.0f / (float)partition, padded);
        layout->kernels->fft_forward(&layout->fft[level], padded, zeros, spectrum, chunk_floats, work);
        for (int chunk = 0; chunk < partition / layout->kernels->chunk; chunk++) {
            memcpy(to + chunk * chunk_stride, spectrum + chunk * chunk_floats, chunk_floats * sizeof(float));
        }
    }
}

static void load_level(const sp_filters *filters, const float *taps, int level, const float *zeros, float *scratch) {
    const sp_layout *layout = filters->layout;
    size_t chunk_floats = 2 * (size_t)layout->kernels->chunk;
    float *to = filters->spectra[level];
    for (const sp_tile *tile = filters->tiles; tile < filters->tiles + filters->n_tiles; tile++) {
        for (int g = tile->first_group; g < tile->end_group; g++) {
            const sp_group *group = &layout->groups[g];
            size_t step = (size_t)group->n_inputs * tile->n_rows * chunk_floats;
            for (int i = 0; i < group->n_inputs; i++) {
                for (int t = 0; t < tile->n_rows; t++) {
                    float *first = to + (size_t)(i * tile->n_rows + t) * chunk_floats;
                    load(filters, taps, level, tile->row + t, group->first + i, first, step, zeros, scratch);
                }
            }
            to += layout->ladder.n_partitions[level] * step;
        }
    }
}

sp_filters *sp_filters_make(const sp_layout *layout, const float *taps, int *error) {
    if (!all_finite(&layout->plan, taps)) {
        *error = SP_ERROR_TAP_VALUE;
        return NULL;
    }
    sp_filters shape = shape_of(layout, taps);
    sp_arena memory = {0};
    sp_take(&memory, sizeof(sp_filters));
    lay_out(&shape, &memory);
    int longest = layout->ladder.partition[layout->ladder.n_levels - 1];
    void *allocation, *scratch_allocation;
    sp_arena scratch = sp_arena_new((uint64_t)6 * longest * sizeof(float), &scratch_allocation);
    memory = sp_arena_new(memory.used, &allocation);
    if (!allocation || !scratch_allocation) {
        free(allocation);
        free(scratch_allocation);
        *error = SP_ERROR_MEMORY;
        return NULL;
    }
    sp_filters *filters = sp_take(&memory, sizeof(sp_filters));
    memcpy(filters, &shape, sizeof shape);
    filters->allocation = allocation;
    lay_out(filters, &memory);
    const float *zeros = sp_take_floats(&scratch, longest);
    for (int level = 0; level < layout->ladder.n_levels; level++) {
        load_level(filters, taps, level, zeros, (float *)scratch.start + longest);
    }
    free(scratch_allocation);
    *error = SP_OK;
    return filters;
}

void sp_filters_drop(sp_filters *filters) {
    if (filters) {
        free(filters->allocation);
    }
}

void sp_filters_free(sp_filters *filters) {
    if (filters && !atomic_load(&filters->owned)) {
        sp_filters_drop(filters);
    }
}
