/* SPDX-License-Identifier: MIT */
/*
 * micro_sleep.c - how late a sleep ends: async_sleep(), beside the bare call that a loop sleeps in.
 *
 * Sleeps of 1 to 2 ms, one after another; late is what it took less what was asked for. Both are of
 * a process that does nothing else, so what is above the bare one is the loop's own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/micro.h"
#include "runtime/async.h"

#define COUNT 300

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Different lengths, so that they are in step with nothing. */
static int64_t length(int i)
{
	return 1000000 + (int64_t)i * 617 % 1000 * 1000;
}

static void print_late(int64_t *late, int count)
{
	qsort(late, (size_t)count, sizeof(*late), compare);
	printf("{\"late_p50_us\":%.1f,\"late_p99_us\":%.1f,\"late_max_us\":%.1f,\"count\":%d}\n",
	       (double)late[count / 2] / 1e3, (double)late[count * 99 / 100] / 1e3,
	       (double)late[count - 1] / 1e3, count);
}

/* One sleep of so many nanoseconds; 0 or a negative code. */
typedef int sleep_function(void *arg, int64_t ns);

static int measure(const struct micro *micro, sleep_function *sleep_once, void *arg)
{
	int count = micro->count ? micro->count : COUNT, rc = 0;
	int64_t *late = calloc((size_t)count, sizeof(*late));

	if (!late)
		return ASYNC_ENOMEM;
	for (int i = 0; i < count && rc == 0; i++) {
		int64_t start = micro_now();

		rc = sleep_once(arg, length(i));
		late[i] = micro_now() - start - length(i);
	}
	if (rc == 0)
		print_late(late, count);
	free(late);
	return rc;
}

ASYNC_SUSPENDS
static int sleep_on_the_loop(void *arg, int64_t ns)
{
	(void)arg;
	return async_sleep((double)ns / 1e9);
}

ASYNC_SUSPENDS
static int sleeper(void *arg)
{
	return measure(arg, sleep_on_the_loop, NULL);
}

static int run_sleeper(const struct micro *micro)
{
	return micro_run(micro, sleeper, (void *)micro);
}

const struct micro_mode micro_sleep_mode = { "sleep", "how late async_sleep() ends", run_sleeper };

static int sleep_bare(void *arg, int64_t ns)
{
	struct timespec timeout = { ns / 1000000000, ns % 1000000000 };
	struct epoll_event event;

	return epoll_pwait2(*(int *)arg, &event, 1, &timeout, NULL) < 0 ? -errno : 0;
}

static int run_bare(const struct micro *micro)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), rc;

	if (epoll < 0)
		return -errno;
	rc = measure(micro, sleep_bare, &epoll);
	close(epoll);
	return rc;
}

const struct micro_mode micro_bare_sleep_mode = { "bare_sleep", "how late epoll_pwait2() ends",
						  run_bare };
