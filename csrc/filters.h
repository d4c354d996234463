/* Draft of the contract of the convolver's tails and swap; it moves into spatial.h with the code. */
#ifndef SPATIAL_FILTERS_H
#define SPATIAL_FILTERS_H

#include "core.h"

/* New in sp_plan, at its end (all zero means: the planner chooses):
 *
 *     int n_tails;             1..SP_MAX_TAILS levels of longer partitions as given, SP_TAILS_CHOSEN 0, SP_TAILS_NONE -1
 *     int tails[SP_MAX_TAILS]; their partitions, frames
 */

/* Filters in the layout of one convolver, ready to take the place of those that sound. */
typedef struct sp_filters sp_filters;

/* Frames after which everything repeats: the longest partition L. Bits depend on the position modulo it. */
int sp_convolver_period(const sp_convolver *convolver);

/* Frames of a swap's cross-fade: L, at least SP_MIN_FADE. */
int sp_convolver_fade(const sp_convolver *convolver);

/* Any thread, also while the convolver processes; allocates. taps are [n_outputs][n_inputs][n_taps] of the convolver's plan and are
 * copied. NULL with *error set. */
sp_filters *sp_filters_new(const sp_convolver *convolver, const float *taps, int *error);

/* The filters sound in place of the present ones: cross-faded, beginning L to 2 L frames after the next call of process (0 to `block`
 * where there are no tails), or, where a fade is under way, as long after its end. Ones still waiting are skipped: the latest wins.
 * The convolver owns them until sp_convolver_collect gives them back. From one control thread, while another may process. */
int sp_convolver_swap(sp_convolver *convolver, sp_filters *filters);

/* Filters that sound no more, or were skipped; NULL where there are none. They may be freed, or swapped in again. Control thread. */
sp_filters *sp_convolver_collect(sp_convolver *convolver);

/* Only filters that no convolver owns. NULL is fine. */
void sp_filters_free(sp_filters *filters);

/* sp_convolver_reset ends a swap at once: the latest filters sound from position 0 on. */

#endif
