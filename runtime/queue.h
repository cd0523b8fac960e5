/* SPDX-License-Identifier: MIT */
/* queue.h - the items of a queue as queue.c uses them; nothing here waits or wakes. */
#ifndef LOOPHOUND_RUNTIME_QUEUE_H
#define LOOPHOUND_RUNTIME_QUEUE_H

#include "runtime/async.h"

/* Makes room for one item more: 0, or ASYNC_ENOMEM. */
int queue_items_reserve(struct async_queue *queue);
/* There must be room. */
void queue_items_put(struct async_queue *queue, void *item);
/* The item that is next by the queue's kind. There must be one. */
void *queue_items_take(struct async_queue *queue);

#endif
