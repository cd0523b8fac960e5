/* SPDX-License-Identifier: MIT */
/* gathering.c - gather in both modes. Names as in asyncio_probe.py. */
#include <stdio.h>

#include "tests/conformance/trace.h"

SCENARIO(gather_order_of_results)
{
	struct async_task *tasks[] = { WORKER("A", .n = 3), WORKER("B", .n = 1),
				       WORKER("C", .n = 2) };
	int results[3];

	async_gather(tasks, 3, ASYNC_RAISE, results);
	trace("['%s', '%s', '%s']", outcome(results[0]), outcome(results[1]), outcome(results[2]));
	return 0;
}

SCENARIO(gather_first_error_others_run_on)
{
	struct async_task *tasks[] = { WORKER("A", .n = 1, .raises = "ValueError(1)"),
				       WORKER("B", .n = 3),
				       WORKER("C", .n = 2, .raises = "KeyError(2)") };
	int rc = async_gather(tasks, 3, ASYNC_RAISE, NULL);

	trace("gather raised %s | B %s | C %s", outcome(rc), status(tasks[1]),
	      async_task_done(tasks[2]) ? "done" : "pending");
	yield(4);
	trace("B %s | C %s", status(tasks[1]), status(tasks[2]));
	return 0;
}

SCENARIO(gather_return_exceptions)
{
	struct async_task *tasks[] = { WORKER("A", .n = 1, .raises = "ValueError(1)"),
				       WORKER("B", .n = 2) };
	int results[2];

	async_gather(tasks, 2, ASYNC_RETURN_EXCEPTIONS, results);
	trace("['%s', '%s']", outcome(results[0]), outcome(results[1]));
	return 0;
}

SCENARIO(gather_child_cancelled_true)
{
	struct async_task *tasks[] = { WORKER("A", .n = 5), WORKER("B", .n = 2) };
	struct async_gathering *gathering = async_gather_begin(tasks, 2, ASYNC_RETURN_EXCEPTIONS);
	int results[2];

	yield(1);
	async_cancel_message(tasks[0], "x");
	async_future_await(async_gathering_future(gathering));
	async_gather_end(gathering, results);
	/* Python prints the repr of these strings: double quotes around single ones. */
	trace("[\"%s\", '%s']", outcome(results[0]), outcome(results[1]));
	return 0;
}

static void log_kids(const char *before, struct async_task **kids)
{
	const char *a = status(kids[0]), *b = status(kids[1]);
	char q = a[0] == 'r' ? '"' : '\'';

	trace("%s[%c%s%c, %c%s%c]", before, q, a, q, q, b, q);
}

static int gather_kids(void *arg)
{
	struct async_task **kids = *(struct async_task ***)arg;
	int rc = async_gather(kids, 2, ASYNC_RAISE, NULL);

	if (rc == ASYNC_ECANCELED)
		log_kids("outer CE ", kids);
	return rc;
}

static void gather_cancelled(struct async_task **kids)
{
	struct async_task *outer = async_create_task_copy(gather_kids, &kids, sizeof kids);
	char text[32];

	yield(2);
	trace("cancel outer -> %s", async_cancel(outer) ? "True" : "False");
	wait_one(outer);
	snprintf(text, sizeof text, "outer %s ", status(outer));
	log_kids(text, kids);
	wait_all(kids, 2);
	log_kids("", kids);
}

SCENARIO(gather_outer_cancel_false)
{
	struct async_task *kids[] = { WORKER("A", .n = 1, .dt = 10),
				      WORKER("B", .n = 1, .dt = 10, .cleanup = 3) };

	gather_cancelled(kids);
	return 0;
}

SCENARIO(gather_outer_cancel_false_swallow)
{
	struct async_task *kids[] = { WORKER("A", .n = 1, .dt = 10, .swallow = true),
				      WORKER("B", .n = 1, .dt = 10, .swallow = true,
					     .cleanup = 2) };

	gather_cancelled(kids);
	return 0;
}

SCENARIO(gather_cancel_after_done)
{
	struct async_task *tasks[] = { WORKER("A", .n = 0, .raises = "ValueError(1)"),
				       WORKER("B", .n = 3) };
	struct async_gathering *gathering = async_gather_begin(tasks, 2, ASYNC_RAISE);
	struct async_future *future = async_gathering_future(gathering);

	if (async_future_await(future) != exception("ValueError(1)"))
		trace("no ValueError");
	trace("g.cancel -> %s B %s", async_future_cancel(future) ? "True" : "False",
	      status(tasks[1]));
	async_await(tasks[1]);
	trace("B %s", status(tasks[1]));
	async_gather_end(gathering, NULL);
	return 0;
}
