/* SPDX-License-Identifier: MIT */
/*
 * wrap_posix.c - the wrappers of what POSIX and C have, and macOS lacks: clocks to sleep by, limits to wait
 * for a lock, barriers, <threads.h>.
 */
#include "runtime/guard/wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/socket.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

WRAP(int, thrd_sleep, (const struct timespec *t, struct timespec *left), (t, left),
     NUMBER(nanosleep), A(t))
WRAP(int, clock_nanosleep,
     (clockid_t c, int flags, const struct timespec *t, struct timespec *left), (c, flags, t, left),
     NUMBER(clock_nanosleep), A(c), A(flags), A(t))
WRAP(int, sigwaitinfo, (const sigset_t *set, siginfo_t *info), (set, info), NUMBER(rt_sigtimedwait),
     A(set))
WRAP(int, sigtimedwait, (const sigset_t *set, siginfo_t *info, const struct timespec *t),
     (set, info, t), NUMBER(rt_sigtimedwait), A(set), A(info), A(t))
WRAP(int, ppoll, (struct pollfd * fds, nfds_t n, const struct timespec *t, const sigset_t *mask),
     (fds, n, t, mask), NUMBER(ppoll), A(fds), A(n), A(t))
WRAP(int, accept4, (int fd, struct sockaddr *peer, socklen_t *size, int flags),
     (fd, peer, size, flags), NUMBER(accept4), A(fd))

WRAP(int, fdatasync, (int fd), (fd), NUMBER(fdatasync), A(fd))
WRAP(int, posix_fallocate, (int fd, off_t at, off_t size), (fd, at, size), NUMBER(fallocate), A(fd))

WRAP_LOCK(pthread_mutex_timedlock, (pthread_mutex_t * mutex, const struct timespec *until),
	  (mutex, until), pthread_mutex_trylock(mutex), EBUSY)
WRAP_LOCK(mtx_lock, (mtx_t * mutex), (mutex), mtx_trylock(mutex), thrd_busy)
WRAP_LOCK(mtx_timedlock, (mtx_t * mutex, const struct timespec *until), (mutex, until),
	  mtx_trylock(mutex), thrd_busy)
WRAP_LOCK(pthread_rwlock_timedrdlock, (pthread_rwlock_t * lock, const struct timespec *until),
	  (lock, until), pthread_rwlock_tryrdlock(lock), EBUSY)
WRAP_LOCK(pthread_rwlock_timedwrlock, (pthread_rwlock_t * lock, const struct timespec *until),
	  (lock, until), pthread_rwlock_trywrlock(lock), EBUSY)
WRAP_LOCK(sem_timedwait, (sem_t * semaphore, const struct timespec *until), (semaphore, until),
	  sem_trywait(semaphore), -1)
WRAP_AT(int, cnd_wait, (cnd_t * condition, mtx_t *mutex), (condition, mutex), GUARD_LOCK)
WRAP_AT(int, cnd_timedwait, (cnd_t * condition, mtx_t *mutex, const struct timespec *until),
	(condition, mutex, until), GUARD_LOCK)
WRAP_AT(int, thrd_join, (thrd_t thread, int *result), (thread, result), GUARD_LOCK)
WRAP_AT(int, pthread_barrier_wait, (pthread_barrier_t * barrier), (barrier), GUARD_LOCK)

const struct guard_wrapper guard_posix_wrappers[] = {
	ENTRY(thrd_sleep),
	ENTRY(clock_nanosleep),
	ENTRY(sigwaitinfo),
	ENTRY(sigtimedwait),
	ENTRY(ppoll),
	ENTRY(accept4),
	ENTRY(fdatasync),
	ENTRY(posix_fallocate),
	ENTRY(pthread_mutex_timedlock),
	ENTRY(mtx_lock),
	ENTRY(mtx_timedlock),
	ENTRY(pthread_rwlock_timedrdlock),
	ENTRY(pthread_rwlock_timedwrlock),
	ENTRY(sem_timedwait),
	ENTRY(cnd_wait),
	ENTRY(cnd_timedwait),
	ENTRY(thrd_join),
	ENTRY(pthread_barrier_wait),
	{ NULL, NULL, NULL },
};
