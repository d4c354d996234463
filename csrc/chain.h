/* Draft of the contract of limiter and chain; it moves into spatial.h with the code. */
#ifndef SPATIAL_CHAIN_H
#define SPATIAL_CHAIN_H

#include "core.h"

/* Peak limiter with look-ahead: one gain for all channels, so that what they make together in the air keeps its shape.
 *
 * No sample above -1 dBFS and no true peak above -0.8 dBTP; below, the samples pass unchanged. Look-ahead 5 ms, which is the latency;
 * the gain stays for 25 ms and returns at 40 dB/s. Life: sp_limiter_new, then process and reset in any order, then sp_limiter_free.
 */
typedef struct {
    double fs;           /* sample rate, Hz */
    int n_channels;      /* 1..SP_MAX_CHANNELS */
    int instruction_set; /* SP_ISA_... */
} sp_limiter_plan;

typedef struct sp_limiter sp_limiter;

sp_limiter *sp_limiter_new(const sp_limiter_plan *plan, int *error);
int sp_limiter_latency(const sp_limiter *limiter);

/* Real time, as sp_convolver_process; any number of frames. out[n_channels] may be in[n_channels]. */
int sp_limiter_process(sp_limiter *limiter, const float *const *in, float *const *out, int n_frames);

/* Readings, from any thread. */
float sp_limiter_gain_db(const sp_limiter *limiter);                   /* of the last frame given out, <= 0 */
float sp_limiter_lowest_gain_db(const sp_limiter *limiter);            /* since the start or the last reset */
unsigned long long sp_limiter_limited(const sp_limiter *limiter);      /* frames given out with less than 0 dB */
unsigned long long sp_limiter_discarded(const sp_limiter *limiter);    /* samples not finite or beyond +240 dBFS, 0 instead */

void sp_limiter_reset(sp_limiter *limiter);
void sp_limiter_free(sp_limiter *limiter);

/* The chain: upmix -> end of the programme -> path gains -> sp_convolver -> bypass -> gain -> sp_limiter.
 *
 * Stereo in, one feed an output out. Changes of gains and bypass are smooth over 20 ms. Life: sp_chain_new; any sp_chain_set_...; then
 * process, set and reset in any order; then sp_chain_free. What is set before the first process, or between reset and the next one,
 * holds from its first frame.
 */
#define SP_UPMIX_OFF 0         /* L' = L, R' = R, C = 0 */
#define SP_UPMIX_MATRIX 1      /* C = strength (L + R)/2 */
#define SP_UPMIX_DIRECTIONAL 2 /* sp_upmix */

typedef struct {
    double fs;            /* sample rate, Hz */
    sp_plan convolver;    /* n_inputs 2: left, right, or 3: left, right, centre; exact_blocks 1 */
    int upmix;            /* SP_UPMIX_...; OFF where there are two inputs */
    int upmix_n;          /* as in sp_upmix_plan, for DIRECTIONAL */
    int upmix_span;
    double strength;      /* of the centre, 0..1 */
    int limiter;          /* 1: there is one, 0: none */
    int bypass_outputs[2]; /* that left and right go to in bypass; one and the same gets both, 3 dB lower */
    int bypass_delay;     /* frames; the filters' own delay */
} sp_chain_plan;

typedef struct sp_chain sp_chain;

/* Plans, allocates and touches everything; gains 1, no mute, no bypass. */
sp_chain *sp_chain_new(const sp_chain_plan *plan, const float *filters, int *error);

/* Frames by which the output is late, bank not counted: upmix, limiter. */
int sp_chain_upmix_latency(const sp_chain *chain);
int sp_chain_limiter_latency(const sp_chain *chain);

/* Real time. n_frames is a multiple of the convolver's block, else SP_ERROR_FRAMES and nothing is touched. in[2] and out[n_outputs] may
 * not overlap. The sizes of the calls do not change a bit; controls are looked at where a block begins. */
int sp_chain_process(sp_chain *chain, const float *const *in, float *const *out, int n_frames);

/* The programme ends n_frames after what was processed so far; what is processed beyond has to be silence, and no path sounds longer
 * than the programme (the filters' tails do). From the thread that processes. */
void sp_chain_end(sp_chain *chain, int n_frames);

/* Controls, from any thread; gains are linear, finite and not negative. path: 0 left, 1 right, 2 centre. */
void sp_chain_set_path_gain(sp_chain *chain, int path, float gain);
void sp_chain_set_gain(sp_chain *chain, float gain);
void sp_chain_set_mute(sp_chain *chain, int mute);     /* before the limiter */
void sp_chain_set_bypass(sp_chain *chain, int bypass); /* left and right to one output each, as late as the filters' sound */

/* Readings, from any thread. */
float sp_chain_gain_now(const sp_chain *chain);                     /* of the last frame, mute in it; the limiter's latency earlier */
unsigned long long sp_chain_discarded(const sp_chain *chain);       /* samples not finite or beyond SP_MAX_SAMPLE, in all stages */

/* Parts, which belong to the chain: for new filters (sp_filters_new, sp_convolver_swap, ...) and readings. NULL: no limiter. */
sp_convolver *sp_chain_convolver(sp_chain *chain);
const sp_limiter *sp_chain_limiter(const sp_chain *chain);

/* Back to the state of a new one, but for the controls, which hold from the next frame. Not while another thread processes. */
void sp_chain_reset(sp_chain *chain);
void sp_chain_free(sp_chain *chain);

#endif
