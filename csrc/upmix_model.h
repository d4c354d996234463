/* Which of ten directions holds how much power, bin by bin: what the upmix carries from step to step. upmix_model.c computes it, and
 * spatial/dsp/twins/upmix_directional.py derives it. */
#ifndef SPATIAL_UPMIX_MODEL_H
#define SPATIAL_UPMIX_MODEL_H

#include "arena.h"
#include "kernels.h"

typedef struct {
    sp_upmix_bins bins;
    int n_bands;
    double keep_shares;
    double *shares; /* [band][direction] in the last half second */
    double guard;   /* how many times smaller than C its error shall be; 0: whatever it is */
    double keep_sums, sums[SP_SUMS];
    float *prior;   /* [band][direction] */
    float *rows, *centre;
    int *chunk_band;
} sp_upmix_model;

/* Places everything; the caller fills in chunk_band. */
void sp_upmix_model_lay_out(sp_upmix_model *model, sp_arena *memory, int n_chunks, int n_bands);

/* step_s: time from one step to the next; floor: power below which a bin is silent; guard_db: how far below C its error shall be, 0 for
 * however near it is. */
void sp_upmix_model_plan(sp_upmix_model *model, double step_s, double floor, double guard_db);

void sp_upmix_model_reset(sp_upmix_model *model);

/* The prior from the shares. */
void sp_upmix_model_expect(sp_upmix_model *model);

/* From the rows: variances, centre, shares, and how much of C has to be steady. */
void sp_upmix_model_step(sp_upmix_model *model, const sp_kernels *kernels);

/* The row of a chunk that holds one quantity (SP_MID_RE, ...) of its lanes. */
static inline float *sp_upmix_row(const sp_upmix_model *model, int chunk, int quantity) {
    return model->rows + ((size_t)chunk * SP_UPMIX_ROWS + quantity) * SP_UPMIX_LANES;
}

/* Mean Stokes parameters of a bin, of which total is the power times some number of bins; a bin below the floor is silent. */
void sp_upmix_model_set(const sp_upmix_model *model, int chunk, int lane, double power, double total, double x, double y, double z);

#endif
