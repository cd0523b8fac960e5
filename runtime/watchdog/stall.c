/* SPDX-License-Identifier: MIT */
/*
 * stall.c - from a slice that is followed to a report: what its time was, where it is, whom it harms.
 *
 * The first report goes out when the time that is the code's own passes the limit. It is looked at
 * again at 2, 4, 8 ... limits, to tell "stuck" from "moving"; only from the 8th on is that said while
 * it lasts, and else in the line at its end. When the time on the clock passes the limit and the code
 * is not to blame, that is counted, and reported only if the program wants to know.
 */
#include "runtime/watchdog/internal.h"

#include <string.h>

#include "runtime/trace/trace.h"

enum { SAY_AGAIN_FROM = 8 }; /* limits */

/* ---- Numbers --------------------------------------------------------------------------------- */

/* What async_blocking() allows in this slice. */
static int64_t excused(const struct watchdog *w)
{
	return atomic_load(&w->hb->excused_in) == w->slice.generation ? atomic_load(&w->hb->excused)
								      : 0;
}

/* Is there something to say: a time of its own, or, until it is judged, the time on the clock? */
static bool is_due(const struct watchdog *w)
{
	const struct watchdog_slice *slice = &w->slice;
	int64_t meant = excused(w);

	return watchdog_own_time(&w->stall) >= slice->next + meant ||
	       (!slice->excused && !slice->reported && w->stall.held >= w->options.limit + meant);
}

bool stall_measure(struct watchdog *w)
{
	struct watchdog_slice *slice = &w->slice;

	span_add(&slice->span, &w->reading);
	span_suspect(&slice->span, &w->reading);
	span_numbers(&slice->span, w->options.limit, &w->stall);
	w->remaining = slice->next + excused(w) - watchdog_own_time(&w->stall);
	if (!is_due(w))
		return false;
	span_press(&slice->span, &w->reading, &w->stall);
	w->stall.traced = watchdog_traced(w->tid);
	w->remaining = slice->next + excused(w) - watchdog_own_time(&w->stall);
	return is_due(w);
}

/* ---- Where ----------------------------------------------------------------------------------- */

/* Fills in the task. False when the slice has ended meanwhile. */
static bool describe(struct watchdog *w)
{
	watchdog_who(w->hb, atomic_load(&w->hb->task), &w->stall);
	return atomic_load(&w->hb->generation) == w->slice.generation;
}

/* Copies the stack. False when the slice has ended meanwhile. */
static bool capture(struct watchdog *w)
{
	const struct watchdog_stall *stall = &w->stall;
	uintptr_t low = stall->callback ? w->low : stall->view.stack_low;
	uintptr_t high = stall->callback ? w->high : stall->view.stack_high;

	w->capture.bytes = (unsigned char *)w->copy;
	w->work.looked = true;
	return watchdog_capture(&w->capture, w->tid, low, high, w->hb, w->slice.generation);
}

static size_t name_frames(struct watchdog *w, struct symbol_frame *frames)
{
	if (w->capture.failure != NULL)
		return 0;
	return symbol_unwind(w->symbols, &w->capture.stack, frames, WATCHDOG_FRAMES);
}

/* In which of the program's functions it is, and how it came there. */
static uint64_t place_of(const struct symbol_frame *frames, size_t count)
{
	uint64_t hash = 5381;

	for (size_t i = 0; i < count; i++)
		if (frames[i].owner == SYMBOL_PROGRAM)
			for (const char *name = frames[i].function; *name != '\0'; name++)
				hash = hash * 33 + (unsigned char)*name;
	return hash;
}

/* ---- Reports --------------------------------------------------------------------------------- */

static void count(struct watchdog *w, enum async_verdict verdict)
{
	w->stall.number = watchdog_count(verdict);
	if (verdict == ASYNC_VERDICT_STARVED)
		w->totals.starved++;
	else if (verdict == ASYNC_VERDICT_STOPPED)
		w->totals.stopped++;
	else
		w->totals.findings++;
}

/*
 * Not the code's fault: no stack is taken, since that might cost it time that it does not have.
 * over: the slice has ended.
 */
static void excuse(struct watchdog *w, enum async_verdict verdict, bool over)
{
	struct watchdog_stall *stall = &w->stall;

	watchdog_who(w->hb, w->slice.task, stall);
	if (stall->callback && atomic_load(&w->hb->generation) != w->slice.generation)
		strcpy(stall->who, "a callback");
	stall->over = over;
	stall->frame_count = 0;
	memset(&stall->victims, 0, sizeof(stall->victims));
	w->slice.excused = true;
	count(w, verdict);
	if (w->options.excuses && policy_admit(&w->policy, watchdog_now(), stall))
		watchdog_emit(w, stall, STALL_BEGAN, false);
	else
		w->totals.hidden += w->options.excuses;
}

/* For the flight recorder, which keeps those that are not said, too; before the end that "abort" is. */
void stall_record(struct watchdog *w, struct watchdog_stall *stall, int64_t begin)
{
	watchdog_format(ASYNC_REPORT_TEXT, STALL_BEGAN, stall, false, w->text, sizeof(w->text));
	stall->recorded = trace_stall_begin(
		w->hb, begin, stall->slices.count > 0 ? 0 : (uint32_t)stall->view.id, w->text);
}

static void report(struct watchdog *w)
{
	struct watchdog_stall *stall = &w->stall;

	count(w, watchdog_verdict(stall));
	stall->looks = stall->moved = 0;
	w->slice.reported = true;
	w->slice.loud = policy_admit(&w->policy, watchdog_now(), stall);
	w->totals.hidden += !w->slice.loud;
	stall_record(w, stall, w->slice.span.start.wall);
	watchdog_emit(w, stall, STALL_BEGAN, !w->slice.loud);
}

static void look_first(struct watchdog *w)
{
	struct watchdog_stall *stall = &w->stall;

	if (!describe(w))
		return;
	w->slice.found = w->turn.spoiled = true;
	stall->call = w->reading.call;
	if (!capture(w) || (w->capture.failure != NULL && stall->held < 2 * w->options.limit))
		return;
	stall->over = false;
	stall->call = w->capture.call;
	stall->failure = w->capture.failure;
	/* The arguments may lie on the stack: read before the names are looked up, which can take long. */
	watchdog_decode(stall);
	victims_look(w->hb, watchdog_now(), &stall->victims);
	stall->frame_count = name_frames(w, stall->frames);
	w->slice.place = place_of(stall->frames, stall->frame_count);
	report(w);
}

/* A finding that ended before it could be looked at: the numbers are known, the task and the call. */
static void report_over(struct watchdog *w)
{
	struct watchdog_stall *stall = &w->stall;

	stall->over = true;
	stall->failure = "it ended before it could be looked at";
	stall->sleep = stall->timeout = stall->fd = -1;
	stall->target[0] = '\0';
	stall->frame_count = 0;
	memset(&stall->victims, 0, sizeof(stall->victims));
	report(w);
}

static void look_again(struct watchdog *w)
{
	struct watchdog_stall *stall = &w->stall;
	size_t count;

	if (!describe(w) || !capture(w))
		return;
	count = name_frames(w, w->again);
	if (count > 0) {
		const struct symbol_frame *now = watchdog_own_frame(w->again, count);

		stall->looks++;
		if (place_of(w->again, count) != w->slice.place)
			stall->moved++;
		stall->now = now ? *now : w->again[0];
	}
	victims_look(w->hb, watchdog_now(), &stall->victims);
	if (w->slice.next >= SAY_AGAIN_FROM * w->options.limit)
		watchdog_emit(w, stall, STALL_LASTS, !w->slice.loud);
}

void stall_look(struct watchdog *w)
{
	uint32_t quiet = HEARTBEAT_QUIET;
	enum async_verdict verdict = watchdog_verdict(&w->stall);

	if (!w->slice.reported && !watchdog_is_finding(verdict)) {
		excuse(w, verdict, false);
		return;
	}
	if (watchdog_own_time(&w->stall) < w->slice.next || w->stall.traced)
		return;
	/* From here on the end of the slice is noted to the microsecond. */
	atomic_compare_exchange_strong(&w->hb->bell, &quiet, HEARTBEAT_WATCH);
	if (w->slice.reported)
		look_again(w);
	else
		look_first(w);
	while (w->slice.reported && w->slice.next <= watchdog_own_time(&w->stall))
		w->slice.next *= 2;
}

/* It was over before the monitor got to it: stopped, or both were without a CPU. */
static void judge_late(struct watchdog *w, int64_t when)
{
	struct watchdog_reading reading = w->reading;
	enum async_verdict verdict;

	if (when - w->slice.span.start.wall < w->options.limit)
		return;
	reading.same_call = false;
	span_add(&w->slice.span, &reading);
	span_numbers(&w->slice.span, w->options.limit, &w->stall);
	w->stall.held = when - w->slice.span.start.wall;
	span_press(&w->slice.span, &reading, &w->stall);
	verdict = watchdog_verdict(&w->stall);
	if (!watchdog_is_finding(verdict))
		excuse(w, verdict, true);
}

void stall_end(struct watchdog *w, int64_t when)
{
	struct watchdog_stall *stall = &w->stall;

	if (!w->slice.reported && !w->slice.found) {
		if (!w->slice.excused)
			judge_late(w, when);
		return;
	}
	stall->held = when - w->slice.span.start.wall;
	if (!w->slice.reported)
		report_over(w);
	w->totals.held += stall->held;
	if (stall->held > w->totals.longest)
		w->totals.longest = stall->held;
	trace_stall_end(w->hb, stall->recorded, when);
	watchdog_emit(w, stall, STALL_ENDED, !w->slice.loud);
}
