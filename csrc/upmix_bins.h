/* The bins of one frame of the upmix, as the kernels see them: chunks of 8, all of one ERB band. Where a band's bins do not fill its
 * last chunk, lanes stay empty (power 0). */
#ifndef SPATIAL_UPMIX_BINS_H
#define SPATIAL_UPMIX_BINS_H

#define SP_UPMIX_LANES 8

/* Pan directions -45 (hard right), -30, ..., +45 degrees (hard left), two quadrature directions, diffuse. */
#define SP_UPMIX_PANS 7
#define SP_UPMIX_DIRECTIONS 10
#define SP_UPMIX_CENTRE 3

/* Powers of a step, summed over its bins: the centre's and its error's as the model expects them, the input's, that of S (times 2), and
 * the product of M and S (times 2). */
enum { SP_SUM_CENTRE, SP_SUM_ERROR, SP_SUM_INPUT, SP_SUM_SIDE, SP_SUM_CROSS, SP_SUMS };

/* Rows of a chunk: M and S of the frame, their mean Stokes parameters (power, and the vector in units of the power), and the
 * square root of the power. */
enum { SP_MID_RE, SP_MID_IM, SP_SIDE_RE, SP_SIDE_IM, SP_POWER, SP_STOKES_X, SP_STOKES_Y, SP_STOKES_Z, SP_AMPLITUDE, SP_UPMIX_ROWS };

typedef struct {
    int n_chunks;
    const int *band;      /* [chunk] */
    const float *rows;    /* [chunk][SP_UPMIX_ROWS][lane] */
    const float *prior;   /* [band][direction] shares expected, times 1 - keep */
    float keep;           /* of the last frame's variances */
    float floor;          /* power below which a bin is silent */
    float steady, steady_side; /* share of C that is not the estimate but M, and what this takes off S times its share */
    float *variances;     /* [chunk][direction][lane], carried from frame to frame */
    float *heard;         /* [band][direction][lane] sums of amplitude * share, added to */
    float *sums;          /* [SP_SUMS][lane], the result for this frame */
    float *centre;        /* [chunk][re, im][lane], the result */
} sp_upmix_bins;

#endif
