/* SPDX-License-Identifier: MIT */
/*
 * bench_switch.c - what it costs to step aside.
 *
 * async_sleep(0) is one yield: to the loop, through a turn, and back: two switches of stacks and the
 * turn's own work. With many tasks the turn is shared and what is left is the switches and the
 * queue. The baseline is the cheapest thing an operating system offers for the same: sched_yield(),
 * and two threads that hand a byte to and fro through pipes.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"

#define ROUNDS 5

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_spread(const char *what, double samples[ROUNDS])
{
	qsort(samples, ROUNDS, sizeof(samples[0]), compare);
	printf("%-44s %8.1f ns  (%.1f..%.1f)\n", what, samples[ROUNDS / 2], samples[0],
	       samples[ROUNDS - 1]);
}

static int yields_each;

ASYNC_SUSPENDS
static int yielder(void *arg)
{
	(void)arg;
	for (int i = 0; i < yields_each; i++)
		async_sleep(0);
	return 0;
}

struct setup {
	int tasks, yields;
	double ns; /* per yield */
};

ASYNC_SUSPENDS
static int yield_much(void *arg)
{
	struct setup *setup = arg;
	static struct async_task *tasks[1000];

	yields_each = setup->yields / setup->tasks;
	double start = now_ns();
	for (int i = 0; i < setup->tasks; i++) {
		tasks[i] = async_create_task_with(
			yielder, NULL, &(struct async_task_options){ .stack_size = 16 * 1024 });
		if (tasks[i] == NULL)
			return async_last_error();
	}
	int rc = async_gather(tasks, (size_t)setup->tasks, ASYNC_RAISE, NULL);
	setup->ns = (now_ns() - start) / ((double)yields_each * setup->tasks);
	return rc;
}

static int measure_yields(const char *what, int tasks, int yields)
{
	double samples[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		struct setup setup = { tasks, yields, 0 };
		int rc = async_run(yield_much, &setup);
		if (rc < 0) {
			fprintf(stderr, "bench-switch: %s\n", async_strerror(rc));
			return 1;
		}
		samples[i] = setup.ns;
	}
	print_spread(what, samples);
	return 0;
}

static void measure_sched_yield(void)
{
	double samples[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double start = now_ns();

		for (int j = 0; j < 1000000; j++)
			sched_yield();
		samples[i] = (now_ns() - start) / 1e6;
	}
	print_spread("baseline: sched_yield(), nobody else there", samples);
}

static int there[2], back[2];

static void *echo(void *arg)
{
	char byte;

	while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
		;
	return arg;
}

static void measure_threads(void)
{
	double samples[ROUNDS];
	pthread_t thread;
	char byte = 0;

	if (pipe(there) < 0 || pipe(back) < 0 || pthread_create(&thread, NULL, echo, NULL) != 0)
		return;
	for (int i = 0; i < ROUNDS; i++) {
		double start = now_ns();

		for (int j = 0; j < 20000; j++)
			if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
				return;
		samples[i] = (now_ns() - start) / 20000 / 2;
	}
	close(there[1]);
	pthread_join(thread, NULL);
	print_spread("baseline: from one thread to another (pipe)", samples);
}

int main(void)
{
	if (measure_yields("async_sleep(0), one task", 1, 1000000) ||
	    measure_yields("async_sleep(0), 10 tasks", 10, 3000000) ||
	    measure_yields("async_sleep(0), 1,000 tasks", 1000, 3000000))
		return 1;
	measure_sched_yield();
	measure_threads();
	return 0;
}
