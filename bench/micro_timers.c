/* SPDX-License-Identifier: MIT */
/*
 * micro_timers.c - a timer's life, from insertion to expiry, with so many pending.
 *
 * "heap" is the heap alone, in its steady state: the earliest is taken out and comes back at a random
 * place, with --tasks in it all the time. "near" is what a program with many long timeouts does: one
 * that is due first comes and goes, while --tasks others wait. "timers" is the loop's: batches of
 * --tasks timers at random deadlines, all inserted and then all fired, their callbacks called. Deadlines
 * lie so near that they have passed when the last one is in: nobody waits.
 */
#include <stdlib.h>

#include "bench/micro.h"
#include "runtime/async.h"
#include "runtime/timer.h"

#define COUNT 2000000

/* xorshift: cheap beside what is measured. */
static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Comes back later than it was, at random. */
static void put_back(struct timer_heap *heap, struct async_timer *timer, int64_t window)
{
	timer_insert(heap, timer, timer->when + (int64_t)(next_random() % (uint64_t)window));
}

static struct async_timer *fill(struct timer_heap *heap, int count, int64_t window)
{
	struct async_timer *timers = calloc((size_t)count, sizeof(*timers));

	for (int i = 0; timers && i < count; i++)
		put_back(heap, &timers[i], window);
	/* The first removal sorts what all insertions left; each moves once before the clock starts. */
	for (int i = 0; timers && i < count; i++)
		put_back(heap, timer_take_due(heap, INT64_MAX), window);
	return timers;
}

static int hold(const struct micro *micro)
{
	int count = micro->count ? micro->count : COUNT;
	int64_t window = (int64_t)micro->tasks * 1000;
	struct timer_heap heap = { 0 };
	struct async_timer *timers = fill(&heap, micro->tasks, window);
	struct micro_start start = micro_begin();

	if (!timers)
		return ASYNC_ENOMEM;
	for (int i = 0; i < count; i++)
		put_back(&heap, timer_take_due(&heap, INT64_MAX), window);
	micro_print(micro, count, start);
	free(timers);
	return 0;
}

const struct micro_mode micro_heap_mode = { "heap",
					    "a timer's expiry and insertion, the heap alone",
					    hold };

static int come_and_go(const struct micro *micro)
{
	int count = micro->count ? micro->count : COUNT * 5;
	struct timer_heap heap = { 0 };
	struct async_timer *timers = fill(&heap, micro->tasks, (int64_t)micro->tasks * 1000), first;
	struct micro_start start = micro_begin();

	if (!timers)
		return ASYNC_ENOMEM;
	for (int i = 0; i < count; i++) {
		timer_insert(&heap, &first, -1);
		if (timer_take_due(&heap, 0) != &first)
			return ASYNC_EFAILED;
	}
	micro_print(micro, count, start);
	free(timers);
	return 0;
}

const struct micro_mode micro_near_mode = { "near", "a timer that is due first, the heap alone",
					    come_and_go };

static unsigned long fired;

static void fire(void *arg)
{
	(void)arg;
	fired++;
}

ASYNC_SUSPENDS
static int batches(void *arg)
{
	const struct micro *micro = arg;
	int count = micro->count ? micro->count : COUNT, rounds;
	struct async_timer *timers = calloc((size_t)micro->tasks, sizeof(*timers));
	struct micro_start start;
	int rc = 0;

	if (!timers)
		return ASYNC_ENOMEM;
	rounds = count > micro->tasks ? count / micro->tasks : 1;
	start = micro_begin();
	for (int round = 0; round < rounds && rc == 0; round++) {
		unsigned long all = fired + (unsigned long)micro->tasks;

		for (int i = 0; i < micro->tasks; i++) {
			uint64_t ns = next_random() % ((uint64_t)micro->tasks * 10);

			async_call_later(&timers[i], (double)ns / 1e9, fire, NULL);
		}
		while (fired < all && rc == 0)
			rc = async_sleep(0);
	}
	if (rc == 0)
		rc = micro_print(micro, rounds * micro->tasks, start);
	free(timers);
	return rc;
}

static int run_batches(const struct micro *micro)
{
	return micro_run(micro, batches, (void *)micro);
}

const struct micro_mode micro_timers_mode = { "timers", "async_call_later() to the callback",
					      run_batches };
