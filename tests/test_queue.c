/* SPDX-License-Identifier: MIT */
/*
 * test_queue.c - Queue, LifoQueue, PriorityQueue: order, room, memory. How wake-ups and cancellations
 * meet is in test_waiters.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/async.h"
#include "tests/getters.h"
#include "tests/harness.h"

/* ---- Order ----------------------------------------------------------------------------------- */

static void put_words(struct async_queue *queue, const char *const *words)
{
	for (; *words; words++)
		CHECK_INT(async_queue_put_nowait(queue, (void *)*words), 0);
}

/* All that is inside, as it comes out, each followed by a blank. */
static const char *drained(struct async_queue *queue)
{
	static char text[128];
	void *item;

	text[0] = '\0';
	while (async_queue_get_nowait(queue, &item) == 0)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", (char *)item);
	return text;
}

static int by_letter(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static int kinds(void *arg)
{
	static const char *const words[] = { "b1", "a1", "c1", "a2", "b2", "a3",
					     "c2", "b3", "a4", "c3", NULL };
	struct async_queue queue = { 0 };

	(void)arg;
	put_words(&queue, words);
	CHECK_STR(drained(&queue), "b1 a1 c1 a2 b2 a3 c2 b3 a4 c3 ");
	async_queue_destroy(&queue);
	CHECK_INT(async_lifo_queue_init(&queue, 0), 0);
	put_words(&queue, words);
	CHECK_STR(drained(&queue), "c3 a4 b3 c2 a3 b2 a2 c1 a1 b1 ");
	async_queue_destroy(&queue);
	CHECK_INT(async_priority_queue_init(&queue, 0, by_letter), 0);
	put_words(&queue, words);
	/* What Python's heapq makes of them, equal ones included. */
	CHECK_STR(drained(&queue), "a1 a3 a2 a4 b2 b1 b3 c2 c1 c3 ");
	async_queue_destroy(&queue);
	return 0;
}

TEST(first_in_last_in_or_smallest_comes_out_first)
{
	run(kinds);
}

/* The ring is laid out afresh while it begins in the middle. */
static int growth(void *arg)
{
	static char items[500];
	struct async_queue queue = { 0 };
	size_t put = 0, got = 0;
	void *item;

	(void)arg;
	for (int step = 1; put < sizeof items; step++) {
		for (int i = 0; i < step && put < sizeof items; i++)
			CHECK_INT(async_queue_put_nowait(&queue, &items[put++]), 0);
		for (int i = 0; i < step / 2 + 1; i++) {
			CHECK_INT(async_queue_get_nowait(&queue, &item), 0);
			CHECK(item == &items[got++]);
		}
		CHECK_INT(async_queue_qsize(&queue), put - got);
	}
	while (async_queue_get_nowait(&queue, &item) == 0)
		CHECK(item == &items[got++]);
	CHECK_INT(got, sizeof items);
	async_queue_destroy(&queue);
	return 0;
}

TEST(a_queue_without_a_limit_grows_in_any_position_of_its_ring)
{
	run(growth);
}

/* ---- Room and memory ------------------------------------------------------------------------- */

static int limits(void *arg)
{
	struct async_queue queue;
	void *item = NULL;

	(void)arg;
	CHECK_INT(async_queue_init(&queue, 2), 0);
	CHECK_INT(async_queue_maxsize(&queue), 2);
	CHECK(async_queue_empty(&queue) && !async_queue_full(&queue));
	CHECK_INT(async_queue_get_nowait(&queue, &item), ASYNC_EQUEUEEMPTY);
	CHECK_INT(async_queue_put_nowait(&queue, "1"), 0);
	CHECK(!async_queue_empty(&queue) && !async_queue_full(&queue));
	CHECK_INT(async_queue_put_nowait(&queue, NULL), 0);
	CHECK(async_queue_full(&queue));
	CHECK_INT(async_queue_put_nowait(&queue, "3"), ASYNC_EQUEUEFULL);
	CHECK_INT(async_queue_qsize(&queue), 2);
	CHECK_INT(async_queue_get(&queue, &item), 0);
	CHECK_STR(item, "1");
	CHECK_INT(async_queue_get(&queue, &item), 0);
	CHECK(item == NULL);
	async_queue_destroy(&queue);
	CHECK_INT(async_queue_init(&queue, -1), 0);
	CHECK(!async_queue_full(&queue));
	async_queue_destroy(&queue);
	return 0;
}

TEST(a_full_queue_refuses_an_empty_one_has_nothing_and_null_is_an_item)
{
	run(limits);
}

/* Without memory a put changes nothing; with room made in advance it cannot fail. */
static int without_memory(void *arg)
{
	struct async_queue bounded, queue = { 0 };
	void *item;
	int rc = 0, count;

	(void)arg;
	for (count = 0; count < 20 && rc == 0; count += rc == 0)
		rc = async_queue_put_nowait(&queue, "x");
	CHECK(rc == 0 || rc == ASYNC_ENOMEM);
	CHECK_INT(async_queue_qsize(&queue), count);
	CHECK_INT(queue.unfinished, count);
	while (count-- > 0)
		CHECK_INT(async_queue_get_nowait(&queue, &item), 0);
	CHECK_INT(async_queue_get_nowait(&queue, &item), ASYNC_EQUEUEEMPTY);
	async_queue_destroy(&queue);
	rc = async_queue_init(&bounded, 20);
	for (int i = 0; i < 20 && rc == 0; i++)
		CHECK_INT(async_queue_put_nowait(&bounded, "x"), 0);
	CHECK(rc == 0 || rc == ASYNC_ENOMEM);
	async_queue_destroy(&bounded);
	return 0;
}

static void run_without_memory(void)
{
	int rc = async_run_with(without_memory, NULL, &virtual_clock);

	CHECK(rc == 0 || rc == ASYNC_ENOMEM);
}

TEST(whichever_allocation_fails_the_queue_is_as_it_was)
{
	for_each_failing_allocation(run_without_memory);
}

static int destroy_full(void *arg)
{
	struct async_queue queue = { .drop = count_and_free };

	(void)arg;
	dropped = 0;
	for (int i = 0; i < 11; i++)
		CHECK_INT(async_queue_put_nowait(&queue, malloc(1)), 0);
	async_queue_destroy(&queue);
	CHECK_INT(dropped, 11);
	return 0;
}

TEST(what_is_inside_at_the_end_is_dropped)
{
	run(destroy_full);
}

/* ---- Waiting --------------------------------------------------------------------------------- */

/* A is woken for x, which main takes first: A waits again, behind B. */
static int stolen_item(void *arg)
{
	struct async_queue queue = { 0 };
	struct getter a = { &queue, "A" }, b = { &queue, "B" };
	struct async_task *tasks[] = { async_create_task(get_and_tell, &a),
				       async_create_task(get_and_tell, &b) };
	void *item;

	(void)arg;
	heard[0] = '\0';
	yield(1);
	CHECK_INT(async_queue_put_nowait(&queue, "x"), 0);
	CHECK_INT(async_queue_get_nowait(&queue, &item), 0);
	yield(2);
	CHECK_STR(heard, "");
	CHECK_INT(async_queue_put_nowait(&queue, "y"), 0);
	CHECK_INT(async_queue_put_nowait(&queue, "z"), 0);
	CHECK_INT(async_gather(tasks, 2, ASYNC_RAISE, NULL), 0);
	CHECK_STR(heard, "By Az ");
	async_queue_destroy(&queue);
	return 0;
}

TEST(a_woken_getter_whose_item_is_gone_waits_again_at_the_end)
{
	run(stolen_item);
}

static int leave_a_getter(void *arg)
{
	struct async_queue queue = { 0 };
	struct getter a = { &queue, "A" };
	struct async_task *task = async_create_task(get_and_tell, &a);

	(void)arg;
	yield(1);
	async_queue_destroy(&queue);
	return async_await(task);
}

TEST(destroying_a_queue_that_somebody_waits_on_aborts)
{
	EXPECT_ABORT(run(leave_a_getter), "async_queue_destroy", "a task still waits on the queue");
}
