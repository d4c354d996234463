/* The two ways to get at the bands of an upmix: overlapping frames, which are late, and filters, which are not. upmix.c chooses. */
#ifndef SPATIAL_UPMIX_METHODS_H
#define SPATIAL_UPMIX_METHODS_H

#include "core.h"


typedef struct sp_upmix_frames sp_upmix_frames;
typedef struct sp_upmix_bands sp_upmix_bands;

/* NULL: no memory. The plan is checked already, and flush-to-zero is set while they process. */
sp_upmix_frames *sp_upmix_frames_new(const sp_upmix_plan *plan);
int sp_upmix_frames_latency(const sp_upmix_frames *upmix);
void sp_upmix_frames_process(sp_upmix_frames *upmix, const float *const *in, float *const *out, int n_frames);
unsigned long long sp_upmix_frames_discarded(const sp_upmix_frames *upmix);
void sp_upmix_frames_reset(sp_upmix_frames *upmix);
void sp_upmix_frames_free(sp_upmix_frames *upmix);

sp_upmix_bands *sp_upmix_bands_new(const sp_upmix_plan *plan);
void sp_upmix_bands_process(sp_upmix_bands *upmix, const float *const *in, float *const *out, int n_frames);
unsigned long long sp_upmix_bands_discarded(const sp_upmix_bands *upmix);
void sp_upmix_bands_reset(sp_upmix_bands *upmix);
void sp_upmix_bands_free(sp_upmix_bands *upmix);

#endif
