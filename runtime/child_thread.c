/* SPDX-License-Identifier: MIT */
/*
 * child_thread.c - waiting for a child with a thread: asyncio's ThreadedChildWatcher.
 *
 * The thread only sees that the child has ended (WNOWAIT) and says so to the loop, which reaps it.
 * One thread a child: with fewer, a child's end could wait for another's. They are a pool of their
 * own, so that nobody else's jobs stand behind them.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "runtime/child.h"
#include "runtime/list.h"
#include "runtime/loop.h"
#include "runtime/pool.h"

#define THREADS_MAX (1 << 20) /* more than there can be processes */

/* On the thread. Where somebody else has reaped the child, that is news, too. */
static int see_end(void *arg)
{
	siginfo_t unused;
	pid_t pid;
	int rc;

	memcpy(&pid, arg, sizeof pid);
	do
		rc = waitid(P_PID, (id_t)pid, &unused, WEXITED | WNOWAIT);
	while (rc < 0 && errno == EINTR);
	return 0;
}

static void came_back(void *arg)
{
	struct job *job = arg;
	struct child *child = job->waiter;

	job->loop->jobs--;
	free(job);
	child->job = NULL;
	async_blocking("a thread has seen that it ended", 0.05)
		child_reap(child, 0);
	child->has_ended(child);
}

static struct async_pool *reapers(struct async_loop *loop)
{
	if (!loop->reapers) {
		loop->reapers = pool_new(loop, THREADS_MAX);
		if (loop->reapers)
			loop->reapers->wait_for_abandoned = true;
	}
	return loop->reapers;
}

int child_thread_watch(struct child *child)
{
	struct async_loop *loop = loop_current;
	struct async_pool *pool = reapers(loop);
	struct job *job = pool ? calloc(1, sizeof *job + sizeof child->pid) : NULL;
	int rc;

	if (!job)
		return ASYNC_ENOMEM;
	job->pool = pool;
	job->loop = loop;
	job->waiter = child;
	job->came_back = came_back;
	job->fn = see_end;
	job->arg = memcpy(job->copy, &child->pid, sizeof child->pid);
	rc = pool_submit(pool, job);
	if (rc < 0) {
		free(job);
		return rc;
	}
	loop->jobs++;
	child->job = job;
	return 0;
}

void child_thread_unwatch(struct child *child)
{
	struct job *job = child->job;
	struct async_loop *loop = job->loop;
	struct async_pool *pool = job->pool;

	loop->jobs--;
	child->job = NULL;
	if (!child->ended) {
		pthread_mutex_lock(&pool->lock);
		pool->wait_for_abandoned = false;
		pthread_mutex_unlock(&pool->lock);
	}
	switch (pool_withdraw(pool, job, true)) {
	case POOL_ABANDONED:
		return;
	case POOL_TOO_LATE:
		/* It is back, and stands in a queue that other threads write to. */
		pthread_mutex_lock(&loop->lock);
		list_remove(&job->back.node);
		pthread_mutex_unlock(&loop->lock);
		break;
	case POOL_TAKEN_BACK:
		break;
	}
	free(job);
}
