/* SPDX-License-Identifier: MIT */
/*
 * verdict.c - the numbers first, then the word. Pure.
 *
 * W is the time on the clock, C of it on a CPU, R runnable but without one, and B, the rest, blocked.
 * What is the code's own is C + B: only when that is over the limit is the stall a finding, and then
 * the word follows from the shares of C and B in it, so that a busy machine does not change the word
 * either. Else something has to explain why W is over the limit: no CPU for it (R, or what other
 * machines or the control group took), or nothing ran at all (the monitor was as late).
 */
#include "runtime/watchdog/internal.h"

#include <string.h>

/* A kernel that does not see what was stolen books it as CPU time or as blocked. */
int64_t watchdog_own_time(const struct watchdog_stall *stall)
{
	int64_t taken = stall->stolen > stall->throttled ? stall->stolen : stall->throttled;
	int64_t own = stall->cpu + stall->blocked;

	return taken * 2 < stall->held ? own : own > taken ? own - taken : 0;
}

static bool explains(int64_t part, const struct watchdog_stall *stall)
{
	return part * 2 >= stall->held;
}

static enum async_verdict excuse(const struct watchdog_stall *stall)
{
	if (stall->traced || explains(stall->late, stall))
		return ASYNC_VERDICT_STOPPED;
	if (explains(stall->waiting + stall->unseen, stall) || explains(stall->stolen, stall) ||
	    explains(stall->throttled, stall))
		return ASYNC_VERDICT_STARVED;
	return ASYNC_VERDICT_MIXED;
}

enum async_verdict watchdog_verdict(const struct watchdog_stall *stall)
{
	int64_t own = stall->cpu + stall->blocked;
	const char *name = watchdog_call_name(stall->call.number);

	if (stall->slices.count > 0)
		return ASYNC_VERDICT_BUSY;
	if (stall->traced || watchdog_own_time(stall) < stall->limit)
		return excuse(stall);
	if (stall->cpu * 10 >= own * 7)
		return ASYNC_VERDICT_CPU;
	if (stall->blocked * 10 < own * 7 || stall->call.state != WATCHDOG_BLOCKED)
		return ASYNC_VERDICT_MIXED;
	return name != NULL && strcmp(name, "futex") == 0 ? ASYNC_VERDICT_LOCK
							  : ASYNC_VERDICT_BLOCKED;
}

bool watchdog_is_finding(enum async_verdict verdict)
{
	return verdict != ASYNC_VERDICT_STARVED && verdict != ASYNC_VERDICT_STOPPED;
}

const char *watchdog_verdict_name(enum async_verdict verdict)
{
	static const char *const names[] = {
		[ASYNC_VERDICT_CPU] = "CPU",	     [ASYNC_VERDICT_BLOCKED] = "BLOCKED",
		[ASYNC_VERDICT_LOCK] = "LOCK",	     [ASYNC_VERDICT_MIXED] = "MIXED",
		[ASYNC_VERDICT_BUSY] = "BUSY",	     [ASYNC_VERDICT_STARVED] = "STARVED",
		[ASYNC_VERDICT_STOPPED] = "STOPPED",
	};

	return names[verdict];
}

const struct symbol_frame *watchdog_own_frame(const struct symbol_frame *frames, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (frames[i].owner == SYMBOL_PROGRAM)
			return &frames[i];
	return NULL;
}

const struct symbol_frame *watchdog_culprit(const struct watchdog_stall *stall)
{
	return watchdog_own_frame(stall->frames, stall->frame_count);
}
