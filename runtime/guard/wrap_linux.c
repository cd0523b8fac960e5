/* SPDX-License-Identifier: MIT */
/*
 * wrap_linux.c - the wrappers of what only Linux and glibc have: second names for large files, checked
 * forms for _FORTIFY_SOURCE, and calls of Linux's own. Ends with the list of all tables.
 */
#include "runtime/guard/wrap.h"

#include <dirent.h>
#include <errno.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

WRAP(int, __poll_chk, (struct pollfd * fds, nfds_t n, int ms, size_t size), (fds, n, ms, size),
     NUMBER(ppoll), A(fds), A(n), MS(ms))
WRAP(int, __ppoll_chk,
     (struct pollfd * fds, nfds_t n, const struct timespec *t, const sigset_t *mask, size_t size),
     (fds, n, t, mask, size), NUMBER(ppoll), A(fds), A(n), A(t))
WRAP(int, epoll_wait, (int fd, void *events, int n, int ms), (fd, events, n, ms), SYS_epoll_pwait,
     A(fd), A(events), A(n), A(ms))
WRAP(int, epoll_pwait, (int fd, void *events, int n, int ms, const sigset_t *mask),
     (fd, events, n, ms, mask), SYS_epoll_pwait, A(fd), A(events), A(n), A(ms))
WRAP(int, epoll_pwait2,
     (int fd, void *events, int n, const struct timespec *t, const sigset_t *mask),
     (fd, events, n, t, mask), SYS_epoll_pwait2, A(fd), A(events), A(n), A(t))
WRAP(ssize_t, __read_chk, (int fd, void *to, size_t n, size_t size), (fd, to, n, size),
     NUMBER(read), A(fd))
WRAP(ssize_t, pread64, (int fd, void *to, size_t n, off_t at), (fd, to, n, at), NUMBER(pread64),
     A(fd))
WRAP(ssize_t, __pread_chk, (int fd, void *to, size_t n, off_t at, size_t size),
     (fd, to, n, at, size), NUMBER(pread64), A(fd))
WRAP(ssize_t, __pread64_chk, (int fd, void *to, size_t n, off_t at, size_t size),
     (fd, to, n, at, size), NUMBER(pread64), A(fd))
WRAP(ssize_t, preadv64, (int fd, const struct iovec *to, int n, off_t at), (fd, to, n, at),
     NUMBER(preadv), A(fd))
WRAP(ssize_t, pwritev64, (int fd, const struct iovec *from, int n, off_t at), (fd, from, n, at),
     NUMBER(pwritev), A(fd))
WRAP(ssize_t, pwrite64, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at),
     NUMBER(pwrite64), A(fd))
WRAP(ssize_t, sendfile, (int out, int in, off_t *at, size_t n), (out, in, at, n), SYS_sendfile,
     A(out))
WRAP(ssize_t, sendfile64, (int out, int in, off_t *at, size_t n), (out, in, at, n), SYS_sendfile,
     A(out))
WRAP(ssize_t, splice, (int in, off_t *in_at, int out, off_t *out_at, size_t n, unsigned flags),
     (in, in_at, out, out_at, n, flags), SYS_splice, A(in), 0, A(out), 0, A(n), A(flags))
WRAP(ssize_t, __recv_chk, (int fd, void *to, size_t n, size_t size, int flags),
     (fd, to, n, size, flags), NUMBER(recvfrom), A(fd), 0, 0, A(flags))
WRAP(ssize_t, __recvfrom_chk,
     (int fd, void *to, size_t n, size_t have, int flags, struct sockaddr *peer, socklen_t *size),
     (fd, to, n, have, flags, peer, size), NUMBER(recvfrom), A(fd), 0, 0, A(flags))
WRAP(int, recvmmsg, (int fd, void *messages, unsigned n, int flags, struct timespec *t),
     (fd, messages, n, flags, t), SYS_recvmmsg, A(fd), 0, 0, A(flags))
WRAP(int, sendmmsg, (int fd, void *messages, unsigned n, int flags), (fd, messages, n, flags),
     SYS_sendmmsg, A(fd), 0, 0, A(flags))
WRAP(ssize_t, mq_receive, (mqd_t queue, char *to, size_t n, unsigned *priority),
     (queue, to, n, priority), SYS_mq_timedreceive, A(queue))
WRAP(ssize_t, mq_timedreceive,
     (mqd_t queue, char *to, size_t n, unsigned *priority, const struct timespec *until),
     (queue, to, n, priority, until), SYS_mq_timedreceive, A(queue))
WRAP(int, mq_send, (mqd_t queue, const char *from, size_t n, unsigned priority),
     (queue, from, n, priority), SYS_mq_timedsend, A(queue))
WRAP(int, mq_timedsend,
     (mqd_t queue, const char *from, size_t n, unsigned priority, const struct timespec *until),
     (queue, from, n, priority, until), SYS_mq_timedsend, A(queue))
WRAP(char *, __fgets_chk, (char *to, size_t size, int n, FILE *file), (to, size, n, file),
     NUMBER(read), A(fd_of(file)))
WRAP(size_t, __fread_chk, (void *to, size_t have, size_t size, size_t n, FILE *file),
     (to, have, size, n, file), NUMBER(read), A(fd_of(file)))

WRAP(int, open64, (const char *path, int flags, mode_t mode), (path, flags, mode), NUMBER(openat),
     0, A(path))
WRAP(int, openat64, (int at, const char *path, int flags, mode_t mode), (at, path, flags, mode),
     NUMBER(openat), A(at), A(path))
WRAP(int, __open_2, (const char *path, int flags), (path, flags), NUMBER(openat), 0, A(path))
WRAP(int, __open64_2, (const char *path, int flags), (path, flags), NUMBER(openat), 0, A(path))
WRAP(int, __openat_2, (int at, const char *path, int flags), (at, path, flags), NUMBER(openat),
     A(at), A(path))
WRAP(int, creat64, (const char *path, mode_t mode), (path, mode), NUMBER(openat), 0, A(path))
WRAP(FILE *, fopen64, (const char *path, const char *mode), (path, mode), NUMBER(openat), 0,
     A(path))
WRAP(int, stat64, (const char *path, void *status), (path, status), NUMBER(newfstatat), 0, A(path))
WRAP(int, lstat64, (const char *path, void *status), (path, status), NUMBER(newfstatat), 0, A(path))
WRAP(int, syncfs, (int fd), (fd), SYS_syncfs, A(fd))
WRAP(int, fstatat64, (int at, const char *path, void *status, int flags), (at, path, status, flags),
     NUMBER(newfstatat), A(at), A(path))
WRAP(int, statx, (int at, const char *path, int flags, unsigned mask, struct statx *status),
     (at, path, flags, mask, status), SYS_statx, A(at), A(path))
WRAP(int, renameat2, (int at, const char *from, int at_to, const char *to, unsigned flags),
     (at, from, at_to, to, flags), SYS_renameat2, A(at), A(from))
WRAP(int, statfs64, (const char *path, void *status), (path, status), NUMBER(statfs), A(path))
WRAP(int, truncate64, (const char *path, off_t size), (path, size), NUMBER(truncate), A(path))
WRAP(int, ftruncate64, (int fd, off_t size), (fd, size), NUMBER(ftruncate), A(fd))
WRAP(int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size),
     NUMBER(fallocate), A(fd))
WRAP(int, fallocate64, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size),
     NUMBER(fallocate), A(fd))
WRAP(int, sync_file_range, (int fd, off_t at, off_t size, unsigned flags), (fd, at, size, flags),
     SYS_sync_file_range, A(fd))
WRAP(ssize_t, copy_file_range,
     (int in, off_t *in_at, int out, off_t *out_at, size_t n, unsigned flags),
     (in, in_at, out, out_at, n, flags), SYS_copy_file_range, A(in))
WRAP(struct dirent64 *, readdir64, (DIR * list), (list), NUMBER(getdents64), A(dirfd(list)))

WRAP_LOCK(pthread_mutex_clocklock,
	  (pthread_mutex_t * mutex, clockid_t clock, const struct timespec *until),
	  (mutex, clock, until), pthread_mutex_trylock(mutex), EBUSY)
WRAP_LOCK(sem_clockwait, (sem_t * semaphore, clockid_t clock, const struct timespec *until),
	  (semaphore, clock, until), sem_trywait(semaphore), -1)
WRAP_AT(int, pthread_cond_clockwait,
	(pthread_cond_t * condition, pthread_mutex_t *mutex, clockid_t clock,
	 const struct timespec *until),
	(condition, mutex, clock, until), GUARD_LOCK)
WRAP_AT(int, pthread_timedjoin_np, (pthread_t thread, void **result, const struct timespec *until),
	(thread, result, until), GUARD_LOCK)
WRAP(int, semtimedop, (int id, struct sembuf *what, size_t n, const struct timespec *t),
     (id, what, n, t), NUMBER(semtimedop), A(id), A(what), A(n), A(t))

static int (*real_fcntl64)(int fd, int command, void *argument);
static int wrap_fcntl64(int fd, int command, void *argument)
{
	LOOK("fcntl", NUMBER(fcntl), A(fd), A(command));
	return real_fcntl64(fd, command, argument);
}

static const struct guard_wrapper wrappers[] = {
	ENTRY(__poll_chk),
	ENTRY(__ppoll_chk),
	ENTRY(epoll_wait),
	ENTRY(epoll_pwait),
	ENTRY(epoll_pwait2),
	ENTRY(__read_chk),
	ENTRY(pread64),
	ENTRY(__pread_chk),
	ENTRY(__pread64_chk),
	ENTRY(preadv64),
	ENTRY(pwritev64),
	ENTRY(pwrite64),
	ENTRY(sendfile),
	ENTRY(sendfile64),
	ENTRY(splice),
	ENTRY(__recv_chk),
	ENTRY(__recvfrom_chk),
	ENTRY(recvmmsg),
	ENTRY(sendmmsg),
	ENTRY(mq_receive),
	ENTRY(mq_timedreceive),
	ENTRY(mq_send),
	ENTRY(mq_timedsend),
	ENTRY(__fgets_chk),
	ENTRY(__fread_chk),
	ENTRY(open64),
	ENTRY(openat64),
	ENTRY(__open_2),
	ENTRY(__open64_2),
	ENTRY(__openat_2),
	ENTRY(creat64),
	ENTRY(fopen64),
	ENTRY(stat64),
	ENTRY(lstat64),
	ENTRY(syncfs),
	ENTRY(fstatat64),
	ENTRY(statx),
	ENTRY(renameat2),
	ENTRY(statfs64),
	ENTRY(truncate64),
	ENTRY(ftruncate64),
	ENTRY(fallocate),
	ENTRY(fallocate64),
	ENTRY(sync_file_range),
	ENTRY(copy_file_range),
	ENTRY(readdir64),
	ENTRY(pthread_mutex_clocklock),
	ENTRY(sem_clockwait),
	ENTRY(pthread_cond_clockwait),
	ENTRY(pthread_timedjoin_np),
	ENTRY(semtimedop),
	ENTRY(fcntl64),
	{ NULL, NULL, NULL },
};

const struct guard_wrapper *const guard_tables[] = {
	guard_loader_wrappers,
	guard_wrappers,
	guard_lock_wrappers,
	guard_file_wrappers,
	guard_posix_wrappers,
	wrappers,
	NULL,
};
