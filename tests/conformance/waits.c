/* SPDX-License-Identifier: MIT */
/* waits.c - wait, as_completed, shield. Names as in asyncio_probe.py. */
#include "tests/conformance/trace.h"

SCENARIO(wait_first_completed)
{
	struct async_task *tasks[] = { WORKER("A", .n = 1), WORKER("B", .n = 3) };
	size_t pending;

	async_wait(tasks, 2, ASYNC_FIRST_COMPLETED, ASYNC_NO_TIMEOUT, &pending);
	trace("done ['%s'] pending %zu",
	      async_task_done(tasks[0]) ? outcome(async_task_result(tasks[0])) : "?", pending);
	async_await(tasks[1]);
	return 0;
}

SCENARIO(wait_first_exception)
{
	struct async_task *tasks[] = { WORKER("A", .n = 1),
				       WORKER("B", .n = 2, .raises = "ValueError(1)"),
				       WORKER("C", .n = 5) };
	size_t pending;
	int done = async_wait(tasks, 3, ASYNC_FIRST_EXCEPTION, ASYNC_NO_TIMEOUT, &pending);

	trace("done %d pending %zu C %s", done, pending, status(tasks[2]));
	async_await(tasks[2]);
	return 0;
}

SCENARIO(wait_timeout_does_not_cancel)
{
	struct async_task *tasks[] = { WORKER("A", .n = 1, .dt = 1), WORKER("B", .n = 1, .dt = 5) };
	size_t pending;
	int done = async_wait(tasks, 2, ASYNC_ALL_COMPLETED, 2, &pending);

	trace("done %d pending %zu B %s", done, pending, status(tasks[1]));
	async_await(tasks[1]);
	return 0;
}

SCENARIO(wait_duplicates_and_empty)
{
	struct async_task *task = WORKER("A"), *twice[] = { task, task };
	size_t pending;
	int done = async_wait(twice, 2, ASYNC_ALL_COMPLETED, ASYNC_NO_TIMEOUT, &pending);

	trace("%d %zu", done, pending);
	if (async_wait(NULL, 0, ASYNC_ALL_COMPLETED, ASYNC_NO_TIMEOUT, NULL) == ASYNC_EINVAL)
		trace("ValueError %s", async_raised(ASYNC_EINVAL)->message);
	return 0;
}

static int shielded(void *arg)
{
	struct async_task *inner = *(struct async_task **)arg;
	int rc = async_shield(inner);

	if (rc == ASYNC_ECANCELED)
		trace("outer CE, inner %s", status(inner));
	return rc;
}

SCENARIO(shield_outer_cancelled)
{
	struct async_task *inner = WORKER("I", .n = 3);
	struct async_task *outer = async_create_task_copy(shielded, &inner, sizeof inner);

	yield(2);
	async_cancel(outer);
	wait_one(outer);
	trace("outer %s", status(outer));
	async_await(inner);
	trace("inner %s", status(inner));
	return 0;
}

static int shield_only(void *arg)
{
	return async_shield(*(struct async_task **)arg);
}

static void log_message(const struct async_context *context, void *arg)
{
	(void)arg;
	trace("handler: %s", context->message);
}

SCENARIO(shield_inner_raises_after_outer_cancelled)
{
	struct async_task *inner, *outer;

	async_set_exception_handler(log_message, NULL);
	inner = WORKER("I", .n = 3, .raises = "ValueError('late')");
	outer = async_create_task_copy(shield_only, &inner, sizeof inner);
	yield(2);
	async_cancel(outer);
	wait_one(outer);
	yield(1);
	trace("inner done %s", async_task_done(inner) ? "True" : "False");
	async_task_release(inner);
	yield(1);
	async_set_exception_handler(NULL, NULL);
	return 0;
}

SCENARIO(as_completed_order)
{
	struct async_task *tasks[] = { WORKER("A", .n = 1, .dt = 3), WORKER("B", .n = 1, .dt = 1),
				       WORKER("C", .n = 1, .dt = 2) };
	struct async_completion *all = async_as_completed(tasks, 3, ASYNC_NO_TIMEOUT);
	size_t which;

	while (async_as_completed_next(all, &which) > 0)
		trace("%s", outcome(async_await(tasks[which])));
	async_as_completed_end(all);
	return 0;
}
