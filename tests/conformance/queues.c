/* SPDX-License-Identifier: MIT */
/* queues.c - Queue. Names as in asyncio_probe.py. Numbers travel as pointers into digits. */
#include "tests/conformance/trace.h"

static char digits[][2] = { "0", "1", "2" };

static int produce(void *arg)
{
	struct async_queue *queue = arg;

	for (int i = 0; i < 3; i++) {
		async_queue_put(queue, digits[i]);
		trace("put %s", digits[i]);
	}
	return 0;
}

static int consume(void *arg)
{
	struct async_queue *queue = arg;
	void *item;

	for (int i = 0; i < 3; i++)
		if (async_queue_get(queue, &item) == 0)
			trace("got %s", (char *)item);
	return 0;
}

SCENARIO(queue_put_get_order)
{
	struct async_queue queue;
	struct async_task *tasks[2];

	if (async_queue_init(&queue, 1) < 0)
		return ASYNC_ENOMEM;
	tasks[0] = async_create_task(produce, &queue);
	tasks[1] = async_create_task(consume, &queue);
	async_gather(tasks, 2, ASYNC_RAISE, NULL);
	async_queue_destroy(&queue);
	return 0;
}

struct getter {
	struct async_queue *queue;
	const char *name;
};

static int get_one(void *arg)
{
	const struct getter *getter = arg;
	void *item;
	int rc = async_queue_get(getter->queue, &item);

	if (rc == 0)
		trace("%s %s", getter->name, (char *)item);
	return rc;
}

SCENARIO(queue_cancel_woken_getter)
{
	struct async_queue queue = { 0 };
	struct getter getters[] = { { &queue, "A" }, { &queue, "B" } };
	struct async_task *tasks[2];

	for (int i = 0; i < 2; i++)
		tasks[i] = async_create_task(get_one, &getters[i]);
	yield(1);
	async_queue_put_nowait(&queue, "x");
	async_cancel(tasks[0]);
	wait_all(tasks, 2);
	trace("A %s size %zu", status(tasks[0]), async_queue_qsize(&queue));
	async_queue_destroy(&queue);
	return 0;
}

static int work(void *arg)
{
	struct async_queue *queue = arg;
	void *item;

	for (int i = 0; i < 2; i++) {
		async_queue_get(queue, &item);
		yield(1);
		async_queue_task_done(queue);
		trace("task_done %s", (char *)item);
	}
	return 0;
}

SCENARIO(queue_join)
{
	struct async_queue queue = { 0 };
	struct async_task *task;

	async_queue_put_nowait(&queue, digits[0]);
	async_queue_put_nowait(&queue, digits[1]);
	task = async_create_task(work, &queue);
	async_queue_join(&queue);
	trace("joined");
	async_await(task);
	if (async_queue_task_done(&queue) == ASYNC_EINVAL)
		trace("ValueError %s", async_raised(ASYNC_EINVAL)->message);
	async_queue_destroy(&queue);
	return 0;
}

static int put_blocked(void *arg)
{
	if (async_queue_put(arg, "blocked") == ASYNC_EQUEUESHUTDOWN)
		trace("blocked put -> QueueShutDown");
	return 0;
}

SCENARIO(queue_shutdown)
{
	struct async_queue queue;
	struct async_task *task;
	void *item = "nothing";

	if (async_queue_init(&queue, 1) < 0)
		return ASYNC_ENOMEM;
	async_queue_put_nowait(&queue, "last");
	task = async_create_task(put_blocked, &queue);
	yield(1);
	async_queue_shutdown(&queue, false);
	async_await(task);
	if (async_queue_put_nowait(&queue, "1") == ASYNC_EQUEUESHUTDOWN)
		trace("put -> QueueShutDown");
	async_queue_get(&queue, &item);
	trace("get -> %s", (char *)item);
	if (async_queue_get(&queue, &item) == ASYNC_EQUEUESHUTDOWN)
		trace("get on drained -> QueueShutDown");
	async_queue_destroy(&queue);
	return 0;
}
