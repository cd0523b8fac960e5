/* SPDX-License-Identifier: MIT */
/*
 * async_future.h - a place for one result, which others wait for. A chapter of the manual.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_FUTURE_H
#define LOOPHOUND_RUNTIME_ASYNC_FUTURE_H

#include "runtime/async_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A future is a place for one result. It is the caller's memory and may live on a stack: nobody may
 * wait on it any more when it goes. Everything that waits in loophound waits on one of these.
 */
enum async_state { ASYNC_PENDING, ASYNC_CANCELLED, ASYNC_FINISHED };

struct async_future {
	enum async_state state : 8;
	bool retrieved; /* somebody has asked how it failed */
	bool mark;	/* private: for finding repetitions in a list */
	bool kept; /* private: it outlives the wait, and so does the message of its cancellation */
	bool echo; /* private: asyncio would still have a callback to run, which does nothing */
	int result;
	struct async_list callbacks;
	const struct async_future_kind *kind; /* private: what it stands for; NULL: itself */
	void *record;			      /* private: text and place of its failure */
};

void async_future_init(struct async_future *future);
/*
 * The end of a future that may have failed, or been cancelled, with a message, which is freed. A failure that nobody
 * has read is reported: "Future exception was never retrieved". Afterwards it is as after init.
 */
void async_future_close(struct async_future *future);
bool async_future_done(const struct async_future *future);
bool async_future_cancelled(const struct async_future *future);
/* Its outcome, which counts as read; ASYNC_EINVALIDSTATE while it is pending. */
int async_future_result(struct async_future *future);
/* Its failure with text and place, if it was given them; counts as read. NULL: none. */
const struct async_error *async_future_error(struct async_future *future);
/* 0, or ASYNC_EINVALIDSTATE when it is done already. code as a coroutine returns it. */
int async_future_set_result(struct async_future *future, int code);
/*
 * The same with a message for a negative code; who awaits it gets both. async_future_close() frees
 * the message. 0 or ASYNC_EINVALIDSTATE.
 */
#define async_future_set_exception(future, code, ...) \
	async_future_set_exception_at((future), (code), __func__, __FILE__, __LINE__, __VA_ARGS__)
int async_future_set_exception_at(struct async_future *future, int code, const char *function,
				  const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
/* False when it is done already. */
bool async_future_cancel(struct async_future *future);
/* The message is copied, for those who await it; async_future_close() frees it. */
bool async_future_cancel_message(struct async_future *future, const char *message);
/* call_soon(run, arg) once done (at once when it is). The handle is the caller's. */
void async_future_add_done_callback(struct async_future *future, struct async_handle *handle,
				    void (*run)(void *arg), void *arg);
/* Takes it back while the future is pending; false: it has run, or is going to. */
bool async_future_remove_done_callback(struct async_future *future, struct async_handle *handle);
/* The same for a task: it runs in the turn after the task's end. */
void async_task_add_done_callback(struct async_task *task, struct async_handle *handle,
				  void (*run)(void *arg), void *arg);
bool async_task_remove_done_callback(struct async_task *task, struct async_handle *handle);
/* The future that a task is: for what takes futures. Valid as long as the reference. */
struct async_future *async_task_future(struct async_task *task);
/* await future: its code. Cancelling the caller cancels the future. */
#define async_future_await(future) async_future_await_at(ASYNC_HERE, (future))
ASYNC_SUSPENDS int async_future_await_at(const char *here, struct async_future *future);

#ifdef __cplusplus
}
#endif
#endif
