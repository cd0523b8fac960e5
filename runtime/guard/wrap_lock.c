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
#include <stdarg.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <unistd.h>

/* ---- Locks ----------------------------------------------------------------------------------- */

WRAP_LOCK(pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex), pthread_mutex_trylock(mutex),
	  EBUSY)
WRAP_LOCK(pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock), pthread_rwlock_tryrdlock(lock),
	  EBUSY)
WRAP_LOCK(pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock), pthread_rwlock_trywrlock(lock),
	  EBUSY)
WRAP_LOCK(sem_wait, (sem_t * semaphore), (semaphore), sem_trywait(semaphore), -1)
WRAP_AT(int, pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t *mutex),
	(condition, mutex), GUARD_LOCK)
WRAP_AT(int, pthread_cond_timedwait,
	(pthread_cond_t * condition, pthread_mutex_t *mutex, const struct timespec *until),
	(condition, mutex, until), GUARD_LOCK)
WRAP_AT(int, pthread_join, (pthread_t thread, void **result), (thread, result), GUARD_LOCK)
WRAP(int, semop, (int id, struct sembuf *what, size_t n), (id, what, n), NUMBER(semop), A(id))
WRAP(int, msgsnd, (int id, const void *from, size_t n, int flags), (id, from, n, flags),
     NUMBER(msgsnd), A(id), A(from), A(n), A(flags))
WRAP(ssize_t, msgrcv, (int id, void *to, size_t n, long type, int flags), (id, to, n, type, flags),
     NUMBER(msgrcv), A(id), A(to), A(n), A(type), A(flags))
WRAP(int, flock, (int fd, int how), (fd, how), NUMBER(flock), A(fd), A(how))
WRAP(int, lockf, (int fd, int how, off_t size), (fd, how, size), NUMBER(fcntl), A(fd),
     A(how == F_LOCK ? F_SETLKW : F_GETFL))

/* What follows is an int or a pointer: where variable arguments have places of their own, either's. */
static int (*real_fcntl)(int fd, int command, ...);
static int wrap_fcntl(int fd, int command, ...)
{
	va_list rest;
	void *argument;

	va_start(rest, command);
	argument = va_arg(rest, void *);
	va_end(rest);
	LOOK("fcntl", NUMBER(fcntl), A(fd), A(command));
	return real_fcntl(fd, command, argument);
}

const struct guard_wrapper guard_lock_wrappers[] = {
	ENTRY(pthread_mutex_lock),
	ENTRY(pthread_rwlock_rdlock),
	ENTRY(pthread_rwlock_wrlock),
	ENTRY(sem_wait),
	ENTRY(pthread_cond_wait),
	ENTRY(pthread_cond_timedwait),
	ENTRY(pthread_join),
	ENTRY(semop),
	ENTRY(msgsnd),
	ENTRY(msgrcv),
	ENTRY(flock),
	ENTRY(lockf),
	ENTRY(fcntl),
	{ NULL, NULL, NULL },
};
