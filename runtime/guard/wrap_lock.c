/* SPDX-License-Identifier: MIT */
/*
 * wrap_lock.c - the wrappers of locks and of what asks the disk. A lock that is free is taken, and nobody
 * hears of it.
 */
#include "runtime/guard/wrap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Locks ----------------------------------------------------------------------------------- */

WRAP_LOCK(pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex), pthread_mutex_trylock(mutex),
	  EBUSY)
WRAP_LOCK(pthread_mutex_timedlock, (pthread_mutex_t * mutex, const struct timespec *until),
	  (mutex, until), pthread_mutex_trylock(mutex), EBUSY)
WRAP_LOCK(pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock), pthread_rwlock_tryrdlock(lock),
	  EBUSY)
WRAP_LOCK(pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock), pthread_rwlock_trywrlock(lock),
	  EBUSY)
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
WRAP_AT(int, pthread_join, (pthread_t thread, void **result), (thread, result), GUARD_LOCK)
WRAP_AT(int, pthread_barrier_wait, (pthread_barrier_t * barrier), (barrier), GUARD_LOCK)
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

/* ---- The disk -------------------------------------------------------------------------------- */

WRAP(int, open, (const char *path, int flags, mode_t mode), (path, flags, mode), SYS_openat, 0,
     A(path))
WRAP(int, open64, (const char *path, int flags, mode_t mode), (path, flags, mode), SYS_openat, 0,
     A(path))
WRAP(int, openat, (int at, const char *path, int flags, mode_t mode), (at, path, flags, mode),
     SYS_openat, A(at), A(path))
WRAP(int, creat, (const char *path, mode_t mode), (path, mode), SYS_openat, 0, A(path))
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), SYS_openat, 0, A(path))
WRAP(FILE *, fopen64, (const char *path, const char *mode), (path, mode), SYS_openat, 0, A(path))
WRAP(DIR *, opendir, (const char *path), (path), SYS_openat, 0, A(path))
WRAP(int, stat, (const char *path, struct stat *status), (path, status), SYS_newfstatat, 0, A(path))
WRAP(int, stat64, (const char *path, void *status), (path, status), SYS_newfstatat, 0, A(path))
WRAP(int, lstat, (const char *path, struct stat *status), (path, status), SYS_newfstatat, 0,
     A(path))
WRAP(int, lstat64, (const char *path, void *status), (path, status), SYS_newfstatat, 0, A(path))
WRAP(int, fstatat, (int at, const char *path, struct stat *status, int flags),
     (at, path, status, flags), SYS_newfstatat, A(at), A(path))
WRAP(int, access, (const char *path, int mode), (path, mode), SYS_faccessat, 0, A(path))
WRAP(int, unlink, (const char *path), (path), SYS_unlinkat, 0, A(path))
WRAP(int, rename, (const char *from, const char *to), (from, to), SYS_renameat, 0, A(from))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), SYS_mkdirat, 0, A(path))
WRAP(int, rmdir, (const char *path), (path), SYS_unlinkat, 0, A(path))
WRAP(int, truncate, (const char *path, off_t size), (path, size), SYS_truncate, A(path))
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), SYS_ftruncate, A(fd))
WRAP(int, fsync, (int fd), (fd), SYS_fsync, A(fd))
WRAP(int, fdatasync, (int fd), (fd), SYS_fdatasync, A(fd))
WRAP(int, syncfs, (int fd), (fd), SYS_syncfs, A(fd))

const struct guard_wrapper guard_lock_wrappers[] = {
	ENTRY(pthread_mutex_lock),
	ENTRY(pthread_mutex_timedlock),
	ENTRY(pthread_rwlock_rdlock),
	ENTRY(pthread_rwlock_wrlock),
	ENTRY(sem_wait),
	ENTRY(sem_timedwait),
	ENTRY(sem_clockwait),
	ENTRY(pthread_cond_wait),
	ENTRY(pthread_cond_timedwait),
	ENTRY(pthread_join),
	ENTRY(pthread_barrier_wait),
	ENTRY(flock),
	ENTRY(lockf),
	ENTRY(fcntl),
	{ "fcntl64", (void *)wrap_fcntl, (void **)(void *)&real_fcntl },
	ENTRY(open),
	ENTRY(open64),
	ENTRY(openat),
	ENTRY(creat),
	ENTRY(fopen),
	ENTRY(fopen64),
	ENTRY(opendir),
	ENTRY(stat),
	ENTRY(stat64),
	ENTRY(lstat),
	ENTRY(lstat64),
	ENTRY(fstatat),
	ENTRY(access),
	ENTRY(unlink),
	ENTRY(rename),
	ENTRY(mkdir),
	ENTRY(rmdir),
	ENTRY(truncate),
	ENTRY(ftruncate),
	ENTRY(fsync),
	ENTRY(fdatasync),
	ENTRY(syncfs),
	{ NULL, NULL, NULL },
};
