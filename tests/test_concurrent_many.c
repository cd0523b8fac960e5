/* SPDX-License-Identifier: MIT */
/* test_concurrent_many.c - run_coroutine_threadsafe from many threads, at loops that come and go. */
#include <pthread.h>
#include <stdatomic.h>

#include "runtime/async.h"
#include "tests/harness.h"

#define FOR_EVER ASYNC_NO_TIMEOUT

#define LOOPS 3
#define THREADS 4
#define ROUNDS 25

struct served {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct async_loop *loop;
};

static struct served served[LOOPS] = {
	{ PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL },
	{ PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL },
	{ PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL },
};
static atomic_bool over;
static atomic_int outcomes[4];

static int serve_for_a_while(void *arg)
{
	struct served *place = arg;

	pthread_mutex_lock(&place->lock);
	place->loop = async_get_running_loop();
	pthread_cond_broadcast(&place->changed);
	pthread_mutex_unlock(&place->lock);
	return async_sleep(0.003);
}

static void *run_loops(void *arg)
{
	while (!atomic_load(&over))
		CHECK_INT(async_run(serve_for_a_while, arg), 0);
	return NULL;
}

/* The loop may run, be closing, or be long gone. */
static struct async_loop *some_loop(struct served *place)
{
	struct async_loop *found;

	pthread_mutex_lock(&place->lock);
	while (!place->loop)
		pthread_cond_wait(&place->changed, &place->lock);
	found = place->loop;
	pthread_mutex_unlock(&place->lock);
	return found;
}

static int short_work(void *arg)
{
	int rc = async_sleep(*(int *)arg % 3 * 0.0005);

	return rc < 0 ? rc : *(int *)arg;
}

static void ask_once(int i)
{
	struct async_concurrent *job = async_run_coroutine_threadsafe_copy(
		some_loop(&served[i % LOOPS]), short_work, &i, sizeof i);
	int rc;

	if (!job) {
		CHECK_INT(async_last_error(), ASYNC_ESHUTDOWN);
		atomic_fetch_add(&outcomes[3], 1);
		return;
	}
	if (i % 4 == 0)
		async_concurrent_cancel(job);
	rc = i % 5 == 0 ? ASYNC_ETIMEOUT : async_concurrent_result(job, FOR_EVER);
	CHECK(rc == i || rc == ASYNC_ETIMEOUT || rc == ASYNC_ECANCELED || rc == ASYNC_ESHUTDOWN);
	atomic_fetch_add(&outcomes[rc == i ? 0 : rc == ASYNC_ECANCELED ? 1 : 2], 1);
	async_concurrent_release(job);
}

static void *ask(void *arg)
{
	(void)arg;
	for (int i = 1; i <= ROUNDS; i++)
		ask_once(i);
	return NULL;
}

TEST_WITH_LIMIT(threads_ask_loops_that_come_and_go, 30)
{
	pthread_t servers[LOOPS], askers[THREADS];
	int total = 0;

	for (int i = 0; i < LOOPS; i++)
		CHECK_INT(pthread_create(&servers[i], NULL, run_loops, &served[i]), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&askers[i], NULL, ask, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(askers[i], NULL);
	atomic_store(&over, true);
	for (int i = 0; i < LOOPS; i++)
		pthread_join(servers[i], NULL);
	for (int i = 0; i < 4; i++)
		total += outcomes[i];
	CHECK_INT(total, THREADS * ROUNDS);
	printf("%d results, %d cancelled, %d without, %d refused\n", outcomes[0], outcomes[1],
	       outcomes[2], outcomes[3]);
}
