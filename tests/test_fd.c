/* SPDX-License-Identifier: MIT */
/* test_fd.c - waiting on fds: readiness, cancellation, closing under a waiter, raw closes, budget. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/fd.h"
#include "tests/harness.h"

static int ends[2];

static int wait_readable(void *arg)
{
	(void)arg;
	return async_wait_readable(ends[0]);
}

static int pipe_wakes(void *arg)
{
	struct async_task *task;
	char byte;

	CHECK_INT(pipe2(ends, O_NONBLOCK), 0);
	for (int i = 0; i < 3; i++) {
		task = async_create_task(wait_readable, arg);
		async_sleep(0.001);
		CHECK(!async_task_done(task));
		CHECK_INT(write(ends[1], "x", 1), 1);
		CHECK_INT(async_await(task), 0);
		CHECK_INT(read(ends[0], &byte, 1), 1);
	}
	CHECK_INT(async_wait_writable(ends[1]), 0);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

TEST(a_task_waits_until_the_pipe_has_a_byte)
{
	CHECK_INT(async_run(pipe_wakes, NULL), 0);
}

static int level_triggered(void *arg)
{
	(void)arg;
	CHECK_INT(pipe2(ends, O_NONBLOCK), 0);
	CHECK_INT(write(ends[1], "abc", 3), 3);
	for (int i = 0; i < 200; i++)
		CHECK_INT(async_wait_readable(ends[0]), 0);
	CHECK_INT(async_close(ends[0]), 0);
	CHECK_INT(async_close(ends[1]), 0);
	/* A number that nobody has; those just closed may belong to another thread by now. */
	CHECK_INT(async_close(15000), -EBADF);
	CHECK_INT(async_wait_readable(15000), -EBADF);
	return 0;
}

TEST(the_public_wait_is_level_triggered)
{
	CHECK_INT(async_run(level_triggered, NULL), 0);
}

static int cancel_and_reuse(void *arg)
{
	struct async_task *task;
	struct async_counts counts;

	for (int i = 0; i < 3; i++) {
		CHECK_INT(pipe(ends), 0);
		task = async_create_task(wait_readable, arg);
		async_sleep(0);
		async_cancel(task);
		CHECK_INT(async_await(task), ASYNC_ECANCELED);
		async_count(&counts);
		CHECK_INT(counts.fds, 0);
		/* The registration is gone: the numbers may be used again at once. */
		close(ends[0]);
		close(ends[1]);
	}
	return 0;
}

TEST(a_cancelled_wait_leaves_no_registration)
{
	CHECK_INT(async_run(cancel_and_reuse, NULL), 0);
}

static int close_under_waiter(void *arg)
{
	struct async_task *task;

	CHECK_INT(pipe(ends), 0);
	task = async_create_task(wait_readable, arg);
	async_sleep(0);
	CHECK_INT(async_close(ends[0]), 0);
	CHECK_INT(async_await(task), ASYNC_ECLOSED);
	close(ends[1]);
	return 0;
}

TEST(async_close_wakes_the_waiter_with_an_error)
{
	CHECK_INT(async_run(close_under_waiter, NULL), 0);
}

static int second_reader(void *arg)
{
	struct async_task *task;

	CHECK_INT(pipe(ends), 0);
	task = async_create_task(wait_readable, arg);
	async_sleep(0);
	CHECK_INT(async_wait_readable(ends[0]), ASYNC_EBUSY);
	async_cancel(task);
	async_await(task);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

TEST(a_second_reader_is_refused)
{
	CHECK_INT(async_run(second_reader, NULL), 0);
}

static int raw_close(void *arg)
{
	struct async_task *task;

	CHECK_INT(pipe(ends), 0);
	task = async_create_task(wait_readable, arg);
	async_sleep(0);
	close(ends[0]);
	return async_await(task);
}

static int raw_close_and_reopen(void *arg)
{
	CHECK_INT(pipe(ends), 0);
	CHECK(async_create_task(wait_readable, arg) != NULL);
	async_sleep(0);
	close(ends[0]);
	CHECK_INT(dup2(ends[1], ends[0]), ends[0]);
	return fd_open(ASYNC_HERE, ends[0]);
}

TEST(a_raw_close_under_a_waiter_aborts_and_names_both_places)
{
	/* Its thread opens files, and one of them might get the number. */
	async_watchdog_configure(&(struct async_watchdog_options){ .limit = -1 });
	EXPECT_ABORT(async_run(raw_close, NULL), "was closed with close(2)",
		     "waits on it at tests/test_fd.c:");
	EXPECT_ABORT(async_run(raw_close_and_reopen, NULL), "was closed with close(2)",
		     "given to another one at tests/test_fd.c:");
}

static int regular_file(void *arg)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)arg;
	CHECK(fd >= 0);
	CHECK_INT(fd_open(ASYNC_HERE, fd), -EPERM);
	close(fd);
	return 0;
}

TEST(a_regular_file_cannot_be_polled)
{
	CHECK_INT(async_run(regular_file, NULL), 0);
}

/* ---- Sticky bits, for net/ ------------------------------------------------------------------- */

static int sticky(void *arg)
{
	(void)arg;
	CHECK_INT(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	CHECK_INT(fd_open(ASYNC_HERE, ends[0]), 0);
	CHECK(fd_ready(ends[0], FD_READ));
	CHECK_INT(fd_wait(ASYNC_HERE, ends[0], FD_READ), 0);
	fd_clear(ends[0], FD_READ);
	CHECK(!fd_ready(ends[0], FD_READ));
	CHECK_INT(write(ends[1], "x", 1), 1);
	CHECK_INT(fd_wait(ASYNC_HERE, ends[0], FD_READ), 0);
	CHECK(fd_ready(ends[0], FD_READ) && !fd_hangup(ends[0]));
	fd_clear(ends[0], FD_READ);
	close(ends[1]);
	CHECK_INT(fd_wait(ASYNC_HERE, ends[0], FD_READ), 0);
	CHECK(fd_hangup(ends[0]));
	CHECK_INT(fd_close(ASYNC_HERE, ends[0]), 0);
	return 0;
}

TEST(a_bit_stays_until_its_user_clears_it_and_the_next_edge_sets_it_again)
{
	CHECK_INT(async_run(sticky, NULL), 0);
}

static int unknown_fd(void *arg)
{
	(void)arg;
	return fd_wait(ASYNC_HERE, 77, FD_READ);
}

TEST(an_fd_that_was_never_opened_aborts)
{
	EXPECT_ABORT(async_run(unknown_fd, NULL), "fd 77 is not known to the loop");
}

static int greedy(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++)
		CHECK_INT(fd_budget(ASYNC_HERE), 0);
	return 0;
}

static int beside_greedy(void *arg)
{
	struct async_task *task = async_create_task(greedy, arg);
	int turns = 0;

	while (!async_task_done(task)) {
		async_sleep(0);
		turns++;
	}
	CHECK(turns >= 1000 / 64);
	return 0;
}

TEST(a_task_that_never_has_to_wait_yields_every_64th_operation)
{
	CHECK_INT(async_run(beside_greedy, NULL), 0);
}

/* ---- Watches ----------------------------------------------------------------------------------- */

static int watch_a_pipe(void *arg)
{
	struct async_future first, second;

	(void)arg;
	CHECK_INT(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	CHECK_INT(fd_open(ASYNC_HERE, ends[0]), 0);
	fd_clear(ends[0], FD_READ);
	async_future_init(&first);
	async_future_init(&second);
	CHECK_INT(fd_watch(ASYNC_HERE, ends[0], FD_READ, &first), 0);
	CHECK_INT(fd_watch(ASYNC_HERE, ends[0], FD_READ, &second), ASYNC_EBUSY);
	CHECK_INT(fd_wait(ASYNC_HERE, ends[0], FD_READ), ASYNC_EBUSY);
	CHECK(!async_future_done(&first));
	CHECK_INT(write(ends[1], "x", 1), 1);
	CHECK_INT(async_future_await(&first), 0);
	fd_unwatch(ends[0], FD_READ, &first);

	/* The bit is set: there is nothing to wait for. */
	CHECK_INT(fd_watch(ASYNC_HERE, ends[0], FD_READ, &second), 0);
	CHECK(async_future_done(&second));
	fd_unwatch(ends[0], FD_READ, &second);

	fd_clear(ends[0], FD_READ);
	async_future_init(&first);
	CHECK_INT(fd_watch(ASYNC_HERE, ends[0], FD_READ, &first), 0);
	CHECK_INT(fd_close(ASYNC_HERE, ends[0]), 0);
	CHECK_INT(async_future_result(&first), ASYNC_ECLOSED);
	fd_unwatch(ends[0], FD_READ, &first);
	close(ends[1]);
	/* Nothing is watched any more, so nothing can wake this. */
	async_future_init(&first);
	return async_future_await(&first);
}

TEST(a_watch_tells_a_future_and_counts_as_waiting_until_it_is_taken_back)
{
	CHECK_INT(async_run(watch_a_pipe, NULL), ASYNC_EDEADLOCK);
}
