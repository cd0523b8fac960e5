/* SPDX-License-Identifier: MIT */
/* semaphores.c - Semaphore, BoundedSemaphore and Event. Names as in asyncio_probe.py. */
#include "tests/conformance/trace.h"

struct user {
	struct async_semaphore *semaphore;
	const char *name;
};

static int take_twice(void *arg)
{
	struct user *user = arg;

	for (int i = 1; i <= 2; i++) {
		async_semaphore_acquire(user->semaphore);
		trace("%s %d", user->name, i);
		async_sleep(0.01);
		async_semaphore_release(user->semaphore);
	}
	return 0;
}

static struct async_task *user(int (*fn)(void *), struct async_semaphore *semaphore,
			       const char *name)
{
	struct user user = { semaphore, name };

	return async_create_task_copy(fn, &user, sizeof user);
}

SCENARIO(sem_fifo_reacquire)
{
	struct async_semaphore semaphore = ASYNC_SEMAPHORE(1);
	struct async_task *tasks[] = { user(take_twice, &semaphore, "A"),
				       user(take_twice, &semaphore, "B"),
				       user(take_twice, &semaphore, "C") };

	wait_all(tasks, 3);
	return 0;
}

static int take(void *arg)
{
	struct user *user = arg;
	int rc = async_semaphore_acquire(user->semaphore);

	if (rc == 0)
		trace("%s got", user->name);
	return rc;
}

SCENARIO(sem_cancel_woken)
{
	struct async_semaphore semaphore = ASYNC_SEMAPHORE(0);
	struct async_task *tasks[] = { user(take, &semaphore, "A"), user(take, &semaphore, "B") };

	yield(1);
	async_semaphore_release(&semaphore);
	async_cancel(tasks[0]);
	wait_all(tasks, 2);
	trace("A %s value %d", status(tasks[0]), semaphore.value);
	return 0;
}

SCENARIO(sem_new_acquirer_cannot_overtake)
{
	struct async_semaphore semaphore = ASYNC_SEMAPHORE(0);
	struct async_task *a = user(take, &semaphore, "A");

	yield(1);
	async_semaphore_release(&semaphore);
	async_semaphore_release(&semaphore);
	trace("value %d locked %s", semaphore.value,
	      async_semaphore_locked(&semaphore) ? "True" : "False");
	async_semaphore_acquire(&semaphore);
	trace("main got");
	async_await(a);
	return 0;
}

static int wait_event(void *arg)
{
	struct async_event *event = *(struct async_event **)arg;

	if (async_event_wait(event) == 0)
		trace("woke -> True is_set %s", async_event_is_set(event) ? "True" : "False");
	return 0;
}

SCENARIO(event_set_clear_still_wakes)
{
	struct async_event event = { 0 }, *pointer = &event;
	struct async_task *task = async_create_task_copy(wait_event, &pointer, sizeof pointer);

	yield(1);
	async_event_set(&event);
	async_event_clear(&event);
	async_await(task);
	return 0;
}

SCENARIO(bounded_semaphore_over_release)
{
	struct async_semaphore semaphore = ASYNC_BOUNDED_SEMAPHORE(1);

	if (async_semaphore_release(&semaphore) == ASYNC_EINVAL)
		trace("ValueError %s", async_raised(ASYNC_EINVAL)->message);
	return 0;
}
