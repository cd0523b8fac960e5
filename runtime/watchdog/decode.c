/* SPDX-License-Identifier: MIT */
/*
 * decode.c - the system call a thread is blocked in: its name, and what its arguments mean: the fd
 * with its peer or path, and for how long at most.
 *
 * What pointers point to is read through the kernel, for the thread may go on at any time. So may
 * the fd be closed: then there is a wrong word in one report.
 */
#include "runtime/watchdog/internal.h"

#include "runtime/symbol/maps.h"
#include "runtime/watchdog/text.h"

#include <arpa/inet.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static const struct name {
	long number;
	const char *name;
	enum watchdog_kind kind;
} names[] = {
	{ SYS_clock_nanosleep, "clock_nanosleep", CALL_SLEEP },
	{ SYS_nanosleep, "nanosleep", CALL_SLEEP },
	{ SYS_futex, "futex", CALL_LOCK },
	{ SYS_read, "read", CALL_STREAM },
	{ SYS_readv, "readv", CALL_STREAM },
	{ SYS_write, "write", CALL_STREAM },
	{ SYS_writev, "writev", CALL_STREAM },
	{ SYS_recvfrom, "recvfrom", CALL_STREAM },
	{ SYS_recvmsg, "recvmsg", CALL_STREAM },
	{ SYS_recvmmsg, "recvmmsg", CALL_STREAM },
	{ SYS_sendto, "sendto", CALL_STREAM },
	{ SYS_sendmsg, "sendmsg", CALL_STREAM },
	{ SYS_sendmmsg, "sendmmsg", CALL_STREAM },
	{ SYS_sendfile, "sendfile", CALL_STREAM },
	{ SYS_connect, "connect", CALL_STREAM },
	{ SYS_accept, "accept", CALL_STREAM },
	{ SYS_accept4, "accept4", CALL_STREAM },
	{ SYS_ppoll, "ppoll", CALL_POLL },
	{ SYS_pselect6, "pselect6", CALL_POLL },
	{ SYS_epoll_pwait, "epoll_pwait", CALL_POLL },
	{ SYS_pread64, "pread64", CALL_FILE },
	{ SYS_pwrite64, "pwrite64", CALL_FILE },
	{ SYS_fsync, "fsync", CALL_FILE },
	{ SYS_fdatasync, "fdatasync", CALL_FILE },
	{ SYS_flock, "flock", CALL_FILE },
	{ SYS_openat, "openat", CALL_OTHER },
	{ SYS_wait4, "wait4", CALL_OTHER },
	{ SYS_waitid, "waitid", CALL_OTHER },
#ifdef SYS_poll /* newer machines have only the second form of these */
	{ SYS_poll, "poll", CALL_POLL },
	{ SYS_select, "select", CALL_POLL },
	{ SYS_epoll_wait, "epoll_wait", CALL_POLL },
	{ SYS_open, "open", CALL_OTHER },
	{ SYS_stat, "stat", CALL_OTHER },
#endif
};

static const struct name *find(long number)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return &names[i];
	return NULL;
}

const char *watchdog_call_name(long number)
{
	const struct name *name = find(number);

	return name ? name->name : NULL;
}

enum watchdog_kind watchdog_call_kind(long number)
{
	const struct name *name = find(number);

	return name ? name->kind : CALL_OTHER;
}

/* ---- Times ----------------------------------------------------------------------------------- */

static double seconds_of(const struct timespec *time)
{
	return (double)time->tv_sec + (double)time->tv_nsec / 1e9;
}

/* A struct timespec; -1 where there is none. */
static double seconds_at(uint64_t address)
{
	struct timespec time;

	if (address == 0 || maps_read(&time, sizeof(time), (uintptr_t)address) != sizeof(time))
		return -1;
	return seconds_of(&time);
}

/* The same as a moment of that clock: how long it is until then. */
static double seconds_until(uint64_t address, clockid_t clock)
{
	struct timespec now;
	double until = seconds_at(address);

	if (until < 0 || clock_gettime(clock, &now) != 0)
		return -1;
	return until > seconds_of(&now) ? until - seconds_of(&now) : 0;
}

static double milliseconds(uint64_t argument)
{
	return (int)argument < 0 ? -1 : (double)(int)argument / 1e3;
}

static double of_futex(const uint64_t *a)
{
	bool real = a[1] & FUTEX_CLOCK_REALTIME;

	if ((a[1] & (uint64_t)FUTEX_CMD_MASK) == FUTEX_WAIT)
		return seconds_at(a[3]);
	return seconds_until(a[3], real ? CLOCK_REALTIME : CLOCK_MONOTONIC);
}

/* SO_RCVTIMEO or SO_SNDTIMEO; a socket that waits for ever has 0. */
static double of_socket(int fd, long number)
{
	bool sends = number == SYS_write || number == SYS_writev || number == SYS_sendto ||
		     number == SYS_sendmsg || number == SYS_connect;
	struct timeval limit = { 0 };
	socklen_t size = sizeof(limit);

	if (getsockopt(fd, SOL_SOCKET, sends ? SO_SNDTIMEO : SO_RCVTIMEO, &limit, &size) != 0 ||
	    (limit.tv_sec == 0 && limit.tv_usec == 0))
		return -1;
	return (double)limit.tv_sec + (double)limit.tv_usec / 1e6;
}

#ifdef SYS_poll
static double of_select(uint64_t address)
{
	struct timeval time;

	if (address == 0 || maps_read(&time, sizeof(time), (uintptr_t)address) != sizeof(time))
		return -1;
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}
#endif

static double timeout_of(const struct watchdog_call *call)
{
	const uint64_t *a = call->arguments;

	switch (call->number) {
	case SYS_nanosleep:
		return seconds_at(a[0]);
	case SYS_clock_nanosleep:
		return a[1] == 0 ? seconds_at(a[2]) : seconds_until(a[2], (clockid_t)a[0]);
	case SYS_ppoll:
		return seconds_at(a[2]);
	case SYS_pselect6:
		return seconds_at(a[4]);
	case SYS_epoll_pwait:
		return milliseconds(a[3]);
	case SYS_futex:
		return of_futex(a);
#ifdef SYS_poll
	case SYS_poll:
		return milliseconds(a[2]);
	case SYS_select:
		return of_select(a[4]);
	case SYS_epoll_wait:
		return milliseconds(a[3]);
#endif
	}
	return watchdog_call_kind(call->number) == CALL_STREAM ? of_socket((int)a[0], call->number)
							       : -1;
}

/* Polling nothing at all is a sleep, too; a sleep until some moment has no length of its own. */
static bool is_sleep(const struct watchdog_call *call)
{
	switch (call->number) {
	case SYS_nanosleep:
		return true;
	case SYS_clock_nanosleep:
		return call->arguments[1] == 0;
	case SYS_ppoll:
#ifdef SYS_poll
	case SYS_poll:
#endif
		return call->arguments[1] == 0;
	case SYS_pselect6:
#ifdef SYS_poll
	case SYS_select:
#endif
		return call->arguments[0] == 0;
	}
	return false;
}

/* ---- The fd ---------------------------------------------------------------------------------- */

/* What the call is about: its first argument, or for poll() the first of its fds. */
static int fd_of(const struct watchdog_call *call, enum watchdog_kind kind)
{
	struct pollfd first;

	if (kind == CALL_STREAM || kind == CALL_FILE)
		return (int)call->arguments[0];
	switch (call->number) {
#ifdef SYS_poll
	case SYS_poll:
#endif
	case SYS_ppoll:
		return call->arguments[1] > 0 &&
				       maps_read(&first, sizeof(first),
						 (uintptr_t)call->arguments[0]) == sizeof(first)
			       ? first.fd
			       : -1;
	}
	return -1;
}

/* False when that is no address that has a name. */
static bool add_address(struct watchdog_text *text, const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;
	const struct sockaddr_un *local = (const void *)address;
	char host[INET6_ADDRSTRLEN];

	if (address->ss_family == AF_INET && inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host)))
		text_add(text, "%s:%d", host, ntohs(v4->sin_port));
	else if (address->ss_family == AF_INET6 &&
		 inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host)))
		text_add(text, "[%s]:%d", host, ntohs(v6->sin6_port));
	else if (address->ss_family == AF_UNIX && local->sun_path[0] != '\0')
		text_add(text, "unix:%.*s", (int)sizeof(local->sun_path), local->sun_path);
	else
		return false;
	return true;
}

static bool add_peer(struct watchdog_text *text, int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t size = sizeof(address);

	if (getpeername(fd, (struct sockaddr *)&address, &size) == 0)
		return add_address(text, &address);
	size = sizeof(address);
	if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		return false;
	text_add(text, "bound to ");
	if (add_address(text, &address))
		return true;
	text->used = 0;
	return false;
}

static void describe_fd(int fd, char *target, size_t size)
{
	struct watchdog_text text = text_begin(target, size);
	char path[32];
	ssize_t length;

	if (fd < 0 || add_peer(&text, fd))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, target, size - 1);
	target[length > 0 ? length : 0] = '\0';
}

void watchdog_decode(struct watchdog_stall *stall)
{
	stall->sleep = stall->timeout = -1;
	stall->fd = -1;
	stall->target[0] = '\0';
	if (stall->call.state != WATCHDOG_BLOCKED || find(stall->call.number) == NULL)
		return;
	stall->timeout = timeout_of(&stall->call);
	if (is_sleep(&stall->call))
		stall->sleep = stall->timeout;
	stall->fd = fd_of(&stall->call, watchdog_call_kind(stall->call.number));
	describe_fd(stall->fd, stall->target, sizeof(stall->target));
}
