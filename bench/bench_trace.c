/* SPDX-License-Identifier: MIT */
/*
 * bench_trace.c - what the flight recorder costs while it records.
 *
 * A yield of the only task is three events: a turn, a resume, a suspension; of 1,000 tasks two and a
 * little. The baseline is the same yield with the recorder off, in turns with it, and the least of
 * many rounds of each is taken: what disturbs a round only adds.
 */
#include <stdio.h>
#include <time.h>

#include "runtime/async.h"

#define ROUNDS 15
#define YIELDS 200000

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

ASYNC_SUSPENDS
static int yielder(void *arg)
{
	for (int i = 0; i < *(int *)arg; i++)
		async_sleep(0);
	return 0;
}

struct setup {
	int tasks;
	double ns; /* per yield */
};

ASYNC_SUSPENDS
static int yield_much(void *arg)
{
	static struct async_task *tasks[1000];
	struct setup *setup = arg;
	int each = YIELDS / setup->tasks;
	double start = now_ns();

	for (int i = 0; i < setup->tasks; i++) {
		tasks[i] = async_create_task_with(
			yielder, &each, &(struct async_task_options){ .stack_size = 16 * 1024 });
		if (tasks[i] == NULL)
			return async_last_error();
	}
	int rc = async_gather(tasks, (size_t)setup->tasks, ASYNC_RAISE, NULL);
	setup->ns = (now_ns() - start) / YIELDS;
	return rc;
}

static int measure(int tasks, double events)
{
	static const struct async_trace_options recorder = { .size = 1 << 20 };
	double least[2] = { 1e9, 1e9 };

	for (int i = 0; i < 2 * ROUNDS; i++) {
		struct setup setup = { .tasks = tasks };
		bool on = i % 2;

		async_trace_configure(on ? &recorder : NULL);
		int rc = async_run(yield_much, &setup);
		if (rc < 0) {
			fprintf(stderr, "bench-trace: %s\n", async_strerror(rc));
			return 1;
		}
		if (setup.ns < least[on])
			least[on] = setup.ns;
	}
	printf("%5d tasks: a yield takes %6.1f ns, recorded %6.1f ns: %4.1f ns an event\n", tasks,
	       least[0], least[1], (least[1] - least[0]) / events);
	return 0;
}

int main(void)
{
	return measure(1, 3) || measure(10, 2.1) || measure(1000, 2.001);
}
