/* The K-weighting of loudness meters as two second-order sections. */
#ifndef SPATIAL_WEIGHTING_H
#define SPATIAL_WEIGHTING_H

/* (b0 + b1/z + b2/z^2) / (1 + a1/z + a2/z^2), then (1 - 1/z)^2 / (1 + c1/z + c2/z^2). A section's output is b0 times its input plus its
 * first state; what the input adds to the states is p1, p2 in the first section and q1, q2 in the second: b_i - b0 a_i. In this form a
 * sample waits for one product and one sum of the sample before. */
typedef struct {
    double b0, p1, p2, a1, a2, q1, q2, c1, c2;
} sp_weighting;

#define SP_WEIGHTING_STATES 4 /* of a channel */

#endif
