/* SPDX-License-Identifier: MIT */
/*
 * sync.c - Semaphore and Event, on the one waiter primitive.
 *
 * A waiter is a future and a list node on the waiting coroutine's stack. The one rule: a waiter that
 * was woken and then cancelled passes the wake-up on. For the semaphore that makes it fair, too: a
 * slot is handed to the first waiter at once, and no newcomer can take it in between.
 */
#include "runtime/future.h"
#include "runtime/list.h"
#include "runtime/task.h"

struct waiter {
	struct async_list node;
	struct async_future future;
};

static int wait_in(struct async_list *waiters, struct waiter *waiter, struct task *task,
		   const char *here)
{
	int rc;

	waiter->node = (struct async_list){ 0 };
	async_future_init(&waiter->future);
	list_append(waiters, &waiter->node);
	rc = future_wait(task, here, &waiter->future);
	list_remove(&waiter->node);
	return rc;
}

/* The first waiter that is not done is woken. False: there is none. */
static bool wake_next(struct async_list *waiters)
{
	list_for_each(node, waiters)
		if (async_future_set_result(&container_of(node, struct waiter, node)->future, 0) ==
		    0)
			return true;
	return false;
}

int async_semaphore_init(struct async_semaphore *semaphore, int value)
{
	if (value < 0)
		return async_raise(ASYNC_EINVAL, "Semaphore initial value must be >= 0");
	*semaphore = (struct async_semaphore){ .value = value };
	return 0;
}

/* Also when a waiter has its slot already but has not run yet: a newcomer queues behind it. */
bool async_semaphore_locked(const struct async_semaphore *semaphore)
{
	if (semaphore->value == 0)
		return true;
	list_for_each(node, &semaphore->waiters)
		if (container_of(node, struct waiter, node)->future.state != ASYNC_CANCELLED)
			return true;
	return false;
}

static void hand_out(struct async_semaphore *semaphore)
{
	while (semaphore->value > 0 && wake_next(&semaphore->waiters))
		semaphore->value--;
}

int async_semaphore_acquire_at(const char *here, struct async_semaphore *semaphore)
{
	struct task *task = task_here(here, "async_semaphore_acquire");
	struct waiter waiter;
	int rc;

	if (!async_semaphore_locked(semaphore)) {
		semaphore->value--;
		return 0;
	}
	rc = wait_in(&semaphore->waiters, &waiter, task, here);
	if (rc < 0 && waiter.future.state == ASYNC_FINISHED)
		semaphore->value++;
	/* New waiters may have queued only because of the order. */
	hand_out(semaphore);
	return rc;
}

void async_semaphore_release(struct async_semaphore *semaphore)
{
	semaphore->value++;
	if (wake_next(&semaphore->waiters))
		semaphore->value--;
}

void async_event_set(struct async_event *event)
{
	if (event->value)
		return;
	event->value = true;
	list_for_each(node, &event->waiters)
		async_future_set_result(&container_of(node, struct waiter, node)->future, 0);
}

void async_event_clear(struct async_event *event)
{
	event->value = false;
}

bool async_event_is_set(const struct async_event *event)
{
	return event->value;
}

int async_event_wait_at(const char *here, struct async_event *event)
{
	struct task *task = task_here(here, "async_event_wait");
	struct waiter waiter;

	if (event->value)
		return 0;
	return wait_in(&event->waiters, &waiter, task, here);
}
