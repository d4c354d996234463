/* Watches an audio callback from inside the process that plays: LD_PRELOAD=rt_check.so, with rt_check_callback in the callback's place.
 *
 * What the thread of the callback asks of the C library while the callback runs is counted: memory, locks, waits, files; and by
 * getrusage the page faults and the times that it gave up the processor. Built and read by test_live_real_time.py. glibc only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MEMORY, LOCK, WAIT, FILES, MINOR_FAULTS, MAJOR_FAULTS, GAVE_UP, CALLBACKS, N_COUNTS };

static _Atomic long counts[N_COUNTS], first_faults;
static __thread int inside __attribute__((tls_model("initial-exec")));
static int (*inner)(const void *, void *, unsigned long, const void *, unsigned long, void *);
static int break_rules;
static void *volatile kept;

static void hit(int what) {
    if (inside) {
        atomic_fetch_add(&counts[what], 1);
    }
}

void rt_check_set(void *callback, int broken) {
    inner = (int (*)(const void *, void *, unsigned long, const void *, unsigned long, void *))callback;
    break_rules = broken;
}

long rt_check_count(int what) { return what < N_COUNTS ? counts[what] : first_faults; }

int rt_check_callback(const void *in, void *out, unsigned long frames, const void *when, unsigned long flags, void *user) {
    struct rusage before, after;
    getrusage(RUSAGE_THREAD, &before);
    inside = 1;
    if (break_rules) {
        kept = malloc(64);
        free(kept);
        usleep(1);
        if (write(-1, "", 0)) {
        }
    }
    int result = inner(in, out, frames, when, flags, user);
    inside = 0;
    getrusage(RUSAGE_THREAD, &after);
    long minor = after.ru_minflt - before.ru_minflt;
    if (counts[CALLBACKS]++ == 0) { /* it may touch its stack for the first time, before anything sounds */
        first_faults = minor;
        return result;
    }
    counts[MINOR_FAULTS] += minor;
    counts[MAJOR_FAULTS] += after.ru_majflt - before.ru_majflt;
    counts[GAVE_UP] += after.ru_nvcsw - before.ru_nvcsw;
    return result;
}

/* ---- in the place of the C library ---- */

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) { hit(MEMORY); return __libc_malloc(size); }
void *calloc(size_t n, size_t size) { hit(MEMORY); return __libc_calloc(n, size); }
void *realloc(void *old, size_t size) { hit(MEMORY); return __libc_realloc(old, size); }
void free(void *old) { hit(MEMORY); __libc_free(old); }
void *memalign(size_t alignment, size_t size) { hit(MEMORY); return __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { hit(MEMORY); return __libc_memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    hit(MEMORY);
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : 12;
}

#define NEXT(type, name, parameters, what, ...) \
    type name parameters {                      \
        static type(*next) parameters;          \
        hit(what);                              \
        if (!next) {                            \
            next = dlsym(RTLD_NEXT, #name);     \
        }                                       \
        return next(__VA_ARGS__);               \
    }

NEXT(void *, mmap, (void *at, size_t n, int p, int f, int fd, off_t o), MEMORY, at, n, p, f, fd, o)
NEXT(int, munmap, (void *at, size_t n), MEMORY, at, n)
NEXT(int, pthread_mutex_lock, (pthread_mutex_t * m), LOCK, m)
NEXT(int, pthread_mutex_trylock, (pthread_mutex_t * m), LOCK, m)
NEXT(int, pthread_rwlock_rdlock, (pthread_rwlock_t * l), LOCK, l)
NEXT(int, pthread_rwlock_wrlock, (pthread_rwlock_t * l), LOCK, l)
NEXT(int, pthread_spin_lock, (pthread_spinlock_t * l), LOCK, l)
NEXT(int, pthread_cond_wait, (pthread_cond_t * c, pthread_mutex_t *m), WAIT, c, m)
NEXT(int, pthread_cond_signal, (pthread_cond_t * c), WAIT, c)
NEXT(int, pthread_cond_broadcast, (pthread_cond_t * c), WAIT, c)
NEXT(int, pthread_create, (pthread_t * t, const pthread_attr_t *a, void *(*f)(void *), void *x), WAIT, t, a, f, x)
NEXT(int, sem_wait, (sem_t * s), WAIT, s)
NEXT(int, sem_post, (sem_t * s), WAIT, s)
NEXT(int, nanosleep, (const struct timespec *a, struct timespec *b), WAIT, a, b)
NEXT(int, clock_nanosleep, (clockid_t c, int f, const struct timespec *a, struct timespec *b), WAIT, c, f, a, b)
NEXT(int, usleep, (useconds_t t), WAIT, t)
NEXT(int, sched_yield, (void), WAIT)
NEXT(int, poll, (struct pollfd * f, nfds_t n, int t), WAIT, f, n, t)
NEXT(ssize_t, read, (int f, void *b, size_t n), FILES, f, b, n)
NEXT(ssize_t, write, (int f, const void *b, size_t n), FILES, f, b, n)
NEXT(int, close, (int f), FILES, f)
NEXT(char *, getenv, (const char *name), FILES, name)
