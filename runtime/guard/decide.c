/* SPDX-License-Identifier: MIT */
/*
 * decide.c - may this system call block? Decided from its number and arguments: a call that happened
 * to return at once may not do so tomorrow.
 *
 *  - Reading and writing block when the fd lacks O_NONBLOCK and the call no MSG_DONTWAIT; on a file
 *    that is the disk's time, on a pipe, a socket or a terminal the peer's.
 *  - Waiting blocks unless its time is zero, or past.
 *
 * Runs in a signal handler: system calls only, and what the arguments point to is read through
 * maps_read(), since a bad pointer is the kernel's to answer.
 */
#include "runtime/guard/rule.h"

#include "runtime/symbol/maps.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef TIMER_ABSTIME /* then there is no clock_nanosleep() */
#define TIMER_ABSTIME 0
#endif

/* ---- Time ------------------------------------------------------------------------------------ */

bool guard_timed(struct guard_call *call, uint64_t address, double fraction)
{
	struct timespec time;

	if (address == 0)
		return true;
	if (maps_read(&time, sizeof(time), (uintptr_t)address) != sizeof(time))
		return false;
	call->seconds = (double)time.tv_sec + (double)time.tv_nsec / fraction;
	return call->seconds > 0;
}

static bool until(struct guard_call *call)
{
	struct timespec now;

	if (!guard_timed(call, call->arguments[2], 1e9))
		return false;
	if (!(call->arguments[1] & TIMER_ABSTIME))
		return true;
	if (clock_gettime((clockid_t)call->arguments[0], &now) != 0)
		return false;
	call->seconds -= (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	return call->seconds > 0;
}

static bool milliseconds(struct guard_call *call, int value)
{
	if (value >= 0)
		call->seconds = value / 1e3;
	return value != 0;
}

/* ---- Fds ------------------------------------------------------------------------------------- */

static bool on_fd(struct guard_call *call, bool file_too)
{
	struct stat status;
	int flags;

	call->fd = (int)call->arguments[0];
	flags = fcntl(call->fd, F_GETFL);
	if (flags < 0 || fstat(call->fd, &status) != 0)
		return false;
	if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) || S_ISDIR(status.st_mode)) {
		call->severity = GUARD_DISK;
		return file_too;
	}
	if (S_ISCHR(status.st_mode) && guard_is_memory(status.st_rdev))
		return false;
	return !(flags & O_NONBLOCK);
}

/* fstat() is a newfstatat() without a path, and asks nobody; /proc is in memory. */
static bool on_path(const struct guard_call *call, int argument)
{
	char start[6] = "";

	return maps_read(start, sizeof(start), (uintptr_t)call->arguments[argument]) > 0 &&
	       start[0] != '\0' && memcmp(start, "/proc/", sizeof(start)) != 0;
}

/* ---- All together ---------------------------------------------------------------------------- */

static bool apply(const struct guard_rule *rule, struct guard_call *call)
{
	const uint64_t *a = call->arguments;

	switch (rule->kind) {
	case ALWAYS:
		return true;
	case ON_FD:
	case ON_SOCKET:
		return !(rule->flag != 0 && (a[rule->detail] & (uint64_t)rule->flag)) &&
		       on_fd(call, rule->kind == ON_FD);
	case ON_PATH:
		return on_path(call, rule->detail);
	case FILE_OF:
		call->fd = (int)a[rule->detail];
		return fcntl(call->fd, F_GETFD) >= 0;
	case RELATIVE:
		return guard_timed(call, a[rule->detail], 1e9);
	case ABSOLUTE:
		return until(call);
	case MILLISECONDS:
		return milliseconds(call, (int)a[rule->detail]);
	case TIMEVAL:
		return guard_timed(call, a[rule->detail], 1e6);
	case UNLESS:
		return !(a[rule->detail] & (uint64_t)rule->flag);
	case LOCK_COMMAND:
		call->fd = (int)a[0];
		return guard_waits_for_lock((int)a[1]);
	case OTHER:
		return guard_decide_other(call);
	}
	return false;
}

bool guard_decide(struct guard_call *call)
{
	const struct guard_rule *rule;

	call->seconds = -1;
	call->fd = -1;
	call->target[0] = '\0';
	if (call->number < 0)
		return true;
	rule = guard_rule_of(call->number);
	if (rule == NULL)
		return false;
	if (call->name == NULL)
		call->name = rule->name;
	/* A poll of nothing at all is a sleep by another name. */
	call->severity =
		guard_polls_nothing(call) ? GUARD_SLEEP : (enum guard_severity)rule->severity;
	return apply(rule, call);
}

void guard_describe(struct guard_call *call)
{
	const struct guard_rule *rule = call->number < 0 ? NULL : guard_rule_of(call->number);
	size_t size = sizeof(call->target) - 1, length = 0;

	if (rule == NULL)
		return;
	if (call->fd >= 0)
		length = guard_name_fd(call->fd, call->target, size);
	else if (rule->kind == ON_PATH)
		length = maps_read(call->target, size, (uintptr_t)call->arguments[rule->detail]);
	call->target[length] = '\0';
}
