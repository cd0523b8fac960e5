/* SPDX-License-Identifier: MIT */
/* test_queue_shutdown.c - the end of a queue's work: join, and shutdown, at once or not. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/async.h"
#include "tests/getters.h"
#include "tests/harness.h"

static int join(void *queue)
{
	return async_queue_join(queue);
}

static int joining(void *arg)
{
	struct async_queue queue = { 0 };
	struct async_task *joiner;
	void *item;

	(void)arg;
	CHECK_INT(async_queue_join(&queue), 0);
	CHECK_INT(async_queue_task_done(&queue), ASYNC_EINVAL);
	CHECK_STR(async_raised(ASYNC_EINVAL)->message, "task_done() called too many times");
	CHECK_INT(async_queue_put_nowait(&queue, "1"), 0);
	CHECK_INT(async_queue_put_nowait(&queue, "2"), 0);
	joiner = async_create_task(join, &queue);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(async_queue_get_nowait(&queue, &item), 0);
		yield(5);
		CHECK(!async_task_done(joiner));
		CHECK_INT(async_queue_task_done(&queue), 0);
	}
	CHECK_INT(async_await(joiner), 0);
	async_queue_destroy(&queue);
	return 0;
}

TEST(join_waits_until_all_that_was_put_is_done_not_only_taken)
{
	run(joining);
}

static int put_one(void *queue)
{
	return async_queue_put(queue, "late");
}

static int gentle_shutdown(void *arg)
{
	struct async_queue queue;
	struct async_task *putter, *joiner;
	void *item;

	(void)arg;
	CHECK_INT(async_queue_init(&queue, 1), 0);
	CHECK_INT(async_queue_put_nowait(&queue, "last"), 0);
	putter = async_create_task(put_one, &queue);
	joiner = async_create_task(join, &queue);
	yield(1);
	async_queue_shutdown(&queue, false);
	CHECK_INT(async_await(putter), ASYNC_EQUEUESHUTDOWN);
	CHECK_INT(async_queue_put(&queue, "x"), ASYNC_EQUEUESHUTDOWN);
	CHECK_INT(async_queue_put_nowait(&queue, "x"), ASYNC_EQUEUESHUTDOWN);
	CHECK_INT(async_queue_get(&queue, &item), 0);
	CHECK_STR(item, "last");
	CHECK_INT(async_queue_get(&queue, &item), ASYNC_EQUEUESHUTDOWN);
	CHECK_INT(async_queue_get_nowait(&queue, &item), ASYNC_EQUEUESHUTDOWN);
	CHECK(!async_task_done(joiner));
	CHECK_INT(async_queue_task_done(&queue), 0);
	CHECK_INT(async_await(joiner), 0);
	async_queue_destroy(&queue);
	return 0;
}

TEST(shutdown_refuses_puts_and_lets_gets_drain)
{
	run(gentle_shutdown);
}

static int immediate_shutdown(void *arg)
{
	struct async_queue queue = { .drop = count_and_free };
	struct getter a = { &queue, "A" };
	struct async_task *joiner, *getter;
	void *item;

	(void)arg;
	dropped = 0;
	for (int i = 0; i < 3; i++)
		CHECK_INT(async_queue_put_nowait(&queue, malloc(1)), 0);
	joiner = async_create_task(join, &queue);
	CHECK_INT(async_queue_get_nowait(&queue, &item), 0);
	yield(1);
	async_queue_shutdown(&queue, true);
	CHECK_INT(dropped, 2);
	CHECK(async_queue_empty(&queue));
	/* The one that was taken is still being worked on. */
	yield(5);
	CHECK(!async_task_done(joiner));
	count_and_free(item);
	CHECK_INT(async_queue_task_done(&queue), 0);
	CHECK_INT(async_await(joiner), 0);
	getter = async_create_task(get_and_tell, &a);
	CHECK_INT(async_await(getter), ASYNC_EQUEUESHUTDOWN);
	async_queue_destroy(&queue);
	return 0;
}

TEST(an_immediate_shutdown_drops_what_is_inside_and_counts_it_as_done)
{
	run(immediate_shutdown);
}

static int immediate_shutdown_of_the_untouched(void *arg)
{
	struct async_queue queue = { .drop = count_and_free };
	struct async_task *joiner;

	(void)arg;
	CHECK_INT(async_queue_put_nowait(&queue, malloc(1)), 0);
	joiner = async_create_task(join, &queue);
	yield(1);
	async_queue_shutdown(&queue, true);
	CHECK_INT(async_await(joiner), 0);
	async_queue_destroy(&queue);
	return 0;
}

TEST(an_immediate_shutdown_ends_a_join_if_nothing_is_being_worked_on)
{
	run(immediate_shutdown_of_the_untouched);
}

static int shutdown_wakes_getters(void *arg)
{
	struct async_queue queue = { 0 };
	struct getter getters[] = { { &queue, "A" }, { &queue, "B" }, { &queue, "C" } };
	struct async_task *tasks[3];
	int results[3];

	(void)arg;
	for (int i = 0; i < 3; i++)
		tasks[i] = async_create_task(get_and_tell, &getters[i]);
	yield(1);
	async_cancel(tasks[1]);
	async_queue_shutdown(&queue, false);
	CHECK_INT(async_gather(tasks, 3, ASYNC_RETURN_EXCEPTIONS, results), 0);
	CHECK_INT(results[0], ASYNC_EQUEUESHUTDOWN);
	CHECK_INT(results[1], ASYNC_ECANCELED);
	CHECK_INT(results[2], ASYNC_EQUEUESHUTDOWN);
	async_queue_destroy(&queue);
	return 0;
}

TEST(shutdown_wakes_all_who_wait_for_an_item_that_will_never_come)
{
	run(shutdown_wakes_getters);
}
