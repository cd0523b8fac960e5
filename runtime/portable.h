/* SPDX-License-Identifier: MIT */
/*
 * portable.h - the one place where systems differ by #if: small things only. What differs in more
 * than a line is a backend file that the Makefile chooses.
 */
#ifndef LOOPHOUND_RUNTIME_PORTABLE_H
#define LOOPHOUND_RUNTIME_PORTABLE_H

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* glibc's tables need no buffer and no lock; elsewhere strerror's text does. */
static inline const char *portable_errno_text(int number)
{
#ifdef __GLIBC__
	return strerrordesc_np(number);
#else
	return strerror(number);
#endif
}

static inline const char *portable_errno_name(int number)
{
#ifdef __GLIBC__
	return strerrorname_np(number);
#else
	(void)number;
	return NULL;
#endif
}

/* Linux and the BSDs make a socket non-blocking and close-on-exec in the call; macOS afterwards. */
#ifdef SOCK_NONBLOCK
static inline int portable_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static inline int portable_datagram_socket(int family)
{
	return socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Blocking, but close-on-exec. */
static inline int portable_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC);
}

static inline int portable_accept(int fd, struct sockaddr *peer, socklen_t *length)
{
	return accept4(fd, peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
#else
static inline int portable_prepare(int fd)
{
	int on = 1;

	if (fd < 0)
		return fd;
	(void)on;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
#ifdef SO_NOSIGPIPE
	setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
	return fd;
}

static inline int portable_socket(int family)
{
	return portable_prepare(socket(family, SOCK_STREAM, 0));
}

static inline int portable_datagram_socket(int family)
{
	return portable_prepare(socket(family, SOCK_DGRAM, 0));
}

static inline int portable_pipe(int ends[2])
{
	if (pipe(ends) < 0)
		return -1;
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	return 0;
}

static inline int portable_accept(int fd, struct sockaddr *peer, socklen_t *length)
{
	return portable_prepare(accept(fd, peer, length));
}
#endif

/* Where send has no such flag, the socket has the option SO_NOSIGPIPE. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* ---- Waiting with a limit: on the monotonic clock where condition variables can --------------- */

#ifdef __APPLE__
#define PORTABLE_COND_CLOCK CLOCK_REALTIME
#else
#define PORTABLE_COND_CLOCK CLOCK_MONOTONIC
#endif

static inline void portable_cond_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
#ifndef __APPLE__
	pthread_condattr_setclock(&attributes, PORTABLE_COND_CLOCK);
#endif
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

static inline void portable_cond_deadline(struct timespec *until, double seconds)
{
	double whole = floor(seconds);

	clock_gettime(PORTABLE_COND_CLOCK, until);
	until->tv_sec += (time_t)whole;
	until->tv_nsec += (long)((seconds - whole) * 1e9);
	if (until->tv_nsec >= 1000000000) {
		until->tv_sec++;
		until->tv_nsec -= 1000000000;
	}
}

/* The thread that the process began with. */
static inline bool portable_is_main_thread(void)
{
#ifdef __linux__
	return getpid() == gettid();
#else
	return pthread_main_np() != 0;
#endif
}

/* ---- Which fds a spawned child has -------------------------------------------------------------- */

/* macOS closes all that is not named, glibc all from a number on; elsewhere close-on-exec has to do. */
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT
#define PORTABLE_SPAWN_FLAGS POSIX_SPAWN_CLOEXEC_DEFAULT
#else
#define PORTABLE_SPAWN_FLAGS 0
#endif

/* The fd keeps its number, and is open in the child even if it is close-on-exec. 0 or an errno. */
static inline int portable_spawn_keep(posix_spawn_file_actions_t *actions, int fd)
{
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT
	return posix_spawn_file_actions_addinherit_np(actions, fd);
#else
	return posix_spawn_file_actions_adddup2(actions, fd, fd);
#endif
}

static inline int portable_spawn_close_from(posix_spawn_file_actions_t *actions, int from)
{
#if defined(__GLIBC__) && __GLIBC_MINOR__ >= 34
	return posix_spawn_file_actions_addclosefrom_np(actions, from);
#else
	(void)actions;
	return from < 0 ? EBADF : 0;
#endif
}

/* ---- Stacks ------------------------------------------------------------------------------------ */

/* Address space is not memory: a slab of stacks is a promise, not a commitment. */
#ifdef MAP_NORESERVE
#define PORTABLE_MAP_NORESERVE MAP_NORESERVE
#else
#define PORTABLE_MAP_NORESERVE 0
#endif

static inline void portable_no_huge_pages(void *start, size_t size)
{
#ifdef MADV_NOHUGEPAGE
	madvise(start, size, MADV_NOHUGEPAGE);
#else
	(void)start;
	(void)size;
#endif
}

/* Linux 6.13 and later; the number is the same on every machine. False: this kernel has none. */
static inline bool portable_guard_install(void *start, size_t size)
{
#ifdef __linux__
	return madvise(start, size, 102 /* MADV_GUARD_INSTALL */) == 0;
#else
	(void)start;
	(void)size;
	return false;
#endif
}

/* How many mappings a process may have; where there is no such limit, a large number. */
static inline size_t portable_max_mappings(void)
{
	size_t max = 1u << 30;
#ifdef __linux__
	FILE *file = fopen("/proc/sys/vm/max_map_count", "re");

	if (!file || fscanf(file, "%zu", &max) != 1 || max < 4096)
		max = 65530;
	if (file)
		fclose(file);
#endif
	return max;
}

/*
 * malloc() keeps up to so much of what is freed, and takes blocks of up to `largest` out of it. For a
 * program whose large blocks come and go all the time: glibc would unmap each, and map the next.
 */
static inline void portable_keep_freed(int most, int largest)
{
#ifdef __GLIBC__
	(void)mallopt(M_TRIM_THRESHOLD, most);
	(void)mallopt(M_MMAP_THRESHOLD, largest);
#else
	(void)most;
	(void)largest;
#endif
}

#endif
