/* The filters and gains of the upmix without delay, as the kernels see them. */
#ifndef SPATIAL_BANDS_H
#define SPATIAL_BANDS_H

#include "core.h"

/* SP_BANDS is a multiple of 8; there is one edge less. */
#define SP_BANDS_ROW 32      /* floats of a row of low-passed samples: 1 + SP_BANDS, and some to spare */

typedef struct {
    int control_frames;
    float *a1, *a2, *a3;     /* [SP_BANDS] coefficients of the low-passes; the last one is not used */
    float *integrators;      /* [M, S][group of 8][s1, s2][8] */
    float *gains;            /* [before the ramp, change][M, S][SP_BANDS] */
    float *sums;             /* [group][MM, SS, MS][8] over the control block so far */
    float *below_mid, *below_side; /* [control_frames][SP_BANDS_ROW] */
} sp_split;

#endif
