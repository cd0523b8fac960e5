/* SPDX-License-Identifier: MIT */
/* test_fd_readers.c - readers and writers by callback; their turns are scenarios in conformance/. */
#include <fcntl.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };
static int ends[2];
static int calls;

static void open_pipe(void)
{
	CHECK_INT(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
}

static void close_pipe(void)
{
	CHECK_INT(async_close(ends[0]), 0);
	CHECK_INT(async_close(ends[1]), 0);
}

static size_t fds(void)
{
	struct async_counts counts;

	async_count(&counts);
	return counts.fds;
}

static void count(void *arg)
{
	(void)arg;
	calls++;
}

static int level_triggered(void *arg)
{
	char byte;

	open_pipe();
	CHECK_INT(async_add_reader(ends[0], count, arg), 0);
	for (int round = 0; round < 3; round++) {
		async_sleep(0.001);
		CHECK_INT(calls, 0);
		CHECK_INT(write(ends[1], "x", 1), 1);
		while (calls < 100)
			async_sleep(0);
		CHECK_INT(read(ends[0], &byte, 1), 1);
		async_sleep(0);
		async_sleep(0);
		calls = 0;
	}
	CHECK(async_remove_reader(ends[0]));
	CHECK_INT(fds(), 0);
	close_pipe();
	return 0;
}

TEST(a_reader_is_called_while_there_is_something_and_not_otherwise)
{
	CHECK_INT(async_run(level_triggered, NULL), 0);
	CHECK_INT(async_run_with(level_triggered, NULL, &virtual_clock), 0);
}

static int every_turn(void *arg)
{
	uint64_t start;

	open_pipe();
	CHECK_INT(async_add_writer(ends[1], count, arg), 0);
	async_sleep(0);
	start = async_loop_turns();
	calls = 0;
	while (async_loop_turns() < start + 1000)
		async_sleep(0);
	CHECK_INT(calls, 1000);
	close_pipe();
	return 0;
}

TEST(a_writer_is_called_once_in_each_turn_also_when_other_work_is_ready)
{
	CHECK_INT(async_run(every_turn, NULL), 0);
}

static int wait_readable(void *arg)
{
	return async_wait_readable(*(int *)arg);
}

static int one_at_a_time(void *arg)
{
	struct async_task *task;

	open_pipe();
	CHECK_INT(async_add_reader(ends[0], count, arg), 0);
	CHECK_INT(async_wait_readable(ends[0]), ASYNC_EBUSY);
	CHECK_CONTAINS(async_raised(ASYNC_EBUSY)->message, "has a callback already, added at");
	CHECK(async_remove_reader(ends[0]));
	task = async_create_task(wait_readable, &ends[0]);
	async_sleep(0);
	CHECK_INT(async_add_reader(ends[0], count, arg), ASYNC_EBUSY);
	CHECK_CONTAINS(async_raised(ASYNC_EBUSY)->message, "is waited for already, at");
	/* The other direction is free, and outlives the task's wait. */
	CHECK_INT(async_add_writer(ends[0], count, arg), 0);
	async_cancel(task);
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	CHECK_INT(fds(), 1);
	CHECK(async_remove_writer(ends[0]));
	CHECK_INT(fds(), 0);
	close_pipe();
	return 0;
}

TEST(a_task_and_a_callback_cannot_have_one_direction_both)
{
	CHECK_INT(async_run(one_at_a_time, NULL), 0);
}

static int other_fds(void *arg)
{
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	CHECK_INT(async_add_reader(file, count, arg), -EPERM);
	CHECK_INT(async_add_reader(-1, count, arg), -EBADF);
	CHECK_INT(async_add_writer(15000, count, arg), -EBADF);
	CHECK(!async_remove_reader(-1) && !async_remove_writer(15000));
	CHECK_INT(fds(), 0);
	close(file);
	return 0;
}

TEST(what_cannot_be_polled_is_refused)
{
	CHECK_INT(async_run(other_fds, NULL), 0);
}

static int closed(void *arg)
{
	open_pipe();
	CHECK_INT(write(ends[1], "x", 1), 1);
	CHECK_INT(async_add_reader(ends[0], count, arg), 0);
	CHECK_INT(async_add_writer(ends[1], count, arg), 0);
	async_sleep(0);
	calls = 0;
	close_pipe();
	CHECK(!async_remove_reader(ends[0]) && !async_remove_writer(ends[1]));
	CHECK_INT(fds(), 0);
	async_sleep(0);
	CHECK_INT(calls, 0);
	return 0;
}

TEST(async_close_drops_the_callbacks)
{
	CHECK_INT(async_run(closed, NULL), 0);
}

static int *other;

static void close_other(void *arg)
{
	(void)arg;
	calls++;
	async_close(*other);
}

static int closed_by_the_first(void *arg)
{
	int more[2];

	open_pipe();
	CHECK_INT(pipe2(more, O_CLOEXEC), 0);
	other = &more[1];
	CHECK_INT(async_add_writer(ends[1], close_other, arg), 0);
	CHECK_INT(async_add_writer(more[1], count, arg), 0);
	/* In its turn a task comes before what the poller has found. */
	async_sleep(0);
	async_sleep(0);
	CHECK(async_remove_writer(ends[1]));
	async_sleep(0);
	CHECK_INT(calls, 1);
	close(more[0]);
	close_pipe();
	return 0;
}

TEST(a_callback_may_close_the_fd_of_one_that_is_due_after_it)
{
	CHECK_INT(async_run(closed_by_the_first, NULL), 0);
}

static struct async_future done;

static void complete(void *arg)
{
	(void)arg;
	async_remove_reader(ends[0]);
	async_future_set_result(&done, 0);
}

static int write_later(void *arg)
{
	(void)arg;
	usleep(2000);
	return write(ends[1], "x", 1) == 1 ? 0 : -EIO;
}

static int not_deadlocked(void *arg)
{
	(void)arg;
	open_pipe();
	async_future_init(&done);
	CHECK_INT(async_add_reader(ends[0], complete, NULL), 0);
	CHECK_INT(async_to_thread(write_later, NULL), 0);
	CHECK_INT(async_future_await(&done), 0);
	/* With nobody to write and nobody to wake, it is one. */
	async_future_init(&done);
	CHECK_INT(async_future_await(&done), ASYNC_ECANCELED);
	close_pipe();
	return 7;
}

TEST(a_loop_with_a_reader_waits_and_without_one_it_is_a_deadlock)
{
	CHECK_INT(async_run(not_deadlocked, NULL), ASYNC_EDEADLOCK);
}

static int left_over(void *arg)
{
	open_pipe();
	return async_add_reader(ends[0], count, arg);
}

TEST(callbacks_that_are_left_go_with_their_loop)
{
	CHECK_INT(async_run(left_over, NULL), 0);
	close(ends[0]);
	close(ends[1]);
}

static int raw_close(void *arg)
{
	open_pipe();
	CHECK_INT(async_add_reader(ends[0], count, arg), 0);
	close(ends[0]);
	return async_sleep(0);
}

TEST(a_raw_close_of_a_watched_fd_aborts_and_says_where_it_was_added)
{
	async_watchdog_configure(&(struct async_watchdog_options){ .limit = -1 });
	EXPECT_ABORT(async_run(raw_close, NULL), "was closed with close(2)",
		     "added at tests/test_fd_readers.c:");
}

static int add_and_remove(void *arg)
{
	CHECK_INT(pipe(ends), 0);
	if (async_add_reader(ends[0], count, arg) == 0)
		CHECK(async_remove_reader(ends[0]));
	CHECK_INT(fds(), 0);
	close_pipe();
	return 0;
}

static void without_luck(void)
{
	async_run_with(add_and_remove, NULL, &virtual_clock);
}

TEST(every_allocation_and_system_call_may_fail)
{
	for_each_failing_allocation(without_luck);
	for_each_failing_syscall(without_luck);
}
