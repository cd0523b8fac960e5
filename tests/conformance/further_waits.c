/* SPDX-License-Identifier: MIT */
/* further_waits.c - wait, as_completed, shield, gather. Names as in further_probe.py. */
#include "tests/conformance/trace.h"

#define FOR_EVER ASYNC_NO_TIMEOUT

static int wait_for_one(void *arg)
{
	struct async_task *task = *(struct async_task **)arg;
	int rc = async_wait(&task, 1, ASYNC_ALL_COMPLETED, FOR_EVER, NULL);

	if (rc == ASYNC_ECANCELED)
		trace("w CE %s", status(task));
	return rc;
}

SCENARIO(wait_cancelled)
{
	struct async_task *a = WORKER("A", .n = 4);
	struct async_task *task = async_create_task_copy(wait_for_one, &a, sizeof a);

	yield(2);
	async_cancel(task);
	wait_one(task);
	trace("%s %s", status(task), status(a));
	async_await(a);
	return 0;
}

SCENARIO(wait_done_already)
{
	struct async_task *tasks[2] = { WORKER("A") };
	size_t pending;
	int done;

	async_await(tasks[0]);
	tasks[1] = WORKER("B", .n = 5);
	trace("wait");
	done = async_wait(tasks, 2, ASYNC_FIRST_COMPLETED, FOR_EVER, &pending);
	trace("%d %zu", done, pending);
	async_await(tasks[1]);
	return 0;
}

SCENARIO(wait_first_exc_cancelled)
{
	struct async_task *tasks[] = { WORKER("A", .n = 1, .dt = 10), WORKER("B", .n = 3) };
	size_t pending;
	int done;

	yield(1);
	async_cancel(tasks[0]);
	done = async_wait(tasks, 2, ASYNC_FIRST_EXCEPTION, FOR_EVER, &pending);
	trace("%d %zu %s %s", done, pending, status(tasks[0]), status(tasks[1]));
	return 0;
}

SCENARIO(wait_timeout_zero)
{
	struct async_task *task = WORKER("A");
	size_t pending;
	int done = async_wait(&task, 1, ASYNC_ALL_COMPLETED, 0, &pending);

	trace("%d %zu", done, pending);
	task = WORKER("B", .n = 1, .dt = 10);
	done = async_wait(&task, 1, ASYNC_ALL_COMPLETED, 0, &pending);
	trace("%d %zu", done, pending);
	async_cancel(task);
	return 0;
}

SCENARIO(as_completed_timeout)
{
	struct async_task *tasks[] = { WORKER("A", .n = 1, .dt = 1), WORKER("B", .n = 1, .dt = 5),
				       WORKER("C", .n = 1, .dt = 6) };
	struct async_completion *all = async_as_completed(tasks, 3, 2);
	size_t which;
	int rc;

	while ((rc = async_as_completed_next(all, &which)) != 0)
		trace("%s", rc > 0 ? outcome(async_task_result(tasks[which])) : outcome(rc));
	async_as_completed_end(all);
	trace("[\"%s\", '%s', '%s']", status(tasks[0]), status(tasks[1]), status(tasks[2]));
	for (int i = 0; i < 3; i++)
		async_cancel(tasks[i]);
	return 0;
}

SCENARIO(as_completed_async_for_done)
{
	struct async_task *a = WORKER("A"), *b = WORKER("B", .n = 2), *tasks[] = { a, b, a };
	struct async_completion *all;
	size_t which;

	async_await(a);
	all = async_as_completed(tasks, 3, FOR_EVER);
	while (async_as_completed_next(all, &which) > 0)
		trace("got %s", outcome(async_await(tasks[which])));
	async_as_completed_end(all);
	return 0;
}

struct consumer {
	struct async_completion *all;
	struct async_task **tasks;
	const char *name;
};

static int consume(void *arg)
{
	const struct consumer *consumer = arg;
	size_t which;
	int rc = async_as_completed_next(consumer->all, &which);

	if (rc > 0)
		trace("%s %s", consumer->name, outcome(async_task_result(consumer->tasks[which])));
	else
		trace("%s %s", consumer->name, rc == 0 ? "stop" : "CE");
	return rc < 0 ? rc : 0;
}

SCENARIO(as_completed_cancelled_consumer)
{
	struct async_task *tasks[] = { WORKER("A", .n = 3), WORKER("B", .n = 5) }, *consumers[2];
	struct async_completion *all = async_as_completed(tasks, 2, FOR_EVER);
	struct consumer one = { all, tasks, "c1" }, two = { all, tasks, "c2" };

	consumers[0] = async_create_task(consume, &one);
	consumers[1] = async_create_task(consume, &two);
	yield(1);
	async_cancel(consumers[0]);
	wait_all(consumers, 2);
	trace("%s %s", status(consumers[0]), status(consumers[1]));
	wait_all(tasks, 2);
	async_as_completed_end(all);
	return 0;
}

static int shielded(void *arg)
{
	int rc = async_shield(*(struct async_task **)arg);

	if (rc == ASYNC_ECANCELED)
		trace("w CE %d", async_cancelling(async_current_task()));
	return rc;
}

SCENARIO(shield_inner_cancelled)
{
	struct async_task *inner = WORKER("I", .n = 1, .dt = 10);
	struct async_task *task = async_create_task_copy(shielded, &inner, sizeof inner);

	yield(2);
	async_cancel_message(inner, "z");
	wait_one(task);
	trace("%s %s", status(task), status(inner));
	return 0;
}

SCENARIO(shield_wait_for)
{
	struct async_task *inner = WORKER("I", .n = 1, .dt = 3);
	struct async_shield shield;

	async_shield_begin(&shield, async_task_future(inner));
	if (async_wait_for_future(&shield.outer, 1) == ASYNC_ETIMEOUT)
		trace("TimeoutError %s", status(inner));
	async_shield_end(&shield);
	trace("%s", outcome(async_await(inner)));
	return 0;
}

SCENARIO(shield_raises)
{
	trace("%s", outcome(async_shield(WORKER("I", .n = 2, .raises = "ValueError(3)"))));
	return 0;
}

static void log_message(const struct async_context *context, void *arg)
{
	(void)arg;
	trace("handler: %s", context->message);
}

static int shield_only(void *arg)
{
	return async_shield(*(struct async_task **)arg);
}

SCENARIO(shield_twice_cancel_in_same_tick)
{
	struct async_task *inner, *task;

	async_set_exception_handler(log_message, NULL);
	inner = WORKER("I", .n = 2, .raises = "ValueError(3)");
	task = async_create_task_copy(shield_only, &inner, sizeof inner);
	yield(3);
	trace("%s", status(task));
	async_cancel(task);
	wait_one(task);
	trace("%s", status(task));
	async_task_release(inner);
	yield(1);
	async_set_exception_handler(NULL, NULL);
	return 0;
}

SCENARIO(gather_true_cancel)
{
	struct async_task *tasks[] = { WORKER("A", .n = 1, .dt = 10),
				       WORKER("B", .n = 1, .dt = 10, .cleanup = 3) };
	struct async_gathering *gathering = async_gather_begin(tasks, 2, ASYNC_RETURN_EXCEPTIONS);
	struct async_future *future = async_gathering_future(gathering);
	int rc;

	yield(2);
	trace("cancel %s", async_future_cancel_message(future, "gm") ? "True" : "False");
	rc = async_future_await(future);
	trace("%s %s %s %s", describe(async_raised(rc)),
	      async_future_cancelled(future) ? "True" : "False", status(tasks[0]),
	      status(tasks[1]));
	async_gather_end(gathering, NULL);
	return 0;
}

SCENARIO(gather_child_cancelled_false)
{
	struct async_task *tasks[] = { WORKER("A", .n = 1, .dt = 10), WORKER("B", .n = 3) };
	struct async_gathering *gathering;
	int rc;

	yield(1);
	async_cancel_message(tasks[0], "why");
	gathering = async_gather_begin(tasks, 2, ASYNC_RAISE);
	rc = async_future_await(async_gathering_future(gathering));
	trace("%s %s %d %s", describe(async_raised(rc)),
	      async_future_cancelled(async_gathering_future(gathering)) ? "True" : "False",
	      async_cancelling(async_current_task()), status(tasks[1]));
	async_gather_end(gathering, NULL);
	async_await(tasks[1]);
	return 0;
}

SCENARIO(gather_nested)
{
	struct async_task *pair[] = { WORKER("A", .n = 1), WORKER("B", .n = 2) };
	struct async_task *c = WORKER("C", .n = 1, .dt = 10);
	struct async_gathering *inner = async_gather_begin(pair, 2, ASYNC_RAISE), *outer;
	struct async_future *futures[] = { async_gathering_future(inner), async_task_future(c) };

	outer = async_gather_begin_futures(futures, 2, ASYNC_RAISE);
	yield(5);
	trace("cancel %s", async_future_cancel(async_gathering_future(outer)) ? "True" : "False");
	if (async_future_await(async_gathering_future(outer)) == ASYNC_ECANCELED)
		trace("CE %s %s", status(pair[0]), status(c));
	async_gather_end(outer, NULL);
	async_gather_end(inner, NULL);
	return 0;
}

SCENARIO(gather_done_all)
{
	struct async_task *a = WORKER("A"), *twice[] = { a, a };
	struct async_gathering *gathering;
	struct async_future *future;
	int results[2];

	async_await(a);
	gathering = async_gather_begin(twice, 2, ASYNC_RAISE);
	future = async_gathering_future(gathering);
	trace("%s", async_future_done(future) ? "True" : "False");
	async_future_await(future);
	for (int i = 0; i < 2; i++)
		results[i] = async_task_result(twice[i]);
	trace("['%s', '%s']", outcome(results[0]), outcome(results[1]));
	trace("%s", async_future_cancel(future) ? "True" : "False");
	async_gather_end(gathering, results);
	return 0;
}

SCENARIO(wait_for_zero_running)
{
	struct async_task *task = WORKER("T", .n = 1, .dt = 10, .cleanup = 2);

	yield(1);
	if (async_wait_for(task, 0) == ASYNC_ETIMEOUT)
		trace("TE %s", status(task));
	return 0;
}

static int wait_five(void *arg)
{
	return async_wait_for(*(struct async_task **)arg, 5);
}

SCENARIO(wait_for_swallow_and_outer_cancel)
{
	struct async_task *t = WORKER("T", .n = 1, .dt = 10, .swallow = true), *u, *x;

	trace("%s", outcome(async_wait_for(t, 1)));
	u = WORKER("U", .n = 1, .dt = 10, .cleanup = 2);
	x = async_create_task_copy(wait_five, &u, sizeof u);
	yield(2);
	async_cancel_message(x, "oc");
	wait_one(x);
	trace("%s %s", status(x), status(u));
	return 0;
}
