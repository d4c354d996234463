/* Choice of the levels: the cheapest ladder of partitions whose worst block is not much above the mean.
 *
 * Long partitions need fewer products for each tap, but longer transforms. The costs are instructions counted on AVX2, for all instruction
 * sets: the levels decide how sums are rounded, and the same plan has to give the same bits everywhere.
 */
#include "plan.h"

#include <stddef.h>

/* Of the model; what is measured may be 1.4. */
#define LARGEST_PEAK 1.28

#define COUNTED_CHUNK 8
#define COUNTED_TILE 6

static int is_power_of_2(int n) { return n > 0 && (n & (n - 1)) == 0; }

int sp_tails_valid(const sp_plan *plan) {
    if (plan->n_tails < SP_TAILS_NONE || plan->n_tails > SP_MAX_TAILS) {
        return 0;
    }
    for (int t = 0; t < plan->n_tails; t++) {
        int before = t ? plan->tails[t - 1] : plan->block;
        if (!is_power_of_2(plan->tails[t]) || plan->tails[t] <= before || plan->tails[t] > SP_MAX_PARTITION ||
            2 * plan->tails[t] >= plan->n_taps) {
            return 0;
        }
    }
    return 1;
}

static sp_ladder ladder_of(const sp_plan *plan, int n_tails, const int *tails) {
    sp_ladder ladder = {.n_levels = 1 + n_tails};
    for (int l = 0; l <= n_tails; l++) {
        ladder.partition[l] = l ? tails[l - 1] : plan->block;
        ladder.first_tap[l] = l ? 2 * ladder.partition[l] : 0;
    }
    for (int l = 0; l <= n_tails; l++) {
        int end = l < n_tails ? ladder.first_tap[l + 1] : plan->n_taps;
        ladder.n_partitions[l] = (end - ladder.first_tap[l] + ladder.partition[l] - 1) / ladder.partition[l];
    }
    return ladder;
}

sp_work sp_work_of(const sp_ladder *ladder, int level, const sp_plan *plan, int n_products, int chunk, int max_tile) {
    int partition = ladder->partition[level];
    /* Of 8 bins: a product, the loop around the rows of a tile, the sums of a row, the call for a tile. */
    double products = (double)ladder->n_partitions[level] * n_products;
    double n_tiles = (plan->n_outputs + max_tile - 1) / max_tile;
    double chunk_cost = products * 8 + products * n_tiles / plan->n_outputs * 8 + plan->n_outputs * 4 + n_tiles * 70;
    sp_fft fft = sp_fft_shape(partition);
    sp_work work = {
        .n_inputs = plan->n_inputs,
        .n_chunks = partition / chunk,
        .n_outputs = plan->n_outputs,
        .n_steps = fft.n_steps,
        .chunk = chunk_cost * chunk / 8,
    };
    /* Passes of radix 4 and 8, and leaves, of a bin. */
    int few_lanes = fft.lanes < 8;
    for (int step = 0; step < fft.n_steps; step++) {
        double pass = (fft.radix[0] == 8 && step == 0 ? 2.1 : 1.6) * (few_lanes ? 2 : 1), leaves = few_lanes ? 9 : 5.3;
        work.step[step] = partition * (step < fft.n_levels ? pass : leaves / (fft.n_steps - fft.n_levels));
    }
    return work;
}

static double task_cost(const sp_work *work, int task) {
    int n_forward = work->n_inputs * work->n_steps;
    if (task < n_forward) {
        return work->step[task % work->n_steps];
    }
    task -= n_forward + work->n_chunks;
    return task < 0 ? work->chunk : 1.06 * work->step[work->n_steps - 1 - task % work->n_steps];
}

void sp_spread(const sp_work *work, int n_blocks, sp_load *load, int *ends) {
    for (int block = load->n_blocks; block < n_blocks; block++) {
        load->cost[block] = load->n_blocks ? load->cost[block - load->n_blocks] : 0;
    }
    load->n_blocks = n_blocks;
    int n_tasks = (work->n_inputs + work->n_outputs) * work->n_steps + work->n_chunks;
    double total = 0;
    for (int task = 0; task < n_tasks; task++) {
        total += task_cost(work, task);
    }
    for (int block = 0; block < n_blocks; block++) {
        total += load->cost[block];
    }
    double done = 0, before = 0; /* of this level, of the levels before it */
    int task = 0;
    for (int block = 0; block < n_blocks; block++) {
        before += load->cost[block];
        double wanted = total * (block + 1) / n_blocks - before; /* then all blocks so far cost the same */
        for (; task < n_tasks; task++) {
            double cost = task_cost(work, task);
            if (block < n_blocks - 1 && done + cost / 2 > wanted) {
                break;
            }
            done += cost;
            load->cost[block] += cost;
        }
        if (ends) {
            ends[block] = task;
        }
    }
}

/* Mean cost of a block, and that of the worst one. */
static double ladder_cost(const sp_ladder *ladder, const sp_plan *plan, int n_products, double *worst) {
    sp_load load;
    load.n_blocks = 0;
    for (int level = 0; level < ladder->n_levels; level++) {
        sp_work work = sp_work_of(ladder, level, plan, n_products, COUNTED_CHUNK, COUNTED_TILE);
        sp_spread(&work, ladder->partition[level] / plan->block, &load, NULL);
    }
    double sum = 0;
    *worst = 0;
    for (int block = 0; block < load.n_blocks; block++) {
        sum += load.cost[block];
        *worst = load.cost[block] > *worst ? load.cost[block] : *worst;
    }
    return sum / load.n_blocks;
}

sp_ladder sp_ladder_for(const sp_plan *plan, int n_products) {
    if (plan->n_tails != SP_TAILS_CHOSEN) {
        return ladder_of(plan, plan->n_tails == SP_TAILS_NONE ? 0 : plan->n_tails, plan->tails);
    }
    double worst;
    sp_ladder best = ladder_of(plan, 0, NULL);
    double least = ladder_cost(&best, plan, n_products, &worst);
    /* Every ladder in which each partition is 2, 4 or 8 times the one before; a digit of `shape` is log2 of that, 0 ends the ladder. */
    for (int shape = 1; shape < 64; shape++) {
        int tails[SP_MAX_TAILS], n_tails = 0, partition = plan->block, fits = 1;
        for (int digits = shape; digits && fits; digits /= 4) {
            int step = digits % 4;
            partition <<= step;
            fits = step && partition <= SP_MAX_PARTITION && 2 * partition < plan->n_taps;
            tails[n_tails++] = partition;
        }
        if (!fits) {
            continue;
        }
        sp_ladder ladder = ladder_of(plan, n_tails, tails);
        double cost = ladder_cost(&ladder, plan, n_products, &worst);
        if (cost < least && worst <= LARGEST_PEAK * cost) {
            best = ladder;
            least = cost;
        }
    }
    return best;
}
