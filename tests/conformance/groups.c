/* SPDX-License-Identifier: MIT */
/* groups.c - TaskGroup. Names as in asyncio_probe.py. */
#include "tests/conformance/trace.h"

#define GROUP_WORKER(group, title, ...)                                                     \
	async_task_group_create_task_copy((group), worker,                                  \
					  (&(struct worker){ .name = title, __VA_ARGS__ }), \
					  sizeof(struct worker))

static int cancelling(void)
{
	return async_cancelling(async_current_task());
}

SCENARIO(tg_child_error)
{
	struct async_task_group group = { 0 };
	struct async_task *b;
	int rc;

	async_task_group_enter(&group);
	GROUP_WORKER(&group, "A", .n = 1, .raises = "ValueError(1)");
	b = GROUP_WORKER(&group, "B", .n = 1, .dt = 10, .cleanup = 2);
	rc = async_sleep(10);
	if (rc == ASYNC_ECANCELED)
		trace("body CE, cancelling %d", cancelling());
	rc = async_task_group_exit(&group, rc);
	trace("%s B %s cancelling %d", describe(async_raised(rc)), status(b), cancelling());
	return 0;
}

static int fail_when_cancelled(void *arg)
{
	(void)arg;
	return async_sleep(10) == ASYNC_ECANCELED ? exception("KeyError('child')") : 0;
}

SCENARIO(tg_body_error)
{
	struct async_task_group group = { 0 };
	struct async_task *b;
	int rc;

	async_task_group_enter(&group);
	async_task_group_create_task(&group, fail_when_cancelled, NULL);
	b = GROUP_WORKER(&group, "B", .n = 1, .dt = 10);
	yield(1);
	rc = async_task_group_exit(&group, exception("ValueError('body')"));
	trace("%s B %s", describe(async_raised(rc)), status(b));
	return 0;
}

SCENARIO(tg_child_cancelled_alone)
{
	struct async_task_group group = { 0 };
	struct async_task *a, *b;

	async_task_group_enter(&group);
	a = GROUP_WORKER(&group, "A", .n = 1, .dt = 10);
	b = GROUP_WORKER(&group, "B", .n = 2);
	yield(1);
	async_cancel(a);
	async_task_group_exit(&group, 0);
	trace("A %s B %s", status(a), status(b));
	return 0;
}

static int group_of_two(void *arg)
{
	struct async_task_group group = { 0 };

	(void)arg;
	async_task_group_enter(&group);
	GROUP_WORKER(&group, "A", .n = 1, .dt = 10, .cleanup = 1);
	GROUP_WORKER(&group, "B", .n = 1, .dt = 10, .cleanup = 1);
	return async_task_group_exit(&group, 0);
}

SCENARIO(tg_external_cancel)
{
	struct async_task *task = async_create_task(group_of_two, NULL);

	yield(2);
	async_cancel_message(task, "ext");
	wait_one(task);
	trace("%s", status(task));
	return 0;
}

struct late {
	const char *error;
	int yields;
};

static int fail_late(void *arg)
{
	const struct late *late = arg;

	if (async_sleep(10) != ASYNC_ECANCELED)
		return 0;
	yield(late->yields);
	return exception(late->error);
}

SCENARIO(tg_errors_in_completion_order)
{
	struct async_task_group group = { 0 };
	struct late one = { "ValueError(1)", 3 }, two = { "ValueError(2)", 1 };
	int rc;

	async_task_group_enter(&group);
	async_task_group_create_task(&group, fail_late, &one);
	async_task_group_create_task(&group, fail_late, &two);
	GROUP_WORKER(&group, "F", .n = 1, .raises = "KeyError('first')");
	rc = async_task_group_exit(&group, 0);
	trace("%s", describe(async_raised(rc)));
	return 0;
}

SCENARIO(tg_nested_inner_fails)
{
	struct async_task_group outer = { 0 }, inner = { 0 };
	int rc;

	async_task_group_enter(&outer);
	GROUP_WORKER(&outer, "O", .n = 1, .dt = 10);
	async_task_group_enter(&inner);
	GROUP_WORKER(&inner, "I", .n = 1, .raises = "ValueError(1)");
	rc = async_task_group_exit(&outer, async_task_group_exit(&inner, 0));
	trace("%s", describe(async_raised(rc)));
	return 0;
}

static int fail_after_yield(void *arg)
{
	yield(1);
	return exception(arg);
}

SCENARIO(tg_nested_both_fail)
{
	struct async_task_group outer = { 0 }, inner = { 0 };
	int rc;

	async_task_group_enter(&outer);
	async_task_group_enter(&inner);
	async_task_group_create_task(&inner, fail_after_yield, "RuntimeError('i')");
	async_task_group_create_task(&outer, fail_after_yield, "ValueError('o')");
	rc = async_task_group_exit(&inner, 0);
	if (rc < 0)
		trace("inner %s cancelling %d", describe(async_raised(rc)), cancelling());
	else
		trace("inner ok?");
	trace("still in outer body, cancelling %d", cancelling());
	rc = async_task_group_exit(&outer, 0);
	trace("outer %s cancelling %d", describe(async_raised(rc)), cancelling());
	return 0;
}

static int spawn_late(void *arg)
{
	struct async_task_group *group = *(struct async_task_group **)arg;
	int rc = async_sleep(10);

	if (rc != ASYNC_ECANCELED)
		return rc;
	if (!async_task_group_create_task(group, fail_late, NULL) &&
	    async_last_error() == ASYNC_ERUNTIME)
		trace("RuntimeError %s", strcmp(async_raised(ASYNC_ERUNTIME)->message,
						"TaskGroup is shutting down") == 0
						 ? "['is', 'shutting', 'down']"
						 : async_raised(ASYNC_ERUNTIME)->message);
	return rc;
}

SCENARIO(tg_spawn_after_abort)
{
	struct async_task_group group = { 0 }, *pointer = &group;
	int rc;

	async_task_group_enter(&group);
	async_task_group_create_task_copy(&group, spawn_late, &pointer, sizeof pointer);
	GROUP_WORKER(&group, "F", .n = 1, .raises = "ValueError(1)");
	rc = async_task_group_exit(&group, 0);
	trace("%s", describe(async_raised(rc)));
	return 0;
}
