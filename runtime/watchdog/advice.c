/* SPDX-License-Identifier: MIT */
/*
 * advice.c - the system call a thread is blocked in: its name, what its arguments mean, and
 * what the program should call instead so that the loop keeps running.
 */
#include "runtime/watchdog/internal.h"

#include "runtime/symbol/maps.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the first argument is, and how the call is replaced. */
enum kind { SLEEP, SOCKET, FILE_CALL, LOCK, POLL, PROCESS };

static const struct name {
	long number;
	const char *name;
	enum kind kind;
} names[] = {
	{ SYS_clock_nanosleep, "clock_nanosleep", SLEEP },
	{ SYS_nanosleep, "nanosleep", SLEEP },
	{ SYS_futex, "futex", LOCK },
	{ SYS_read, "read", SOCKET },
	{ SYS_readv, "readv", SOCKET },
	{ SYS_write, "write", SOCKET },
	{ SYS_writev, "writev", SOCKET },
	{ SYS_recvfrom, "recvfrom", SOCKET },
	{ SYS_recvmsg, "recvmsg", SOCKET },
	{ SYS_recvmmsg, "recvmmsg", SOCKET },
	{ SYS_sendto, "sendto", SOCKET },
	{ SYS_sendmsg, "sendmsg", SOCKET },
	{ SYS_sendmmsg, "sendmmsg", SOCKET },
	{ SYS_sendfile, "sendfile", SOCKET },
	{ SYS_connect, "connect", SOCKET },
	{ SYS_accept, "accept", SOCKET },
	{ SYS_accept4, "accept4", SOCKET },
	{ SYS_ppoll, "ppoll", POLL },
	{ SYS_pselect6, "pselect6", POLL },
	{ SYS_epoll_pwait, "epoll_pwait", POLL },
	{ SYS_pread64, "pread64", FILE_CALL },
	{ SYS_pwrite64, "pwrite64", FILE_CALL },
	{ SYS_fsync, "fsync", FILE_CALL },
	{ SYS_fdatasync, "fdatasync", FILE_CALL },
	{ SYS_flock, "flock", FILE_CALL },
	{ SYS_openat, "openat", PROCESS },
	{ SYS_wait4, "wait4", PROCESS },
	{ SYS_waitid, "waitid", PROCESS },
#ifdef SYS_poll /* newer machines have only the second form of these */
	{ SYS_poll, "poll", POLL },
	{ SYS_select, "select", POLL },
	{ SYS_epoll_wait, "epoll_wait", POLL },
	{ SYS_open, "open", PROCESS },
	{ SYS_stat, "stat", PROCESS },
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

/* ---- Arguments ------------------------------------------------------------------------------- */

static double seconds_at(uint64_t address)
{
	struct timespec time;

	if (maps_read(&time, sizeof(time), (uintptr_t)address) != sizeof(time))
		return -1;
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* How long the call was asked to sleep; polling nothing at all is a sleep too. */
static double sleep_of(const struct watchdog_call *call)
{
	const uint64_t *a = call->arguments;

	switch (call->number) {
	case SYS_nanosleep:
		return seconds_at(a[0]);
	case SYS_clock_nanosleep:
		return a[1] == 0 ? seconds_at(a[2]) : -1; /* not TIMER_ABSTIME */
	case SYS_ppoll:
		return a[1] == 0 ? seconds_at(a[2]) : -1;
	case SYS_pselect6:
		return a[0] == 0 ? seconds_at(a[4]) : -1;
#ifdef SYS_poll
	case SYS_poll:
		return a[1] == 0 && (int)a[2] >= 0 ? (double)(int)a[2] / 1e3 : -1;
#endif
	}
	return -1;
}

void watchdog_decode(struct watchdog_stall *stall)
{
	const struct name *name = find(stall->call.number);
	char path[32];
	ssize_t length;

	stall->sleep = -1;
	stall->target[0] = '\0';
	if (stall->call.state != WATCHDOG_BLOCKED || name == NULL)
		return;
	stall->sleep = sleep_of(&stall->call);
	if (name->kind != SOCKET && name->kind != FILE_CALL)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)stall->call.arguments[0]);
	length = readlink(path, stall->target, sizeof(stall->target) - 1);
	stall->target[length > 0 ? length : 0] = '\0';
}

/* ---- Advice ---------------------------------------------------------------------------------- */

/* By the function that the program called; more exact than the system call below it. */
static const struct {
	const char *function, *advice;
} by_function[] = {
	{ "getaddrinfo",
	  "net_resolve() looks the name up on a thread, and the loop keeps running" },
	{ "gethostbyname",
	  "net_resolve() looks the name up on a thread, and the loop keeps running" },
	{ "getnameinfo", "async_to_thread(), and the loop keeps running" },
	{ "connect", "net_connect(): the same, and the loop keeps running" },
	{ "accept", "net_accept(): the same, and the loop keeps running" },
	{ "pthread_mutex_lock", "async_to_thread(), or hold no lock that others hold for long" },
	{ "pthread_join", "async_to_thread() runs work on a thread and awaits its end" },
	{ "pthread_cond_wait", "async_event_wait(), set through async_call_soon_threadsafe()" },
	{ "sem_wait", "async_semaphore_acquire(): the same between tasks" },
	{ "sem_timedwait", "async_semaphore_acquire() within async_timeout_begin() and _end()" },
	{ "fread", "async_to_thread(): files are read and written on a thread" },
	{ "fgets", "async_to_thread(): files are read and written on a thread" },
	{ "system", "async_to_thread(): the child is waited for on a thread" },
};

static const char *of_kind(const struct watchdog_stall *stall)
{
	const struct name *name = find(stall->call.number);
	bool file = stall->target[0] == '/' && strncmp(stall->target, "/dev/", 5) != 0;

	if (name == NULL)
		return "async_to_thread(), and the loop keeps running";
	switch (file ? FILE_CALL : name->kind) {
	case SLEEP:
		return "async_sleep(): the same delay, and the loop keeps running";
	case SOCKET:
		return "async_wait_readable() or _writable() first and a non-blocking fd, or net_read(),"
		       " net_write()";
	case POLL:
		return "async_wait_readable() or async_wait_writable()";
	case LOCK:
		return "async_semaphore or async_event between tasks; async_to_thread() for a library's"
		       " own locks";
	case FILE_CALL:
		return "async_to_thread(): files are read and written on a thread";
	case PROCESS:
		break;
	}
	return "async_to_thread(), and the loop keeps running";
}

static const char *of_function(const struct watchdog_stall *stall)
{
	const struct symbol_frame *culprit = watchdog_culprit(stall);

	if (culprit == NULL || culprit == stall->frames)
		return NULL;
	for (size_t i = 0; i < sizeof(by_function) / sizeof(by_function[0]); i++) {
		const char *wanted = by_function[i].function;

		if (strcmp(watchdog_plain_name(culprit[-1].function), wanted) == 0)
			return by_function[i].advice;
	}
	return NULL;
}

size_t watchdog_advise(const struct watchdog_stall *stall, char *text, size_t size)
{
	const char *advice;
	int length;

	if (watchdog_verdict(stall) == VERDICT_CPU)
		advice =
			"async_sleep(0) every so often gives way to others; async_to_thread() uses "
			"another CPU";
	else if (stall->call.state != WATCHDOG_BLOCKED || stall->call.number < 0)
		return 0;
	else if (stall->sleep >= 0) {
		length = snprintf(text, size,
				  "async_sleep(%g): the same delay, and the loop keeps running",
				  stall->sleep);
		return length > 0 && (size_t)length < size ? (size_t)length : 0;
	} else
		advice = of_function(stall) ? of_function(stall) : of_kind(stall);
	length = snprintf(text, size, "%s", advice);
	return length > 0 && (size_t)length < size ? (size_t)length : 0;
}
