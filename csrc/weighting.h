/* The K-weighting of loudness meters as two second-order sections. */
#ifndef SPATIAL_WEIGHTING_H
#define SPATIAL_WEIGHTING_H

/* (b0 + b1/z + b2/z^2) / (1 + a1/z + a2/z^2), then (1 - 1/z)^2 / (1 + c1/z + c2/z^2). */
typedef struct {
    double b0, b1, b2, a1, a2, c1, c2;
} sp_weighting;

#define SP_WEIGHTING_STATES 4 /* of a channel */

#endif
