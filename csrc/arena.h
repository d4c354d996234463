/* Memory of an object: one arena, laid out twice, first to measure and then to hand out. Nothing is allocated after that. */
#ifndef SPATIAL_ARENA_H
#define SPATIAL_ARENA_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SP_ALIGNMENT 64

typedef struct {
    char *start; /* NULL while measuring */
    uint64_t used;
} sp_arena;

static inline void *sp_take(sp_arena *memory, uint64_t bytes) {
    void *taken = memory->start ? memory->start + memory->used : NULL;
    memory->used += (bytes + SP_ALIGNMENT - 1) / SP_ALIGNMENT * SP_ALIGNMENT;
    return taken;
}

static inline float *sp_take_floats(sp_arena *memory, uint64_t count) { return sp_take(memory, count * sizeof(float)); }

/* An arena of as many bytes as were measured, all zero and every page touched. *allocation is what free wants; NULL where there is
 * not that much memory. */
static inline sp_arena sp_arena_new(uint64_t bytes, void **allocation) {
    *allocation = bytes > SIZE_MAX - SP_ALIGNMENT ? NULL : malloc((size_t)bytes + SP_ALIGNMENT);
    if (!*allocation) {
        return (sp_arena){0};
    }
    uintptr_t aligned = ((uintptr_t)*allocation + SP_ALIGNMENT - 1) / SP_ALIGNMENT * SP_ALIGNMENT;
    memset((void *)aligned, 0, (size_t)bytes);
    return (sp_arena){.start = (char *)aligned};
}

#endif
