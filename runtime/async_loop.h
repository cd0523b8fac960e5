/* SPDX-License-Identifier: MIT */
/*
 * async_loop.h - loops run by hand, debug mode. A chapter of the manual.
 *
 * async_run() is all that most programs need. A loop of one's own can be run, stopped and run again:
 *
 *     struct async_loop *loop = async_loop_new(NULL);
 *     struct async_task *task = async_create_task(work, NULL);
 *     rc = async_loop_run_until_complete(loop, async_task_future(task));
 *     async_loop_close(loop);
 *
 * Rules for users:
 *  - A loop belongs to the thread that made it. From another one may come only
 *    async_call_soon_threadsafe(), async_run_coroutine_threadsafe() and async_loop_is_closed(): all
 *    else aborts with asyncio's "Non-thread-safe operation ...", in part only in debug mode.
 *  - What takes no loop works on the thread's current one, also while it does not run.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_LOOP_H
#define LOOPHOUND_RUNTIME_ASYNC_LOOP_H

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct async_run_options;

/* ---- Loops ----------------------------------------------------------------------------------- */

/*
 * asyncio.new_event_loop() and set_event_loop(): the new loop becomes the thread's current one.
 * NULL with async_last_error(): ASYNC_EBUSY (a loop runs in this thread), ASYNC_ENOMEM, a negative
 * errno. options may be NULL.
 */
struct async_loop *async_loop_new(const struct async_run_options *options);
/* Makes another of this thread's loops the current one; NULL: none. None may be running. */
void async_set_event_loop(struct async_loop *loop);

/*
 * Runs until the future is done: its outcome, which counts as read. ASYNC_ESTOPPED when stop() came
 * first ("Event loop stopped before Future completed."), ASYNC_EDEADLOCK when nobody can ever
 * complete it: then it may be cancelled and the loop run again.
 */
int async_loop_run_until_complete(struct async_loop *loop, struct async_future *future);
/* Runs until stop(): 0, or ASYNC_EDEADLOCK. Stopped before it runs, it makes one turn. */
int async_loop_run_forever(struct async_loop *loop);
/* The turn that is under way is finished, then run returns. What was scheduled meanwhile stays. */
void async_loop_stop(struct async_loop *loop);
bool async_loop_is_running(const struct async_loop *loop);
/* From any thread, and true for ever once it has closed. */
bool async_loop_is_closed(struct async_loop *loop);
/*
 * Waits for the threads and frees the loop. A task that has not ended is destroyed and reported:
 * "Task was destroyed but it is pending!". The loop must not be running.
 */
void async_loop_close(struct async_loop *loop);

/*
 * Gives up a task that shall never run again, with the reference: "Task was destroyed but it is
 * pending!". Its clean-ups do not run and its stack stays until the loop closes, because others may
 * point into it. Nobody may be waiting for it. Cancelling and awaiting it is nearly always better.
 */
#define async_task_destroy(task) async_task_destroy_at(ASYNC_HERE, (task))
void async_task_destroy_at(const char *here, struct async_task *task);

/* ---- Debug mode ------------------------------------------------------------------------------ */

/*
 * LOOPHOUND_DEBUG=1 in the environment, or options.debug. Each task's step and each callback that
 * takes 0.1 s or more is said on stderr, or to the function below, in asyncio's words: "Executing
 * <Task finished name='Task-1' coro=<main()> created at demo.c:12> took 0.150 seconds".
 */
bool async_get_debug(void);
void async_set_debug(bool on);
void async_set_slow_callback_duration(double seconds);
/* Takes the warnings of the current loop; NULL: stderr. */
void async_set_warning_handler(void (*handler)(const char *text, void *arg), void *arg);

#ifdef __cplusplus
}
#endif
#endif
