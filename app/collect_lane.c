/* SPDX-License-Identifier: MIT */
/*
 * collect_lane.c - a lane: attempts begin on its loop, end there, and go back to the main loop, which
 * may be the same one: then nothing of this is more than a call.
 */
#include "app/collect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/codes.h"
#include "runtime/list.h"

void lane_init(struct lane *lane, struct collect *collect, unsigned number)
{
	*lane = (struct lane){ .collect = collect, .number = number };
	lane->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	lane->random = collect->random ^ number * UINT64_C(0x9E3779B97F4A7C15);
	lane->random += !lane->random;
	lane->to.keep = -1;
}

double lane_random(struct lane *lane)
{
	/* xorshift64*: jitter needs to differ, not to be secret. */
	lane->random ^= lane->random >> 12;
	lane->random ^= lane->random << 25;
	lane->random ^= lane->random >> 27;
	return (double)((lane->random * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0;
}

void lane_wake_main(struct lane *lane)
{
	if (lane->loop)
		lane_flush(lane);
	else
		async_event_set(&lane->collect->wake);
}

void lane_say(struct lane *lane, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (!lane->loop) {
		progress_say(&lane->collect->progress, "%s", line);
		return;
	}
	text_printf(&lane->said, "collect: %s\n", line);
	lane_flush(lane);
}

/* ---- Flights --------------------------------------------------------------------------------- */

/* The record of an attempt that ended without a result. */
static void fail(struct flight *flight, int code, const char *message)
{
	flight->arrival.outcome =
		collect_report(flight->lane, flight->job,
			       &(struct collect_end){ .outcome = code, .message = message });
	flight->landed = true;
}

static void go_home(struct flight *flight)
{
	struct lane *lane = flight->lane;

	if (lane->loop) {
		list_append(&lane->ended, &flight->node);
		lane_flush(lane);
		return;
	}
	if (flight->job)
		collect_arrive(flight);
	atomic_fetch_sub(&lane->collect->flying, 1);
	free(flight);
	lane_wake_main(lane);
}

/* Runs after the task's end, however that came about: no job is lost with it. */
static void land(void *arg)
{
	struct flight *flight = arg;

	if (flight->job && !flight->landed) {
		if (async_task_cancelled(flight->task))
			fail(flight, ASYNC_ECANCELED, NULL);
		else
			fail(flight, COLLECT_EINTERNAL, "the task ended without a result");
	}
	budget_release(&flight->share);
	async_task_release(flight->task);
	list_remove(&flight->node);
	go_home(flight);
}

void lane_begin(struct flight *flight)
{
	struct lane *lane = flight->lane;

	flight->share.branch = &lane->memory;
	flight->task = async_create_task(collect_fetch, flight);
	if (!flight->task) {
		flight->arrival.unsent = true;
		fail(flight, ASYNC_ENOMEM, "no memory for a task");
		go_home(flight);
		return;
	}
	list_append(&lane->flights, &flight->node);
	async_task_add_done_callback(flight->task, &flight->done, land, flight);
	if (lane->cancelled)
		async_cancel(flight->task);
}

void lane_cancel(struct lane *lane, const char *why)
{
	lane->cancelled = why;
	list_for_each(node, &lane->flights)
		async_cancel(container_of(node, struct flight, node)->task);
}
