/* The upmix in frames: windows, transform, and in its bins an estimate of the centre, by directional variances or by projection.
 *
 * spatial/dsp/twins/upmix_directional.py and upmix_projection.py derive the two and are their twins. Directional variances: for every hop
 * of span / 4 samples a frame of M = (L + R)/2 and one of S = (L - R)/2 are windowed and transformed; the Stokes parameters of their
 * covariance are averaged over time and frequency; two multiplicative updates fit ten variances to them, from a prior that the band's
 * shares of the last half second give and from the variances of the frame before (upmix_lanes.h); where the estimate of C is expected to
 * be poor, a steady balance of L and R takes a share of it (upmix_model.c); the frames of C are transformed back and overlap. Projection:
 * C is what of M is not correlated with S, times a Wiener gain.
 *
 * The transform is the convolver's (fft.h): a frame of n real samples taken as the block pair (first half, second half). Its n / 2 bins
 * are the frame's Fourier transform at the odd multiples of half a bin; none is special.
 */
#include "upmix_methods.h"

#include <math.h>
#include <stdatomic.h>

#include "clean_samples.h"
#include "fft.h"
#include "upmix_model.h"

/* Between the synthesis windows of 2.7 ms, 21 ms and 85 ms. */
#define SHORT_SPAN_S 0.0075
#define LONG_SPAN_S 0.0425

#define LANES SP_UPMIX_LANES
#define STOKES 4

static const double pi = 3.14159265358979323846;

/* A bin of the spectrum in the order of frequency. */
typedef struct {
    int offset;        /* of its real part in the transform's output; the imaginary part is a chunk later */
    float sign;        /* -1 where the transform has its conjugate */
    int chunk, lane;   /* among the bins of sp_upmix_bins */
    int first, last;   /* bins of its mean over frequency, last not included */
} bin;

struct sp_upmix_frames {
    sp_upmix_plan plan;
    const sp_kernels *kernels;
    int hop, n_bins;
    double keep_means, floor;

    sp_fft fft;
    float *analysis, *synthesis;   /* windows: [n], [span]; strength and the transform's factor are in the second */
    float *mid, *side, *work;      /* [n]; work of the transforms */
    float *mid_spectrum, *side_spectrum; /* [n], chunks [re | im] */

    bin *bins;             /* [n_bins] */
    double *means;         /* [n_bins][STOKES] over time */
    double *sums;          /* [n_bins + 1][STOKES] of the means, from bin 0 */
    sp_upmix_model model;

    float *history[2];     /* [n] of each input, the last hop fills up */
    float *overlap;        /* [span] of C; frames to come are still to be added */
    float *out[3];         /* [hop]: finished, being handed out */
    int fill;
    int early;             /* samples to come of C that lie before the first of the input */
    _Atomic unsigned long long discarded;
    void *allocation;
};

/* ---- plan ---- */

static double bin_hz(const sp_upmix_frames *u, int i) { return (i + 0.5) * u->plan.fs / u->plan.n; }

/* Number of the ERB band of a frequency (Glasberg & Moore 1990). */
static int erb_number(double f_hz) { return (int)floor(21.4 * log10(1 + 4.37e-3 * f_hz)); }

/* Chunks that the bins take, a band beginning a new one; fills in the tables where they are there. */
static int lay_out_bins(sp_upmix_frames *u, int *n_bands) {
    int chunk = -1, lane = LANES, band = -1;
    for (int i = 0; i < u->n_bins; i++, lane++) {
        int new_band = i == 0 || erb_number(bin_hz(u, i)) != erb_number(bin_hz(u, i - 1));
        band += new_band;
        if (new_band || lane == LANES) {
            chunk++;
            lane = 0;
        }
        if (u->bins) {
            u->bins[i].chunk = chunk;
            u->bins[i].lane = lane;
            u->model.chunk_band[chunk] = band;
        }
    }
    *n_bands = band + 1;
    return chunk + 1;
}

/* Where the transform puts which frequency: the spectrum of a delay by one sample is e^{j angle} itself. */
static void find_bins(sp_upmix_frames *u) {
    int chunk = u->kernels->chunk;
    u->mid[1] = 1;
    u->kernels->fft_forward(&u->fft, u->mid, u->mid + u->n_bins, u->mid_spectrum, 2 * (size_t)chunk, u->work);
    u->mid[1] = 0;
    for (int b = 0; b < u->n_bins; b++) {
        int offset = b / chunk * 2 * chunk + b % chunk;
        double angle = atan2(u->mid_spectrum[offset + chunk], u->mid_spectrum[offset]);
        bin *at = &u->bins[(int)(fabs(angle) * u->n_bins / pi)];
        at->offset = offset;
        at->sign = angle > 0 ? -1.0f : 1.0f; /* a delay turns backwards */
    }
}

static void plan_smoothing(sp_upmix_frames *u, double width_erb) {
    for (int i = 0; i < u->n_bins; i++) {
        double width_hz = width_erb * 24.7 * (4.37e-3 * bin_hz(u, i) + 1);
        int half = (int)rint(width_hz * u->plan.n / u->plan.fs);
        u->bins[i].first = i > half ? i - half : 0;
        u->bins[i].last = i + half + 1 < u->n_bins ? i + half + 1 : u->n_bins;
    }
}

/* Square roots of a Hann window's halves, a long one that rises and a short one that falls; the product with the synthesis window is a
 * Hann window of span samples that adds up to one. Returns the sum of squares. */
static double plan_windows(sp_upmix_frames *u) {
    int n = u->plan.n, span = u->plan.span, rise = n - span / 2, fall = span / 2;
    double energy = 0;
    for (int i = 0; i < n; i++) {
        double analysis = i < rise ? sin(0.5 * pi * (i + 0.5) / rise) : cos(0.5 * pi * (i - rise + 0.5) / fall);
        energy += analysis * analysis;
        u->analysis[i] = (float)analysis;
        int late = i - (n - span);
        if (late >= 0) {
            double root = sin(pi * (late + 0.5) / span);
            u->synthesis[late] = (float)(root * root * 2 / SP_UPMIX_OVERLAP / analysis * u->plan.strength / u->n_bins);
        }
    }
    return energy;
}

static void lay_out(sp_upmix_frames *u, sp_arena *memory) {
    int n = u->plan.n, n_bands, n_chunks = lay_out_bins(u, &n_bands);
    u->analysis = sp_take_floats(memory, n);
    u->synthesis = sp_take_floats(memory, u->plan.span);
    u->mid = sp_take_floats(memory, n);
    u->side = sp_take_floats(memory, n);
    u->work = sp_take_floats(memory, n);
    u->mid_spectrum = sp_take_floats(memory, n);
    u->side_spectrum = sp_take_floats(memory, n);
    u->bins = sp_take(memory, u->n_bins * sizeof(bin));
    u->means = sp_take(memory, (uint64_t)u->n_bins * STOKES * sizeof(double));
    u->sums = sp_take(memory, (uint64_t)(u->n_bins + 1) * STOKES * sizeof(double));
    sp_upmix_model_lay_out(&u->model, memory, n_chunks, n_bands);
    for (int i = 0; i < 2; i++) {
        u->history[i] = sp_take_floats(memory, n);
    }
    u->overlap = sp_take_floats(memory, u->plan.span);
    for (int o = 0; o < 3; o++) {
        u->out[o] = sp_take_floats(memory, u->hop);
    }
    float *tables = sp_take_floats(memory, sp_fft_table_size(u->n_bins));
    if (memory->start) {
        u->kernels->fft_plan(&u->fft, u->n_bins, tables);
    }
}

sp_upmix_frames *sp_upmix_frames_new(const sp_upmix_plan *plan) {
    sp_upmix_frames stand_in = {
        .plan = *plan,
        .kernels = sp_kernels_for(plan->instruction_set),
        .hop = plan->span / SP_UPMIX_OVERLAP,
        .n_bins = plan->n / 2,
    };
    sp_arena memory = {0};
    sp_take(&memory, sizeof(sp_upmix_frames));
    lay_out(&stand_in, &memory);
    void *allocation;
    memory = sp_arena_new(memory.used, &allocation);
    if (!allocation) {
        return NULL;
    }

    sp_upmix_frames *u = sp_take(&memory, sizeof(sp_upmix_frames));
    memcpy(u, &stand_in, sizeof stand_in);
    u->allocation = allocation;
    lay_out(u, &memory);
    int n_bands;
    lay_out_bins(u, &n_bands);
    find_bins(u);
    int projection = plan->method == SP_UPMIX_PROJECTION;
    plan_smoothing(u, projection ? SP_PROJECTION_SMOOTHING_ERB : SP_DIRECTIONAL_SMOOTHING_ERB);
    double hop_s = u->hop / plan->fs;
    u->floor = SP_UPMIX_FLOOR * plan_windows(u);
    u->keep_means = exp(-hop_s / (projection ? SP_PROJECTION_MEAN_S : SP_DIRECTIONAL_MEAN_S));
    double span_s = plan->span / plan->fs;
    double guard_db = span_s < SHORT_SPAN_S ? SP_GUARD_SHORT_DB : span_s < LONG_SPAN_S ? SP_GUARD_DB : SP_GUARD_LONG_DB;
    sp_upmix_model_plan(&u->model, hop_s, u->floor, guard_db);
    sp_upmix_frames_reset(u);
    return u;
}

int sp_upmix_frames_latency(const sp_upmix_frames *u) { return u->plan.span; }

unsigned long long sp_upmix_frames_discarded(const sp_upmix_frames *u) {
    return atomic_load_explicit(&u->discarded, memory_order_relaxed);
}

void sp_upmix_frames_reset(sp_upmix_frames *u) {
    memset(u->means, 0, (size_t)u->n_bins * STOKES * sizeof(double));
    sp_upmix_model_reset(&u->model);
    for (int i = 0; i < 2; i++) {
        memset(u->history[i], 0, u->plan.n * sizeof(float));
    }
    memset(u->overlap, 0, u->plan.span * sizeof(float));
    for (int o = 0; o < 3; o++) {
        memset(u->out[o], 0, u->hop * sizeof(float));
    }
    u->fill = 0;
    u->early = u->plan.span - u->hop;
    atomic_store_explicit(&u->discarded, 0, memory_order_relaxed);
}

void sp_upmix_frames_free(sp_upmix_frames *u) {
    if (u) {
        free(u->allocation);
    }
}

/* ---- a frame ---- */

static void analyse(sp_upmix_frames *u) {
    size_t stride = 2 * (size_t)u->kernels->chunk;
    const float *left = u->history[0], *right = u->history[1];
    for (int i = 0; i < u->plan.n; i++) {
        float half = 0.5f * u->analysis[i];
        u->mid[i] = half * (left[i] + right[i]);
        u->side[i] = half * (left[i] - right[i]);
    }
    u->kernels->fft_forward(&u->fft, u->mid, u->mid + u->n_bins, u->mid_spectrum, stride, u->work);
    u->kernels->fft_forward(&u->fft, u->side, u->side + u->n_bins, u->side_spectrum, stride, u->work);
}

/* Recursive means of the Stokes parameters, and their sums from bin 0 on; M and S go to their rows. */
static void average_over_time(sp_upmix_frames *u) {
    int chunk = u->kernels->chunk;
    double keep = u->keep_means, add = 1 - keep;
    for (int i = 0; i < u->n_bins; i++) {
        const bin *b = &u->bins[i];
        float mid_re = u->mid_spectrum[b->offset], mid_im = b->sign * u->mid_spectrum[b->offset + chunk];
        float side_re = u->side_spectrum[b->offset], side_im = b->sign * u->side_spectrum[b->offset + chunk];
        sp_upmix_row(&u->model, b->chunk, SP_MID_RE)[b->lane] = mid_re;
        sp_upmix_row(&u->model, b->chunk, SP_MID_IM)[b->lane] = mid_im;
        sp_upmix_row(&u->model, b->chunk, SP_SIDE_RE)[b->lane] = side_re;
        sp_upmix_row(&u->model, b->chunk, SP_SIDE_IM)[b->lane] = side_im;

        double mr = mid_re, mi = mid_im, sr = side_re, si = side_im;
        double mm = mr * mr + mi * mi, ss = sr * sr + si * si;
        double *mean = u->means + (size_t)i * STOKES, *sum = u->sums + (size_t)i * STOKES;
        mean[0] = keep * mean[0] + add * (mm + ss);
        mean[1] = keep * mean[1] + add * (mm - ss);
        mean[2] = keep * mean[2] + add * 2 * (mr * sr + mi * si);
        mean[3] = keep * mean[3] + add * 2 * (mr * si - mi * sr);
        for (int k = 0; k < STOKES; k++) {
            sum[STOKES + k] = sum[k] + mean[k];
        }
    }
}

/* Means over neighbouring bins, for the model of directions. */
static void average_over_frequency(sp_upmix_frames *u) {
    for (int i = 0; i < u->n_bins; i++) {
        const bin *b = &u->bins[i];
        const double *from = u->sums + (size_t)b->first * STOKES, *to = u->sums + (size_t)b->last * STOKES;
        double total = to[0] - from[0], power = total / (b->last - b->first);
        sp_upmix_model_set(&u->model, b->chunk, b->lane, power, total, to[1] - from[1], to[2] - from[2], to[3] - from[3]);
    }
}

/* C = g (M - w S): w = Re<MS*>/<SS>, g the Wiener gain of the centre in what is left; C is nowhere stronger than M. */
static void project(sp_upmix_frames *u) {
    for (int i = 0; i < u->n_bins; i++) {
        const bin *b = &u->bins[i];
        const double *from = u->sums + (size_t)b->first * STOKES, *to = u->sums + (size_t)b->last * STOKES;
        double each = 0.5 / (b->last - b->first);
        double mm = each * ((to[0] - from[0]) + (to[1] - from[1])), ss = each * ((to[0] - from[0]) - (to[1] - from[1]));
        double ms = each * (to[2] - from[2]);
        double weight = ms / (fmax(ss, 0) + u->floor), left = fmax(mm - weight * ms, 0);
        double gain = fmin(fmax(mm - SP_PROJECTION_OVERSUBTRACTION * ss, 0) / (left + u->floor), 1);
        double mid_re = sp_upmix_row(&u->model, b->chunk, SP_MID_RE)[b->lane], mid_im = sp_upmix_row(&u->model, b->chunk, SP_MID_IM)[b->lane];
        double re = mid_re - weight * sp_upmix_row(&u->model, b->chunk, SP_SIDE_RE)[b->lane];
        double im = mid_im - weight * sp_upmix_row(&u->model, b->chunk, SP_SIDE_IM)[b->lane];
        gain = fmin(gain, sqrt((mid_re * mid_re + mid_im * mid_im) / (re * re + im * im + u->floor)));
        float *centre = u->model.centre + (size_t)b->chunk * 2 * LANES + b->lane;
        centre[0] = (float)(gain * re);
        centre[LANES] = (float)(gain * im);
    }
}

/* The frame of C, of which the last span samples are added to the overlap. */
static void synthesise(sp_upmix_frames *u) {
    int chunk = u->kernels->chunk, n = u->plan.n, span = u->plan.span;
    size_t stride = 2 * (size_t)chunk;
    float *spectrum = u->mid_spectrum, *quarter_turned = u->side_spectrum, *frame = u->mid;
    for (int i = 0; i < u->n_bins; i++) {
        const bin *b = &u->bins[i];
        const float *centre = u->model.centre + (size_t)b->chunk * 2 * LANES + b->lane;
        float re = centre[0], im = b->sign * centre[LANES];
        spectrum[b->offset] = re;
        spectrum[b->offset + chunk] = im;
        quarter_turned[b->offset] = -im;
        quarter_turned[b->offset + chunk] = re;
    }
    if (span > n / 2) { /* the inverse gives imaginary parts, and the first half is the imaginary part of j times the pair */
        u->kernels->fft_inverse(&u->fft, quarter_turned, stride, frame, u->work);
    }
    u->kernels->fft_inverse(&u->fft, spectrum, stride, frame + u->n_bins, u->work);

    memmove(u->overlap, u->overlap + u->hop, (span - u->hop) * sizeof(float));
    memset(u->overlap + span - u->hop, 0, u->hop * sizeof(float));
    for (int i = 0; i < span; i++) {
        u->overlap[i] += frame[n - span + i] * u->synthesis[i];
    }
}

/* A hop is complete: the next hop of the output. */
static void hop(sp_upmix_frames *u) {
    analyse(u);
    average_over_time(u);
    if (u->plan.method == SP_UPMIX_PROJECTION) {
        project(u);
    } else {
        average_over_frequency(u);
        sp_upmix_model_expect(&u->model);
        sp_upmix_model_step(&u->model, u->kernels);
    }
    synthesise(u);

    int begin = u->plan.n - u->plan.span;
    for (int i = 0; i < u->hop; i++) {
        float centre = i < u->early ? 0.0f : u->overlap[i];
        u->out[0][i] = u->history[0][begin + i] - centre;
        u->out[1][i] = u->history[1][begin + i] - centre;
        u->out[2][i] = centre;
    }
    u->early -= u->early < u->hop ? u->early : u->hop;
    for (int i = 0; i < 2; i++) {
        memmove(u->history[i], u->history[i] + u->hop, (u->plan.n - u->hop) * sizeof(float));
    }
}

void sp_upmix_frames_process(sp_upmix_frames *u, const float *const *in, float *const *out, int n_frames) {
    for (int done = 0, run; done < n_frames; done += run) {
        run = n_frames - done < u->hop - u->fill ? n_frames - done : u->hop - u->fill;
        for (int i = 0; i < 2; i++) {
            unsigned garbage = sp_copy_clean(u->history[i] + u->plan.n - u->hop + u->fill, in[i] + done, run);
            if (garbage) {
                atomic_fetch_add_explicit(&u->discarded, garbage, memory_order_relaxed);
            }
        }
        for (int o = 0; o < 3; o++) {
            memcpy(out[o] + done, u->out[o] + u->fill, run * sizeof(float));
        }
        u->fill += run;
        if (u->fill == u->hop) {
            hop(u);
            u->fill = 0;
        }
    }
}
