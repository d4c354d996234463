/* The upmix without delay: bands that add up to the signal exactly, and gains that follow one control block behind.
 *
 * spatial/dsp/twins/upmix_bands.py derives it and is its twin. M and S are split by low-passes at 23 edges, the bands are the differences of
 * neighbours (bands_lanes.h). A control block sums up the powers of the bands; at its end the model of upmix_model.c says what the centre
 * takes of M and of S in every band, and these gains are reached, in a straight line, at the end of the next one.
 */
#include "upmix_methods.h"

#include <math.h>
#include <stdatomic.h>

#include "clean_samples.h"
#include "upmix_model.h"


#define LANES SP_UPMIX_LANES
#define GROUPS (SP_BANDS / 8)

static const double pi = 3.14159265358979323846;

/* Running means in a band. */
typedef struct {
    double keep, mm, ss, ms;
} band;

struct sp_upmix_bands {
    sp_upmix_plan plan;
    const sp_kernels *kernels;
    sp_split split;
    sp_upmix_model model;
    band bands[SP_BANDS];
    float *clean[2], *mid, *side, *centre; /* [control_frames] */
    int fill, control_blocks;              /* frames of this one; how many there were, up to SP_BANDS_PRIOR_BLOCKS */
    _Atomic unsigned long long discarded;
    void *allocation;
};

/* ---- plan ---- */

static double erb_number(double f_hz) { return 21.4 * log10(1 + 4.37e-3 * f_hz); }

/* Edges equally spaced on the ERB scale (Glasberg & Moore 1990). */
static double edge_hz(double fs, int edge) {
    double highest = SP_BANDS_HIGHEST_SHARE * fs < SP_BANDS_HIGHEST_HZ ? SP_BANDS_HIGHEST_SHARE * fs : SP_BANDS_HIGHEST_HZ;
    double low = erb_number(SP_BANDS_LOWEST_HZ), high = erb_number(highest);
    return (pow(10, (low + (high - low) * edge / (SP_BANDS - 2)) / 21.4) - 1) / 4.37e-3;
}

static void plan_bands(sp_upmix_bands *u) {
    double fs = u->plan.fs, block_s = u->split.control_frames / fs;
    for (int b = 0; b < SP_BANDS; b++) {
        double lower_hz = b ? edge_hz(fs, b - 1) : 0.7 * edge_hz(fs, 0);
        double mean_s = fmin(fmax(SP_BANDS_MEAN_PERIODS / lower_hz, SP_BANDS_SHORTEST_MEAN_S), SP_BANDS_LONGEST_MEAN_S);
        u->bands[b].keep = exp(-block_s / mean_s);
        u->model.chunk_band[b] = b;
        /* what the kernel gives is then the gains themselves: of M, and minus that of S */
        sp_upmix_row(&u->model, b, SP_MID_RE)[0] = 1;
        sp_upmix_row(&u->model, b, SP_SIDE_IM)[0] = 1;
        if (b < SP_BANDS - 1) { /* Butterworth: damping of root two */
            double g = tan(pi * edge_hz(fs, b) / fs), a1 = 1 / (1 + g * (g + sqrt(2)));
            u->split.a1[b] = (float)a1;
            u->split.a2[b] = (float)(g * a1);
            u->split.a3[b] = (float)(g * g * a1);
        }
    }
}

static void lay_out(sp_upmix_bands *u, sp_arena *memory) {
    int frames = u->split.control_frames;
    u->split.a1 = sp_take_floats(memory, SP_BANDS);
    u->split.a2 = sp_take_floats(memory, SP_BANDS);
    u->split.a3 = sp_take_floats(memory, SP_BANDS);
    u->split.integrators = sp_take_floats(memory, 4 * SP_BANDS);
    u->split.gains = sp_take_floats(memory, 4 * SP_BANDS);
    u->split.sums = sp_take_floats(memory, 3 * SP_BANDS);
    u->split.below_mid = sp_take_floats(memory, (uint64_t)frames * SP_BANDS_ROW);
    u->split.below_side = sp_take_floats(memory, (uint64_t)frames * SP_BANDS_ROW);
    for (int i = 0; i < 2; i++) {
        u->clean[i] = sp_take_floats(memory, frames);
    }
    u->mid = sp_take_floats(memory, frames);
    u->side = sp_take_floats(memory, frames);
    u->centre = sp_take_floats(memory, frames);
    sp_upmix_model_lay_out(&u->model, memory, SP_BANDS, SP_BANDS);
}

sp_upmix_bands *sp_upmix_bands_new(const sp_upmix_plan *plan) {
    sp_upmix_bands stand_in = {.plan = *plan, .kernels = sp_kernels_for(plan->instruction_set)};
    stand_in.split.control_frames = (int)exp2(rint(log2(SP_BANDS_CONTROL_FRAMES / (double)SP_REFERENCE_FS * plan->fs)));
    sp_arena memory = {0};
    sp_take(&memory, sizeof(sp_upmix_bands));
    lay_out(&stand_in, &memory);
    void *allocation;
    memory = sp_arena_new(memory.used, &allocation);
    if (!allocation) {
        return NULL;
    }
    sp_upmix_bands *u = sp_take(&memory, sizeof(sp_upmix_bands));
    memcpy(u, &stand_in, sizeof stand_in);
    u->allocation = allocation;
    lay_out(u, &memory);
    plan_bands(u);
    sp_upmix_model_plan(&u->model, u->split.control_frames / plan->fs, SP_UPMIX_FLOOR, 0);
    sp_upmix_bands_reset(u);
    return u;
}

unsigned long long sp_upmix_bands_discarded(const sp_upmix_bands *u) {
    return atomic_load_explicit(&u->discarded, memory_order_relaxed);
}

void sp_upmix_bands_reset(sp_upmix_bands *u) {
    memset(u->split.integrators, 0, 4 * SP_BANDS * sizeof(float));
    memset(u->split.sums, 0, 3 * SP_BANDS * sizeof(float));
    memset(u->split.gains, 0, 4 * SP_BANDS * sizeof(float));
    for (int b = 0; b < SP_BANDS; b++) {
        u->split.gains[b] = 1; /* all of M: mono is the centre from the first sample on */
        u->bands[b].mm = u->bands[b].ss = u->bands[b].ms = 0;
    }
    sp_upmix_model_reset(&u->model);
    u->fill = u->control_blocks = 0;
    atomic_store_explicit(&u->discarded, 0, memory_order_relaxed);
}

void sp_upmix_bands_free(sp_upmix_bands *u) {
    if (u) {
        free(u->allocation);
    }
}

/* ---- a control block ---- */

/* Means of the powers, which are then what the model knows of its one bin in every band. */
static void average(sp_upmix_bands *u) {
    for (int b = 0; b < SP_BANDS; b++) {
        const float *sums = u->split.sums + (size_t)b / 8 * 3 * 8 + b % 8;
        band *means = &u->bands[b];
        double add = (1 - means->keep) / u->split.control_frames;
        means->mm = means->keep * means->mm + add * sums[0];
        means->ss = means->keep * means->ss + add * sums[8];
        means->ms = means->keep * means->ms + add * sums[16];
        double power = means->mm + means->ss;
        sp_upmix_model_set(&u->model, b, 0, power, power, means->mm - means->ss, 2 * means->ms, 0);
    }
    memset(u->split.sums, 0, 3 * SP_BANDS * sizeof(float));
}

/* The gains go on from where the ramp ends; a silent band keeps its own. */
static void turn(sp_upmix_bands *u) {
    float *from = u->split.gains, *change = from + 2 * SP_BANDS;
    for (int b = 0; b < SP_BANDS; b++) {
        const float *centre = u->model.centre + (size_t)b * 2 * LANES;
        double mm = u->bands[b].mm, ss = u->bands[b].ss, edge = SP_DIRECTIONAL_DEAD_ZONE * (mm + ss);
        double dead = fmin(fmax((10 * edge - ss) / (9 * edge + 1e-300), 0), 1);
        double of_mid = centre[0] + dead * (1 - centre[0]), of_side = (double)centre[LANES] * (1 - dead);
        int silent = !(mm + ss > u->model.bins.floor);
        for (int i = 0; i < 2; i++) {
            int at = i * SP_BANDS + b;
            from[at] += change[at];
            change[at] = silent ? 0.0f : (float)((i ? of_side : of_mid) - from[at]);
        }
    }
}

static void control(sp_upmix_bands *u) {
    float power = 0;
    for (int i = 0; i < 3 * SP_BANDS; i++) {
        power += fabsf(u->split.sums[i]);
    }
    if (power == 0) { /* silence, down to where single precision ends: the integrators would hum on there */
        memset(u->split.integrators, 0, 4 * SP_BANDS * sizeof(float));
    }
    average(u);
    if (u->control_blocks % SP_BANDS_PRIOR_BLOCKS == 0) {
        sp_upmix_model_expect(&u->model);
    }
    u->control_blocks = (u->control_blocks + 1) % SP_BANDS_PRIOR_BLOCKS;
    sp_upmix_model_step(&u->model, u->kernels);
    turn(u);
}

void sp_upmix_bands_process(sp_upmix_bands *u, const float *const *in, float *const *out, int n_frames) {
    float strength = (float)u->plan.strength;
    for (int done = 0, run; done < n_frames; done += run) {
        run = u->split.control_frames - u->fill;
        run = n_frames - done < run ? n_frames - done : run;
        for (int i = 0; i < 2; i++) {
            unsigned garbage = sp_copy_clean(u->clean[i], in[i] + done, run);
            if (garbage) {
                atomic_fetch_add_explicit(&u->discarded, garbage, memory_order_relaxed);
            }
        }
        for (int n = 0; n < run; n++) {
            u->mid[n] = 0.5f * (u->clean[0][n] + u->clean[1][n]);
            u->side[n] = 0.5f * (u->clean[0][n] - u->clean[1][n]);
        }
        u->kernels->split_bands(&u->split, u->mid, u->side, run, u->fill, u->centre);
        for (int n = 0; n < run; n++) {
            float centre = strength * u->centre[n];
            out[0][done + n] = u->clean[0][n] - centre;
            out[1][done + n] = u->clean[1][n] - centre;
            out[2][done + n] = centre;
        }
        u->fill += run;
        if (u->fill == u->split.control_frames) {
            control(u);
            u->fill = 0;
        }
    }
}
