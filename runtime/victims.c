/* SPDX-License-Identifier: MIT */
/* victims.c - see victims.h. */
#include "runtime/victims.h"

#include <stddef.h>
#include <string.h>

#include "runtime/base.h"
#include "runtime/symbol/maps.h"
#include "runtime/task.h"

enum { DEPTH = 64 };

static bool peek(void *copy, size_t size, const void *from)
{
	return from != NULL && maps_read(copy, size, (uintptr_t)from) == size;
}

/* The task whose wake-up the handle at that address is; NULL: it is a callback. */
static const struct task *task_of_handle(const struct async_handle *handle, const void *address)
{
	const struct task *task = handle->arg;

	return handle->run == task_step && &task->step == address ? task : NULL;
}

static void count_ready(const struct async_list *head, struct victims *victims)
{
	struct async_list list;
	struct async_handle handle;

	if (!peek(&list, sizeof list, head))
		return;
	for (const struct async_list *node = list.next; node != NULL && node != head;
	     node = handle.node.next) {
		const void *address = container_of(node, struct async_handle, node);

		if (victims->tasks + victims->callbacks == VICTIMS_MAX ||
		    !peek(&handle, sizeof handle, address))
			return;
		if (task_of_handle(&handle, address))
			victims->tasks++;
		else
			victims->callbacks++;
	}
}

/* ---- Timers ---------------------------------------------------------------------------------- */

/* The due ones are a tree at the root of the heap: below one that is not due, none is. */
static void count_late(const struct async_timer *root, int64_t now, struct victims *victims)
{
	const struct async_timer *left[DEPTH];
	size_t count = 1;

	left[0] = root;
	for (int looks = 0; count > 0 && looks < VICTIMS_MAX; looks++) {
		struct async_timer timer;

		if (!peek(&timer, sizeof timer, left[--count]))
			continue;
		if (timer.sibling != NULL && count < DEPTH)
			left[count++] = timer.sibling;
		if (timer.when > now)
			continue;
		victims->late++;
		if (timer.child != NULL && count < DEPTH)
			left[count++] = timer.child;
	}
}

/* A sleep's and a wait's timer completes a future on the stack of the task that waits on it. */
static const struct task *task_of_future_at(const struct async_future *address)
{
	struct async_future future;
	struct async_handle handle;
	const void *first;

	if (!peek(&future, sizeof future, address) || future.callbacks.next == NULL)
		return NULL;
	first = container_of(future.callbacks.next, struct async_handle, node);
	return peek(&handle, sizeof handle, first) ? task_of_handle(&handle, first) : NULL;
}

/* That of a timeout lies in the timeout, which knows its task. */
static const struct task *task_of_timeout_at(const struct async_timeout *address,
					     const struct async_loop *loop)
{
	struct async_timeout limit;
	struct async_loop *its;
	const struct task *task;

	if (!peek(&limit, sizeof limit, address))
		return NULL;
	task = limit.task;
	return peek(&its, sizeof its, (const char *)task + offsetof(struct task, loop)) &&
			       its == loop
		       ? task
		       : NULL;
}

static void name_worst(const struct async_loop *loop, const struct async_timer *root, int64_t now,
		       struct victims *victims)
{
	struct async_timer timer;
	const struct task *task;

	if (!peek(&timer, sizeof timer, root))
		return;
	if (timer.when > now) {
		victims->next = timer.when - now;
		return;
	}
	victims->worst = now - timer.when;
	task = timer.handle.arg == root ? task_of_timeout_at((const void *)root, loop)
					: task_of_future_at(timer.handle.arg);
	victims->has_task = task != NULL;
	if (task != NULL)
		task_describe(task, &victims->task);
}

/* ---- Interface ------------------------------------------------------------------------------- */

static const struct async_loop *loop_of_heartbeat(const struct heartbeat *hb)
{
	return (const void *)((const char *)hb - offsetof(struct async_loop, heartbeat));
}

int64_t victims_lag(const struct heartbeat *hb, int64_t now)
{
	struct timer_heap timers;
	struct async_timer first;

	return peek(&timers, sizeof timers, &loop_of_heartbeat(hb)->timers) &&
			       peek(&first, sizeof first, timers.root) && first.when < now
		       ? now - first.when
		       : 0;
}

bool victims_turn(const struct heartbeat *hb, struct account_turn *turn)
{
	return peek(turn, sizeof *turn, &loop_of_heartbeat(hb)->account.turn);
}

void victims_look(const struct heartbeat *hb, int64_t now, struct victims *victims)
{
	const struct async_loop *loop = loop_of_heartbeat(hb);
	struct timer_heap timers;

	memset(victims, 0, sizeof *victims);
	count_ready(&loop->batch, victims);
	count_ready(&loop->ready, victims);
	if (!peek(&timers, sizeof timers, &loop->timers) || timers.root == NULL)
		return;
	count_late(timers.root, now, victims);
	name_worst(loop, timers.root, now, victims);
}

bool victims_awaiter(const void *data, struct task_view *awaiter)
{
	const struct task *task = data, *waiting = task_of_future_at(&task->future);

	if (waiting != NULL)
		task_describe(waiting, awaiter);
	return waiting != NULL;
}
