/* SPDX-License-Identifier: MIT */
/*
 * pool.c - the threads: each takes jobs until none comes for a while, or the pool closes.
 */
#include "runtime/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/list.h"
#include "runtime/loop.h"
#include "runtime/portable.h"

/* So many seconds an idle thread stays before it goes. */
#define IDLE_SECONDS 10

struct worker {
	struct async_list node; /* in the pool's workers, then in its finished */
	pthread_t thread;
	struct async_pool *pool;
	bool detached; /* nobody will join it: it frees this itself */
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
	async_call_soon_threadsafe(job->loop, &job->back, job->came_back, job);
}

int64_t pool_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void run_one(struct async_pool *pool, struct job *job)
{
	int result;

	if (job->queued_at)
		job->begun_at = pool_now();
	job->state = JOB_RUNNING;
	pool->queued--;
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

struct async_pool *pool_new(struct async_loop *loop, int max_threads)
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

int pool_submit(struct async_pool *pool, struct job *job)
{
	int rc = 0;

	pthread_mutex_lock(&pool->lock);
	join_finished(pool);
	list_append(&pool->queue, &job->node);
	pool->queued++;
	pthread_cond_signal(&pool->work);
	/* An idle thread that has not woken up yet may be on its way to an earlier job. */
	if (pool->idle < pool->queued && may_start_thread(pool))
		rc = start_thread(pool);
	/* Without a new thread the job waits for an old one, if there is any. */
	if (rc < 0 && pool->threads > 0)
		rc = 0;
	if (rc < 0) {
		list_remove(&job->node);
		pool->queued--;
	}
	pthread_mutex_unlock(&pool->lock);
	return rc;
}

enum pool_withdrawal pool_withdraw(struct async_pool *pool, struct job *job, bool may_abandon)
{
	enum pool_withdrawal result = POOL_TOO_LATE;

	pthread_mutex_lock(&pool->lock);
	if (job->state == JOB_QUEUED) {
		list_remove(&job->node);
		pool->queued--;
		result = POOL_TAKEN_BACK;
	} else if (job->state == JOB_RUNNING && may_abandon) {
		job->state = JOB_ABANDONED;
		pool->running--;
		pool->abandoned++;
		result = POOL_ABANDONED;
	}
	pthread_mutex_unlock(&pool->lock);
	return result;
}

/* Idle threads are waited for as well: then nothing of the pool is left behind. */
static bool busy(const struct async_pool *pool)
{
	if (pool->wait_for_abandoned)
		return pool->threads > 0;
	return pool->threads > pool->abandoned;
}

void pool_close(struct async_pool *pool, double seconds)
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
