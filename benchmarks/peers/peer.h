/* What the harness wants of a convolver: audio in blocks, one pointer a channel, taps [output][input][tap], as little latency as it can. */
#ifndef PEER_H
#define PEER_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int n_inputs, n_outputs, n_taps, block;
    const char *options; /* the peer's own, "" for none */
} peer_plan;

/* NULL where the peer cannot. */
void *peer_new(const peer_plan *plan, const float *taps);
int peer_latency(const void *peer); /* frames */
void peer_process(void *peer, const float *const *in, float *const *out);
void peer_free(void *peer);

#ifdef __cplusplus
}
#endif

#endif
