/* SPDX-License-Identifier: MIT */
/*
 * async.h - asyncio for C. This header is the manual of the runtime.
 *
 * A coroutine is a function `int f(void *arg)` that runs on a stack of its own and steps aside
 * whenever it has to wait. One event loop per thread runs all of them, one at a time, so there are
 * no data races between tasks: between two calls marked ASYNC_SUSPENDS nobody else runs.
 *
 * Rules for users:
 *  - Names and semantics are asyncio's (CPython 3.13). Time is seconds as a double.
 *  - A coroutine's return value is its outcome: 0 or more is a result, a negative code is its
 *    exception, ASYNC_ECANCELED means that it was cancelled.
 *  - Every call marked ASYNC_SUSPENDS may run other tasks, is a cancellation point, and returns
 *    0 or more, or a negative code. errno never carries a result.
 *  - An argument must outlive the task that it is given to; async_create_task_copy() copies it.
 *  - Bad luck (peer, memory, time) is returned. Misuse (await outside a task, a stale handle)
 *    aborts at once and names both places.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_H
#define LOOPHOUND_RUNTIME_ASYNC_H

#include "runtime/async_base.h"
#include "runtime/async_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Running --------------------------------------------------------------------------------- */

enum async_guard {
	ASYNC_GUARD_AUTO,     /* guard pages while the kernel gives them, then a checked canary */
	ASYNC_GUARD_REQUIRED, /* async_create_task fails with ASYNC_ENOGUARD instead */
};

/*
 * Which signals cancel main while async_run() runs in the process's main thread; each only if it has
 * its default disposition then, which it gets back at the end.
 */
enum async_signals {
	ASYNC_SIGINT,	      /* as asyncio.run() */
	ASYNC_SIGINT_SIGTERM, /* both */
	ASYNC_NO_SIGNALS,     /* nor does SIGQUIT print the tasks: async_dump.h */
};

struct async_run_options {
	bool virtual_clock;    /* time jumps to the next timer as soon as nothing is ready */
	uint64_t shuffle_seed; /* not 0: the ready queue is shuffled; see async_testing.h */
	bool fresh_stacks;     /* no stack is used twice; see async_testing.h */
	size_t stack_size;     /* default for tasks, bytes; 0: ASYNC_STACK_DEFAULT */
	enum async_guard guard;
	int max_threads;	 /* of async_to_thread; 0: min(32, CPUs + 4), as asyncio */
	double executor_timeout; /* seconds to wait for running threads at the end; 0: 300 */
	bool debug;		 /* debug mode, as LOOPHOUND_DEBUG=1; see async_loop.h */
	enum async_signals signals;
};

/* The stack of a task unless its options say otherwise; runtime/README.md has the measurement. */
#define ASYNC_STACK_DEFAULT (48 * 1024)

/*
 * asyncio.run(): makes a loop, runs fn(arg) as its main task, then cancels and awaits the tasks
 * that are left, waits for the threads, closes the loop. Returns main's outcome, or
 * ASYNC_EBUSY (a loop runs in this thread already), ASYNC_EDEADLOCK (reported on the way),
 * ASYNC_ENOMEM or a negative errno when no loop could be made. options may be NULL.
 *
 * SIGINT cancels main; when main ends with that cancellation, run returns ASYNC_EINTERRUPTED, else
 * main's value. A second SIGINT does not wait for main: the rest is cancelled at once, and run
 * returns ASYNC_EINTERRUPTED. A third, or one that a stuck loop has not looked at for half a second,
 * does what it does by default. ASYNC_ESTOPPED when async_loop_stop() ended the run before main.
 */
int async_run(int (*fn)(void *arg), void *arg);
int async_run_with(int (*fn)(void *arg), void *arg, const struct async_run_options *options);

/*
 * Why the last async_run() of this thread returned a negative code: main's failure with its message
 * and place, valid until the next async_run(). NULL after a success.
 */
const struct async_error *async_run_error(void);

/* loop.time(): seconds on a monotonic clock, or the virtual one. Fresh, never cached. */
double async_time(void);
/* The same in nanoseconds. */
int64_t async_time_ns(void);

/*
 * How many turns the loop has made, each of them what was ready by then. With work ready the poller and
 * the clock are not asked in each, but in every 32nd at least, and after 50 us or so.
 */
uint64_t async_loop_turns(void);

/*
 * The loop of this thread, for async_call_soon_threadsafe() and async_run_coroutine_threadsafe() in
 * others; NULL when there is none. They may keep it for as long as they like.
 */
struct async_loop *async_get_running_loop(void);

/* Counts of what is alive, for tests and for status lines. All 0 when no loop runs. */
struct async_counts {
	size_t tasks;	      /* created, not ended */
	size_t peak_tasks;    /* the most there were at once */
	size_t handles;	      /* ended or not, still held by somebody */
	size_t stacks;	      /* in use */
	size_t cached_stacks; /* kept for the next task */
	size_t timers;
	size_t fds; /* registered with the poller */
	size_t threads;
};
void async_count(struct async_counts *counts);

/* ---- Tasks ----------------------------------------------------------------------------------- */

struct async_task_options {
	const char *name;  /* copied, 31 bytes at most; NULL: "Task-N" */
	size_t stack_size; /* bytes; 0: the run's default */
	size_t copy;	   /* bytes of arg to copy into the task; 0: arg is used as it is */
	/*
	 * The body starts inside async_create_task(), up to its first wait. One that ends without
	 * waiting is done when the call returns. Makes async_create_task() a call that runs others.
	 */
	bool eager_start;
};

/*
 * asyncio.create_task(): schedules fn(arg); it starts in the next turn. Returns a reference that
 * belongs to the calling task: async_task_release() drops it, and so does the end of the caller.
 * NULL when there is no memory or stack for it (async_last_error() says which).
 * A failure that nobody has read by the time the task is freed is reported:
 * "Task exception was never retrieved".
 */
#define async_create_task(fn, arg) async_create_task_at(ASYNC_HERE, #fn, (fn), (arg), NULL)
/* The options come last and may be a compound literal, commas and all. */
#define async_create_task_with(fn, arg, ...) \
	async_create_task_at(ASYNC_HERE, #fn, (fn), (arg), __VA_ARGS__)
/* The same with a copy of the argument, at most 2 KiB, that lives as long as the task. */
#define async_create_task_copy(fn, arg, size)              \
	async_create_task_at(ASYNC_HERE, #fn, (fn), (arg), \
			     &(struct async_task_options){ .copy = (size) })
struct async_task *async_create_task_at(const char *here, const char *label, int (*fn)(void *arg),
					void *arg, const struct async_task_options *options)
	__attribute__((warn_unused_result));

/*
 * A task that nobody will await: its failure is reported as soon as it ends.
 * Returns 0, or ASYNC_ENOMEM, ASYNC_ENOGUARD.
 */
#define async_spawn(fn, arg) async_spawn_at(ASYNC_HERE, #fn, (fn), (arg), NULL)
#define async_spawn_with(fn, arg, ...) async_spawn_at(ASYNC_HERE, #fn, (fn), (arg), __VA_ARGS__)
int async_spawn_at(const char *here, const char *label, int (*fn)(void *arg), void *arg,
		   const struct async_task_options *options);

/* The code of the last async_create_task() in this thread that returned NULL. */
int async_last_error(void);

/* Drops the reference; the task itself runs on. A second release aborts and names both places. */
#define async_task_release(task) async_task_release_at(ASYNC_HERE, (task))
void async_task_release_at(const char *here, struct async_task *task);

/*
 * await task: its outcome. Does not suspend when the task is done. Cancelling the caller cancels
 * the task. Does not consume the reference; the failure counts as retrieved.
 * ASYNC_ESELF when a task awaits itself.
 */
#define async_await(task) async_await_at(ASYNC_HERE, (task))
ASYNC_SUSPENDS int async_await_at(const char *here, struct async_task *task);

/*
 * task.cancel(): asks for cancellation; the task's current or next await returns ASYNC_ECANCELED.
 * False when the task is done already. message may be NULL and is copied.
 */
#define async_cancel(task) async_cancel_at(ASYNC_HERE, (task), NULL)
#define async_cancel_message(task, message) async_cancel_at(ASYNC_HERE, (task), (message))
bool async_cancel_at(const char *here, struct async_task *task, const char *message);

/*
 * CancelledError's argument, in the task that has got it: the message that the last ASYNC_ECANCELED
 * of this task came with. NULL when it came with none. Valid until the next await.
 */
const char *async_cancelled_message(void);

/* How many cancellations are outstanding, and one fewer (asyncio's counted cancellation). */
int async_cancelling(struct async_task *task);
int async_uncancel(struct async_task *task);

bool async_task_done(struct async_task *task);
/* True when it ended with ASYNC_ECANCELED. */
bool async_task_cancelled(struct async_task *task);
/* Its outcome, which counts as read; ASYNC_EINVALIDSTATE while it runs. */
int async_task_result(struct async_task *task);
/* Its failure, valid as long as the reference; NULL while it runs and after a success. */
const struct async_error *async_task_error(struct async_task *task);
const char *async_task_name(struct async_task *task);
/* Task.set_name(): copied, 31 bytes at most. 0, or ASYNC_ENOMEM and it keeps the old one. */
int async_task_set_name(struct async_task *task, const char *name);
/* Task.get_coro(): the function's name, as it was written where the task was created, and where. */
const char *async_task_coro_name(struct async_task *task);
const char *async_task_created_at(struct async_task *task);
uint64_t async_task_id(struct async_task *task);

/* The running task, borrowed: not to be released. NULL in a callback and outside the loop. */
struct async_task *async_current_task(void);

/*
 * asyncio.all_tasks(): the tasks that have not ended, the oldest first, borrowed. Fills in at most
 * max and returns how many there are.
 */
size_t async_all_tasks(struct async_task **tasks, size_t max);

/*
 * asyncio.sleep(): steps aside for that long; 0 or less is exactly one yield.
 * Returns 0, ASYNC_ECANCELED, or ASYNC_EINVAL for NaN.
 */
#define async_sleep(seconds) async_sleep_at(ASYNC_HERE, (seconds))
ASYNC_SUSPENDS int async_sleep_at(const char *here, double seconds);

#ifdef __cplusplus
}
#endif

/* The other chapters of the manual. */
#include "runtime/async_wait.h"
#include "runtime/async_timeout.h"
#include "runtime/async_future.h"
#include "runtime/async_callback.h"
#include "runtime/async_sync.h"
#include "runtime/async_queue.h"
#include "runtime/async_taskgroup.h"
#include "runtime/async_scope.h"
#include "runtime/async_local.h"
#include "runtime/async_thread.h"
#include "runtime/async_concurrent.h"
#include "runtime/async_fd.h"
#include "runtime/async_process.h"
#include "runtime/async_loop.h"
#include "runtime/async_trace.h"
#include "runtime/async_watchdog.h"
#include "runtime/async_dump.h"
#include "runtime/async_testing.h"

#endif
