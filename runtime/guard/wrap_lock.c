/* SPDX-License-Identifier: MIT */
/*
 * wrap_lock.c - the wrappers of locks, and of waiting for a thread or for another process. A lock that is
 * free is taken, and nobody hears of it.
 */
#include "runtime/guard/wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

/* ---- Locks ----------------------------------------------------------------------------------- */

WRAP_LOCK(pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex), pthread_mutex_trylock(mutex),
	  EBUSY)
WRAP_LOCK(pthread_mutex_timedlock, (pthread_mutex_t * mutex, const struct timespec *until),
	  (mutex, until), pthread_mutex_trylock(mutex), EBUSY)
WRAP_LOCK(pthread_mutex_clocklock,
	  (pthread_mutex_t * mutex, clockid_t clock, const struct timespec *until),
	  (mutex, clock, until), pthread_mutex_trylock(mutex), EBUSY)
WRAP_LOCK(mtx_lock, (mtx_t * mutex), (mutex), mtx_trylock(mutex), thrd_busy)
WRAP_LOCK(mtx_timedlock, (mtx_t * mutex, const struct timespec *until), (mutex, until),
	  mtx_trylock(mutex), thrd_busy)
WRAP_LOCK(pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock), pthread_rwlock_tryrdlock(lock),
	  EBUSY)
WRAP_LOCK(pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock), pthread_rwlock_trywrlock(lock),
	  EBUSY)
WRAP_LOCK(pthread_rwlock_timedrdlock, (pthread_rwlock_t * lock, const struct timespec *until),
	  (lock, until), pthread_rwlock_tryrdlock(lock), EBUSY)
WRAP_LOCK(pthread_rwlock_timedwrlock, (pthread_rwlock_t * lock, const struct timespec *until),
	  (lock, until), pthread_rwlock_trywrlock(lock), EBUSY)
WRAP_LOCK(sem_wait, (sem_t * semaphore), (semaphore), sem_trywait(semaphore), -1)
WRAP_LOCK(sem_timedwait, (sem_t * semaphore, const struct timespec *until), (semaphore, until),
	  sem_trywait(semaphore), -1)
WRAP_LOCK(sem_clockwait, (sem_t * semaphore, clockid_t clock, const struct timespec *until),
	  (semaphore, clock, until), sem_trywait(semaphore), -1)
WRAP_AT(int, pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t *mutex),
	(condition, mutex), GUARD_LOCK)
WRAP_AT(int, pthread_cond_timedwait,
	(pthread_cond_t * condition, pthread_mutex_t *mutex, const struct timespec *until),
	(condition, mutex, until), GUARD_LOCK)
WRAP_AT(int, pthread_cond_clockwait,
	(pthread_cond_t * condition, pthread_mutex_t *mutex, clockid_t clock,
	 const struct timespec *until),
	(condition, mutex, clock, until), GUARD_LOCK)
WRAP_AT(int, cnd_wait, (cnd_t * condition, mtx_t *mutex), (condition, mutex), GUARD_LOCK)
WRAP_AT(int, cnd_timedwait, (cnd_t * condition, mtx_t *mutex, const struct timespec *until),
	(condition, mutex, until), GUARD_LOCK)
WRAP_AT(int, thrd_join, (thrd_t thread, int *result), (thread, result), GUARD_LOCK)
WRAP_AT(int, pthread_timedjoin_np, (pthread_t thread, void **result, const struct timespec *until),
	(thread, result, until), GUARD_LOCK)
WRAP_AT(int, pthread_join, (pthread_t thread, void **result), (thread, result), GUARD_LOCK)
WRAP_AT(int, pthread_barrier_wait, (pthread_barrier_t * barrier), (barrier), GUARD_LOCK)
WRAP(int, semop, (int id, struct sembuf *what, size_t n), (id, what, n), SYS_semop, A(id))
WRAP(int, semtimedop, (int id, struct sembuf *what, size_t n, const struct timespec *t),
     (id, what, n, t), SYS_semtimedop, A(id), A(what), A(n), A(t))
WRAP(int, msgsnd, (int id, const void *from, size_t n, int flags), (id, from, n, flags), SYS_msgsnd,
     A(id), A(from), A(n), A(flags))
WRAP(ssize_t, msgrcv, (int id, void *to, size_t n, long type, int flags), (id, to, n, type, flags),
     SYS_msgrcv, A(id), A(to), A(n), A(type), A(flags))
WRAP(int, flock, (int fd, int how), (fd, how), SYS_flock, A(fd), A(how))
WRAP(int, lockf, (int fd, int how, off_t size), (fd, how, size), SYS_fcntl, A(fd),
     A(how == F_LOCK ? F_SETLKW : F_GETFL))

/* What follows is an int or a pointer, and both come in a register of their own. */
static int (*real_fcntl)(int fd, int command, void *argument);
static int wrap_fcntl(int fd, int command, void *argument)
{
	LOOK("fcntl", SYS_fcntl, A(fd), A(command));
	return real_fcntl(fd, command, argument);
}

const struct guard_wrapper guard_lock_wrappers[] = {
	ENTRY(pthread_mutex_lock),
	ENTRY(pthread_mutex_timedlock),
	ENTRY(pthread_mutex_clocklock),
	ENTRY(mtx_lock),
	ENTRY(mtx_timedlock),
	ENTRY(pthread_rwlock_rdlock),
	ENTRY(pthread_rwlock_wrlock),
	ENTRY(pthread_rwlock_timedrdlock),
	ENTRY(pthread_rwlock_timedwrlock),
	ENTRY(sem_wait),
	ENTRY(sem_timedwait),
	ENTRY(sem_clockwait),
	ENTRY(pthread_cond_wait),
	ENTRY(pthread_cond_timedwait),
	ENTRY(pthread_cond_clockwait),
	ENTRY(cnd_wait),
	ENTRY(cnd_timedwait),
	ENTRY(thrd_join),
	ENTRY(pthread_timedjoin_np),
	ENTRY(pthread_join),
	ENTRY(pthread_barrier_wait),
	ENTRY(semop),
	ENTRY(semtimedop),
	ENTRY(msgsnd),
	ENTRY(msgrcv),
	ENTRY(flock),
	ENTRY(lockf),
	ENTRY(fcntl),
	{ "fcntl64", (void *)wrap_fcntl, (void **)(void *)&real_fcntl },
	{ NULL, NULL, NULL },
};
