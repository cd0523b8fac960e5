/* SPDX-License-Identifier: MIT */
/*
 * bench_guard.c - what the strict guard costs, per operation of a coroutine, in ns. Whether there is a
 * guard, and how it catches calls, is said by the environment; bench/bench-guard compares.
 *
 * With an argument: only so many yields, for counting instructions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"

static int nonblocking, echo, ready;
static const uint64_t one = 1;
static uint64_t number;

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- The operations -------------------------------------------------------------------------- */

static void yields(void)
{
	async_sleep(0);
}

/* Two calls in slices, and the loop's own between them. */
static void echoes(void)
{
	if (write(echo, &one, sizeof(one)) < 0 || async_wait_readable(echo) < 0 ||
	    read(echo, &number, sizeof(number)) < 0)
		abort();
}

static void asks_the_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
}

static void asks_for_the_parent(void)
{
	syscall(SYS_getppid);
}

static void reads_without_blocking(void)
{
	if (read(nonblocking, &number, sizeof(number)) >= 0)
		abort();
}

/* It is ready, but could block: a finding, of the same stack each time. */
static void reads_and_may_block(void)
{
	if (read(ready, &number, sizeof(number)) < 0)
		abort();
}

static const struct operation {
	const char *name;
	void (*run)(void);
	int times;
} operations[] = {
	{ "yield", yields, 200000 },
	{ "echo", echoes, 10000 },
	{ "vdso", asks_the_clock, 100000 },
	{ "getppid", asks_for_the_parent, 20000 },
	{ "read", reads_without_blocking, 20000 },
	{ "finding", reads_and_may_block, 5000 },
};

/* ---- Running them ---------------------------------------------------------------------------- */

ASYNC_SUSPENDS
static int measure(void *arg)
{
	const struct operation *operation = arg;

	operation->run(); /* what is done once, like naming a finding, is no part of it */
	async_sleep(0);
	double start = now_ns();
	for (int i = 0; i < operation->times; i++)
		operation->run();
	printf("%s=%.1f\n", operation->name, (now_ns() - start) / operation->times);
	return 0;
}

int main(int argc, char **argv)
{
	struct operation only = { "yield", yields, argc > 1 ? atoi(argv[1]) : 0 };

	nonblocking = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	echo = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ready = eventfd(1 << 20, EFD_SEMAPHORE | EFD_CLOEXEC);
	if (nonblocking < 0 || echo < 0 || ready < 0)
		return 1;
	if (argc > 1)
		return async_run(measure, &only);
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (async_run(measure, (void *)&operations[i]) < 0)
			return 1;
	return 0;
}
