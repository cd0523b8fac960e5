/* SPDX-License-Identifier: MIT */
/* locks.c - Lock, Condition and Barrier. Names as in asyncio_probe.py. */
#include "tests/conformance/trace.h"

struct user {
	struct async_lock *lock;
	const char *name;
};

static int take_and_release(void *arg)
{
	const struct user *user = arg;
	int rc = async_lock_acquire(user->lock);

	if (rc < 0)
		return rc;
	trace("%s got", user->name);
	async_lock_release(user->lock);
	trace("%s released", user->name);
	return 0;
}

static struct async_task *user(struct async_lock *lock, const char *name)
{
	struct user user = { lock, name };

	return async_create_task_copy(take_and_release, &user, sizeof user);
}

SCENARIO(lock_fifo_no_barging)
{
	struct async_lock lock = { 0 };
	struct async_task *b;

	async_lock_acquire(&lock);
	b = user(&lock, "B");
	yield(1);
	async_lock_release(&lock);
	trace("released; locked %s", async_lock_locked(&lock) ? "True" : "False");
	async_lock_acquire(&lock);
	trace("A reacquired");
	async_lock_release(&lock);
	return async_await(b);
}

SCENARIO(lock_cancel_woken_waiter)
{
	struct async_lock lock = { 0 };
	struct async_task *tasks[2];

	async_lock_acquire(&lock);
	tasks[0] = user(&lock, "B");
	tasks[1] = user(&lock, "C");
	yield(1);
	async_lock_release(&lock);
	async_cancel(tasks[0]);
	wait_all(tasks, 2);
	trace("B %s C %s", status(tasks[0]),
	      async_task_result(tasks[1]) == 0 ? "result None" : "failed");
	return 0;
}

/* The exception that the last call recorded. */
static void trace_error(const char *name, int code)
{
	const struct async_error *error = async_raised(code);

	trace("%s %s", name, error ? error->message : "nothing was raised");
}

SCENARIO(lock_release_unlocked)
{
	struct async_lock lock = { 0 };

	if (async_lock_release(&lock) == ASYNC_ERUNTIME)
		trace_error("RuntimeError", ASYNC_ERUNTIME);
	return 0;
}

/* ---- Condition ------------------------------------------------------------------------------- */

struct shop {
	struct async_condition changed;
	int items;
};

struct consumer {
	struct shop *shop;
	const char *name;
};

static int has_items(void *arg)
{
	return ((struct shop *)arg)->items > 0;
}

static int consume(void *arg)
{
	const struct consumer *consumer = arg;
	struct shop *shop = consumer->shop;
	int rc = async_condition_acquire(&shop->changed);

	if (rc < 0)
		return rc;
	rc = async_condition_wait_for(&shop->changed, has_items, shop);
	if (rc > 0) {
		shop->items--;
		trace("%s consumed", consumer->name);
		rc = 0;
	}
	async_condition_release(&shop->changed);
	return rc;
}

static struct async_task *consumer(struct shop *shop, const char *name)
{
	struct consumer consumer = { shop, name };

	return async_create_task_copy(consume, &consumer, sizeof consumer);
}

SCENARIO(cond_cancel_notified)
{
	struct shop shop = { 0 };
	struct async_task *tasks[] = { consumer(&shop, "c0"), consumer(&shop, "c1") };

	yield(1);
	async_condition_acquire(&shop.changed);
	shop.items = 1;
	async_condition_notify(&shop.changed, 1);
	async_cancel(tasks[0]);
	async_condition_release(&shop.changed);
	wait_all(tasks, 2);
	trace("c0 %s c1 %s", status(tasks[0]),
	      async_task_result(tasks[1]) == 0 ? "result None" : "failed");
	return 0;
}

SCENARIO(cond_notify_unlocked)
{
	struct async_condition condition = { 0 };

	if (async_condition_notify(&condition, 1) == ASYNC_ERUNTIME)
		trace_error("RuntimeError", ASYNC_ERUNTIME);
	if (async_condition_notify_all(&condition) == ASYNC_ERUNTIME)
		trace_error("RuntimeError", ASYNC_ERUNTIME);
	if (async_condition_wait(&condition) == ASYNC_ERUNTIME)
		trace_error("RuntimeError", ASYNC_ERUNTIME);
	return 0;
}

/* ---- Barrier --------------------------------------------------------------------------------- */

struct party {
	struct async_barrier *barrier;
	const char *name;
};

static int arrive(void *arg)
{
	const struct party *party = arg;

	trace("%s arrives", party->name);
	trace("%s index %d", party->name, async_barrier_wait(party->barrier));
	return 0;
}

SCENARIO(barrier)
{
	struct async_barrier three = ASYNC_BARRIER(3);
	struct party parties[] = { { &three, "A" }, { &three, "B" }, { &three, "C" } };
	struct async_task *tasks[3];

	for (int i = 0; i < 3; i++)
		tasks[i] = async_create_task(arrive, &parties[i]);
	return async_gather(tasks, 3, ASYNC_RAISE, NULL);
}
