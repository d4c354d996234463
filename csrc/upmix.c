/* The upmixes that listen: in frames (upmix_frames.c), or without delay in bands (upmix_bands.c). */
#include "core.h"

#include "arena.h"
#include "busy.h"
#include "checks.h"
#include "flush.h"
#include "kernels.h"
#include "upmix_methods.h"

struct sp_upmix {
    sp_upmix_frames *frames; /* one of them is NULL */
    sp_upmix_bands *bands;
    sp_busy busy; /* a thread processes or resets */
};

static int power_of_two(int x) { return x > 0 && (x & (x - 1)) == 0; }

static int plan_error(const sp_upmix_plan *plan) {
    int no_delay = plan->n == 0 && plan->span == 0;
    if (plan->method != SP_UPMIX_DIRECTIONAL && (plan->method != SP_UPMIX_PROJECTION || no_delay)) {
        return SP_ERROR_UPMIX;
    }
    if (!no_delay && (!power_of_two(plan->n) || !power_of_two(plan->span) || plan->span < SP_MIN_SPAN || plan->span > plan->n ||
                      plan->n < SP_MIN_WINDOW || plan->n > SP_MAX_WINDOW)) {
        return SP_ERROR_WINDOW;
    }
    if (!(sp_rate_valid(plan->fs) && plan->strength >= 0 && plan->strength <= 1)) {
        return SP_ERROR_SETTING;
    }
    if (no_delay && plan->fs < SP_MIN_BANDS_FS) {
        return SP_ERROR_SETTING;
    }
    return sp_kernels_for(plan->instruction_set) ? SP_OK : SP_ERROR_INSTRUCTION_SET;
}

sp_upmix *sp_upmix_new(const sp_upmix_plan *plan, int *error) {
    int nowhere;
    error = sp_error_at(error, &nowhere);
    *error = plan ? plan_error(plan) : SP_ERROR_NULL;
    if (*error != SP_OK) {
        return NULL;
    }
    sp_upmix *u = calloc(1, sizeof(sp_upmix));
    if (u) {
        if (plan->span) {
            u->frames = sp_upmix_frames_new(plan);
        } else {
            u->bands = sp_upmix_bands_new(plan);
        }
    }
    if (!u || (!u->frames && !u->bands)) {
        free(u);
        *error = SP_ERROR_MEMORY;
        return NULL;
    }
    return u;
}

int sp_upmix_latency(const sp_upmix *u) { return u && u->frames ? sp_upmix_frames_latency(u->frames) : 0; }

int sp_upmix_process(sp_upmix *u, const float *const *in, float *const *out, int n_frames) {
    int error = u ? sp_audio_error(in, 2, out, 3, n_frames) : SP_ERROR_NULL;
    if (error != SP_OK) {
        return error;
    }
    if (!sp_enter(&u->busy)) {
        return SP_ERROR_BUSY;
    }
    sp_float_state state = sp_float_state_get();
    sp_float_state_set(SP_FLUSHING);
    if (u->frames) {
        sp_upmix_frames_process(u->frames, in, out, n_frames);
    } else {
        sp_upmix_bands_process(u->bands, in, out, n_frames);
    }
    sp_float_state_set(state);
    sp_leave(&u->busy);
    return SP_OK;
}

unsigned long long sp_upmix_discarded(const sp_upmix *u) {
    if (!u) {
        return 0;
    }
    return u->frames ? sp_upmix_frames_discarded(u->frames) : sp_upmix_bands_discarded(u->bands);
}

int sp_upmix_reset(sp_upmix *u) {
    if (!u) {
        return SP_ERROR_NULL;
    }
    if (!sp_enter(&u->busy)) {
        return SP_ERROR_BUSY;
    }
    if (u->frames) {
        sp_upmix_frames_reset(u->frames);
    } else {
        sp_upmix_bands_reset(u->bands);
    }
    sp_leave(&u->busy);
    return SP_OK;
}

void sp_upmix_free(sp_upmix *u) {
    if (u) {
        sp_upmix_frames_free(u->frames);
        sp_upmix_bands_free(u->bands);
        free(u);
    }
}
