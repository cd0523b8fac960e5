/* SPDX-License-Identifier: MIT */
/*
 * micro_gate.c - what a waiting task costs: all of them suspended at once at a gate, then one second
 * asleep, then gone.
 *
 * Wall clock from the first create to the last end, and memory while all stand at the gate: VmRSS and
 * VmPTE (page tables count: each stack has a page of its own), less what the process had before.
 * Guards and everything else are as a program has them that says nothing. The baseline is the cheapest
 * thread that Linux gives; the kernel's part of it (a stack of 16 KiB, and more) is not in VmRSS.
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/micro.h"
#include "runtime/async.h"

/* A field of /proc/self/status, in KiB; 0 when there is none. */
static long status_field(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[128];
	long value = 0;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtol(line + strlen(name) + 1, NULL, 10);
	if (file)
		fclose(file);
	return value;
}

static long resident(void)
{
	return status_field("VmRSS") + status_field("VmPTE");
}

struct crowd {
	const struct micro *micro;
	struct async_event gate, complete; /* complete: all stand at the gate */
	int live;
};

static void print_crowd(int live, long bytes, size_t stack, int64_t start)
{
	printf("{\"peak_live\":%d,\"bytes_each\":%.0f,\"stack_bytes\":%zu,\"all_s\":%.3f}\n", live,
	       (double)bytes * 1024 / live, stack, (double)(micro_now() - start) / 1e9);
}

ASYNC_SUSPENDS
static int waiter(void *arg)
{
	struct crowd *crowd = arg;
	int rc;

	if (++crowd->live == crowd->micro->tasks)
		async_event_set(&crowd->complete);
	rc = async_event_wait(&crowd->gate);
	return rc < 0 ? rc : async_sleep(1);
}

ASYNC_SUSPENDS
static int gather_crowd(void *arg)
{
	struct crowd *crowd = arg;
	int tasks = crowd->micro->tasks, rc = 0;
	size_t bytes = (size_t)tasks * sizeof(struct async_task *);
	struct async_task **task = malloc(bytes);

	if (!task)
		return ASYNC_ENOMEM;
	/* Touched now, so that it does not count as the tasks'. */
	memset(task, 1, bytes);
	long before = resident();
	int64_t start = micro_now();
	for (int i = 0; i < tasks && rc == 0; i++) {
		task[i] = async_create_task(waiter, crowd);
		rc = task[i] ? 0 : async_last_error();
		/* To create them all takes longer than one may hold the loop. */
		if (rc == 0 && i % 1000 == 999)
			rc = async_sleep(0);
	}
	if (rc == 0)
		rc = async_event_wait(&crowd->complete);
	long during = resident();
	async_event_set(&crowd->gate);
	if (rc == 0)
		rc = async_gather(task, (size_t)tasks, ASYNC_RAISE, NULL);
	if (rc == 0)
		print_crowd(crowd->live, during - before, ASYNC_STACK_DEFAULT, start);
	free(task);
	return rc;
}

static int run_crowd(const struct micro *micro)
{
	struct crowd crowd = { .micro = micro };

	return micro_run(micro, gather_crowd, &crowd);
}

const struct micro_mode micro_gate_mode = { "gate", "tasks that all wait at once", run_crowd };

/* ---- The baseline ---------------------------------------------------------------------------- */

static int live;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *thread_waiter(void *arg)
{
	__atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	sleep(1);
	return arg;
}

static int run_threads(const struct micro *micro)
{
	pthread_t *threads = calloc((size_t)micro->tasks, sizeof(*threads));
	long before = resident(), during;
	pthread_attr_t attributes;
	int64_t start = micro_now();
	int made = 0;

	if (!threads)
		return ASYNC_ENOMEM;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
	pthread_mutex_lock(&gate);
	while (made < micro->tasks &&
	       pthread_create(&threads[made], &attributes, thread_waiter, NULL) == 0)
		made++;
	while (__atomic_load_n(&live, __ATOMIC_RELAXED) < made)
		usleep(100);
	during = resident();
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	print_crowd(made, during - before, PTHREAD_STACK_MIN, start);
	free(threads);
	return made == micro->tasks ? 0 : ASYNC_EFAILED;
}

const struct micro_mode micro_gate_threads_mode = { "gate_threads", "threads that all wait at once",
						    run_threads };
