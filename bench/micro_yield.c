/* SPDX-License-Identifier: MIT */
/*
 * micro_yield.c - what it costs to step aside.
 *
 * async_sleep(0) is one yield: to the loop, through a turn, and back: two switches of stacks and the
 * turn's own work. With many tasks the turn is shared and what is left is the switches, the queue and
 * the memory that so many stacks touch. All tasks stand at a gate before the clock starts, so that
 * creating them is not in it. The baseline is the cheapest thing an operating system offers for the
 * same: sched_yield(), and two threads that hand a byte to and fro through pipes.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/micro.h"
#include "runtime/async.h"

#define YIELDS 5000000
#define STACK_SIZE (16 * 1024)

struct yields {
	const struct micro *micro;
	int each;
	struct async_event gate;
};

ASYNC_SUSPENDS
static int yielder(void *arg)
{
	struct yields *yields = arg;
	int rc = async_event_wait(&yields->gate);

	for (int i = 0; i < yields->each && rc == 0; i++)
		rc = async_sleep(0);
	return rc;
}

ASYNC_SUSPENDS
static int yield_all(void *arg)
{
	static const struct async_task_options small = { .stack_size = STACK_SIZE };
	struct yields *yields = arg;
	int tasks = yields->micro->tasks, rc = 0;
	struct async_task **task = calloc((size_t)tasks, sizeof(struct async_task *));

	if (!task)
		return ASYNC_ENOMEM;
	for (int i = 0; i < tasks && rc == 0; i++) {
		task[i] = async_create_task_with(yielder, yields, &small);
		rc = task[i] ? 0 : async_last_error();
	}
	if (rc == 0)
		rc = async_sleep(0);
	if (rc == 0) {
		struct micro_start start = micro_begin();

		async_event_set(&yields->gate);
		rc = async_gather(task, (size_t)tasks, ASYNC_RAISE, NULL);
		if (rc == 0)
			rc = micro_print(yields->micro, yields->each * tasks, start);
	}
	free(task);
	return rc;
}

static int yield_much(const struct micro *micro)
{
	int count = micro->count ? micro->count : YIELDS;
	struct yields yields = { .micro = micro, .each = count / micro->tasks };

	return micro_run(micro, yield_all, &yields);
}

const struct micro_mode micro_yield_mode = { "yield", "async_sleep(0)", yield_much };

/* ---- The baselines --------------------------------------------------------------------------- */

static int sched_yield_much(const struct micro *micro)
{
	int count = micro->count ? micro->count : 1000000;
	struct micro_start start = micro_begin();

	for (int i = 0; i < count; i++)
		sched_yield();
	return micro_print(micro, count, start);
}

const struct micro_mode micro_sched_yield_mode = { "sched_yield",
						   "sched_yield(), nobody else there",
						   sched_yield_much };

static int there[2], back[2];

static void *echo(void *arg)
{
	char byte;

	while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
		;
	return arg;
}

static int pipe_much(const struct micro *micro)
{
	int count = micro->count ? micro->count : 40000;
	pthread_t thread;
	struct micro_start start;
	char byte = 0;

	if (pipe(there) < 0 || pipe(back) < 0)
		return -errno;
	if (pthread_create(&thread, NULL, echo, NULL) != 0)
		return -EAGAIN;
	start = micro_begin();
	for (int i = 0; i < count / 2; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			return -EPIPE;
	micro_print(micro, count, start);
	close(there[1]);
	pthread_join(thread, NULL);
	return 0;
}

const struct micro_mode micro_pipe_mode = { "pipe", "from one thread to another", pipe_much };
