/* SPDX-License-Identifier: MIT */
/*
 * concurrent.c - asyncio.run_coroutine_threadsafe(): a task for a loop, and its outcome for a thread.
 *
 * Everything that concerns the task happens on the loop: start and stop are calls posted to it, the
 * end is a callback of the task. What both sides look at is under the job's lock. A reference each is
 * held by the caller, by the loop until the end, and by a stop that is on its way.
 *
 * A loop that closes ends its jobs: those posted and not begun where it drops what was posted, the
 * others before their tasks are destroyed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cancel.h"
#include "runtime/list.h"
#include "runtime/portable.h"
#include "runtime/task.h"
#include "runtime/trace/trace.h"

struct async_concurrent {
	/* Set once. */
	struct async_loop *loop; /* a handle */
	pthread_t thread;	 /* the loop's */
	const char *here, *label;
	int (*fn)(void *arg);
	void *arg;

	/* The loop's. */
	struct async_handle start, stop, task_done;
	struct async_list node; /* in loop->concurrent, while the task runs */
	struct task *task;
	bool cancelled; /* before the task was made: a shuffled queue may run stop before start */

	/* Under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct async_list callbacks;
	int references;
	bool done, released, stopping;
	int result;
	struct error_record *record; /* of a failure: its own copy, for records are not shared */

	_Alignas(max_align_t) char copy[];
};

/* Lock held; gone afterwards. */
static void drop_locked(struct async_concurrent *job)
{
	bool last = --job->references == 0;

	pthread_mutex_unlock(&job->lock);
	if (!last)
		return;
	error_record_drop(job->record);
	pthread_cond_destroy(&job->ended);
	pthread_mutex_destroy(&job->lock);
	free(job);
}

static void drop(struct async_concurrent *job)
{
	pthread_mutex_lock(&job->lock);
	drop_locked(job);
}

/* ---- On the loop ----------------------------------------------------------------------------- */

static void run_callbacks(struct async_list *callbacks)
{
	struct async_list *node;

	while ((node = list_take(callbacks))) {
		struct async_handle *handle = container_of(node, struct async_handle, node);

		handle->run(handle->arg);
	}
}

/* The record becomes the job's. */
static void finish(struct async_concurrent *job, int result, struct error_record *record)
{
	struct async_list callbacks = { 0 };

	pthread_mutex_lock(&job->lock);
	job->result = result;
	job->record = record;
	job->done = true;
	list_splice(&callbacks, &job->callbacks);
	pthread_cond_broadcast(&job->ended);
	pthread_mutex_unlock(&job->lock);
	run_callbacks(&callbacks);
	drop(job);
}

static void fail(struct async_concurrent *job, int code)
{
	finish(job, code,
	       error_record_text(code, job->label, job->here, 0, "%s", async_strerror(code)));
}

static bool is_released(struct async_concurrent *job)
{
	bool released;

	pthread_mutex_lock(&job->lock);
	released = job->released;
	pthread_mutex_unlock(&job->lock);
	return released;
}

static void task_done(void *arg)
{
	struct async_concurrent *job = arg;
	struct task *task = job->task;
	int result = task->future.result;
	struct error_record *record = NULL;

	if (result < 0) {
		const struct async_error *error = &task_error(task)->error;

		record = error_record_text(result, error->function, error->file, error->line, "%s",
					   error->message);
		task->future.retrieved |= !is_released(job);
	}
	list_remove(&job->node);
	job->task = NULL;
	task_drop(task);
	finish(job, result, record);
}

static void start(void *arg)
{
	struct async_concurrent *job = arg;
	struct async_task *task;

	if (job->cancelled) {
		fail(job, ASYNC_ECANCELED);
		return;
	}
	trace_cause(loop_current, TRACE_BY_THREAD, 0);
	task = async_create_task_at(job->here, job->label, job->fn, job->arg, NULL);
	if (!task) {
		fail(job, async_last_error());
		return;
	}
	job->task = task_of(job->here, "async_run_coroutine_threadsafe", task);
	task_take(job->task);
	async_future_add_done_callback(&job->task->future, &job->task_done, task_done, job);
	list_append(&loop_current->concurrent, &job->node);
	async_task_release_at(job->here, task);
}

static void stop(void *arg)
{
	struct async_concurrent *job = arg;

	trace_cause(loop_current, TRACE_BY_THREAD, 0);
	job->cancelled = true;
	if (job->task)
		task_cancel(job->task, NULL);
	pthread_mutex_lock(&job->lock);
	job->stopping = false;
	drop_locked(job);
}

/* ---- A loop that closes ---------------------------------------------------------------------- */

void concurrent_close(struct async_loop *loop)
{
	while (!list_empty(&loop->concurrent)) {
		struct async_concurrent *job =
			container_of(loop->concurrent.next, struct async_concurrent, node);

		list_remove(&job->task_done.node);
		if (job->task->state == TASK_DONE) {
			task_done(job);
			continue;
		}
		list_remove(&job->node);
		task_drop(job->task);
		job->task = NULL;
		fail(job, ASYNC_ESHUTDOWN);
	}
}

bool concurrent_drop_call(struct async_handle *handle)
{
	bool is_start = handle->run == start, is_stop = handle->run == stop;

	if (is_start)
		fail(handle->arg, ASYNC_ESHUTDOWN);
	else if (is_stop)
		drop(handle->arg);
	return is_start || is_stop;
}

/* ---- Public ---------------------------------------------------------------------------------- */

static struct async_concurrent *make(const char *here, const char *label, int (*fn)(void *arg),
				     void *arg, size_t copy)
{
	struct async_concurrent *job = calloc(1, sizeof *job + copy);

	if (!job)
		return NULL;
	job->here = here;
	job->label = label;
	job->fn = fn;
	job->arg = copy ? memcpy(job->copy, arg, copy) : arg;
	job->references = 2;
	pthread_mutex_init(&job->lock, NULL);
	portable_cond_init(&job->ended);
	return job;
}

struct async_concurrent *async_run_coroutine_threadsafe_at(const char *here, const char *label,
							   struct async_loop *handle,
							   int (*fn)(void *arg), void *arg,
							   size_t copy)
{
	struct async_concurrent *job;
	struct async_loop *loop;

	must(fn, "async_run_coroutine_threadsafe at %s: a coroutine was expected, got NULL", here);
	must(arg || !copy, "async_run_coroutine_threadsafe at %s: a copy of NULL", here);
	job = make(here, label, fn, arg, copy);
	if (task_set_last_error(job ? 0 : ASYNC_ENOMEM) < 0)
		return NULL;
	job->loop = handle;
	loop = loop_lock("async_run_coroutine_threadsafe", handle);
	if (!loop) {
		task_set_last_error(ASYNC_ESHUTDOWN);
		job->references = 1;
		drop(job);
		return NULL;
	}
	job->thread = loop->thread;
	loop_post_locked(loop, &job->start, start, job);
	pthread_mutex_unlock(&loop->lock);
	return job;
}

/* Lock held. */
static void wait_until(struct async_concurrent *job, double seconds)
{
	struct timespec until;
	int rc = 0;

	if (seconds == ASYNC_NO_TIMEOUT) {
		while (!job->done)
			pthread_cond_wait(&job->ended, &job->lock);
		return;
	}
	portable_cond_deadline(&until, seconds);
	while (!job->done && rc == 0)
		rc = pthread_cond_timedwait(&job->ended, &job->lock, &until);
}

int async_concurrent_result_at(const char *here, struct async_concurrent *job, double seconds)
{
	int result;

	if (isnan(seconds))
		return async_raise(ASYNC_EINVAL, "Invalid timeout: NaN (not a number)");
	pthread_mutex_lock(&job->lock);
	must(job->done || !pthread_equal(job->thread, pthread_self()),
	     "async_concurrent_result at %s: the coroutine, given to the loop at %s, runs on this very "
	     "thread, which would wait for itself for ever",
	     here, job->here);
	if (seconds > 0)
		wait_until(job, seconds);
	result = job->done ? job->result : ASYNC_ETIMEOUT;
	pthread_mutex_unlock(&job->lock);
	return result;
}

const struct async_error *async_concurrent_error(struct async_concurrent *job)
{
	const struct error_record *record;

	pthread_mutex_lock(&job->lock);
	record = job->record;
	pthread_mutex_unlock(&job->lock);
	return record ? &record->error : NULL;
}

/* Lock held. One stop at a time is on its way: a second one is the same request until then. */
static bool ask(struct async_concurrent *job)
{
	struct async_loop *loop;

	if (job->done || job->stopping)
		return !job->done;
	loop = loop_lock("async_concurrent_cancel", job->loop);
	/* A loop that has just closed is about to end the job. */
	if (!loop)
		return false;
	job->stopping = true;
	job->references++;
	loop_post_locked(loop, &job->stop, stop, job);
	pthread_mutex_unlock(&loop->lock);
	return true;
}

bool async_concurrent_cancel(struct async_concurrent *job)
{
	bool asked;

	pthread_mutex_lock(&job->lock);
	asked = ask(job);
	pthread_mutex_unlock(&job->lock);
	return asked;
}

bool async_concurrent_done(struct async_concurrent *job)
{
	bool done;

	pthread_mutex_lock(&job->lock);
	done = job->done;
	pthread_mutex_unlock(&job->lock);
	return done;
}

bool async_concurrent_cancelled(struct async_concurrent *job)
{
	bool cancelled;

	pthread_mutex_lock(&job->lock);
	cancelled = job->done && job->result == ASYNC_ECANCELED;
	pthread_mutex_unlock(&job->lock);
	return cancelled;
}

void async_concurrent_add_done_callback(struct async_concurrent *job, struct async_handle *handle,
					void (*run)(void *arg), void *arg)
{
	bool done;

	must(!list_linked(&handle->node), "a handle was added to a job while it is in use");
	handle->run = run;
	handle->arg = arg;
	pthread_mutex_lock(&job->lock);
	done = job->done;
	if (!done)
		list_append(&job->callbacks, &handle->node);
	pthread_mutex_unlock(&job->lock);
	if (done)
		run(arg);
}

void async_concurrent_release(struct async_concurrent *job)
{
	pthread_mutex_lock(&job->lock);
	must(!job->released, "async_concurrent_release: it was released already");
	job->released = true;
	drop_locked(job);
}
