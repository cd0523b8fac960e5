/* SPDX-License-Identifier: MIT */
/*
 * async_queue.h - Queue, PriorityQueue, LifoQueue: the part of the manual that async.h includes.
 *
 * An item is a pointer that the queue hands on and never looks at. The three kinds differ only in
 * which item comes next, and share every call but init.
 *
 * Rules for users:
 *  - A queue with a maxsize allocates room for all of it in init; a put can then not fail for want
 *    of memory. One without grows by doubling, and a put may return ASYNC_ENOMEM.
 *  - Waiting allocates nothing. Getters and putters are served in the order in which they came.
 *  - get hands the item over; what is still inside at destroy or is thrown out by an immediate
 *    shutdown goes to drop(item) if that is set.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_QUEUE_H
#define LOOPHOUND_RUNTIME_ASYNC_QUEUE_H

#include "runtime/async_sync.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Below 0 when a has to come out before b. */
typedef int async_queue_compare(const void *a, const void *b);

enum async_queue_kind { ASYNC_QUEUE_FIFO, ASYNC_QUEUE_LIFO, ASYNC_QUEUE_PRIORITY };

/* Static initialiser of a Queue without a limit: {0}. All but drop is private. */
struct async_queue {
	void (*drop)(void *item); /* must not suspend, nor use the queue; set it after init */
	enum async_queue_kind kind;
	async_queue_compare *compare;
	void **items;
	size_t first, count, capacity;
	int maxsize;
	bool is_shutdown;
	size_t unfinished;
	struct async_event finished;
	struct async_list getters, putters;
};

/*
 * asyncio.Queue(maxsize): first in, first out. LifoQueue: last in, first out. PriorityQueue: the
 * smallest first, by the caller's comparison; the order of equal ones is heapq's, so compare a
 * sequence number too where it matters. maxsize of 0 or less: no limit. 0, or ASYNC_ENOMEM.
 */
int async_queue_init(struct async_queue *queue, int maxsize);
int async_lifo_queue_init(struct async_queue *queue, int maxsize);
int async_priority_queue_init(struct async_queue *queue, int maxsize, async_queue_compare *compare);
/* Drops what is inside, frees the room. Nobody may wait on the queue: that aborts. */
void async_queue_destroy(struct async_queue *queue);

/* Waits while it is full. 0, ASYNC_ECANCELED, ASYNC_EQUEUESHUTDOWN, ASYNC_ENOMEM (unlimited). */
#define async_queue_put(queue, item) async_queue_put_at(ASYNC_HERE, (queue), (item))
ASYNC_SUSPENDS int async_queue_put_at(const char *here, struct async_queue *queue, void *item);
/* The same at once: ASYNC_EQUEUEFULL instead of waiting. */
int async_queue_put_nowait(struct async_queue *queue, void *item);

/* Waits while it is empty. 0, ASYNC_ECANCELED, or ASYNC_EQUEUESHUTDOWN once it is drained. */
#define async_queue_get(queue, item) async_queue_get_at(ASYNC_HERE, (queue), (item))
ASYNC_SUSPENDS int async_queue_get_at(const char *here, struct async_queue *queue, void **item);
/* The same at once: ASYNC_EQUEUEEMPTY instead of waiting. */
int async_queue_get_nowait(struct async_queue *queue, void **item);

size_t async_queue_qsize(const struct async_queue *queue);
bool async_queue_empty(const struct async_queue *queue);
/* Never, without a limit. */
bool async_queue_full(const struct async_queue *queue);
int async_queue_maxsize(const struct async_queue *queue);

/*
 * One item that was got has been dealt with. 0, or ASYNC_EINVAL "task_done() called too many times".
 */
int async_queue_task_done(struct async_queue *queue);
/* Waits until that was said of every item that was put. 0, or ASYNC_ECANCELED. */
#define async_queue_join(queue) async_queue_join_at(ASYNC_HERE, (queue))
ASYNC_SUSPENDS int async_queue_join_at(const char *here, struct async_queue *queue);

/*
 * From now on every put returns ASYNC_EQUEUESHUTDOWN, those that wait as well; gets take what is
 * left, then return it too. immediate: what is left is dropped and counts as done.
 */
void async_queue_shutdown(struct async_queue *queue, bool immediate);

#ifdef __cplusplus
}
#endif
#endif
