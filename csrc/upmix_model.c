#include "upmix_model.h"

#include <math.h>




#define LANES SP_UPMIX_LANES
#define DIRECTIONS SP_UPMIX_DIRECTIONS

void sp_upmix_model_lay_out(sp_upmix_model *m, sp_arena *memory, int n_chunks, int n_bands) {
    m->n_bands = n_bands;
    m->shares = sp_take(memory, (uint64_t)n_bands * DIRECTIONS * sizeof(double));
    m->chunk_band = sp_take(memory, n_chunks * sizeof(int));
    m->prior = sp_take_floats(memory, (uint64_t)n_bands * DIRECTIONS);
    m->rows = sp_take_floats(memory, (uint64_t)n_chunks * SP_UPMIX_ROWS * LANES);
    m->centre = sp_take_floats(memory, (uint64_t)n_chunks * 2 * LANES);
    m->bins.n_chunks = n_chunks;
    m->bins.band = m->chunk_band;
    m->bins.rows = m->rows;
    m->bins.prior = m->prior;
    m->bins.centre = m->centre;
    m->bins.variances = sp_take_floats(memory, (uint64_t)n_chunks * DIRECTIONS * LANES);
    m->bins.heard = sp_take_floats(memory, (uint64_t)n_bands * DIRECTIONS * LANES);
    m->bins.sums = sp_take_floats(memory, SP_SUMS * LANES);
}

void sp_upmix_model_plan(sp_upmix_model *m, double step_s, double floor, double guard_db) {
    m->keep_shares = exp(-step_s / SP_DIRECTIONAL_SHARES_S);
    m->keep_sums = exp(-step_s / SP_GUARD_S);
    m->guard = guard_db > 0 ? pow(10, guard_db / 10) : 0;
    m->bins.keep = (float)exp(-step_s / SP_DIRECTIONAL_VARIANCES_S);
    m->bins.floor = (float)floor;
}

void sp_upmix_model_reset(sp_upmix_model *m) {
    memset(m->bins.variances, 0, (size_t)m->bins.n_chunks * DIRECTIONS * LANES * sizeof(float));
    for (int i = 0; i < m->n_bands * DIRECTIONS; i++) {
        int centre = i % DIRECTIONS == SP_UPMIX_CENTRE;
        m->shares[i] = centre ? SP_DIRECTIONAL_CENTRE_AT_START : (1 - SP_DIRECTIONAL_CENTRE_AT_START) / (DIRECTIONS - 1);
    }
    memset(m->sums, 0, sizeof(m->sums));
    m->bins.steady = 0;
    m->bins.steady_side = 0;
}

void sp_upmix_model_set(const sp_upmix_model *m, int chunk, int lane, double power, double total, double x, double y, double z) {
    double per_total = power > m->bins.floor ? 1 / total : 0;
    sp_upmix_row(m, chunk, SP_POWER)[lane] = (float)power;
    sp_upmix_row(m, chunk, SP_STOKES_X)[lane] = (float)(x * per_total);
    sp_upmix_row(m, chunk, SP_STOKES_Y)[lane] = (float)(y * per_total);
    sp_upmix_row(m, chunk, SP_STOKES_Z)[lane] = (float)(z * per_total);
    sp_upmix_row(m, chunk, SP_AMPLITUDE)[lane] = per_total > 0 ? sqrtf((float)power) : 0.0f;
}

void sp_upmix_model_expect(sp_upmix_model *m) {
    float everywhere[DIRECTIONS], of_band = (float)((1 - SP_DIRECTIONAL_GLOBAL_WEIGHT) * SP_DIRECTIONAL_SHARPENING);
    for (int k = 0; k < DIRECTIONS; k++) {
        double sum = 0;
        for (int b = 0; b < m->n_bands; b++) {
            sum += m->shares[b * DIRECTIONS + k];
        }
        everywhere[k] = powf((float)(sum / m->n_bands), (float)(SP_DIRECTIONAL_GLOBAL_WEIGHT * SP_DIRECTIONAL_SHARPENING));
    }
    for (int b = 0; b < m->n_bands; b++) {
        float *prior = m->prior + (size_t)b * DIRECTIONS, sum = 0;
        for (int k = 0; k < DIRECTIONS; k++) {
            prior[k] = powf((float)m->shares[b * DIRECTIONS + k], of_band) * everywhere[k];
            sum += prior[k];
        }
        for (int k = 0; k < DIRECTIONS; k++) {
            prior[k] *= (1 - m->bins.keep) / sum;
        }
    }
}

/* The bands' shares from what was heard in this step; a band in which nothing was keeps its own. */
static void learn(sp_upmix_model *m) {
    for (int b = 0; b < m->n_bands; b++) {
        double *shares = m->shares + (size_t)b * DIRECTIONS, heard[DIRECTIONS], total = 0, sum = 0;
        for (int k = 0; k < DIRECTIONS; k++) {
            const float *lanes = m->bins.heard + ((size_t)b * DIRECTIONS + k) * LANES;
            heard[k] = 0;
            for (int lane = 0; lane < LANES; lane++) {
                heard[k] += lanes[lane];
            }
            total += heard[k];
        }
        if (!(total > 0)) {
            continue;
        }
        for (int k = 0; k < DIRECTIONS; k++) {
            shares[k] = m->keep_shares * shares[k] + (1 - m->keep_shares) * heard[k] / total;
        }
        shares[SP_UPMIX_CENTRE] = fmax(shares[SP_UPMIX_CENTRE], SP_DIRECTIONAL_CENTRE_AT_LEAST);
        for (int k = 0; k < DIRECTIONS; k++) {
            sum += shares[k];
        }
        for (int k = 0; k < DIRECTIONS; k++) {
            shares[k] = fmax(shares[k] / sum, SP_DIRECTIONAL_SHARE_AT_LEAST);
        }
    }
}

/* How much of the next C is to be steady: so much that the expected error of the rest lies below C by the guard, unless it lies far below
 * the input. What is steady is M less so much of S that it is not correlated with S, both as they are over the whole spectrum; that is a
 * balance of L and R. Silence teaches nothing. */
static void guard(sp_upmix_model *m) {
    double now[SP_SUMS] = {0};
    for (int i = 0; i < SP_SUMS; i++) {
        for (int lane = 0; lane < LANES; lane++) {
            now[i] += m->bins.sums[i * LANES + lane];
        }
    }
    if (!(now[SP_SUM_CENTRE] > 0)) {
        return;
    }
    for (int i = 0; i < SP_SUMS; i++) {
        m->sums[i] = m->keep_sums * m->sums[i] + (1 - m->keep_sums) * now[i];
    }
    double unit = m->guard * m->sums[SP_SUM_ERROR], cross = m->sums[SP_SUM_CROSS], side = m->sums[SP_SUM_SIDE], steady = 0;
    if (unit > 0) {
        double input = m->sums[SP_SUM_INPUT] / unit;
        steady = fmax(1 - fmax(sqrt(m->sums[SP_SUM_CENTRE] / unit), input * input), 0);
    }
    double of_side = side > fabs(cross) ? cross / side : cross > 0 ? 1 : cross < 0 ? -1 : 0;
    m->bins.steady = (float)steady;
    m->bins.steady_side = (float)(steady * of_side);
}

void sp_upmix_model_step(sp_upmix_model *m, const sp_kernels *kernels) {
    memset(m->bins.heard, 0, (size_t)m->n_bands * DIRECTIONS * LANES * sizeof(float));
    kernels->upmix_centre(&m->bins);
    learn(m);
    guard(m);
}
