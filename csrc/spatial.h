/* The whole contract of the core. cffi and the compiler read this same file, so it holds plain declarations and
 * "#define NAME number" only; guard and includes stand in core.h.
 *
 * Nothing here prints, reads the environment or knows a file. Functions of one object may not run at the same time;
 * different objects are independent.
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
#define SP_ERROR_WINDOW 10         /* windows no powers of two, SP_MIN_SPAN <= span <= n, SP_MIN_WINDOW <= n <= SP_MAX_WINDOW */
#define SP_ERROR_SETTING 11        /* sample rate not above 0, or strength outside 0..1 */

/* Domain of a plan. */
#define SP_MAX_CHANNELS 64
#define SP_MAX_TAPS 1048576
#define SP_MIN_BLOCK 16
#define SP_MAX_BLOCK 8192

#define SP_MIN_SPAN 16
#define SP_MIN_WINDOW 32
#define SP_MAX_WINDOW 131072

/* Samples beyond this magnitude, about +120 dBFS, are taken for garbage. */
#define SP_MAX_SAMPLE 1000000

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
 * Uniformly partitioned overlap-save. Audio is float32, one pointer a channel, of any alignment; filters are
 * [n_outputs][n_inputs][n_taps]. Life: sp_convolver_new, then process and reset in any order, then sp_convolver_free.
 */
typedef struct {
    int n_inputs;        /* 1..SP_MAX_CHANNELS */
    int n_outputs;       /* 1..SP_MAX_CHANNELS */
    int n_taps;          /* 1..SP_MAX_TAPS */
    int block;           /* frames of one partition: a power of two, SP_MIN_BLOCK..SP_MAX_BLOCK */
    int exact_blocks;    /* 1: every call is a multiple of block and no latency is added; 0: any call, latency = block */
    int instruction_set; /* SP_ISA_... */
} sp_plan;

typedef struct sp_convolver sp_convolver;

/* Plans, allocates and touches everything. filters are copied. NULL with *error set where the plan lies outside its domain. */
sp_convolver *sp_convolver_new(const sp_plan *plan, const float *filters, int *error);

/* Frames by which the output comes later than the equation above says: 0 with exact_blocks, else block. Never changes. */
int sp_convolver_latency(const sp_convolver *convolver);

/* Real time: no allocation, lock, wait, system call or page fault. 0 frames is no work and no error; on an error nothing is
 * touched. For one plan the sizes of the calls do not change a bit of the output. A sample that is not finite or beyond
 * SP_MAX_SAMPLE counts as 0 and is discarded. Subnormal numbers are flushed to zero; the floating-point state of the thread
 * is as before on return. in[n_inputs] and out[n_outputs] may not overlap. */
int sp_convolver_process(sp_convolver *convolver, const float *const *in, float *const *out, int n_frames);

/* Input samples discarded since the start or the last reset. */
unsigned long long sp_convolver_discarded(const sp_convolver *convolver);

/* Back to position 0 with all state zero, as if newly made. Real time. */
void sp_convolver_reset(sp_convolver *convolver);

/* NULL is fine. */
void sp_convolver_free(sp_convolver *convolver);


/* Upmix by directional variances: left, right -> left', right', centre, with left' + centre = left and right' + centre = right.
 *
 * n samples are analysed at a time, the last span of them synthesised, every span / 4. Life: sp_upmix_new, then process and reset
 * in any order, then sp_upmix_free.
 */
typedef struct {
    double fs;           /* sample rate, Hz */
    int n;               /* analysis window, samples */
    int span;            /* synthesis window, samples; the latency */
    double strength;     /* of the centre, 0..1 */
    int instruction_set; /* SP_ISA_... */
} sp_upmix_plan;

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
void sp_upmix_reset(sp_upmix *upmix);

/* NULL is fine. */
void sp_upmix_free(sp_upmix *upmix);
