/* Preloaded: what the main thread waits with begins late while LATE is set, as on a machine that has no time for it, so that a
   signal comes between Python's last look for signals and the wait. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void *real(const char *name)
{
    struct timespec left = {1, 0};
    if (syscall(SYS_gettid) == getpid() && getenv("LATE"))
        while (nanosleep(&left, &left))
            ;
    return dlsym(RTLD_NEXT, name);
}

int sem_wait(sem_t *one)
{
    int (*next)(sem_t *) = real("sem_wait");
    return next(one);
}

int sem_clockwait(sem_t *one, clockid_t clock, const struct timespec *until)
{
    int (*next)(sem_t *, clockid_t, const struct timespec *) = real("sem_clockwait");
    return next(one, clock, until);
}

int select(int count, fd_set *in, fd_set *out, fd_set *bad, struct timeval *until)
{
    int (*next)(int, fd_set *, fd_set *, fd_set *, struct timeval *) = real("select");
    return next(count, in, out, bad, until);
}
