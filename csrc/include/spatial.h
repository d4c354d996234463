/* The whole contract of the core, and every number that C and Python share. The compiler, cffi and spatial/dsp/constants.py read this same
 * file, so it holds plain declarations and "#define NAME number" (or "number, number, ...") only; guard and includes stand in core.h.
 *
 * Nothing here prints, reads the environment or knows a file. Functions of one object may not run at the same time, but where it says
 * so; different objects are independent. Two threads in the process or reset of one object do no harm: the second gets SP_ERROR_BUSY, and
 * its call touches nothing. An object must not be freed while another function has it.
 *
 * No pointer may be NULL but where it says so: functions that return an error give SP_ERROR_NULL, makers give NULL and the same *error
 * (error itself may be NULL), readings give 0, and what returns nothing does nothing.
 */

/* Errors. */
#define SP_OK 0
#define SP_ERROR_INPUTS 1          /* number of inputs outside 1..SP_MAX_CHANNELS */
#define SP_ERROR_OUTPUTS 2         /* number of outputs outside 1..SP_MAX_CHANNELS */
#define SP_ERROR_TAPS 3            /* number of taps outside 1..SP_MAX_TAPS */
#define SP_ERROR_BLOCK 4           /* block no power of two in SP_MIN_BLOCK..SP_MAX_BLOCK */
#define SP_ERROR_FLAG 5            /* exact_blocks neither 0 nor 1 */
#define SP_ERROR_INSTRUCTION_SET 6 /* not one of SP_ISA_..., or not on this processor */
#define SP_ERROR_TAP_VALUE 7       /* a tap is not finite */
#define SP_ERROR_MEMORY 8          /* the plan does not fit into memory */
#define SP_ERROR_FRAMES 9          /* frames negative, or with exact_blocks no multiple of the block */
#define SP_ERROR_WINDOW 10         /* not 0, nor powers of two, SP_MIN_SPAN <= span <= n, SP_MIN_WINDOW <= n <= SP_MAX_WINDOW */
#define SP_ERROR_SETTING 11        /* sample rate outside SP_MIN_FS..SP_MAX_FS, or strength outside 0..1 */
#define SP_ERROR_UPMIX 12          /* no such upmix, or one without stereo in and three paths */
#define SP_ERROR_BYPASS 13         /* outputs that there are not, or a delay outside 0..SP_MAX_BYPASS_DELAY */
#define SP_ERROR_TAILS 14          /* tails no rising powers of two, or 2 tails[k] >= n_taps */
#define SP_ERROR_FILTERS 15        /* filters of another convolver, or that a convolver owns already */
#define SP_ERROR_NULL 16           /* a pointer that has to be there is NULL */
#define SP_ERROR_BUSY 17           /* another thread is in this object, or a chain is in use already */
#define SP_ERROR_GAIN 18           /* gain not finite or outside 0..SP_MAX_GAIN, or a path that there is not */

/* Domain of a plan. */
#define SP_MAX_CHANNELS 64
#define SP_MAX_TAPS 1048576
#define SP_MIN_BLOCK 16
#define SP_MAX_BLOCK 8192
#define SP_MAX_TAILS 3
#define SP_MAX_PARTITION 32768

/* Products in one accumulator of single precision; so many sums are added up apart. */
#define SP_PRODUCTS_PER_SUM 64

/* Values of n_tails that are no number of tails. */
#define SP_TAILS_CHOSEN 0 /* by the cost of the work; the worst block costs at most 1.4 times the mean */
#define SP_TAILS_NONE -1

/* Shortest cross-fade of a swap, frames. */
#define SP_MIN_FADE 1024

/* Sample rates of all stages, Hz; the upmix without delay begins at SP_MIN_BANDS_FS. Lengths that are told at one rate are told at
 * SP_REFERENCE_FS. */
#define SP_MIN_FS 1000
#define SP_MAX_FS 1000000
#define SP_MIN_BANDS_FS 4000
#define SP_REFERENCE_FS 48000

/* Linear, +120 dB. */
#define SP_MAX_GAIN 1000000

#define SP_MAX_BYPASS_DELAY 2097152

#define SP_MIN_SPAN 16
#define SP_MIN_WINDOW 32
#define SP_MAX_WINDOW 131072

/* Samples beyond this magnitude, about +120 dBFS, are taken for garbage; in the limiter those beyond +240 dBFS. */
#define SP_MAX_SAMPLE 1000000
#define SP_MAX_LIMITED_SAMPLE 1e12

/* In which gains, mute, bypass and what else a listener may switch go from one value to the next, s. */
#define SP_FADE_S 0.020

/* Instruction sets. All give the same bits; BASELINE is what every processor of the architecture has. */
#define SP_ISA_BEST 0
#define SP_ISA_BASELINE 1
#define SP_ISA_AVX2 2
#define SP_ISA_AVX512 3

/* The best instruction set that this processor has. */
int sp_best_instruction_set(void);

/* "SSE2", "AVX-512", ...; NULL where this processor has no such instruction set. SP_ISA_BEST names the best one. */
const char *sp_instruction_set_name(int instruction_set);


/* Matrix convolver: output[o][n] = sum over i and k of filter[o][i][k] * input[i][n - k].
 *
 * Partitioned overlap-save: the first taps in partitions of a block; behind them tails, later taps in longer partitions whose work is
 * spread over the blocks. Where the filters are mirror-symmetric it does half the products. Audio is float32, one pointer a channel, of
 * any alignment; filters are [n_outputs][n_inputs][n_taps]. Life: sp_convolver_new, then process, swap, collect and reset in any order,
 * then sp_convolver_free.
 */
typedef struct {
    int n_inputs;            /* 1..SP_MAX_CHANNELS */
    int n_outputs;           /* 1..SP_MAX_CHANNELS */
    int n_taps;              /* 1..SP_MAX_TAPS */
    int block;               /* frames of the head's partitions: a power of two, SP_MIN_BLOCK..SP_MAX_BLOCK */
    int exact_blocks;        /* 1: every call is a multiple of block and no latency is added; 0: any call, latency = block */
    int instruction_set;     /* SP_ISA_... */
    int n_tails;             /* 1..SP_MAX_TAILS, or SP_TAILS_... */
    int tails[SP_MAX_TAILS]; /* their partitions, frames: powers of two, block < tails[0] < ... <= SP_MAX_PARTITION, 2 tails[k] < n_taps */
} sp_plan;

typedef struct sp_convolver sp_convolver;

/* Filters in the layout of one convolver, ready to take the place of those that sound. */
typedef struct sp_filters sp_filters;

/* Plans, allocates and touches everything. filters are copied. NULL with *error set where the plan lies outside its domain. */
sp_convolver *sp_convolver_new(const sp_plan *plan, const float *filters, int *error);

/* Frames by which the output comes later than the equation above says: 0 with exact_blocks, else block. Never changes. */
int sp_convolver_latency(const sp_convolver *convolver);

/* Partitions of the head and the tails, frames, into partitions[1 + SP_MAX_TAILS]; returns how many. The bits of the output depend on the
 * position modulo the last one, and so does what a block costs. */
int sp_convolver_partitions(const sp_convolver *convolver, int *partitions);

/* Real time: no allocation, lock, wait, system call or page fault. 0 frames is no work and no error; on an error nothing is
 * touched. For one plan the sizes of the calls do not change a bit of the output. A sample that is not finite or beyond
 * SP_MAX_SAMPLE counts as 0 and is discarded. Subnormal numbers are flushed to zero; the floating-point state of the thread
 * is as before on return. in[n_inputs] and out[n_outputs] may not overlap. */
int sp_convolver_process(sp_convolver *convolver, const float *const *in, float *const *out, int n_frames);

/* Input samples discarded since the start or the last reset. From any thread. */
unsigned long long sp_convolver_discarded(const sp_convolver *convolver);

/* New filters for a convolver, taps as in sp_convolver_new; copied. Any thread, also while the convolver processes; allocates. NULL with
 * *error set. */
sp_filters *sp_filters_new(const sp_convolver *convolver, const float *taps, int *error);

/* Puts filters in the place of those that sound, by a cross-fade. With L the longest partition, the fade begins L to 2 L frames after
 * the next call of process (0 to block frames where there are no tails), or as long after the end of a fade that is under way, and lasts
 * sp_convolver_fade frames, with weights 3 x^2 - 2 x^3. Filters that still wait are skipped: the latest win. While a fade lasts a block
 * costs about twice as much. The convolver owns the filters until it gives them back. Any thread, also while another one processes, swaps
 * or collects. SP_ERROR_FILTERS: made for another convolver, be it one that is gone, or owned already; nothing happens. */
int sp_convolver_swap(sp_convolver *convolver, sp_filters *filters);

/* Filters out of use, sounding no more or skipped, which now belong to the caller: to free, or to swap in again. NULL: none. Any thread;
 * each set is given once. */
sp_filters *sp_convolver_collect(sp_convolver *convolver);

/* max(L, SP_MIN_FADE) */
int sp_convolver_fade(const sp_convolver *convolver);

/* Filters that belong to the caller; those that a convolver owns are left to it. They may outlive it. NULL is fine. */
void sp_filters_free(sp_filters *filters);

/* Back to position 0 with all state zero, as if newly made with the filters swapped in last: they sound at once. Real time, but not
 * while another thread processes: SP_ERROR_BUSY, and nothing happens. */
int sp_convolver_reset(sp_convolver *convolver);

/* With all filters that it owns. NULL is fine. */
void sp_convolver_free(sp_convolver *convolver);


/* Ways to split stereo into left', right' and centre, with left' + centre = left and right' + centre = right. */
#define SP_UPMIX_OFF 0         /* no centre */
#define SP_UPMIX_MATRIX 1      /* centre = strength (left + right)/2 */
#define SP_UPMIX_DIRECTIONAL 2 /* by directional variances */
#define SP_UPMIX_PROJECTION 3  /* what of left + right is not correlated with left - right */

/* The ways that listen. n samples are analysed at a time, the last span of them synthesised, every span / 4; DIRECTIONAL with n = span = 0
 * has no windows and no delay, but bands that add up exactly, from SP_MIN_BANDS_FS on. Life: sp_upmix_new, then process and reset in any
 * order, then sp_upmix_free.
 */
typedef struct {
    int method;          /* SP_UPMIX_DIRECTIONAL or SP_UPMIX_PROJECTION */
    double fs;           /* sample rate, Hz: SP_MIN_FS..SP_MAX_FS */
    int n;               /* analysis window, samples */
    int span;            /* synthesis window, samples; the latency */
    double strength;     /* of the centre, 0..1 */
    int instruction_set; /* SP_ISA_... */
} sp_upmix_plan;

/* Windows: hops in a synthesis window; power re full scale below which a band is silent. */
#define SP_UPMIX_OVERLAP 4
#define SP_UPMIX_FLOOR 1e-20

/* DIRECTIONAL: time constant of the covariance, s, and half-width of its mean over frequency, equivalent rectangular bandwidths. */
#define SP_DIRECTIONAL_MEAN_S 0.020
#define SP_DIRECTIONAL_SMOOTHING_ERB 0.18
/* Updates of the variances in a frame (a third separates a little more and adds artefacts); regularisation of the model, in units of a
 * bin's power; share of S in it below which C is M, up to ten times as much the two are blended. */
#define SP_DIRECTIONAL_UPDATES 2
#define SP_DIRECTIONAL_REGULARISATION 1e-3
#define SP_DIRECTIONAL_DEAD_ZONE 1e-3
/* Time constants with which the last frame's variances fade into the prior, and of the directions' shares in a band, s. */
#define SP_DIRECTIONAL_VARIANCES_S 0.018
#define SP_DIRECTIONAL_SHARES_S 0.5
/* The prior: exponent of the mean share of all bands, 1 minus it being that of the band's own; exponent of both; bounds of the shares. */
#define SP_DIRECTIONAL_GLOBAL_WEIGHT 0.2
#define SP_DIRECTIONAL_SHARPENING 1.35
#define SP_DIRECTIONAL_CENTRE_AT_START 0.7
#define SP_DIRECTIONAL_CENTRE_AT_LEAST 0.1
#define SP_DIRECTIONAL_SHARE_AT_LEAST 1e-4
/* How far below C its expected error is kept, dB, with synthesis windows of 2.7, 21 and 85 ms; time constant of that error, s. */
#define SP_GUARD_SHORT_DB 10.5
#define SP_GUARD_DB 12.5
#define SP_GUARD_LONG_DB 12.0
#define SP_GUARD_S 1.0

/* DIRECTIONAL without delay: bands, their lowest and highest edge, Hz, and the share of the rate that the highest is at most. */
#define SP_BANDS 24
#define SP_BANDS_LOWEST_HZ 80.0
#define SP_BANDS_HIGHEST_HZ 16000.0
#define SP_BANDS_HIGHEST_SHARE 0.42
/* Control block at SP_REFERENCE_FS, frames, at other rates the nearest power of two; blocks after which the prior follows the shares. */
#define SP_BANDS_CONTROL_FRAMES 16
#define SP_BANDS_PRIOR_BLOCKS 16
/* Time constant of a band's means: periods of its lower edge, within limits, s. */
#define SP_BANDS_MEAN_PERIODS 6.0
#define SP_BANDS_SHORTEST_MEAN_S 0.006
#define SP_BANDS_LONGEST_MEAN_S 0.060

/* PROJECTION: as above; how much of the power of S is taken from that of M (1 leaves 2.4 dB more of other sources in the centre, and 2 dB
 * less of the centre at the sides). */
#define SP_PROJECTION_MEAN_S 0.060
#define SP_PROJECTION_SMOOTHING_ERB 0.25
#define SP_PROJECTION_OVERSUBTRACTION 1.6

typedef struct sp_upmix sp_upmix;

/* Plans, allocates and touches everything. NULL with *error set where the plan lies outside its domain. */
sp_upmix *sp_upmix_new(const sp_upmix_plan *plan, int *error);

/* Frames by which the output is late: span. */
int sp_upmix_latency(const sp_upmix *upmix);

/* As sp_convolver_process: real time, any number of frames, garbage counts as 0, the same bits for all sizes of calls and all
 * instruction sets. in[2] and out[3] may not overlap. */
int sp_upmix_process(sp_upmix *upmix, const float *const *in, float *const *out, int n_frames);

/* Input samples discarded since the start or the last reset. */
unsigned long long sp_upmix_discarded(const sp_upmix *upmix);

/* Back to the state of a new one. Real time. */
int sp_upmix_reset(sp_upmix *upmix);

/* NULL is fine. */
void sp_upmix_free(sp_upmix *upmix);


/* Peak limiter with look-ahead: one gain for all channels, so that what they make together in the air keeps its shape.
 *
 * Below the ceiling the samples pass unchanged. A gain moves within the look-ahead, which is the latency, stays and returns. What is
 * promised, at every rate:
 *
 * - No sample above SP_LIMITER_CEILING_DB, for any input.
 * - No true peak above SP_LIMITER_METER_CEILING_DB as a meter of ITU-R BS.1770-5 reads it (four places a sample, 12 taps each), for any
 *   input for which the gain falls by up to 0.1 dB a frame. A fall is spread over the look-ahead, so that is a reduction of up to 23 dB at
 *   48 kHz, 95 dB at 192 kHz and 3 dB at 8 kHz and below. Steeper falls may at the very worst let through another 0.14 dB for every further
 *   0.1 dB a frame; of all signals in benchmarks/true_peak.py none does, at +20 or +60 dBFS, at any rate.
 * - Longer filters than the meter's read no more than that of what lies below 0.3 of the rate, and more of what lies close to half the
 *   rate: no figure can be promised there, since with ever longer filters there is no largest one. benchmarks/README.md has a table.
 *
 * Life: sp_limiter_new, then process and reset in any order, then sp_limiter_free.
 */
#define SP_LIMITER_CEILING_DB -1.0
#define SP_LIMITER_METER_CEILING_DB -0.8
#define SP_LIMITER_METER_MARGIN_DB 0.15 /* by which the meter's reading is kept below that, for it is not the same while the gain falls */

#define SP_LIMITER_LOOK_AHEAD_S 0.005
#define SP_MIN_LOOK_AHEAD 40 /* frames, where that would be shorter */
#define SP_LIMITER_HOLD_S 0.025
#define SP_LIMITER_RELEASE_DB_PER_S 40.0

/* Where peaks are looked for: places a sample, by Kaiser-windowed sincs of so many taps on either side. */
#define SP_LIMITER_PLACES 8
#define SP_LIMITER_HALF_TAPS 10
#define SP_LIMITER_KAISER_BETA 5.0

/* Gains are whole numbers of this fine a step, so that minima, slopes and sums are exact however the stream is cut into calls; a gain that
 * is needed is so many steps lower than computed, for the rounding of single precision. */
#define SP_LIMITER_STEPS_PER_DB 1000000
#define SP_LIMITER_ROUNDING_STEPS 10

typedef struct {
    double fs;           /* sample rate, Hz: SP_MIN_FS..SP_MAX_FS */
    int n_channels;      /* 1..SP_MAX_CHANNELS */
    int instruction_set; /* SP_ISA_... */
} sp_limiter_plan;

typedef struct sp_limiter sp_limiter;

/* Plans, allocates and touches everything. NULL with *error set where the plan lies outside its domain. */
sp_limiter *sp_limiter_new(const sp_limiter_plan *plan, int *error);

/* Frames by which the output is late. */
int sp_limiter_latency(const sp_limiter *limiter);

/* Real time, as sp_convolver_process; any number of frames. out[n_channels] may be in[n_channels]. */
int sp_limiter_process(sp_limiter *limiter, const float *const *in, float *const *out, int n_frames);

/* Readings, from any thread. */
float sp_limiter_gain_db(const sp_limiter *limiter);                   /* of the last frame given out, <= 0 */
float sp_limiter_lowest_gain_db(const sp_limiter *limiter);            /* since the start or the last reset */
unsigned long long sp_limiter_limited(const sp_limiter *limiter);      /* frames given out with less than 0 dB */
unsigned long long sp_limiter_discarded(const sp_limiter *limiter);    /* samples not finite or beyond +240 dBFS, 0 instead */

/* Back to the state of a new one. Real time. */
int sp_limiter_reset(sp_limiter *limiter);

/* NULL is fine. */
void sp_limiter_free(sp_limiter *limiter);


/* Loudness and true peak of a stream (ITU-R BS.1770-5), every channel with weight 1. A sample that is not finite or beyond SP_MAX_SAMPLE
 * counts as 0 and is discarded. Life: sp_meter_new, then process and reset in any order, then sp_meter_free.
 */
/* Steps of a second: gating blocks begin with each. */
#define SP_METER_STEPS_PER_S 10

/* The analogue filters behind the standard's K-weighting (De Man 2014): a high shelf, whose band gain is its high one to a power, and a
 * high-pass. Below SP_METER_MATCHED_BELOW_HZ, where half the rate comes near to the shelf, the shelf is a matched one. */
#define SP_METER_SHELF_HZ 1681.974450955533
#define SP_METER_SHELF_DB 3.999843853973347
#define SP_METER_SHELF_Q 0.7071752369554196
#define SP_METER_SHELF_BAND_POWER 0.4996667741545416
#define SP_METER_PASS_HZ 38.13547087602444
#define SP_METER_PASS_Q 0.5003270373238773
#define SP_METER_MATCHED_BELOW_HZ 32000

/* Interpolating filter of the true-peak meter, annex 2: phases 0 and 1; phases 3 and 2 are their mirror images. */
#define SP_METER_TAPS_0 \
    0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875, 0.1373291015625, \
    0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250, 0.0148925781250, -0.0083007812500
#define SP_METER_TAPS_1 \
    -0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500, 0.4650878906250, \
    0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625, 0.0330810546875, -0.0189208984375

typedef struct {
    double fs;           /* sample rate, Hz: SP_MIN_FS..SP_MAX_FS */
    int n_channels;      /* 1..SP_MAX_CHANNELS */
    int peaks;           /* 1: loudness and peaks; 0: loudness alone, peaks read 0 */
    int instruction_set; /* SP_ISA_... */
} sp_meter_plan;

typedef struct sp_meter sp_meter;

/* Plans, allocates and touches everything. NULL with *error set where the plan lies outside its domain. */
sp_meter *sp_meter_new(const sp_meter_plan *plan, int *error);

/* Frames of a step: a tenth of a second. */
int sp_meter_step(const sp_meter *meter);

/* The next n_frames of every channel. steps, which has room for n_frames / step + 1, gets the mean K-weighted power, summed over the
 * channels, of every step that is completed; returns their number, or minus an error, and nothing is touched then. Real time. */
int sp_meter_process(sp_meter *meter, const float *const *in, int n_frames, double *steps);

/* Largest magnitude so far: of a channel's samples, 0 for a channel that there is not; of all channels between the samples as well, as if
 * silence followed. -1 while another thread processes. */
double sp_meter_sample_peak(sp_meter *meter, int channel);
double sp_meter_true_peak(sp_meter *meter);

/* Samples discarded since the start or the last reset. From any thread. */
unsigned long long sp_meter_discarded(const sp_meter *meter);

/* Back to the state of a new one. Real time. */
int sp_meter_reset(sp_meter *meter);

/* NULL is fine. */
void sp_meter_free(sp_meter *meter);


/* The chain: programme -> upmix -> end of the programme -> path gains -> sp_convolver -> bypass -> gain -> sp_limiter.
 *
 * n programme channels in, m paths into the filters, one feed an output out. An upmix makes left', right' and centre of stereo: n = 2, m =
 * 3. With SP_UPMIX_OFF the first n paths are the programme's channels as they are, and further ones are silent. Changes of gains and bypass
 * are smooth over SP_FADE_S. Life: sp_chain_new; any sp_chain_set_...; then process, set and reset in any order; then sp_chain_free. What
 * is set before the first process, or between reset and the next one, holds from its first frame.
 */
typedef struct {
    double fs;            /* sample rate, Hz: SP_MIN_FS..SP_MAX_FS */
    int n_inputs;         /* channels of the programme, 1..SP_MAX_CHANNELS */
    sp_plan convolver;    /* its n_inputs are the paths, at least as many as the programme's channels; exact_blocks 1 */
    int upmix;            /* SP_UPMIX_...; else than OFF where stereo becomes three paths */
    int upmix_n;          /* as in sp_upmix_plan, for DIRECTIONAL and PROJECTION */
    int upmix_span;
    double strength;      /* of the centre, 0..1 */
    int limiter;          /* 1: there is one, 0: none */
    int bypass_outputs[SP_MAX_CHANNELS]; /* where each channel goes to in bypass; where k of them share an output, by sqrt(1/k) lower */
    int bypass_delay;     /* of the filters, frames, so that bypass is as late as they are */
} sp_chain_plan;

typedef struct sp_chain sp_chain;

/* Plans, allocates and touches everything; gains 1, no mute, no bypass. */
sp_chain *sp_chain_new(const sp_chain_plan *plan, const float *filters, int *error);

/* Of the plan. */
int sp_chain_block(const sp_chain *chain);
int sp_chain_n_inputs(const sp_chain *chain);
int sp_chain_n_outputs(const sp_chain *chain);

/* Frames by which the output is late, bank not counted: upmix, limiter. */
int sp_chain_upmix_latency(const sp_chain *chain);
int sp_chain_limiter_latency(const sp_chain *chain);

/* Real time. n_frames is a multiple of the convolver's block, else SP_ERROR_FRAMES and nothing is touched. in[n_inputs] and out[n_outputs]
 * may not overlap. The sizes of the calls do not change a bit; controls are looked at where a block begins. */
int sp_chain_process(sp_chain *chain, const float *const *in, float *const *out, int n_frames);

/* The programme ends n_frames after what was processed so far; what is processed beyond has to be silence, and no path sounds longer
 * than the programme (the filters' tails do). From the thread that processes. SP_ERROR_FRAMES where n_frames is negative. */
int sp_chain_end(sp_chain *chain, int n_frames);

/* Controls, from any thread; gains are linear, 0..SP_MAX_GAIN, else SP_ERROR_GAIN and nothing happens. path: from 0. */
int sp_chain_set_path_gain(sp_chain *chain, int path, float gain);
int sp_chain_set_gain(sp_chain *chain, float gain);
int sp_chain_set_mute(sp_chain *chain, int mute);     /* before the limiter */
int sp_chain_set_bypass(sp_chain *chain, int bypass); /* every channel to one output, as late as the filters' sound */

/* Readings, from any thread. */
float sp_chain_gain_now(const sp_chain *chain);                     /* of the last frame, mute in it; the limiter's latency earlier */
unsigned long long sp_chain_discarded(const sp_chain *chain);       /* samples not finite or beyond SP_MAX_SAMPLE, in all stages */

/* Parts, which belong to the chain: for new filters and readings. NULL: no limiter. */
sp_convolver *sp_chain_convolver(sp_chain *chain);
const sp_limiter *sp_chain_limiter(const sp_chain *chain);

/* Back to the state of a new one, but for the controls, which hold from the next frame. Not while another thread processes. */
int sp_chain_reset(sp_chain *chain);

/* NULL is fine. */
void sp_chain_free(sp_chain *chain);


/* Live: a programme through a chain to a sound device, from inside the device's callback.
 *
 * The programme comes through a ring that another thread fills, or from the device's own input. Where the host's block is a known multiple
 * of the plan's block nothing is added to the latency, else one block: never more, never changing. What comes out is, that latency later,
 * what the chain gives for the same programme in one piece, for callbacks of any size; silence before and after it is not fed to the chain.
 *
 * Life: sp_live_new; write, end, switch, collect, stop and read in any order while the device calls back; close the device; collect and
 * sp_live_free. One thread writes and ends, one switches, collects, stops and reads; a second one in any of them is turned away.
 */
#define SP_MAX_DEVICE_CHANNELS 256
#define SP_MAX_LIVE_FRAMES 16777216 /* of ring, refill and fade */

typedef struct {
    sp_chain *chain;
    int n_outputs;    /* of the chain, or 0: as many as the chain has; else SP_ERROR_OUTPUTS */
    int channels[SP_MAX_CHANNELS]; /* of the device, from 0, one for each output; other channels are silent */
    int tail;         /* frames that still sound when the programme has ended */
} sp_feeds;

typedef struct {
    int block;          /* of the chain's plan, or 0: what the chain has; else SP_ERROR_BLOCK, at sp_live_new as at a switch */
    int host_block;     /* frames of a callback; 0: not known */
    int n_channels;     /* of the device, 1..SP_MAX_DEVICE_CHANNELS, interleaved */
    int n_captured;     /* of the device's input, the programme then: as many as the chain's inputs, or 1 for all; 0: the ring is it */
    int ring_frames;    /* that are kept ready, at least; more is taken, up to a power of two */
    int refill_frames;  /* that the ring must hold before it sounds, at first and when it ran dry */
    int fade_frames;    /* at least 1: of stop, of a switch, and around a gap; rounded up to whole blocks around a gap */
    int fade_in;        /* 1: the programme begins in the middle of something, its first frames rise from silence */
    unsigned long long first_frame; /* where frames and position start counting; below 2^62 */
} sp_live_plan;

typedef struct sp_live sp_live;

/* Allocates and touches everything, and runs the chain once over noise, with a reset after it, so that its code is in memory too. */
sp_live *sp_live_new(const sp_live_plan *plan, const sp_feeds *feeds, int *error);

/* Frames added to the chain's latency: 0 where host_block is a multiple of block, else block. */
int sp_live_latency(const sp_live *live);

/* Frames taken from in[inputs of the chain], as many as there is room for, or minus an error. */
int sp_live_write(sp_live *live, const float *const *in, int n_frames);

/* Frames that sp_live_write would take now. */
int sp_live_room(const sp_live *live);

/* The programme ends with what was written. Its tail is played to the last frame. */
int sp_live_end(sp_live *live);

/* PortAudio's callback; user is the sp_live. Real time: no allocation, lock, wait, system call or page fault. Returns 0, go on. */
int sp_live_callback(const void *in, void *out, unsigned long frames, const void *time, unsigned long flags, void *user);

/* Other feeds, of as many inputs: they hear the programme for warm_frames unheard, then a cross-fade leads over. The latest wins. An error
 * leaves all as it was; else the chain belongs to the live until it is collected. SP_ERROR_BUSY: the live has this chain already, or
 * another thread is in this function or in sp_live_collect. Nothing is switched once the programme has ended. */
int sp_live_switch(sp_live *live, const sp_feeds *feeds, int warm_frames);

/* A chain that is in use no more, or NULL: none, or another thread is in this function or in sp_live_switch. Before sp_live_free, when the device is closed, last = 1 gives all of them, one a call. */
sp_chain *sp_live_collect(sp_live *live, int last);

/* Fades to silence; from then on the programme rests. */
int sp_live_stop(sp_live *live);

typedef struct {
    unsigned long long frames;          /* given to the device */
    unsigned long long position;        /* of the programme, taken by the chain */
    unsigned long long callbacks;
    unsigned long long dry;             /* times that the ring ran dry */
    unsigned long long dry_frames;      /* silence, or a fade to it, in the programme's place; none of the programme is lost */
    unsigned long long device_dropouts; /* times that the device said it had to invent samples */
    unsigned long long overrun_frames;  /* captured and lost */
    unsigned long long clipped;         /* samples beyond full scale */
    unsigned long long switches;        /* that have come to their end */
    unsigned long long refused;         /* frames of silence because another thread was in the chain, or called back at the same time */
    int switching;                      /* 1: a switch is on its way */
    int silent;                         /* 1: stop has faded out */
    int finished;                       /* 1: the last frame of the tail was given */
    float peaks[SP_MAX_CHANNELS];       /* of each output since the last reading */
} sp_live_figures;

int sp_live_read(sp_live *live, sp_live_figures *figures);

/* NULL is fine. The chains are the caller's. */
void sp_live_free(sp_live *live);
