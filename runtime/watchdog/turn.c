/* SPDX-License-Identifier: MIT */
/*
 * turn.c - many short slices are a stall, too: each below the limit, but all in one turn, in which no
 * timer fires and nothing is read.
 *
 * A turn is reported once, when what is the code's own of it passes the limit and a timer is late by
 * as much: a loop that is busy and keeps nobody waiting is none of the watchdog's business. Nor is
 * a turn with one long slice in it, which is reported for itself, or was allowed; while a slice runs
 * nobody knows how long it becomes, so that it does not count. And the slices have to account for it: in
 * its turn the loop also fires timers, and the strict guard looks names up.
 *
 * No slice is to blame more than the next. The loop's accounts tell where most of them were created,
 * and one of these is shown if it runs at the moment.
 */
#include "runtime/watchdog/internal.h"

#include "runtime/trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What async_blocking() allows in this turn. */
static int64_t excused(const struct heartbeat *hb, uint64_t turn)
{
	return atomic_load(&hb->excused_turn) == turn ? atomic_load(&hb->excused_sum) : 0;
}

/* Of the slice that runs. */
static int64_t running(const struct watchdog *w)
{
	return w->slice.generation != 0 ? w->reading.usage.wall - w->slice.span.start.wall : 0;
}

static bool is_over(const struct watchdog *w)
{
	const struct watchdog_turn *turn = &w->turn;

	return watchdog_own_time(&turn->stall) - running(w) >=
	       w->options.limit + excused(w->hb, turn->number);
}

/* At the end of a slice the generation is even: the first one, those after it, the one that runs. */
static void count(struct account_turn *turn, uint32_t generation)
{
	turn->count = 1 + (generation - turn->first + 1) / 2;
}

/* What the loop's accounts know of the turn, in which all may have been too short to be in there. */
static bool read_slices(struct watchdog *w, uint32_t generation)
{
	struct watchdog_turn *turn = &w->turn;
	struct account_turn *slices = &turn->stall.slices;

	if (!victims_turn(w->hb, slices))
		return false;
	if (slices->turn != turn->number)
		*slices = (struct account_turn){ .turn = turn->number,
						 .first = turn->first,
						 .longest = ACCOUNT_SHORT };
	count(slices, generation);
	return slices->longest < w->options.limit &&
	       slices->ns + slices->count * (int64_t)ACCOUNT_SHORT >= w->options.limit;
}

/* Is it the turn's fault that somebody waits? */
static bool does_harm(struct watchdog *w, uint32_t generation)
{
	struct watchdog_turn *turn = &w->turn;
	struct watchdog_stall *stall = &turn->stall;
	int64_t limit = w->options.limit;

	span_numbers(&turn->span, limit, stall);
	if (stall->cpu + stall->blocked >= limit / 4)
		span_suspect(&turn->span, &w->reading);
	if (!is_over(w) || victims_lag(w->hb, watchdog_now()) < limit)
		return false;
	span_press(&turn->span, &w->reading, stall);
	stall->traced = watchdog_traced(w->tid);
	return is_over(w) && !stall->traced && read_slices(w, generation);
}

/* Some of many are not to blame. */
static bool is_much(const struct watchdog_stall *stall)
{
	return stall->slices.shares[0].ns * 4 >= watchdog_own_time(stall);
}

/* Where those were created that took most of it, in place of a stack. */
static void show_creation(struct watchdog_stall *stall)
{
	const struct account_share *most = &stall->slices.shares[0];
	struct symbol_frame *frame = &stall->frames[0];
	const char *colon = most->created_at ? strrchr(most->created_at, ':') : NULL;

	if (colon == NULL)
		return;
	memset(frame, 0, sizeof(*frame));
	frame->owner = SYMBOL_PROGRAM;
	snprintf(frame->function, sizeof(frame->function), "%s", most->label ? most->label : "");
	snprintf(frame->file, sizeof(frame->file), "%.*s", (int)(colon - most->created_at),
		 most->created_at);
	frame->line = atoi(colon + 1);
	stall->frame_count = 1;
}

/* The stack of the slice that runs, if it is one of those that took most. */
static bool show_one(struct watchdog *w)
{
	struct watchdog_stall *stall = &w->turn.stall;
	uint32_t generation = atomic_load(&w->hb->generation);
	const void *task = atomic_load(&w->hb->task);

	if (!(generation & 1) || task == NULL)
		return false;
	task_describe(task, &stall->view);
	if (stall->view.created_at != stall->slices.shares[0].created_at)
		return false;
	w->capture.bytes = (unsigned char *)w->copy;
	w->work.looked = true;
	if (!watchdog_capture(&w->capture, w->tid, stall->view.stack_low, stall->view.stack_high,
			      w->hb, generation) ||
	    w->capture.failure != NULL)
		return false;
	stall->frame_count =
		symbol_unwind(w->symbols, &w->capture.stack, stall->frames, WATCHDOG_FRAMES);
	return stall->frame_count > 0;
}

static void report(struct watchdog *w)
{
	struct watchdog_turn *turn = &w->turn;
	struct watchdog_stall *stall = &turn->stall;

	memset(&stall->view, 0, sizeof(stall->view));
	victims_look(w->hb, watchdog_now(), &stall->victims);
	stall->frame_count = 0;
	stall->sleep = stall->timeout = stall->fd = -1;
	stall->shown = is_much(stall) && show_one(w);
	if (is_much(stall) && !stall->shown)
		show_creation(stall);
	stall->number = watchdog_count(ASYNC_VERDICT_BUSY);
	w->totals.findings++;
	turn->reported = true;
	turn->loud = policy_admit(&w->policy, watchdog_now(), stall);
	w->totals.hidden += !turn->loud;
	stall_record(w, stall, turn->span.start.wall);
	watchdog_emit(w, stall, STALL_BEGAN, !turn->loud);
}

/* As far as it was seen: up to a quarter of the limit less than it was. */
static void end(struct watchdog *w)
{
	struct watchdog_turn *turn = &w->turn;
	struct watchdog_stall *stall = &turn->stall;

	if (!turn->valid || !turn->reported)
		return;
	stall->held = turn->span.last.wall - turn->span.start.wall;
	w->totals.held += stall->held;
	if (stall->held > w->totals.longest)
		w->totals.longest = stall->held;
	trace_stall_end(w->hb, stall->recorded, turn->span.last.wall);
	watchdog_emit(w, stall, STALL_ENDED, !turn->loud);
}

void turn_leave(struct watchdog *w)
{
	end(w);
	w->turn.valid = false;
}

void turn_observe(struct watchdog *w, uint64_t number)
{
	struct watchdog_turn *turn = &w->turn;
	uint32_t generation = atomic_load(&w->hb->generation);

	if (atomic_load(&w->hb->turn) != number) {
		turn_leave(w);
		return;
	}
	if (!turn->valid || number != turn->number) {
		end(w);
		span_begin(&turn->span, &w->reading.usage);
		turn->number = number;
		turn->first = generation | 1;
		turn->valid = true;
		turn->spoiled = turn->reported = false;
		return;
	}
	span_add(&turn->span, &w->reading);
	if (turn->reported) {
		count(&turn->stall.slices, generation);
	} else if (!turn->spoiled && does_harm(w, generation)) {
		report(w);
	}
}
