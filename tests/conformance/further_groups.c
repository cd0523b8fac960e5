/* SPDX-License-Identifier: MIT */
/* further_groups.c - task groups when cancellations and failures meet. Names as in further_probe.py. */
#include "tests/conformance/trace.h"

#define GROUP_WORKER(group, title, ...)                                                     \
	async_task_group_create_task_copy((group), worker,                                  \
					  (&(struct worker){ .name = title, __VA_ARGS__ }), \
					  sizeof(struct worker))

static int cancelling(void)
{
	return async_cancelling(async_current_task());
}

static int fail_when_cancelled(void *arg)
{
	if (async_sleep(10) != ASYNC_ECANCELED)
		return 0;
	if (arg)
		yield(1);
	return exception("ValueError('k')");
}

static int group_with_stubborn_child(void *arg)
{
	struct async_task_group group = { 0 };
	int rc;

	(void)arg;
	async_task_group_enter(&group);
	async_task_group_create_task(&group, fail_when_cancelled, "yield");
	rc = async_task_group_exit(&group, async_sleep(10));
	trace("%s cancelling %d", describe(async_raised(rc)), cancelling());
	rc = async_sleep(0);
	if (rc == ASYNC_ECANCELED)
		trace("CE at next await cancelling %d", cancelling());
	else
		trace("no CE");
	return rc;
}

SCENARIO(tg_external_cancel_and_error)
{
	struct async_task *task = async_create_task(group_with_stubborn_child, NULL);

	yield(2);
	async_cancel_message(task, "e");
	wait_one(task);
	trace("%s", status(task));
	return 0;
}

static int group_of_one(void *arg)
{
	struct async_task_group group = { 0 };

	(void)arg;
	async_task_group_enter(&group);
	GROUP_WORKER(&group, "A", .n = 1, .dt = 10, .cleanup = 4);
	return async_task_group_exit(&group, 0);
}

SCENARIO(tg_cancel_twice_in_exit)
{
	struct async_task *task = async_create_task(group_of_one, NULL);

	yield(2);
	async_cancel(task);
	yield(1);
	async_cancel(task);
	yield(1);
	async_cancel(task);
	wait_one(task);
	trace("%s %d", status(task), async_cancelling(task));
	return 0;
}

static int group_that_fails(void *arg)
{
	struct async_task_group group = { 0 };
	int rc;

	(void)arg;
	async_task_group_enter(&group);
	GROUP_WORKER(&group, "F", .n = 1, .raises = "ValueError(1)");
	GROUP_WORKER(&group, "B", .n = 1, .dt = 10, .cleanup = 4);
	rc = async_task_group_exit(&group, async_sleep(10));
	if (rc < 0 && rc != ASYNC_ECANCELED)
		trace("%s cancelling %d", describe(async_raised(rc)), cancelling());
	rc = async_sleep(0);
	if (rc == 0)
		trace("after %d", cancelling());
	return rc;
}

SCENARIO(tg_error_then_external_cancel)
{
	struct async_task *task = async_create_task(group_that_fails, NULL);

	yield(5);
	async_cancel(task);
	wait_one(task);
	trace("%s %d", status(task), async_cancelling(task));
	return 0;
}

static int spawn_another(void *arg)
{
	struct async_task_group *group = *(struct async_task_group **)arg;

	yield(1);
	GROUP_WORKER(group, "late", .n = 2);
	trace("spawned");
	return 0;
}

SCENARIO(tg_child_spawns_in_exit)
{
	struct async_task_group group = { 0 }, *pointer = &group;

	async_task_group_enter(&group);
	async_task_group_create_task_copy(&group, spawn_another, &pointer, sizeof pointer);
	async_task_group_exit(&group, 0);
	trace("out");
	return 0;
}

SCENARIO(tg_swallow_in_body)
{
	struct async_task_group group = { 0 };
	int rc;

	async_task_group_enter(&group);
	GROUP_WORKER(&group, "F", .n = 1, .raises = "ValueError(1)");
	if (async_sleep(10) == ASYNC_ECANCELED)
		trace("swallow %d", cancelling());
	if (async_sleep(1) == 0)
		trace("body went on");
	rc = async_task_group_exit(&group, 0);
	trace("%s %d", describe(async_raised(rc)), cancelling());
	return 0;
}

SCENARIO(tg_body_ce_by_itself)
{
	struct async_task_group group = { 0 };
	struct async_task *b;
	int rc;

	async_task_group_enter(&group);
	b = GROUP_WORKER(&group, "B", .n = 1, .dt = 10);
	yield(1);
	rc = async_task_group_exit(&group, async_raise(ASYNC_ECANCELED, "mine"));
	trace("%s %s %d", describe(async_raised(rc)), status(b), cancelling());
	return 0;
}

static int nested_groups(void *arg)
{
	struct async_task_group outer = { 0 }, inner = { 0 };

	(void)arg;
	async_task_group_enter(&outer);
	GROUP_WORKER(&outer, "O", .n = 1, .dt = 10, .cleanup = 1);
	async_task_group_enter(&inner);
	GROUP_WORKER(&inner, "I", .n = 1, .dt = 10, .cleanup = 2);
	return async_task_group_exit(&outer, async_task_group_exit(&inner, 0));
}

SCENARIO(tg_nested_external)
{
	struct async_task *task = async_create_task(nested_groups, NULL);

	yield(2);
	async_cancel(task);
	wait_one(task);
	trace("%s %d", status(task), async_cancelling(task));
	return 0;
}

SCENARIO(tg_in_timeout)
{
	struct async_task_group group = { 0 };
	struct async_timeout limit;
	struct async_task *b;

	async_timeout_begin(&limit, 1);
	async_task_group_enter(&group);
	b = GROUP_WORKER(&group, "B", .n = 1, .dt = 10, .cleanup = 2);
	if (async_timeout_end(&limit, async_task_group_exit(&group, 0)) == ASYNC_ETIMEOUT)
		trace("TimeoutError %s %d", status(b), cancelling());
	return 0;
}

SCENARIO(tg_timeout_and_error)
{
	struct async_task_group group = { 0 };
	struct async_timeout limit;
	int rc;

	async_timeout_begin(&limit, 1);
	async_task_group_enter(&group);
	async_task_group_create_task(&group, fail_when_cancelled, NULL);
	rc = async_timeout_end(&limit, async_task_group_exit(&group, 0));
	if (rc == ASYNC_ETIMEOUT)
		trace("TO");
	else
		trace("%s %d", describe(async_raised(rc)), cancelling());
	trace("%s", async_sleep(0) == 0 ? "ok" : "CE");
	return 0;
}

static int fail_at_once(void *arg)
{
	(void)arg;
	return exception("ValueError('eager')");
}

SCENARIO(tg_eager_error)
{
	struct async_task_options eager = { .eager_start = true };
	struct async_task_group group = { 0 };
	int rc;

	async_task_group_enter(&group);
	async_task_group_create_task_with(&group, fail_at_once, NULL, &eager);
	trace("created %d", cancelling());
	rc = async_sleep(0);
	trace("%s", rc == ASYNC_ECANCELED ? "CE" : "no");
	rc = async_task_group_exit(&group, rc);
	trace("%s %d", describe(async_raised(rc)), cancelling());
	return 0;
}
