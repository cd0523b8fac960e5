/* SPDX-License-Identifier: MIT */
/*
 * test_chain.c - who awaits a task, for a report: through whatever stands between the two.
 */
#include <string.h>

#include "runtime/async.h"
#include "runtime/chain.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "runtime/victims.h"
#include "tests/harness.h"

static char found[64];

/* The task asks who awaits it, in a turn in which those who do wait already. */
static int asks(void *arg)
{
	struct task_view view = { .name = "nobody" };

	(void)arg;
	async_sleep(0);
	async_sleep(0);
	victims_awaiter(loop_current->current, &view);
	snprintf(found, sizeof found, "%s", view.name);
	return 0;
}

static struct async_task *asker(void)
{
	struct async_task *task = async_create_task(asks, NULL);

	CHECK(task != NULL);
	return task;
}

static void by_await(void)
{
	async_await(asker());
}

static void by_gather(void)
{
	struct async_task *tasks[] = { asker() };

	async_gather(tasks, 1, ASYNC_RAISE, NULL);
}

static void by_wait(void)
{
	struct async_task *tasks[] = { asker() };

	async_wait(tasks, 1, ASYNC_ALL_COMPLETED, 10, NULL);
}

static void by_as_completed(void)
{
	struct async_task *tasks[] = { asker() };
	struct async_completion *completion = async_as_completed(tasks, 1, 10);

	async_as_completed_next(completion, NULL);
	async_as_completed_end(completion);
}

static void by_shield(void)
{
	async_shield(asker());
}

static void by_task_group(void)
{
	struct async_task_group group = { 0 };

	async_task_group_enter(&group);
	async_task_group_create_task(&group, asks, NULL);
	async_task_group_exit(&group, 0);
}

static void by_wait_for(void)
{
	async_wait_for(asker(), 10);
}

static int gathers(void *arg)
{
	(void)arg;
	by_gather();
	return 0;
}

/* A gathering as a future, shielded, and gathered once more. */
static void by_much(void)
{
	struct async_task *tasks[] = { asker() };
	struct async_gathering *inner = async_gather_begin(tasks, 1, ASYNC_RAISE);
	struct async_shield shield;

	async_shield_begin(&shield, async_gathering_future(inner));
	async_future_await(&shield.outer);
	async_shield_end(&shield);
	async_gather_end(inner, NULL);
}

static void by_nobody(void)
{
	asker();
	for (int i = 0; i < 5; i++)
		async_sleep(0);
}

/* It has begun to gather, and waits for something else. */
static void by_nobody_yet(void)
{
	struct async_task *tasks[] = { asker() };
	struct async_gathering *gather = async_gather_begin(tasks, 1, ASYNC_RAISE);

	for (int i = 0; i < 5; i++)
		async_sleep(0);
	async_gather_end(gather, NULL);
}

static const struct {
	const char *name;
	void (*run)(void);
	const char *awaiter;
} ways[] = {
	{ "await", by_await, "main" },	     { "gather", by_gather, "main" },
	{ "wait", by_wait, "main" },	     { "as_completed", by_as_completed, "main" },
	{ "shield", by_shield, "main" },     { "a task group", by_task_group, "main" },
	{ "wait_for", by_wait_for, "main" }, { "a shield of a gathering", by_much, "main" },
	{ "nobody", by_nobody, "nobody" },   { "nobody yet", by_nobody_yet, "nobody" },
};

static int all_ways(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		strcpy(found, "?");
		ways[i].run();
		if (strcmp(found, ways[i].awaiter) != 0)
			FAIL("by %s: awaited by \"%s\"", ways[i].name, found);
	}
	return 0;
}

TEST(who_awaits_a_task_is_found_through_what_stands_between)
{
	CHECK_INT(async_run(all_ways, NULL), 0);
}

static int nested(void *arg)
{
	struct async_task *task = async_create_task_with(
		gathers, arg, &(struct async_task_options){ .name = "inner" });

	async_gather(&task, 1, ASYNC_RAISE, NULL);
	CHECK_STR(found, "inner");
	return 0;
}

TEST(the_nearest_task_is_the_one)
{
	CHECK_INT(async_run(nested, NULL), 0);
}

TEST(memory_that_is_not_there_ends_the_chain)
{
	CHECK(chain_waiter(NULL) == NULL);
	CHECK(chain_waiter((void *)4096) == NULL);
}
