/* SPDX-License-Identifier: MIT */
/*
 * loop.c - one turn of the event loop, in asyncio's order.
 *
 * Everything that happens goes through the ready queue: a wake-up schedules, it never runs. A turn
 * runs exactly the handles that are ready when it gets to them; what they schedule is for the next.
 */
#include "runtime/loop.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "runtime/guard/guard.h"
#include "runtime/list.h"
#include "runtime/task.h"
#include "runtime/trace/trace.h"
#include "runtime/watchdog/watchdog.h"

#define POLL_MAX (24 * 3600 * TIMER_SECOND)
#define CHECK_AFTER TIMER_SECOND /* of idleness: look for fds closed behind our back */

_Thread_local struct async_loop *loop_current;

struct async_loop *loop_here(const char *here, const char *what)
{
	must(loop_current, "%s at %s: no running event loop in this thread", what, here);
	return loop_current;
}

int64_t loop_now(const struct async_loop *loop)
{
	struct timespec now;

	if (loop->virtual_clock)
		return loop->virtual_now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * TIMER_SECOND + now.tv_nsec;
}

void loop_call_soon(struct async_loop *loop, struct async_handle *handle)
{
	must(!list_linked(&handle->node), "a handle was scheduled while it is scheduled already");
	list_append(&loop->ready, &handle->node);
}

static void read_clock(struct async_loop *loop)
{
	loop->clock = loop_now(loop);
}

/* ---- The turn -------------------------------------------------------------------------------- */

/* Could a socket, a thread or a signal still make something happen? */
static bool can_be_woken(const struct async_loop *loop)
{
	return loop->fd_waiters || loop->jobs || loop->signals || loop->shared;
}

/* Callbacks of fds are due in each turn, so the next one asks again, too. */
static void schedule_watched(struct async_loop *loop)
{
	if (watch_look(loop))
		watch_schedule(loop);
	loop->turns_since_poll = LOOP_SKIP_TURNS;
}

static int poll(struct async_loop *loop, int64_t timeout)
{
	int count;

	if (loop->watches && watch_look(loop))
		timeout = 0;
	if (timeout != 0) {
		stack_trim(&loop->stacks);
		heartbeat_idle(&loop->heartbeat);
	}
	trace_poll(loop, timeout);
	count = poller_wait(loop->poller, timeout, loop->events, LOOP_EVENTS);
	trace_polled(loop, count);
	if (timeout != 0)
		heartbeat_busy(&loop->heartbeat);
	heartbeat_mark(&loop->heartbeat);
	for (int i = 0; i < count; i++) {
		trace_fd(loop, &loop->events[i]);
		fd_deliver(loop, &loop->events[i]);
	}
	if (count)
		loop->fds_checked = false;
	/* A full table may mean that there is more: ask again in the next turn. */
	loop->turns_since_poll = count == LOOP_EVENTS ? LOOP_SKIP_TURNS : 0;
	loop->polled_at = loop->heartbeat.mark;
	read_clock(loop);
	if (loop->watches)
		schedule_watched(loop);
	return count;
}

/* Nothing is ready and no timer pends: sleep until something from outside, if that can be. */
static bool poll_for_ever(struct async_loop *loop)
{
	if (!can_be_woken(loop)) {
		poll(loop, 0);
		return !list_empty(&loop->ready) || atomic_load(&loop->has_posted) ||
		       atomic_load(&loop->has_signals);
	}
	if (loop->fds_checked || !loop->fd_waiters) {
		poll(loop, -1);
		return true;
	}
	poll(loop, CHECK_AFTER);
	if (list_empty(&loop->ready)) {
		fd_check_waiters(loop);
		loop->fds_checked = true;
	}
	return true;
}

/*
 * The virtual clock: time jumps to the next timer unless something happens by itself. A thread may
 * still make it happen, and so may events that there was no room for.
 */
static void poll_virtual(struct async_loop *loop)
{
	int count = poll(loop, loop->jobs ? -1 : 0);

	if (loop->jobs || count == LOOP_EVENTS)
		return;
	if (list_empty(&loop->ready) && !atomic_load(&loop->has_posted) &&
	    !atomic_load(&loop->has_signals) && loop->virtual_now < loop->timers.root->when)
		loop->clock = loop->virtual_now = loop->timers.root->when;
}

/*
 * With work ready: is it too early to ask the poller and the clock again? The ticks that the last slice
 * ended at are there for nothing, and exact enough.
 */
static inline bool may_skip(struct async_loop *loop)
{
	if (loop->virtual_clock)
		return !loop->fd_count && !loop->timers.root;
	return ++loop->turns_since_poll < LOOP_SKIP_TURNS &&
	       loop->heartbeat.mark - loop->polled_at < TICKS_SHORT;
}

/* Steps 1 and 2 of a turn. False: a deadlock. Not inlined: most busy turns skip it. */
__attribute__((noinline)) static bool wait_for_events(struct async_loop *loop)
{
	int64_t timeout;

	if (!list_empty(&loop->ready) && loop->virtual_clock && !loop->fd_count)
		return true;
	if (!list_empty(&loop->ready) || loop->stopping || loop->dropped) {
		poll(loop, 0);
		return true;
	}
	if (!loop->timers.root)
		return poll_for_ever(loop);
	if (loop->virtual_clock) {
		poll_virtual(loop);
		return true;
	}
	timeout = loop->timers.root->when - loop_now(loop);
	timeout = timeout < 0 ? 0 : timeout > POLL_MAX ? POLL_MAX : timeout;
	poll(loop, timeout);
	return true;
}

__attribute__((noinline)) static void take_posted(struct async_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	atomic_store(&loop->has_posted, false);
	list_splice(&loop->ready, &loop->posted);
	pthread_mutex_unlock(&loop->lock);
}

/* Step 3: what other threads and signal handlers have left. */
static inline void collect_posted(struct async_loop *loop)
{
	if (atomic_load_explicit(&loop->has_posted, memory_order_acquire))
		take_posted(loop);
	if (atomic_load_explicit(&loop->has_signals, memory_order_acquire))
		signal_deliver(loop);
}

/* Step 4. */
__attribute__((noinline)) static void expire_timers(struct async_loop *loop, int64_t now)
{
	struct async_timer *timer;

	while ((timer = timer_take_due(&loop->timers, now))) {
		trace_timer(loop, now - timer->when);
		account_lag(&loop->account, now - timer->when);
		list_append(&loop->ready, &timer->handle.node);
	}
}

/* splitmix64: enough to shuffle with, and the same on every machine for a seed. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Deals the list into two by coin tosses and stacks them, sixteen times. */
static void shuffle(struct async_list *list, uint64_t *state)
{
	for (int round = 0; round < 16; round++) {
		struct async_list front = { 0 }, back = { 0 }, *node;
		uint64_t coins = 0;
		unsigned left = 0;

		while ((node = list_take(list))) {
			if (!left--) {
				coins = next_random(state);
				left = 63;
			}
			list_append(coins & 1 ? &front : &back, node);
			coins >>= 1;
		}
		list_splice(list, &front);
		list_splice(list, &back);
	}
}

/* A task's step publishes the heartbeat itself: it knows the task. */
static inline void run_handle(struct async_loop *loop, struct async_handle *handle)
{
	if (handle->run == task_step) {
		task_step(handle->arg);
		return;
	}
	trace_callback(loop, handle);
	heartbeat_call(&loop->heartbeat, handle);
	handle->run(handle->arg);
	heartbeat_end(&loop->heartbeat);
	trace_called(loop);
}

void loop_run_handle(struct async_loop *loop, struct async_handle *handle)
{
	run_handle(loop, handle);
}

/* Step 5. */
static void run_ready(struct async_loop *loop)
{
	struct async_list *batch = &loop->batch, *node;

	list_splice(batch, &loop->ready);
	loop->dropped = false;
	if (loop->shuffle)
		shuffle(batch, &loop->shuffle);
	if (loop->debug) {
		while ((node = list_take(batch)))
			debug_run(loop, container_of(node, struct async_handle, node));
		return;
	}
	while ((node = list_take(batch)))
		run_handle(loop, container_of(node, struct async_handle, node));
}

/*
 * One turn:
 *  1. With work ready, or after a stop, only look, and that not each time; else wait until the first
 *     timer.
 *  2. An fd that became ready completes the future of its waiter, whose wake-up runs in this turn.
 *  3. Calls from other threads and signals join the queue.
 *  4. Timers that are due by the clock as read in step 1 join it, in order.
 *  5. Run what is in the queue now, then say what the strict guard has noted.
 */
bool loop_turn(struct async_loop *loop)
{
	heartbeat_turn(&loop->heartbeat);
	trace_turn(loop);
	if (!list_empty(&loop->ready) && may_skip(loop)) {
		collect_posted(loop);
	} else {
		if (!wait_for_events(loop))
			return false;
		collect_posted(loop);
		if (loop->timers.root)
			expire_timers(loop, loop->clock);
	}
	run_ready(loop);
	if (__builtin_expect(loop->heartbeat.noted, 0))
		guard_report(loop->guard);
	return true;
}

/* ---- Opening and closing --------------------------------------------------------------------- */

static int default_threads(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return cpus < 1 ? 5 : cpus > 28 ? 32 : (int)cpus + 4;
}

static void set_options(struct async_loop *loop, const struct async_run_options *options)
{
	loop->debug = options->debug || debug_wanted();
	loop->slow_callback = 0.1;
	loop->virtual_clock = options->virtual_clock;
	loop->shuffle = loop->shuffle_seed = testing_seed(options);
	loop->stack_size = options->stack_size ? options->stack_size : ASYNC_STACK_DEFAULT;
	loop->stacks.guard = options->guard;
	loop->stacks.fresh = testing_fresh_stacks(options);
	loop->max_threads = options->max_threads > 0 ? options->max_threads : default_threads();
	loop->executor_timeout = options->executor_timeout > 0 ? options->executor_timeout : 300;
}

int loop_open(struct async_loop **out, const struct async_run_options *options)
{
	struct async_loop *loop = loop_get_block();
	int rc;

	if (!loop)
		return ASYNC_ENOMEM;
	loop->back = &loop->context;
	loop->thread = pthread_self();
	loop->turns_since_poll = LOOP_SKIP_TURNS;
	set_options(loop, options);
	rc = poller_open(&loop->poller);
	if (rc < 0) {
		loop_put_block(loop);
		return rc;
	}
	read_clock(loop);
	context_adopt(&loop->context);
	account_open(&loop->account);
	heartbeat_mark(&loop->heartbeat);
	loop_current = loop;
	heartbeat_idle(&loop->heartbeat);
	loop->trace = trace_open(loop);
	/* A loop without a watchdog still works; where none can be had, none is. */
	if (!loop->virtual_clock && watchdog_start(&loop->watchdog, &loop->heartbeat) < 0)
		loop->watchdog = NULL;
	loop->guard = guard_start(&loop->heartbeat);
	loop_open_to_others(loop);
	*out = loop;
	return 0;
}

/* What will never run: its handles are free again, and those who wait for it elsewhere are told. */
static void drop_calls(struct async_list *calls)
{
	struct async_list *node;

	while ((node = list_take(calls))) {
		struct async_handle *handle = container_of(node, struct async_handle, node);

		if (!concurrent_drop_call(handle))
			offload_drop_call(handle);
	}
}

void loop_drop_scheduled(struct async_loop *loop)
{
	collect_posted(loop);
	drop_calls(&loop->ready);
	while (loop->timers.root)
		timer_remove(&loop->timers, loop->timers.root);
}

void loop_close(struct async_loop *loop)
{
	struct async_list *node;

	watchdog_stop(loop->watchdog);
	guard_stop(loop->guard);
	watchdog_say_accounts(&loop->account, &loop->heartbeat);
	while ((node = list_take(&loop->on_close))) {
		struct async_handle *handle = container_of(node, struct async_handle, node);

		handle->run(handle->arg);
	}
	signal_close(loop);
	loop_close_to_others(loop, &loop->ready);
	loop_drop_scheduled(loop);
	fd_close_all(loop);
	task_free_abandoned(loop);
	error_record_drop(loop->raised);
	slab_close(loop);
	stack_close(&loop->stacks);
	trace_close(loop->trace);
	poller_close(loop->poller);
	context_disown(&loop->context);
	loop_current = NULL;
	loop_put_block(loop);
}
