/* SPDX-License-Identifier: MIT */
/* deadline.c - one async_timeout for all limits of a request, one lazy timer per connection. */
#include "http/deadline.h"

static double seconds_until(int64_t due)
{
	return (double)(due - async_time_ns()) / 1e9;
}

void limit_begin(struct limit *limit)
{
	limit->code = 0;
	limit->armed = limit->ended = false;
	async_timeout_begin(&limit->timeout, ASYNC_NO_TIMEOUT);
}

int limit_end(struct limit *limit, int rc)
{
	rc = async_timeout_end(&limit->timeout, rc);
	/* Inner waits report their own expiry under their own codes, so this one is the limit's. */
	return rc == ASYNC_ETIMEOUT && async_timeout_expired(&limit->timeout) ? limit->code : rc;
}

void limit_wait(struct limit *limit, int64_t due, int code)
{
	if (limit->ended || async_timeout_expired(&limit->timeout))
		return;
	if (due == DEADLINE_NEVER && !limit->armed)
		return;
	limit->armed = due != DEADLINE_NEVER;
	limit->code = code;
	async_timeout_reschedule(&limit->timeout,
				 limit->armed ? seconds_until(due) : ASYNC_NO_TIMEOUT);
}

void limit_expire(struct limit *limit, int code)
{
	if (limit->ended || async_timeout_expired(&limit->timeout))
		return;
	limit->ended = true;
	limit->code = code;
	async_timeout_reschedule(&limit->timeout, 0);
}

static void arm(struct deadline *deadline);

static void fire(void *arg)
{
	struct deadline *deadline = arg;

	if (!deadline->limit || deadline->due == DEADLINE_NEVER)
		return;
	if (deadline->due > async_time_ns())
		arm(deadline);
	else
		limit_expire(deadline->limit, deadline->code);
}

static void arm(struct deadline *deadline)
{
	async_timer_cancel(&deadline->timer);
	deadline->armed = deadline->due;
	/* A nanosecond late rather than early: early would mean to arm it once more. */
	async_call_at(&deadline->timer, ((double)deadline->due + 1) / 1e9, fire, deadline);
}

void deadline_begin(struct deadline *deadline, struct limit *limit)
{
	deadline->limit = limit;
	deadline->due = DEADLINE_NEVER;
}

void deadline_move(struct deadline *deadline, int64_t due, int code)
{
	deadline->due = due;
	deadline->code = code;
	/*
	 * Fired, and about to run: it looks at due itself. Arming would take it back, and a body that
	 * always has more to read would do so in each turn, so that no limit ever ended it.
	 */
	if (deadline->timer.handle.node.next)
		return;
	if (due != DEADLINE_NEVER && (!deadline->timer.pending || due < deadline->armed))
		arm(deadline);
}

void deadline_end(struct deadline *deadline)
{
	deadline->limit = NULL;
}

void deadline_stop(struct deadline *deadline)
{
	deadline->limit = NULL;
	async_timer_cancel(&deadline->timer);
}

int64_t deadline_after(int64_t start, double seconds)
{
	/* Three billion seconds are a century. NaN lands here too. */
	if (!(seconds >= 0 && seconds < 3e9))
		return DEADLINE_NEVER;
	return start + (int64_t)(seconds * 1e9);
}
