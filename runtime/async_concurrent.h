/* SPDX-License-Identifier: MIT */
/*
 * async_concurrent.h - coroutines for a loop, from other threads: a chapter of the manual.
 *
 *     struct async_concurrent *job = async_run_coroutine_threadsafe(loop, fetch, &what);
 *
 *     rc = async_concurrent_result(job, 5.0);            // waits, as any thread may
 *     if (rc < 0)
 *             print(async_concurrent_error(job)->message);
 *     async_concurrent_release(job);
 *
 * Rules for users:
 *  - async_get_running_loop() gives the loop; its handle may be kept and used by any thread, also
 *    after the loop has closed: then these calls say ASYNC_ESHUTDOWN.
 *  - The argument must outlive the coroutine, which is over when done says so; the copying form
 *    frees the caller from that.
 *  - All calls but those marked may come from any thread, several at once. Who called
 *    run_coroutine_threadsafe calls release once, last.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_CONCURRENT_H
#define LOOPHOUND_RUNTIME_ASYNC_CONCURRENT_H

#include "runtime/async_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* concurrent.futures.Future, as asyncio.run_coroutine_threadsafe() returns it. */
struct async_concurrent;

/*
 * asyncio.run_coroutine_threadsafe(): a task of the loop that runs fn(arg). NULL with
 * async_last_error(): ASYNC_ESHUTDOWN (the loop is closed) or ASYNC_ENOMEM; fn will not run then.
 * The copying form works on a copy of arg.
 */
#define async_run_coroutine_threadsafe(loop, fn, arg) \
	async_run_coroutine_threadsafe_at(ASYNC_HERE, #fn, (loop), (fn), (arg), 0)
#define async_run_coroutine_threadsafe_copy(loop, fn, arg, size) \
	async_run_coroutine_threadsafe_at(ASYNC_HERE, #fn, (loop), (fn), (arg), (size))
struct async_concurrent *async_run_coroutine_threadsafe_at(const char *here, const char *label,
							   struct async_loop *loop,
							   int (*fn)(void *arg), void *arg,
							   size_t copy)
	__attribute__((warn_unused_result));

/*
 * Waits for the outcome, at most so many seconds of real time (ASYNC_NO_TIMEOUT: no limit; 0 or less:
 * only looks): the coroutine's code, or ASYNC_ETIMEOUT and it runs on, ASYNC_ECANCELED when it was
 * cancelled, ASYNC_ESHUTDOWN when the loop closed before its end, ASYNC_ENOMEM when no task could be
 * made, ASYNC_EINVAL for NaN.
 * On the thread of that loop it would wait for itself: that aborts, unless it is done.
 */
#define async_concurrent_result(job, seconds) \
	async_concurrent_result_at(ASYNC_HERE, (job), (seconds))
ASYNC_BLOCKS_THE_THREAD int async_concurrent_result_at(const char *here,
						       struct async_concurrent *job,
						       double seconds);
/* Future.exception(): its failure with text and place, valid until release; NULL: none so far. */
const struct async_error *async_concurrent_error(struct async_concurrent *job);

/*
 * Asks the loop to cancel the task; false when it is done already. Not done at once, other than
 * Python's, for the coroutine may use its argument until it ends: result tells what became of it.
 */
bool async_concurrent_cancel(struct async_concurrent *job);
bool async_concurrent_done(struct async_concurrent *job);
bool async_concurrent_cancelled(struct async_concurrent *job);

/*
 * run(arg) once it is done, on the loop's thread, where it must not suspend; at once, on the
 * caller's, when it is done already. The handle is the caller's memory.
 */
void async_concurrent_add_done_callback(struct async_concurrent *job, struct async_handle *handle,
					void (*run)(void *arg), void *arg);

/*
 * Gives it up: a coroutine that still runs runs on, and if it then fails that is reported, "Task
 * exception was never retrieved".
 */
void async_concurrent_release(struct async_concurrent *job);

#ifdef __cplusplus
}
#endif
#endif
