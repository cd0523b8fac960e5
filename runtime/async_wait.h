/* SPDX-License-Identifier: MIT */
/*
 * async_wait.h - waiting for many: wait, as_completed, shield, and gather as a future that one can
 * hold. A chapter of the manual.
 *
 * Rules for users:
 *  - None of these cancels what it waits for unless it says so.
 *  - Tasks are kept until the call, or its end, is over; futures must stay valid until then.
 *  - The same task may be named twice and counts once.
 *  - Where futures are taken, async_task_future() makes one of a task.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_WAIT_H
#define LOOPHOUND_RUNTIME_ASYNC_WAIT_H

#include "runtime/async_future.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Gather and wait_for ---------------------------------------------------------------------- */

enum async_gather_mode {
	ASYNC_RAISE = 0,	     /* return_exceptions=False */
	ASYNC_RETURN_EXCEPTIONS = 1, /* return_exceptions=True */
};

/*
 * asyncio.gather(): waits for all n tasks; results (may be NULL) takes their outcomes in the order
 * of the arguments. The same task may be named twice.
 * ASYNC_RETURN_EXCEPTIONS: returns 0 when all have ended, whatever they returned.
 * ASYNC_RAISE: returns the first failure as soon as it happens. The siblings are NOT cancelled and
 * run on (that would be a task group); results then has ASYNC_EINVALIDSTATE for those still running.
 * Cancelling the caller cancels every child: ASYNC_ECANCELED. Without memory: ASYNC_ENOMEM.
 */
#define async_gather(tasks, n, mode, results) \
	async_gather_at(ASYNC_HERE, (tasks), (n), (mode), (results))
ASYNC_SUSPENDS int async_gather_at(const char *here, struct async_task *const *tasks, size_t n,
				   enum async_gather_mode mode, int *results);

/*
 * asyncio.wait_for(): awaits the task, at most so long. On expiry it cancels the task AND waits for
 * its cleanup, then returns ASYNC_ETIMEOUT, or the task's own value or failure if it gave one.
 */
#define async_wait_for(task, seconds) async_wait_for_at(ASYNC_HERE, (task), (seconds))
ASYNC_SUSPENDS int async_wait_for_at(const char *here, struct async_task *task, double seconds);
/* The same for a future. */
#define async_wait_for_future(future, seconds) \
	async_wait_for_future_at(ASYNC_HERE, (future), (seconds))
ASYNC_SUSPENDS int async_wait_for_future_at(const char *here, struct async_future *future,
					    double seconds);

/* ---- asyncio.wait() -------------------------------------------------------------------------- */

enum async_return_when { ASYNC_ALL_COMPLETED, ASYNC_FIRST_COMPLETED, ASYNC_FIRST_EXCEPTION };

/*
 * Waits until all are done, or one is, or one has failed (a cancelled one has not), but at most so
 * many seconds (ASYNC_NO_TIMEOUT: no limit). Neither the end of the time nor a cancellation of the
 * caller cancels them.
 * Returns how many are done, 0 if none was in time, and *pending (may be NULL) how many are not;
 * which is which async_task_done() tells, at once after the call.
 * ASYNC_EINVAL when n is 0 ("Set of Tasks/Futures is empty.") or seconds is NaN, ASYNC_ECANCELED,
 * ASYNC_ENOMEM.
 */
#define async_wait(tasks, n, when, seconds, pending) \
	async_wait_at(ASYNC_HERE, (tasks), (n), (when), (seconds), (pending))
ASYNC_SUSPENDS int async_wait_at(const char *here, struct async_task *const *tasks, size_t n,
				 enum async_return_when when, double seconds, size_t *pending);
#define async_wait_futures(futures, n, when, seconds, pending) \
	async_wait_futures_at(ASYNC_HERE, (futures), (n), (when), (seconds), (pending))
ASYNC_SUSPENDS int async_wait_futures_at(const char *here, struct async_future *const *futures,
					 size_t n, enum async_return_when when, double seconds,
					 size_t *pending);

/* ---- asyncio.as_completed() ------------------------------------------------------------------ */

/*
 *     all = async_as_completed(tasks, n, 10.0);
 *     while ((rc = async_as_completed_next(all, &which)) > 0)
 *             use(tasks[which], async_await(tasks[which]));     // done: does not suspend
 *     async_as_completed_end(all);
 */
struct async_completion;

/* NULL without memory, or for NaN (async_last_error()). The seconds are for all together. */
#define async_as_completed(tasks, n, seconds) \
	async_as_completed_at(ASYNC_HERE, (tasks), (n), (seconds))
struct async_completion *async_as_completed_at(const char *here, struct async_task *const *tasks,
					       size_t n, double seconds);
struct async_completion *async_as_completed_futures(struct async_future *const *futures, size_t n,
						    double seconds);
/*
 * The n-th call waits for the n-th that finishes, also when several tasks call. Returns 1 and
 * *which, its place in the arguments; 0 when as many have been asked for as there are;
 * ASYNC_ETIMEOUT once for each that was not in time; ASYNC_ECANCELED, which uses one call up.
 */
#define async_as_completed_next(completion, which) \
	async_as_completed_next_at(ASYNC_HERE, (completion), (which))
ASYNC_SUSPENDS int async_as_completed_next_at(const char *here, struct async_completion *completion,
					      size_t *which);
/* Frees it. What has not finished runs on. Nobody may be waiting in next. */
void async_as_completed_end(struct async_completion *completion);

/* ---- asyncio.shield() ------------------------------------------------------------------------ */

/*
 * await shield(task): cancelling the caller does not cancel the task, which runs on; the caller gets
 * ASYNC_ECANCELED. Otherwise the task's outcome.
 */
#define async_shield(task) async_shield_at(ASYNC_HERE, (task))
ASYNC_SUSPENDS int async_shield_at(const char *here, struct async_task *task);

/*
 * The shield itself: a future that ends as inner does and can be cancelled without it. It is the
 * caller's memory; end takes it down, and what still runs runs on.
 */
struct async_shield {
	struct async_future outer; /* the one to wait for */
	struct async_future *inner;
	struct async_handle inner_done, outer_done;
};
void async_shield_begin(struct async_shield *shield, struct async_future *inner);
void async_shield_end(struct async_shield *shield);

/* ---- asyncio.gather() as a future ------------------------------------------------------------ */

/*
 * What async_gather() awaits, to be held: await, cancel or watch async_gathering_future(). Cancelling
 * it cancels all children; false when they are all done. NULL without memory.
 */
struct async_gathering;
#define async_gather_begin(tasks, n, mode) async_gather_begin_at(ASYNC_HERE, (tasks), (n), (mode))
struct async_gathering *async_gather_begin_at(const char *here, struct async_task *const *tasks,
					      size_t n, enum async_gather_mode mode);
struct async_gathering *async_gather_begin_futures(struct async_future *const *futures, size_t n,
						   enum async_gather_mode mode);
struct async_future *async_gathering_future(struct async_gathering *gathering);
/*
 * Frees it and fills in results (may be NULL) as async_gather() does. What still runs runs on; its
 * failure counts as read. Nobody may wait on its future any more.
 */
void async_gather_end(struct async_gathering *gathering, int *results);

#ifdef __cplusplus
}
#endif
#endif
