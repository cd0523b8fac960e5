/* SPDX-License-Identifier: MIT */
/*
 * test_condition.c - Condition: whoever waited has the lock again, notifications reach those who can
 * use them, and what is refused.
 */
#include <stdio.h>

#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static void run(int (*fn)(void *arg))
{
	CHECK_INT(async_run_with(fn, NULL, &virtual_clock), 0);
}

struct waiter {
	struct async_condition *condition;
	const char *name;
	struct async_task *task;
};

static char order[64];

static void note(const char *text)
{
	snprintf(order + strlen(order), sizeof order - strlen(order), "%s", text);
}

static int wait_once(void *arg)
{
	const struct waiter *waiter = arg;
	int rc;

	CHECK_INT(async_condition_acquire(waiter->condition), 0);
	rc = async_condition_wait(waiter->condition);
	note(waiter->name);
	note(rc == 0 ? " " : "! ");
	CHECK(async_condition_locked(waiter->condition));
	CHECK_INT(async_condition_release(waiter->condition), 0);
	return rc;
}

static void start(struct waiter *waiters, int count, struct async_condition *condition)
{
	static const char *const names[] = { "A", "B", "C", "D" };

	order[0] = '\0';
	for (int i = 0; i < count; i++) {
		waiters[i] = (struct waiter){ condition, names[i], NULL };
		waiters[i].task = async_create_task(wait_once, &waiters[i]);
	}
	async_sleep(0);
}

static void yield(int times)
{
	while (times-- > 0)
		CHECK_INT(async_sleep(0), 0);
}

static void notify(struct async_condition *condition, int n)
{
	CHECK_INT(async_condition_acquire(condition), 0);
	CHECK_INT(n < 0 ? async_condition_notify_all(condition)
			: async_condition_notify(condition, n),
		  0);
	CHECK_INT(async_condition_release(condition), 0);
	yield(10);
}

static int in_order(void *arg)
{
	struct async_condition condition = { 0 };
	struct waiter waiters[4];

	(void)arg;
	start(waiters, 4, &condition);
	notify(&condition, 0);
	CHECK_STR(order, "");
	notify(&condition, 2);
	CHECK_STR(order, "A B ");
	notify(&condition, -1);
	CHECK_STR(order, "A B C D ");
	notify(&condition, 7);
	return 0;
}

TEST(notify_wakes_so_many_in_order_and_notify_all_the_rest)
{
	run(in_order);
}

/* A is cancelled while it waits, and twice while it queues for the lock that main has. */
static int cancelled_again_and_again(void *arg)
{
	struct async_condition condition = { 0 };
	struct waiter a;

	(void)arg;
	start(&a, 1, &condition);
	CHECK_INT(async_condition_acquire(&condition), 0);
	for (int i = 0; i < 3; i++) {
		async_cancel(a.task);
		yield(3);
		CHECK(!async_task_done(a.task));
	}
	CHECK_INT(async_condition_release(&condition), 0);
	CHECK_INT(async_await(a.task), ASYNC_ECANCELED);
	CHECK_STR(order, "A! ");
	CHECK(!async_condition_locked(&condition));
	return 0;
}

TEST(who_is_cancelled_comes_back_with_the_lock_however_often)
{
	run(cancelled_again_and_again);
}

/* In level mode each wait fails; the one for the lock is repeated, and must still succeed. */
static int wait_in_a_scope(void *arg)
{
	struct waiter *a = arg;
	struct async_scope scope;
	int rc;

	async_scope_enter(&scope);
	rc = wait_once(a);
	CHECK_INT(async_sleep(1), ASYNC_ECANCELED);
	return async_scope_exit(&scope, rc);
}

static int cancelled_in_a_scope(void *arg)
{
	struct async_condition condition = { 0 };
	struct waiter a = { &condition, "A", NULL };

	(void)arg;
	order[0] = '\0';
	a.task = async_create_task(wait_in_a_scope, &a);
	yield(1);
	CHECK_INT(async_condition_acquire(&condition), 0);
	async_cancel(a.task);
	yield(3);
	CHECK_INT(async_condition_release(&condition), 0);
	CHECK_INT(async_await(a.task), ASYNC_ECANCELED);
	CHECK_STR(order, "A! ");
	return 0;
}

TEST(who_is_cancelled_for_good_comes_back_with_the_lock_too)
{
	run(cancelled_in_a_scope);
}

/* Notified, then cancelled on the way to the lock: the notification is B's. */
static int passed_on(void *arg)
{
	struct async_condition condition = { 0 };
	struct waiter waiters[2];

	(void)arg;
	start(waiters, 2, &condition);
	CHECK_INT(async_condition_acquire(&condition), 0);
	CHECK_INT(async_condition_notify(&condition, 1), 0);
	yield(2);
	async_cancel(waiters[0].task);
	yield(2);
	CHECK_STR(order, "");
	CHECK_INT(async_condition_release(&condition), 0);
	yield(5);
	CHECK_STR(order, "A! B ");
	return 0;
}

TEST(a_notification_is_passed_on_by_who_leaves_with_an_error)
{
	run(passed_on);
}

static int shared_lock(void *arg)
{
	struct async_lock lock = { 0 };
	struct async_condition first = { .lock = &lock }, second = { .lock = &lock };
	struct waiter a, b;

	(void)arg;
	start(&a, 1, &first);
	start(&b, 1, &second);
	CHECK_INT(async_lock_acquire(&lock), 0);
	CHECK(async_condition_locked(&first) && async_condition_locked(&second));
	CHECK_INT(async_condition_notify_all(&second), 0);
	CHECK_INT(async_lock_release(&lock), 0);
	CHECK_INT(async_await(b.task), 0);
	CHECK(!async_task_done(a.task));
	notify(&first, 1);
	CHECK(async_task_done(a.task));
	return 0;
}

TEST(two_conditions_share_a_lock_and_not_their_waiters)
{
	run(shared_lock);
}

static int count_down(void *arg)
{
	int *calls = arg;

	return --*calls == 0 ? -ERANGE : 0;
}

static int always(void *arg)
{
	(void)arg;
	return 42;
}

static int failing_predicate(void *arg)
{
	struct async_condition condition = { 0 };
	int calls = 1;

	(void)arg;
	CHECK_INT(async_condition_acquire(&condition), 0);
	CHECK_INT(async_condition_wait_for(&condition, always, NULL), 42);
	CHECK_INT(async_condition_wait_for(&condition, count_down, &calls), -ERANGE);
	CHECK(async_condition_locked(&condition));
	CHECK_INT(async_condition_release(&condition), 0);
	return 0;
}

TEST(wait_for_returns_the_value_of_its_predicate_also_a_failure_and_holds_the_lock)
{
	run(failing_predicate);
}

static void check_text(const char *text)
{
	const struct async_error *error = async_raised(ASYNC_ERUNTIME);

	CHECK(error != NULL);
	CHECK_STR(error->message, text);
}

static int without_lock(void *arg)
{
	struct async_condition condition = { 0 };
	int calls = 5;

	(void)arg;
	CHECK_INT(async_condition_notify(&condition, 1), ASYNC_ERUNTIME);
	check_text("cannot notify on un-acquired lock");
	CHECK_INT(async_condition_wait(&condition), ASYNC_ERUNTIME);
	check_text("cannot wait on un-acquired lock");
	CHECK_INT(async_condition_notify_all(&condition), ASYNC_ERUNTIME);
	check_text("cannot notify on un-acquired lock");
	CHECK_INT(async_condition_wait_for(&condition, count_down, &calls), ASYNC_ERUNTIME);
	check_text("cannot wait on un-acquired lock");
	CHECK_INT(calls, 4);
	CHECK_INT(async_condition_release(&condition), ASYNC_ERUNTIME);
	check_text("Lock is not acquired.");
	return 0;
}

TEST(without_the_lock_wait_and_notify_are_refused_in_asyncio_s_words)
{
	run(without_lock);
}
