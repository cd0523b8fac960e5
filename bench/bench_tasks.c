/* SPDX-License-Identifier: MIT */
/*
 * bench_tasks.c - what a waiting task costs: so many of them, all suspended in async_sleep(1).
 *
 * Prints the wall clock from the first create to the last end, and the memory per task while all
 * are asleep: VmRSS and VmPTE (page tables count: each stack has a page or two of its own), less
 * what the process had before. Beside it the number of Linux threads that the same would need.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int live, peak;

ASYNC_SUSPENDS
static int sleeper(void *arg)
{
	(void)arg;
	if (++live > peak)
		peak = live;
	int rc = async_sleep(1);
	live--;
	return rc;
}

ASYNC_SUSPENDS
static int program(void *arg)
{
	long before = resident();
	double start = async_time();
	struct async_task **tasks = calloc((size_t)count, sizeof(struct async_task *));

	(void)arg;
	if (tasks == NULL)
		return ASYNC_ENOMEM;
	for (int i = 0; i < count; i++) {
		tasks[i] = async_create_task(sleeper, NULL);
		if (tasks[i] == NULL)
			return async_last_error();
	}
	double created = async_time() - start;
	while (live < count)
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

int main(int argc, char **argv)
{
	uint64_t wanted = 100000;

	if (argc > 2 || (argc == 2 && !units_count(argv[1], 10000000, &wanted)) || wanted == 0) {
		fprintf(stderr, "usage: bench-tasks [TASKS]\n"
				"KB are 1,000 bytes of VmRSS + VmPTE per task asleep\n");
		return 2;
	}
	count = (int)wanted;
	return async_run(program, NULL) < 0;
}
