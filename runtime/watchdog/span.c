/* SPDX-License-Identifier: MIT */
/*
 * span.c - what a stretch of the loop's time went to: a slice, or a turn of many.
 *
 * The monitor reads the numbers of the loop's thread once a look; each stretch that is followed adds up
 * what it finds in them. All doubt is for the loop: what the monitor cannot know is not blocked time.
 */
#include "runtime/watchdog/internal.h"

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* What it is in, and its numbers. If that took long, it has to be in the same thing still. */
static void read_both(struct watchdog *w, struct watchdog_reading *now)
{
	struct watchdog_call again;
	int64_t begin = watchdog_now();

	watchdog_call_read(w->tid, &now->call);
	watchdog_usage_read(w->tid, w->cpu_clock, &now->usage);
	now->state = now->call.state;
	if (now->state != WATCHDOG_BLOCKED || now->usage.wall - begin <= 2 * WATCHDOG_TORN_NS)
		return;
	watchdog_call_read(w->tid, &again);
	if (!watchdog_same_call(&now->call, &again))
		now->state = WATCHDOG_RUNNING;
}

/* A thread that is stopped also shows a call. */
static bool is_asleep(const struct watchdog_usage *usage)
{
	return usage->state == 'S' || usage->state == 'D';
}

void span_read(struct watchdog *w, bool followed)
{
	struct watchdog_reading *now = &w->reading;
	struct watchdog_call before = now->call;
	bool asleep = is_asleep(&now->usage);

	now->doubt = w->doubt;
	now->missed = w->missed;
	now->pressed = false;
	w->doubt = w->missed = 0;
	if (followed) {
		read_both(w, now);
	} else {
		watchdog_usage_read(w->tid, w->cpu_clock, &now->usage);
		now->call = (struct watchdog_call){ 0 };
		now->state = WATCHDOG_UNKNOWN;
	}
	now->same_call = now->state == WATCHDOG_BLOCKED && asleep && is_asleep(&now->usage) &&
			 watchdog_same_call(&before, &now->call);
}

/* Coarse and slow: once a look. */
static const struct watchdog_pressure *pressure_of(struct watchdog_reading *reading)
{
	if (!reading->pressed)
		watchdog_pressure_read(&reading->pressure);
	reading->pressed = true;
	return &reading->pressure;
}

/* ---- Adding up ------------------------------------------------------------------------------- */

/* What of the span is neither CPU time nor waiting, nor known to be a stop. */
static int64_t unexplained(const struct watchdog_span *span, const struct watchdog_usage *now)
{
	return now->wall - span->start.wall - (now->cpu - span->start.cpu) -
	       (now->waiting - span->start.waiting) - span->late - span->unseen;
}

/*
 * No more than that: the rest the loop had for certain. While the monitor had no CPU the process may
 * have been stopped, which only a call that lasted all the time outweighs. What held the monitor up
 * after it had read the time is known at the next look only, so the whole span is looked at.
 */
static void add_doubt(struct watchdog_span *span, const struct watchdog_reading *reading)
{
	const struct watchdog_usage *now = &reading->usage;
	int64_t since = now->wall - span->last.wall - (now->cpu - span->last.cpu) -
			(now->waiting - span->last.waiting);
	int64_t doubt = reading->doubt;

	if ((now->state == 'T' || now->state == 't') && doubt < since)
		doubt = since;
	span->late += clamp(doubt, 0, clamp(unexplained(span, now), 0, INT64_MAX));
	if (!reading->same_call)
		span->unseen +=
			clamp(reading->missed, 0, clamp(unexplained(span, now), 0, INT64_MAX));
}

/*
 * What is neither CPU time nor waiting was blocked. But the system books a wait for a CPU only when it
 * is over: while the thread is runnable, some of that may be one. It cannot have begun before the last
 * look if the thread has run since.
 */
static void add_blocked(struct watchdog_span *span, const struct watchdog_reading *reading)
{
	const struct watchdog_usage *now = &reading->usage;
	int64_t rest = unexplained(span, now);

	if (!now->has_waiting || (reading->state != WATCHDOG_RUNNING && !now->torn))
		span->blocked = clamp(rest, 0, INT64_MAX);
	else if (now->cpu > span->last.cpu && rest - (now->wall - span->last.wall) > span->blocked)
		span->blocked = rest - (now->wall - span->last.wall);
}

void span_begin(struct watchdog_span *span, const struct watchdog_usage *start)
{
	*span = (struct watchdog_span){ .start = *start, .last = *start };
}

void span_add(struct watchdog_span *span, const struct watchdog_reading *reading)
{
	add_doubt(span, reading);
	add_blocked(span, reading);
	span->last = reading->usage;
}

void span_suspect(struct watchdog_span *span, struct watchdog_reading *reading)
{
	if (!span->pressed)
		span->pressure = *pressure_of(reading);
	span->pressed = true;
}

/* ---- Telling --------------------------------------------------------------------------------- */

void span_numbers(const struct watchdog_span *span, int64_t limit, struct watchdog_stall *stall)
{
	const struct watchdog_usage *now = &span->last, *start = &span->start;

	stall->limit = limit;
	stall->held = now->wall - start->wall;
	stall->cpu = now->cpu - start->cpu;
	stall->waiting = now->waiting - start->waiting;
	stall->user = now->user - start->user;
	stall->kernel = now->kernel - start->kernel;
	stall->faults = now->faults - start->faults;
	stall->has_waiting = now->has_waiting;
	stall->late = span->late;
	stall->unseen = span->unseen;
	stall->blocked = span->blocked;
	stall->stolen = stall->throttled = 0;
	stall->traced = false;
}

void span_press(const struct watchdog_span *span, struct watchdog_reading *reading,
		struct watchdog_stall *stall)
{
	const struct watchdog_pressure *now;

	if (!span->pressed)
		return;
	now = pressure_of(reading);
	stall->stolen = clamp(now->stolen - span->pressure.stolen, 0, stall->held);
	stall->throttled = clamp(now->throttled - span->pressure.throttled, 0, stall->held);
}
