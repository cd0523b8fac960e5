/* SPDX-License-Identifier: MIT */
/*
 * async_thread.h - work for other threads. A chapter of the manual.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_THREAD_H
#define LOOPHOUND_RUNTIME_ASYNC_THREAD_H

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * asyncio.to_thread(): runs fn(arg) on a thread of the loop's pool and returns its return value.
 * A job still queued when the caller is cancelled never runs. A job that runs already is waited
 * for, since arg is usually the caller's, and then ASYNC_ECANCELED is returned.
 */
#define async_to_thread(fn, arg) async_to_thread_at(ASYNC_HERE, (fn), (arg))
ASYNC_SUSPENDS int async_to_thread_at(const char *here, int (*fn)(void *arg), void *arg);

/*
 * The abandonable form: the thread works on a copy of arg (size bytes), and a cancelled caller
 * leaves at once while the thread runs on. When done, and not abandoned, the copy is copied back
 * into arg. done_with(copy), if not NULL, runs on the thread after an abandoned job, to free what
 * its result holds.
 */
#define async_to_thread_copy(fn, arg, size, done_with) \
	async_to_thread_copy_at(ASYNC_HERE, (fn), (arg), (size), (done_with))
ASYNC_SUSPENDS int async_to_thread_copy_at(const char *here, int (*fn)(void *arg), void *arg,
					   size_t size, void (*done_with)(void *arg));

/*
 * A pool of one's own, for work that must not starve others (name look-ups have one). At most
 * max_threads threads, started when needed. The pool belongs to the running loop, which frees it.
 * NULL with async_last_error(): ASYNC_ENOMEM, or ASYNC_EINVAL when max_threads is below 1.
 */
struct async_pool;
struct async_pool *async_pool_new(int max_threads);
#define async_pool_run(pool, fn, arg, size, done_with) \
	async_pool_run_at(ASYNC_HERE, (pool), (fn), (arg), (size), (done_with))
/* size 0: as async_to_thread; else as async_to_thread_copy. */
ASYNC_SUSPENDS int async_pool_run_at(const char *here, struct async_pool *pool,
				     int (*fn)(void *arg), void *arg, size_t size,
				     void (*done_with)(void *arg));

/* The threads that async_to_thread() may use in the running loop. */
int async_max_threads(void);

#ifdef __cplusplus
}
#endif
#endif
