/* SPDX-License-Identifier: MIT */
/*
 * async_callback.h - what runs on the loop and is no coroutine; signals; who hears of failures that
 * nobody reads. A chapter of the manual.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_CALLBACK_H
#define LOOPHOUND_RUNTIME_ASYNC_CALLBACK_H

#include "runtime/async_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * loop.call_soon(), call_later(), call_at(): run(arg) on the loop, not on a coroutine: it must not
 * suspend. The handle is the caller's and must stay valid until it has run or was cancelled.
 */
void async_call_soon(struct async_handle *handle, void (*run)(void *arg), void *arg);
void async_call_later(struct async_timer *timer, double seconds, void (*run)(void *arg), void *arg);
void async_call_at(struct async_timer *timer, double when, void (*run)(void *arg), void *arg);
/* Idempotent; a handle zeroed or run already is fine. */
void async_handle_cancel(struct async_handle *handle);
void async_timer_cancel(struct async_timer *timer);
/* Will it run? Handle.cancelled() the other way round, and false once it has begun to run. */
bool async_handle_scheduled(const struct async_handle *handle);
bool async_timer_scheduled(const struct async_timer *timer);
/* TimerHandle.when(): the time by async_time() that it was last scheduled for. */
double async_timer_when(const struct async_timer *timer);

/*
 * loop.call_soon_threadsafe(): for other threads, which must not call anything else on this page. 0,
 * or ASYNC_ESHUTDOWN when the loop has closed. What has not run when the loop closes never runs, and
 * its handle is free again.
 */
int async_call_soon_threadsafe(struct async_loop *loop, struct async_handle *handle,
			       void (*run)(void *arg), void *arg);

/*
 * loop.add_signal_handler(): run(arg) on the loop after signo arrived. Replaces the process's
 * disposition until async_remove_signal_handler() or the end of the loop, which restore it.
 * For loops of the main thread, as in asyncio. Returns 0, a negative errno, or ASYNC_ERUNTIME in
 * another thread. remove: 0, or ASYNC_EINVAL when this loop has none for it.
 */
int async_add_signal_handler(int signo, void (*run)(void *arg), void *arg);
int async_remove_signal_handler(int signo);

/*
 * run(arg) once, when the running loop closes: after its last task, on its thread. For what a layer
 * above keeps per loop, the oldest first. The handle must stay valid until then; async_handle_cancel() takes it back.
 */
void async_on_close(struct async_handle *handle, void (*run)(void *arg), void *arg);

/*
 * Tells the exception handler of what should have been closed before its loop was: "unclosed
 * transport <...>", with the place where it was opened. For async_on_close()'s callback, which then
 * frees it.
 */
void async_report_unclosed(const char *opened_at, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- Callbacks that may fail ----------------------------------------------------------------- */

/*
 * A callback whose negative return value is its exception: it goes to the exception handler as
 * "Exception in callback <fn>() at <place>", with the text and place of async_raise() if there was
 * one, and the loop goes on. The memory is the caller's, as a handle's is.
 */
struct async_callback {
	struct async_timer timer;
	int (*run)(void *arg);
	void *arg;
	const char *label, *here;
};
#define async_call_soon_checked(callback, fn, arg) \
	async_call_soon_checked_at(ASYNC_HERE, #fn, (callback), (fn), (arg))
#define async_call_later_checked(callback, seconds, fn, arg) \
	async_call_later_checked_at(ASYNC_HERE, #fn, (callback), (seconds), (fn), (arg))
#define async_future_add_done_callback_checked(future, callback, fn, arg)                      \
	async_future_add_done_callback_checked_at(ASYNC_HERE, #fn, (future), (callback), (fn), \
						  (arg))
void async_call_soon_checked_at(const char *here, const char *label,
				struct async_callback *callback, int (*fn)(void *arg), void *arg);
void async_call_later_checked_at(const char *here, const char *label,
				 struct async_callback *callback, double seconds,
				 int (*fn)(void *arg), void *arg);
void async_future_add_done_callback_checked_at(const char *here, const char *label,
					       struct async_future *future,
					       struct async_callback *callback,
					       int (*fn)(void *arg), void *arg);
/* Idempotent. */
void async_callback_cancel(struct async_callback *callback);

/* ---- Failures that nobody reads ---------------------------------------------------------------- */

/*
 * Who hears of failures that nobody reads. message is asyncio's ("Task exception was never
 * retrieved"); task and error may be NULL. The default writes to stderr. NULL restores it.
 */
struct async_context {
	const char *message;
	struct async_task *task;
	const struct async_error *error;
	/* What "was never retrieved": asyncio's key "future". A task's own when it is a task. */
	const struct async_future *future;
	const char *opened_at; /* of what is unclosed: its place, "file:line" */
};
void async_set_exception_handler(void (*handler)(const struct async_context *context, void *arg),
				 void *arg);
/* Hands a failure to the handler. */
void async_call_exception_handler(const struct async_context *context);
/* What is done without a handler, for one that wants to say it, too: on stderr. */
void async_default_exception_handler(const struct async_context *context);

#ifdef __cplusplus
}
#endif
#endif
