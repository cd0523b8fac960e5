/* SPDX-License-Identifier: MIT */
/*
 * queue_items.c - which item of a queue is next: an array used as a ring, a stack, or a heap.
 *
 * The ring begins at first; stack and heap begin at 0. The heap sifts as Python's heapq does, so
 * that equal items come out in the same order.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/queue.h"

#define CAPACITY_MIN 8

/* Into a larger array the ring is laid out straight. */
int queue_items_reserve(struct async_queue *queue)
{
	size_t capacity = queue->capacity ? queue->capacity * 2 : CAPACITY_MIN;
	size_t behind = queue->capacity - queue->first;
	void **items;

	if (queue->count < queue->capacity)
		return 0;
	if (queue->maxsize > 0)
		capacity = (size_t)queue->maxsize;
	items = calloc(capacity, sizeof *items);
	if (!items)
		return ASYNC_ENOMEM;
	if (queue->count) {
		memcpy(items, queue->items + queue->first, behind * sizeof *items);
		memcpy(items + behind, queue->items, queue->first * sizeof *items);
	}
	free(queue->items);
	queue->items = items;
	queue->first = 0;
	queue->capacity = capacity;
	return 0;
}

static bool before(const struct async_queue *queue, const void *a, const void *b)
{
	return queue->compare(a, b) < 0;
}

/* Moves the item towards the root as long as it comes before its parent. */
static void sift_up(struct async_queue *queue, size_t place)
{
	void *item = queue->items[place];

	while (place > 0 && before(queue, item, queue->items[(place - 1) / 2])) {
		queue->items[place] = queue->items[(place - 1) / 2];
		place = (place - 1) / 2;
	}
	queue->items[place] = item;
}

/* The hole at the root goes down to a leaf, along the smaller children; item rises from there. */
static void refill_root(struct async_queue *queue, void *item)
{
	size_t place = 0, child;

	while ((child = 2 * place + 1) < queue->count) {
		if (child + 1 < queue->count &&
		    !before(queue, queue->items[child], queue->items[child + 1]))
			child++;
		queue->items[place] = queue->items[child];
		place = child;
	}
	queue->items[place] = item;
	sift_up(queue, place);
}

void queue_items_put(struct async_queue *queue, void *item)
{
	size_t place = queue->first + queue->count++;

	if (place >= queue->capacity)
		place -= queue->capacity;
	queue->items[place] = item;
	if (queue->kind == ASYNC_QUEUE_PRIORITY)
		sift_up(queue, place);
}

static void *take_first(struct async_queue *queue)
{
	void *item = queue->items[queue->first];

	queue->count--;
	if (++queue->first == queue->capacity)
		queue->first = 0;
	return item;
}

static void *take_smallest(struct async_queue *queue)
{
	void *smallest = queue->items[0], *last = queue->items[--queue->count];

	if (queue->count)
		refill_root(queue, last);
	return smallest;
}

void *queue_items_take(struct async_queue *queue)
{
	if (queue->kind == ASYNC_QUEUE_FIFO)
		return take_first(queue);
	if (queue->kind == ASYNC_QUEUE_LIFO)
		return queue->items[--queue->count];
	return take_smallest(queue);
}
