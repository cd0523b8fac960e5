/* SPDX-License-Identifier: MIT */
/*
 * calls.c - what a program asks of the loop: callbacks soon and later; the time; counts. The handles
 * are the caller's memory.
 */
#include <math.h>

#include "runtime/list.h"
#include "runtime/loop.h"

static void check_callable(const char *what, void (*run)(void *arg))
{
	must(run, "%s: a callable object was expected, got NULL", what);
}

void async_call_soon(struct async_handle *handle, void (*run)(void *arg), void *arg)
{
	struct async_loop *loop = loop_here("?", "async_call_soon");

	check_callable("async_call_soon", run);
	handle->run = run;
	handle->arg = arg;
	loop_call_soon(loop, handle);
}

static void check_timer(const char *what, const struct async_timer *timer, double seconds,
			void (*run)(void *arg))
{
	check_callable(what, run);
	must(!isnan(seconds), "%s: Invalid delay: NaN (not a number)", what);
	must(!timer->pending && !list_linked(&timer->handle.node),
	     "a timer was scheduled while it is scheduled already");
}

/* What is due before a busy loop would ask the clock again is so in the next turn, as in asyncio. */
static void start(struct async_loop *loop, struct async_timer *timer, int64_t when)
{
	timer_insert(&loop->timers, timer, when);
	if (when - loop->clock < LOOP_SOON)
		loop->turns_since_poll = LOOP_SKIP_TURNS;
}

void async_call_at(struct async_timer *timer, double when, void (*run)(void *arg), void *arg)
{
	struct async_loop *loop = loop_here("?", "async_call_at");

	check_timer("async_call_at", timer, when, run);
	timer->handle.run = run;
	timer->handle.arg = arg;
	start(loop, timer, timer_from_seconds(when));
}

void async_call_later(struct async_timer *timer, double seconds, void (*run)(void *arg), void *arg)
{
	struct async_loop *loop = loop_here("?", "async_call_later");

	check_timer("async_call_later", timer, seconds, run);
	timer->handle.run = run;
	timer->handle.arg = arg;
	start(loop, timer, loop_now(loop) + timer_from_seconds(seconds));
}

/*
 * asyncio leaves a cancelled handle in the queue, and the turn that drops it counts: if it was the only
 * one there, the next turn has nothing to do but does not wait either.
 */
static void drop(struct async_handle *handle)
{
	struct async_loop *loop = loop_current;

	if (loop && loop->ready.next == &handle->node && loop->ready.prev == &handle->node)
		loop->dropped = true;
	list_remove(&handle->node);
}

void async_handle_cancel(struct async_handle *handle)
{
	drop(handle);
}

void async_timer_cancel(struct async_timer *timer)
{
	if (timer->pending) {
		struct async_loop *loop = loop_here("?", "async_timer_cancel");

		must(!loop->debug || timer_is_in(&loop->timers, timer), LOOP_OTHER_THREAD,
		     "async_timer_cancel");
		timer_remove(&loop->timers, timer);
	}
	drop(&timer->handle);
}

bool async_handle_scheduled(const struct async_handle *handle)
{
	return list_linked(&handle->node);
}

bool async_timer_scheduled(const struct async_timer *timer)
{
	return timer->pending || list_linked(&timer->handle.node);
}

double async_timer_when(const struct async_timer *timer)
{
	return (double)timer->when / (double)TIMER_SECOND;
}

struct async_loop *async_get_running_loop(void)
{
	if (!loop_current)
		return NULL;
	loop_current->shared = true;
	return loop_handle(loop_current);
}

void async_on_close(struct async_handle *handle, void (*run)(void *arg), void *arg)
{
	struct async_loop *loop = loop_here("?", "async_on_close");

	check_callable("async_on_close", run);
	must(!list_linked(&handle->node), "async_on_close: the handle is in use");
	handle->run = run;
	handle->arg = arg;
	list_append(&loop->on_close, &handle->node);
}

double async_time(void)
{
	return (double)async_time_ns() / (double)TIMER_SECOND;
}

int64_t async_time_ns(void)
{
	static const struct async_loop no_loop;

	return loop_now(loop_current ? loop_current : &no_loop);
}

uint64_t async_loop_turns(void)
{
	return loop_current ? atomic_load(&loop_current->heartbeat.turn) : 0;
}

int async_max_threads(void)
{
	return loop_current ? loop_current->max_threads : 0;
}

void async_count(struct async_counts *counts)
{
	const struct async_loop *loop = loop_current;

	*counts = (struct async_counts){ 0 };
	if (!loop)
		return;
	counts->tasks = loop->task_count;
	counts->peak_tasks = loop->peak_tasks;
	counts->handles = loop->handle_count;
	counts->stacks = loop->stacks.in_use;
	counts->cached_stacks = loop->stacks.cached;
	counts->timers = loop->timers.count;
	counts->fds = loop->fd_count;
	counts->threads = offload_threads(loop);
}
