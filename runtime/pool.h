/* SPDX-License-Identifier: MIT */
/*
 * pool.h - threads that run jobs, for offload.c.
 *
 * A pool is a queue, a lock and up to max threads, started when a job finds none idle. A job is
 * handed to a thread and comes back as a call posted to the loop. A pool outlives its loop when an
 * abandoned job still runs: whoever drops the last reference frees it.
 *
 * Who may touch a job: under the pool's lock, whoever finds it QUEUED; its thread while RUNNING or
 * ABANDONED; the loop once it is BACK.
 */
#ifndef LOOPHOUND_RUNTIME_POOL_H
#define LOOPHOUND_RUNTIME_POOL_H

#include <pthread.h>

#include "runtime/async.h"

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_ABANDONED, JOB_BACK };

struct job {
	struct async_list node;	  /* in the pool's queue */
	struct async_handle back; /* posted to the loop */
	struct async_pool *pool;
	struct async_loop *loop;
	void *waiter;		      /* offload.c's */
	void (*came_back)(void *job); /* run on the loop */
	enum job_state state;
	int (*fn)(void *arg);
	void *arg;
	void (*done_with)(void *arg); /* for the copy of an abandoned job */
	int result;
	int64_t queued_at, begun_at; /* by the monotonic clock, ns; queued_at 0: nobody asks */
	_Alignas(max_align_t) char copy[]; /* of the argument, when the job may be abandoned */
};

struct async_pool {
	pthread_mutex_t lock;
	pthread_cond_t work, quiet;
	struct async_list queue;
	struct async_list workers, finished;	 /* finished: to be joined */
	int max_threads, threads, idle, running; /* running: not abandoned */
	int queued;
	int references; /* of the loop and of each thread */
	bool closing;
	bool wait_for_abandoned; /* at the end, as asyncio does for to_thread */
	int abandoned;
	struct async_list sibling; /* in loop->pools */
};

/* A pool of the loop's; NULL without memory. */
struct async_pool *pool_new(struct async_loop *loop, int max_threads);

/* For queued_at. */
int64_t pool_now(void);

/* Queues the job, and starts a thread if that helps. 0 or a negative code: then it will not run. */
int pool_submit(struct async_pool *pool, struct job *job);

enum pool_withdrawal {
	POOL_TAKEN_BACK, /* it never runs; the job is the caller's again */
	POOL_ABANDONED,	 /* its thread will free it: not to be touched any more */
	POOL_TOO_LATE,	 /* it runs or has run, and will come back */
};
/* may_abandon: the job is on the heap, and works on its copy. */
enum pool_withdrawal pool_withdraw(struct async_pool *pool, struct job *job, bool may_abandon);

/* Ends the threads, waiting at most so long for jobs that somebody still wants. */
void pool_close(struct async_pool *pool, double seconds);

#endif
