/* SPDX-License-Identifier: MIT */
/*
 * offload.c - asyncio.to_thread(): blocking functions on threads, awaited by tasks.
 *
 * A pool is a queue, a lock and up to max threads, started when a job finds none idle. A job is
 * handed to a thread and comes back as a call posted to the loop, which completes its future. A pool
 * outlives its loop when an abandoned job still runs: whoever drops the last reference frees it.
 *
 * Who may touch a job: under the pool's lock, whoever finds it QUEUED; its thread while RUNNING;
 * the loop once it is back.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/future.h"
#include "runtime/list.h"
#include "runtime/portable.h"
#include "runtime/task.h"

/* So many seconds an idle thread stays before it goes. */
#define IDLE_SECONDS 10

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_ABANDONED, JOB_BACK };

struct job {
	struct async_list node;	  /* in the pool's queue */
	struct async_handle back; /* posted to the loop */
	struct async_pool *pool;
	struct async_loop *loop;
	struct ticket *ticket;
	enum job_state state;
	int (*fn)(void *arg);
	void *arg;
	void (*done_with)(void *arg); /* for the copy of an abandoned job */
	int result;
	_Alignas(max_align_t) char copy[]; /* of the argument, when the job may be abandoned */
};

/* What the awaiting task keeps on its stack: an abandoned job may be gone before it runs again. */
struct ticket {
	struct async_future future;
	struct job *job; /* NULL: abandoned */
	bool cancel_requested;
};

struct worker {
	struct async_list node; /* in the pool's workers, then in its finished */
	pthread_t thread;
	struct async_pool *pool;
	bool detached; /* nobody will join it: it frees this itself */
};

struct async_pool {
	pthread_mutex_t lock;
	pthread_cond_t work, quiet;
	struct async_list queue;
	struct async_list workers, finished; /* finished: to be joined */
	int max_threads, threads, idle, running; /* running: not abandoned */
	int references;				 /* of the loop and of each thread */
	bool closing;
	bool wait_for_abandoned; /* at the end, as asyncio does for to_thread */
	int abandoned;
	struct async_list sibling; /* in loop->pools */
};

static void drop_locked(struct async_pool *pool)
{
	bool last = --pool->references == 0;

	pthread_mutex_unlock(&pool->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->work);
	pthread_cond_destroy(&pool->quiet);
	free(pool);
}

/* ---- On the threads -------------------------------------------------------------------------- */

static void job_back(void *arg);

/* The job has run; lock held. An abandoned one is freed here, for nobody else knows it. */
static void hand_back(struct async_pool *pool, struct job *job)
{
	if (job->state == JOB_ABANDONED) {
		pool->abandoned--;
		if (job->done_with) {
			pthread_mutex_unlock(&pool->lock);
			job->done_with(job->arg);
			pthread_mutex_lock(&pool->lock);
		}
		free(job);
		return;
	}
	job->state = JOB_BACK;
	pool->running--;
	/* Posted under the lock: until then the loop cannot close, since it waits for running jobs. */
	async_call_soon_threadsafe(job->loop, &job->back, job_back, job);
}

static void run_one(struct async_pool *pool, struct job *job)
{
	int result;

	job->state = JOB_RUNNING;
	pool->running++;
	pthread_mutex_unlock(&pool->lock);
	result = job->fn(job->arg);
	pthread_mutex_lock(&pool->lock);
	job->result = result;
	hand_back(pool, job);
	if (pool->closing)
		pthread_cond_signal(&pool->quiet);
}

/* False: nothing came for a while, or the pool closes. */
static bool wait_for_work(struct async_pool *pool)
{
	struct timespec until;
	int rc = 0;

	portable_cond_deadline(&until, IDLE_SECONDS);
	pool->idle++;
	while (list_empty(&pool->queue) && !pool->closing && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&pool->work, &pool->lock, &until);
	pool->idle--;
	return !list_empty(&pool->queue);
}

static void *thread_main(void *arg)
{
	struct worker *worker = arg;
	struct async_pool *pool = worker->pool;

	pthread_mutex_lock(&pool->lock);
	do {
		struct async_list *node;

		while ((node = list_take(&pool->queue)))
			run_one(pool, container_of(node, struct job, node));
	} while (wait_for_work(pool));
	pool->threads--;
	list_remove(&worker->node);
	if (worker->detached)
		free(worker);
	else
		list_append(&pool->finished, &worker->node);
	if (pool->closing)
		pthread_cond_signal(&pool->quiet);
	drop_locked(pool);
	return NULL;
}

/* ---- On the loop ----------------------------------------------------------------------------- */

static struct async_pool *pool_new(struct async_loop *loop, int max_threads)
{
	struct async_pool *pool = calloc(1, sizeof *pool);

	if (!pool)
		return NULL;
	pthread_mutex_init(&pool->lock, NULL);
	portable_cond_init(&pool->work);
	portable_cond_init(&pool->quiet);
	pool->max_threads = max_threads < 1 ? 1 : max_threads;
	pool->references = 1;
	list_append(&loop->pools, &pool->sibling);
	return pool;
}

struct async_pool *async_pool_new(int max_threads)
{
	return pool_new(loop_here("?", "async_pool_new"), max_threads);
}

/* Those have left the lock for good, so a join takes no time. Lock held. */
static void join_finished(struct async_pool *pool)
{
	struct async_list *node;

	while ((node = list_take(&pool->finished))) {
		struct worker *worker = container_of(node, struct worker, node);

		pthread_mutex_unlock(&pool->lock);
		pthread_join(worker->thread, NULL);
		free(worker);
		pthread_mutex_lock(&pool->lock);
	}
}

/* Signals are for the loop's thread: a worker takes none. Lock held. */
static int start_thread(struct async_pool *pool)
{
	struct worker *worker = calloc(1, sizeof *worker);
	sigset_t all, before;
	int rc;

	if (!worker)
		return ASYNC_ENOMEM;
	worker->pool = pool;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&worker->thread, NULL, thread_main, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		free(worker);
		return -rc;
	}
	list_append(&pool->workers, &worker->node);
	pool->threads++;
	pool->references++;
	return 0;
}

/*
 * An abandoned job keeps its thread busy, perhaps for ever. Such threads do not count against the
 * limit, lest a few stuck jobs starve all others, until there are three times as many of them.
 */
static bool may_start_thread(const struct async_pool *pool)
{
	int written_off =
		pool->abandoned < 3 * pool->max_threads ? pool->abandoned : 3 * pool->max_threads;

	return pool->threads - written_off < pool->max_threads;
}

static int submit(struct async_pool *pool, struct job *job)
{
	int rc = 0;

	pthread_mutex_lock(&pool->lock);
	join_finished(pool);
	list_append(&pool->queue, &job->node);
	if (pool->idle > 0)
		pthread_cond_signal(&pool->work);
	else if (may_start_thread(pool))
		rc = start_thread(pool);
	/* Without a new thread the job waits for an old one, if there is any. */
	if (rc < 0 && pool->threads > 0)
		rc = 0;
	if (rc < 0)
		list_remove(&job->node);
	pthread_mutex_unlock(&pool->lock);
	return rc;
}

static void job_back(void *arg)
{
	struct job *job = arg;

	job->loop->jobs--;
	future_complete(&job->ticket->future, ASYNC_FINISHED, 0);
}

/* The awaiting task is cancelled: a queued job is taken back, a running one abandoned or awaited. */
static bool cancel_job(struct async_future *future)
{
	struct ticket *ticket = container_of(future, struct ticket, future);
	struct job *job = ticket->job;
	struct async_loop *loop = job->loop;
	struct async_pool *pool = job->pool;
	bool gone = false;

	pthread_mutex_lock(&pool->lock);
	if (job->state == JOB_QUEUED) {
		list_remove(&job->node);
		gone = true;
	} else if (job->state == JOB_RUNNING && job->arg == job->copy) {
		job->state = JOB_ABANDONED;
		pool->running--;
		pool->abandoned++;
		ticket->job = NULL;
		gone = true;
	}
	pthread_mutex_unlock(&pool->lock);
	ticket->cancel_requested = true;
	if (gone) {
		loop->jobs--;
		future_complete(future, ASYNC_CANCELLED, ASYNC_ECANCELED);
	}
	return true;
}

static int await_job(struct task *task, const char *here, struct job *job, struct ticket *ticket)
{
	int rc;

	*ticket = (struct ticket){ .future.cancel = cancel_job, .job = job };
	job->ticket = ticket;
	task->loop->jobs++;
	rc = submit(job->pool, job);
	if (rc < 0) {
		task->loop->jobs--;
		return async_raise(rc, "no thread for a job: %s", async_strerror(rc));
	}
	rc = future_wait(task, here, &ticket->future);
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

/* Idle threads are waited for as well: then nothing of the pool is left behind. */
static bool busy(const struct async_pool *pool)
{
	if (pool->wait_for_abandoned)
		return pool->threads > 0;
	return pool->threads > pool->abandoned;
}

static void close_pool(struct async_pool *pool, double seconds)
{
	struct async_list *node;
	struct timespec until;
	int rc = 0;

	portable_cond_deadline(&until, seconds);
	pthread_mutex_lock(&pool->lock);
	list_remove(&pool->sibling);
	pool->closing = true;
	pthread_cond_broadcast(&pool->work);
	while (busy(pool) && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&pool->quiet, &pool->lock, &until);
	if (busy(pool))
		fprintf(stderr,
			"The executor did not finishing joining its threads within %g seconds.\n",
			seconds);
	join_finished(pool);
	/* What still runs was abandoned, and goes on alone. */
	while ((node = list_take(&pool->workers))) {
		struct worker *worker = container_of(node, struct worker, node);

		worker->detached = true;
		pthread_detach(worker->thread);
	}
	drop_locked(pool);
}

void offload_close(struct async_loop *loop)
{
	while (!list_empty(&loop->pools))
		close_pool(container_of(loop->pools.next, struct async_pool, sibling),
			   loop->executor_timeout);
}
