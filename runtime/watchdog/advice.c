/* SPDX-License-Identifier: MIT */
/*
 * advice.c - what the program should call instead of the one it is blocked in, so that the loop keeps
 * running. Pure.
 */
#include "runtime/watchdog/internal.h"

#include <stdio.h>
#include <string.h>

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
	enum watchdog_kind kind = watchdog_call_kind(stall->call.number);
	bool file = stall->target[0] == '/' && strncmp(stall->target, "/dev/", 5) != 0;

	switch (file ? CALL_FILE : kind) {
	case CALL_SLEEP:
		return "async_sleep(): the same delay, and the loop keeps running";
	case CALL_STREAM:
		return "async_wait_readable() or _writable() first and a non-blocking fd, or net_read(),"
		       " net_write()";
	case CALL_POLL:
		return "async_wait_readable() or async_wait_writable()";
	case CALL_LOCK:
		return "async_semaphore or async_event between tasks; async_to_thread() for a library's"
		       " own locks";
	case CALL_FILE:
		return "async_to_thread(): files are read and written on a thread";
	case CALL_OTHER:
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

	if (watchdog_verdict(stall) == ASYNC_VERDICT_CPU)
		advice =
			"async_sleep(0) every so often gives way to others; async_to_thread() uses "
			"another CPU";
	else if (stall->slices.count > 0)
		advice = "fewer of them at a time, by async_semaphore, so that a turn is short; or "
			 "async_to_thread() for what they do";
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
