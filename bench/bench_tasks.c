/* SPDX-License-Identifier: MIT */
/*
 * bench_tasks.c - what a waiting task costs: so many of them, all suspended in async_sleep(1).
 *
 * Prints the wall clock from the first create to the last end, and the memory per task while all
 * are asleep: VmRSS and VmPTE (page tables count: each stack has a page or two of its own), less
 * what the process had before. Beside it the number of Linux threads that the same would need.
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/units.h"
#include "runtime/async.h"

static int count = 100000;

/* A field of /proc/self/status, in KiB; 0 when there is none. */
static long status_field(const char *name)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[128];
	long value = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtol(line + strlen(name) + 1, NULL, 10);
	if (file != NULL)
		fclose(file);
	return value;
}

static long resident(void)
{
	return status_field("VmRSS") + status_field("VmPTE");
}

static int started, live, peak;

ASYNC_SUSPENDS
static int sleeper(void *arg)
{
	(void)arg;
	started++;
	if (++live > peak)
		peak = live;
	int rc = async_sleep(1);
	live--;
	return rc;
}

ASYNC_SUSPENDS
static int program(void *arg)
{
	struct async_task **tasks = malloc((size_t)count * sizeof(struct async_task *));

	(void)arg;
	if (tasks == NULL)
		return ASYNC_ENOMEM;
	/* Touched now, so that it does not count as the tasks'. */
	memset(tasks, 1, (size_t)count * sizeof(struct async_task *));
	long before = resident();
	double start = async_time();
	for (int i = 0; i < count; i++) {
		tasks[i] = async_create_task(sleeper, NULL);
		if (tasks[i] == NULL)
			return async_last_error();
		/* To create them all takes longer than one may hold the loop. */
		if (i % 1000 == 999)
			async_sleep(0);
	}
	double created = async_time() - start;
	while (started < count)
		async_sleep(0);
	double asleep = async_time() - start;
	long during = resident();
	int rc = async_gather(tasks, (size_t)count, ASYNC_RAISE, NULL);
	double all = async_time() - start;
	printf("tasks=%d peak_live=%d created_s=%.3f asleep_s=%.3f wall_s=%.3f kb_per_task=%.3f\n",
	       count, peak, created, asleep, all, (double)(during - before) * 1.024 / count);
	free(tasks);
	return rc;
}

static void *thread_sleeper(void *arg)
{
	__atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);
	sleep(1);
	return arg;
}

/* The kernel's part of a thread (its kernel stack, 16 KiB, and more) is not in VmRSS: not counted. */
static int sleep_in_threads(void)
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));
	long before = resident();
	pthread_attr_t attributes;
	int made = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
	double start = async_time();
	while (threads != NULL && made < count &&
	       pthread_create(&threads[made], &attributes, thread_sleeper, NULL) == 0)
		made++;
	while (__atomic_load_n(&live, __ATOMIC_RELAXED) < made)
		usleep(100);
	long during = resident();
	for (int i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	printf("threads=%d wall_s=%.3f kb_per_thread=%.3f\n", made, async_time() - start,
	       made > 0 ? (double)(during - before) * 1.024 / made : 0);
	free(threads);
	return made == count ? 0 : 1;
}

int main(int argc, char **argv)
{
	bool threads = argc > 1 && strcmp(argv[1], "--threads") == 0;
	const char *number = argv[1 + threads];
	uint64_t wanted = 100000;

	if (argc > 2 + threads || (number && !units_count(number, 10000000, &wanted)) ||
	    wanted == 0) {
		fprintf(stderr, "usage: bench-tasks [--threads] [HOW-MANY]\n"
				"KB are 1,000 bytes of VmRSS + VmPTE for each that is asleep\n");
		return 2;
	}
	count = (int)wanted;
	return threads ? sleep_in_threads() : async_run(program, NULL) < 0;
}
