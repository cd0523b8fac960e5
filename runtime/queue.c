/* SPDX-License-Identifier: MIT */
/*
 * queue.c - asyncio.Queue: who waits for an item or for room, and who is woken.
 *
 * Each put wakes one getter, each get one putter; the woken one leaves the list at once and, when it
 * runs, looks again: somebody else may have been faster, and then it waits once more, at the end.
 * A getter that was woken and then cancelled wakes the next one if there is still an item; so does
 * a putter if there is still room.
 */
#include "runtime/queue.h"

#include <stdlib.h>

#include "runtime/sync.h"
#include "runtime/task.h"
#include "runtime/waiter.h"

static int init(struct async_queue *queue, enum async_queue_kind kind, int maxsize,
		async_queue_compare *compare)
{
	*queue = (struct async_queue){ .kind = kind, .maxsize = maxsize, .compare = compare };
	return maxsize > 0 ? queue_items_reserve(queue) : 0;
}

int async_queue_init(struct async_queue *queue, int maxsize)
{
	return init(queue, ASYNC_QUEUE_FIFO, maxsize, NULL);
}

int async_lifo_queue_init(struct async_queue *queue, int maxsize)
{
	return init(queue, ASYNC_QUEUE_LIFO, maxsize, NULL);
}

int async_priority_queue_init(struct async_queue *queue, int maxsize, async_queue_compare *compare)
{
	must(compare, "async_priority_queue_init: no comparison");
	return init(queue, ASYNC_QUEUE_PRIORITY, maxsize, compare);
}

static void drop_next(struct async_queue *queue)
{
	void *item = queue_items_take(queue);

	if (queue->drop)
		queue->drop(item);
}

void async_queue_destroy(struct async_queue *queue)
{
	must(list_empty(&queue->getters) && list_empty(&queue->putters) &&
		     list_empty(&queue->finished.waiters),
	     "async_queue_destroy: a task still waits on the queue");
	while (queue->count)
		drop_next(queue);
	free(queue->items);
	*queue = (struct async_queue){ .is_shutdown = true };
}

static void wake_next(struct async_list *waiters)
{
	struct async_list *node;

	while ((node = list_take(waiters)))
		if (waiter_wake(waiter_of(node)))
			return;
}

static void wake_all(struct async_list *waiters)
{
	struct async_list *node;

	while ((node = list_take(waiters)))
		waiter_wake(waiter_of(node));
}

/* ---- What a report says ---------------------------------------------------------------------- */

static void describe(struct wait_view *view, const struct async_future *future)
{
	struct async_queue queue;

	if (waiter_peek_owner(view, future, &queue, sizeof queue))
		wait_say(view, ", %zu items, %zu unfinished", queue.count, queue.unfinished);
}

static const struct async_future_kind getting = { &getting, "Queue.get", NULL, describe };
static const struct async_future_kind putting = { &putting, "Queue.put", NULL, describe };
static const struct async_future_kind joining = { &joining, "Queue.join", NULL, describe };

/* ---- Put and get ----------------------------------------------------------------------------- */

int async_queue_put_nowait(struct async_queue *queue, void *item)
{
	if (queue->is_shutdown)
		return ASYNC_EQUEUESHUTDOWN;
	if (async_queue_full(queue))
		return ASYNC_EQUEUEFULL;
	if (queue_items_reserve(queue) < 0)
		return async_raise(ASYNC_ENOMEM, "no memory for one more than %zu items",
				   queue->count);
	queue_items_put(queue, item);
	queue->unfinished++;
	async_event_clear(&queue->finished);
	wake_next(&queue->getters);
	return 0;
}

int async_queue_put_at(const char *here, struct async_queue *queue, void *item)
{
	struct task *task = task_here(here, "async_queue_put");
	struct waiter putter;
	int rc;

	while (async_queue_full(queue)) {
		if (queue->is_shutdown)
			return ASYNC_EQUEUESHUTDOWN;
		rc = waiter_wait(&putter, &queue->putters, task, here, &putting, queue);
		if (rc < 0) {
			if (waiter_woken(&putter) && !async_queue_full(queue))
				wake_next(&queue->putters);
			return rc;
		}
	}
	return async_queue_put_nowait(queue, item);
}

int async_queue_get_nowait(struct async_queue *queue, void **item)
{
	if (!queue->count)
		return queue->is_shutdown ? ASYNC_EQUEUESHUTDOWN : ASYNC_EQUEUEEMPTY;
	*item = queue_items_take(queue);
	wake_next(&queue->putters);
	return 0;
}

int async_queue_get_at(const char *here, struct async_queue *queue, void **item)
{
	struct task *task = task_here(here, "async_queue_get");
	struct waiter getter;
	int rc;

	while (!queue->count) {
		if (queue->is_shutdown)
			return ASYNC_EQUEUESHUTDOWN;
		rc = waiter_wait(&getter, &queue->getters, task, here, &getting, queue);
		if (rc < 0) {
			if (waiter_woken(&getter) && queue->count)
				wake_next(&queue->getters);
			return rc;
		}
	}
	return async_queue_get_nowait(queue, item);
}

/* ---- What is inside -------------------------------------------------------------------------- */

size_t async_queue_qsize(const struct async_queue *queue)
{
	return queue->count;
}

bool async_queue_empty(const struct async_queue *queue)
{
	return queue->count == 0;
}

bool async_queue_full(const struct async_queue *queue)
{
	return queue->maxsize > 0 && queue->count >= (size_t)queue->maxsize;
}

int async_queue_maxsize(const struct async_queue *queue)
{
	return queue->maxsize;
}

/* ---- The end --------------------------------------------------------------------------------- */

int async_queue_task_done(struct async_queue *queue)
{
	if (!queue->unfinished)
		return async_raise(ASYNC_EINVAL, "task_done() called too many times");
	if (--queue->unfinished == 0)
		async_event_set(&queue->finished);
	return 0;
}

int async_queue_join_at(const char *here, struct async_queue *queue)
{
	return queue->unfinished ? sync_event_wait(here, &queue->finished, &joining, queue) : 0;
}

void async_queue_shutdown(struct async_queue *queue, bool immediate)
{
	queue->is_shutdown = true;
	while (immediate && queue->count) {
		drop_next(queue);
		if (queue->unfinished)
			queue->unfinished--;
	}
	if (immediate && !queue->unfinished)
		async_event_set(&queue->finished);
	wake_all(&queue->getters);
	wake_all(&queue->putters);
}
