/* SPDX-License-Identifier: MIT */
/* victims.c - see victims.h. */
#include "runtime/victims.h"

#include <stddef.h>
#include <string.h>

#include "runtime/base.h"
#include "runtime/chain.h"
#include "runtime/task.h"

enum { DEPTH = 64 };

static void count_ready(const struct async_list *head, struct victims *victims)
{
	struct async_list list;
	struct async_handle handle;

	if (!chain_peek(&list, head, sizeof list))
		return;
	for (const struct async_list *node = list.next; node != NULL && node != head;
	     node = handle.node.next) {
		const void *address = container_of(node, struct async_handle, node);

		if (victims->tasks + victims->callbacks == VICTIMS_MAX ||
		    !chain_peek(&handle, address, sizeof handle))
			return;
		if (chain_task_of(&handle, address))
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

		if (!chain_peek(&timer, left[--count], sizeof timer))
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

/* That of a timeout lies in the timeout, which knows its task. */
static const struct task *task_of_timeout_at(const struct async_timeout *address,
					     const struct async_loop *loop)
{
	struct async_timeout limit;
	struct async_loop *its;
	const struct task *task;

	if (!chain_peek(&limit, address, sizeof limit))
		return NULL;
	task = limit.task;
	return chain_peek(&its, (const char *)task + offsetof(struct task, loop), sizeof its) &&
			       its == loop
		       ? task
		       : NULL;
}

static void name_worst(const struct async_loop *loop, const struct async_timer *root, int64_t now,
		       struct victims *victims)
{
	struct async_timer timer;
	const struct task *task;

	if (!chain_peek(&timer, root, sizeof timer))
		return;
	if (timer.when > now) {
		victims->next = timer.when - now;
		return;
	}
	victims->worst = now - timer.when;
	task = timer.handle.arg == root ? task_of_timeout_at((const void *)root, loop)
					: chain_waiter(timer.handle.arg);
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

	return chain_peek(&timers, &loop_of_heartbeat(hb)->timers, sizeof timers) &&
			       chain_peek(&first, timers.root, sizeof first) && first.when < now
		       ? now - first.when
		       : 0;
}

bool victims_turn(const struct heartbeat *hb, struct account_turn *turn)
{
	return chain_peek(turn, &loop_of_heartbeat(hb)->account.turn, sizeof *turn);
}

void victims_look(const struct heartbeat *hb, int64_t now, struct victims *victims)
{
	const struct async_loop *loop = loop_of_heartbeat(hb);
	struct timer_heap timers;

	memset(victims, 0, sizeof *victims);
	count_ready(&loop->batch, victims);
	count_ready(&loop->ready, victims);
	if (!chain_peek(&timers, &loop->timers, sizeof timers) || timers.root == NULL)
		return;
	count_late(timers.root, now, victims);
	name_worst(loop, timers.root, now, victims);
}

bool victims_awaiter(const void *data, struct task_view *awaiter)
{
	const struct task *task = data, *waiting = chain_waiter(&task->future);

	if (waiting != NULL)
		task_describe(waiting, awaiter);
	return waiting != NULL;
}
