/* SPDX-License-Identifier: MIT */
/*
 * offload.c - asyncio.to_thread(): blocking functions on threads, awaited by tasks.
 *
 * The job's argument is either the caller's own memory, and then a cancelled caller waits for the
 * thread, or a copy, and then it leaves at once and the thread goes on alone.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/future.h"
#include "runtime/list.h"
#include "runtime/pool.h"
#include "runtime/task.h"
#include "runtime/trace/trace.h"
#include "runtime/wait.h"

/* What the awaiting task keeps on its stack: an abandoned job may be gone before it runs again. */
struct ticket {
	struct async_future future;
	struct job *job; /* NULL: abandoned */
	bool cancel_requested;
};

static void job_back(void *arg)
{
	struct job *job = arg;

	struct ticket *ticket = job->waiter;

	job->loop->jobs--;
	trace_cause(job->loop, TRACE_BY_THREAD, 0);
	future_complete(&ticket->future, ASYNC_FINISHED, 0);
}

/* The job of a task that will never run again: on its stack, or a copy that nobody else frees. */
void offload_drop_call(struct async_handle *handle)
{
	struct job *job;

	if (handle->run != job_back)
		return;
	job = handle->arg;
	if (job->arg != (void *)job->copy)
		return;
	if (job->done_with)
		job->done_with(job->arg);
	free(job);
}

/* The awaiting task is cancelled: a queued job is taken back, a running one abandoned or awaited. */
static bool cancel_job(struct async_future *future)
{
	struct ticket *ticket = container_of(future, struct ticket, future);
	struct job *job = ticket->job;
	struct async_loop *loop = job->loop;
	enum pool_withdrawal withdrawal =
		pool_withdraw(job->pool, job, job->arg == (void *)job->copy);

	ticket->cancel_requested = true;
	if (withdrawal == POOL_TOO_LATE)
		return true;
	if (withdrawal == POOL_ABANDONED)
		ticket->job = NULL;
	loop->jobs--;
	future_complete(future, ASYNC_CANCELLED, ASYNC_ECANCELED);
	return true;
}

static void describe(struct wait_view *view, const struct async_future *future)
{
	struct ticket ticket;
	struct job job;

	if (!wait_peek_around(view, &ticket, future, future) ||
	    !wait_peek(view, &job, ticket.job, sizeof job))
		return;
	wait_say(view, " running ");
	wait_say_function(view, (const void *)job.fn);
	if (job.state == JOB_QUEUED)
		wait_say(view, ", queued: no thread is free");
}

static const struct async_future_kind kind = { &kind, "a thread", cancel_job, describe };

/* Of a job that is back or was taken back; one that was abandoned may be gone. */
static uint32_t queued_us(const struct ticket *ticket)
{
	const struct job *job = ticket->job;

	if (!job || !job->queued_at)
		return 0;
	return (uint32_t)(((job->begun_at ? job->begun_at : pool_now()) - job->queued_at) / 1000);
}

static int await_job(struct task *task, const char *here, struct job *job, struct ticket *ticket)
{
	uint32_t number;
	int rc;

	*ticket = (struct ticket){ .future.kind = &kind, .job = job };
	job->waiter = ticket;
	job->came_back = job_back;
	job->queued_at = trace_on(task->loop) ? pool_now() : 0;
	task->loop->jobs++;
	rc = pool_submit(job->pool, job);
	if (rc < 0) {
		task->loop->jobs--;
		return async_raise(rc, "no thread for a job: %s", async_strerror(rc));
	}
	number = ++task->loop->jobs_begun;
	trace_offload(task->loop, task, number);
	rc = future_wait(task, here, &ticket->future);
	trace_offloaded(task->loop, task, number, queued_us(ticket));
	if (rc == 0)
		rc = ticket->cancel_requested ? ASYNC_ECANCELED : job->result;
	return rc;
}

static int run_in_place(struct task *task, const char *here, struct async_pool *pool,
			int (*fn)(void *arg), void *arg)
{
	struct job job = { .pool = pool, .loop = task->loop, .fn = fn, .arg = arg };
	struct ticket ticket;

	return await_job(task, here, &job, &ticket);
}

static int run_copy(struct task *task, const char *here, struct async_pool *pool,
		    int (*fn)(void *arg), void *arg, size_t size, void (*done_with)(void *arg))
{
	struct job *job = calloc(1, sizeof *job + size);
	struct ticket ticket;
	int rc;

	if (!job)
		return async_raise(ASYNC_ENOMEM, "no memory for a job of %zu bytes", size);
	job->pool = pool;
	job->loop = task->loop;
	job->fn = fn;
	job->arg = memcpy(job->copy, arg, size);
	job->done_with = done_with;
	rc = await_job(task, here, job, &ticket);
	if (ticket.job) {
		memcpy(arg, job->copy, size);
		free(job);
	}
	return rc;
}

int async_pool_run_at(const char *here, struct async_pool *pool, int (*fn)(void *arg), void *arg,
		      size_t size, void (*done_with)(void *arg))
{
	struct task *task = task_here(here, "async_to_thread or async_pool_run");

	must(fn && pool, "async_to_thread or async_pool_run at %s: the %s is NULL", here,
	     fn ? "pool" : "function");
	must(arg || !size, "async_to_thread or async_pool_run at %s: a copy of NULL", here);
	if (size)
		return run_copy(task, here, pool, fn, arg, size, done_with);
	return run_in_place(task, here, pool, fn, arg);
}

static struct async_pool *executor(const char *here)
{
	struct async_loop *loop = loop_here(here, "async_to_thread");

	if (!loop->executor) {
		loop->executor = pool_new(loop, loop->max_threads);
		if (loop->executor)
			loop->executor->wait_for_abandoned = true;
	}
	return loop->executor;
}

int async_to_thread_at(const char *here, int (*fn)(void *arg), void *arg)
{
	return async_to_thread_copy_at(here, fn, arg, 0, NULL);
}

int async_to_thread_copy_at(const char *here, int (*fn)(void *arg), void *arg, size_t size,
			    void (*done_with)(void *arg))
{
	struct async_pool *pool = executor(here);

	if (!pool)
		return async_raise(ASYNC_ENOMEM, "no memory for the thread pool");
	return async_pool_run_at(here, pool, fn, arg, size, done_with);
}

struct async_pool *async_pool_new(int max_threads)
{
	struct async_loop *loop = loop_here("?", "async_pool_new");
	struct async_pool *pool = NULL;

	if (max_threads < 1) {
		task_set_last_error(
			async_raise(ASYNC_EINVAL, "max_workers must be greater than 0"));
		return NULL;
	}
	pool = pool_new(loop, max_threads);
	task_set_last_error(pool ? 0 : ASYNC_ENOMEM);
	return pool;
}

size_t offload_threads(const struct async_loop *loop)
{
	size_t threads = 0;

	list_for_each(node, &loop->pools) {
		struct async_pool *pool = container_of(node, struct async_pool, sibling);

		pthread_mutex_lock(&pool->lock);
		threads += (size_t)pool->threads;
		pthread_mutex_unlock(&pool->lock);
	}
	return threads;
}

void offload_close(struct async_loop *loop)
{
	while (!list_empty(&loop->pools))
		pool_close(container_of(loop->pools.next, struct async_pool, sibling),
			   loop->executor_timeout);
}
