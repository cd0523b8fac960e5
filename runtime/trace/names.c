/* SPDX-License-Identifier: MIT */
/* names.c - words for numbers, as both formats use them. */
#include "runtime/trace/names.h"

#include "runtime/base.h"

const char *trace_wait_word(const struct trace_event *yield)
{
	static const char *const words[] = {
		[TRACE_WAIT_YIELD] = "its next turn",
		[TRACE_WAIT_EAGER] = "a task that it starts at once",
		[TRACE_WAIT_SLEEP] = "sleep",
		[TRACE_WAIT_READABLE] = "readable fd ",
		[TRACE_WAIT_WRITABLE] = "writable fd ",
		[TRACE_WAIT_FDS] = "one of several fds",
		[TRACE_WAIT_TASK] = "task ",
	};

	if (yield->why == TRACE_WAIT_KIND)
		return yield->value ? (const char *)(intptr_t)yield->value : "a future";
	return yield->why < array_size(words) ? words[yield->why] : "?";
}

bool trace_wait_has_detail(unsigned wait)
{
	return wait == TRACE_WAIT_READABLE || wait == TRACE_WAIT_WRITABLE ||
	       wait == TRACE_WAIT_TASK;
}

const char *trace_by_word(unsigned by)
{
	static const char *const words[] = {
		[TRACE_LOOP] = "the loop",
		[TRACE_BY_TASK] = "task ",
		[TRACE_BY_FD] = "fd ",
		[TRACE_BY_TIMER] = "its timer",
		[TRACE_BY_THREAD] = "a thread",
		[TRACE_BY_PROCESS] = "process ",
		[TRACE_BY_CALLBACK] = "a callback",
	};

	by &= TRACE_BY_MASK;
	return by < array_size(words) ? words[by] : "?";
}

bool trace_by_has_detail(unsigned by)
{
	by &= TRACE_BY_MASK;
	return by == TRACE_BY_TASK || by == TRACE_BY_FD || by == TRACE_BY_PROCESS;
}
