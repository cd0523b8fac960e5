/* SPDX-License-Identifier: MIT */
/*
 * blocking_plain.c - the ways without a loop: one after another, a thread for each task, a pool.
 *
 * These are the honest rivals: plain blocking calls, which is what coroutines have to be better than.
 * With threads the heartbeat has one of its own. A serial program can only see to other things between
 * two tasks, so that is when it beats.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "app/demo_fetch.h"
#include "bench/blocking.h"

void blocking_pause(struct blocking_task *task)
{
	int64_t pause = task->cell->pause;
	struct timespec left = { pause / 1000000000, pause % 1000000000 };

	task->begun = blocking_now();
	if (task->pauses)
		while (nanosleep(&left, &left) < 0 && errno == EINTR)
			;
	task->ended = blocking_now();
}

static void *run_task(void *arg)
{
	struct blocking_task *task = arg;

	blocking_pause(task);
	if (task->url != NULL)
		task->failed = demo_plain_get(task->url) != 200;
	task->done = blocking_now();
	return NULL;
}

static int run_serial(struct blocking *cell)
{
	cell->start = blocking_now();
	beat_begin(&cell->beat, cell->start);
	for (int i = 0; i < cell->tasks; i++) {
		cell->task[i].called = cell->start;
		run_task(&cell->task[i]);
		beat_run_due(&cell->beat, blocking_now());
	}
	cell->end = blocking_now();
	beat_end(&cell->beat, cell->end);
	return 0;
}

/* ---- Threads --------------------------------------------------------------------------------- */

static atomic_bool over;

static void *beat_on(void *arg)
{
	struct blocking *cell = arg;

	beat_begin(&cell->beat, cell->start);
	while (!atomic_load(&over)) {
		int64_t left = cell->beat.next - blocking_now();

		nanosleep(&(struct timespec){ .tv_nsec = left > 0 ? left : 0 }, NULL);
		if (!atomic_load(&over))
			beat_run_due(&cell->beat, blocking_now());
	}
	beat_end(&cell->beat, cell->end);
	return NULL;
}

/* Creates so many threads and waits for them, beating all the while. body(arg + i * size). */
static int run_threads(struct blocking *cell, int count, void *(*body)(void *), void *arg,
		       size_t size)
{
	pthread_t beat, *threads = malloc((size_t)count * sizeof(*threads));
	pthread_attr_t small;
	int made = 0;

	if (threads == NULL)
		return -ENOMEM;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN + 64 * 1024);
	cell->start = blocking_now();
	int rc = pthread_create(&beat, &small, beat_on, cell);
	bool beats = rc == 0;
	while (rc == 0 && made < count) {
		rc = pthread_create(&threads[made], &small, body, (char *)arg + made * size);
		made += rc == 0;
	}
	for (int i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	cell->end = blocking_now();
	atomic_store(&over, true);
	if (beats)
		pthread_join(beat, NULL);
	pthread_attr_destroy(&small);
	free(threads);
	return -rc;
}

static void *run_own(void *arg)
{
	struct blocking_task *task = arg;

	/* Its thread is its own: there is nobody whom it could have waited for. */
	task->called = blocking_now();
	return run_task(task);
}

static int run_thread_each(struct blocking *cell)
{
	return run_threads(cell, cell->tasks, run_own, cell->task, sizeof(*cell->task));
}

static atomic_int next_task;

static void *work(void *arg)
{
	struct blocking *cell = arg;
	int i;

	while ((i = atomic_fetch_add(&next_task, 1)) < cell->tasks) {
		cell->task[i].called = cell->start;
		run_task(&cell->task[i]);
	}
	return NULL;
}

static int run_pool(struct blocking *cell)
{
	return run_threads(cell, cell->threads, work, cell, 0);
}

const struct blocking_mode blocking_plain_modes[3] = {
	{ "serial", HOLDS_ALL, run_serial, NULL },
	{ "threads", HOLDS_NOBODY, run_thread_each, NULL },
	{ "pool", HOLDS_A_WORKER, run_pool, NULL },
};
