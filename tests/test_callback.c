/* SPDX-License-Identifier: MIT */
/*
 * test_callback.c - callbacks that may fail, futures with messages, and debug mode: who hears what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };
static char heard[500];

static void hear(const struct async_context *context, void *arg)
{
	(void)arg;
	snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s | %s\n", context->message,
		 context->error ? context->error->message : "-");
}

static void run(int (*fn)(void *arg))
{
	CHECK_INT(async_run_with(fn, NULL, &virtual_clock), 0);
}

static int fail_with_text(void *arg)
{
	return async_raise(ASYNC_EFAILED, "because of %s", (char *)arg);
}

static int fail_bare(void *arg)
{
	(void)arg;
	return ASYNC_ECLOSED;
}

static int succeed(void *arg)
{
	++*(int *)arg;
	return 1;
}

static int callbacks(void *arg)
{
	struct async_callback failing = { 0 }, bare = { 0 }, good = { 0 }, gone = { 0 };
	struct async_future future;
	int ran = 0;

	(void)arg;
	async_set_exception_handler(hear, NULL);
	async_call_soon_checked(&failing, fail_with_text, "rain");
	async_call_later_checked(&bare, 1, fail_bare, NULL);
	async_call_later_checked(&gone, 1, succeed, &ran);
	async_callback_cancel(&gone);
	async_future_init(&future);
	async_future_add_done_callback_checked(&future, &good, succeed, &ran);
	async_future_set_result(&future, 0);
	CHECK_INT(async_sleep(2), 0);
	CHECK_INT(ran, 1);
	CHECK_CONTAINS(heard, "Exception in callback fail_with_text() at tests/test_callback.c:");
	CHECK_CONTAINS(heard, " | because of rain\n");
	CHECK_CONTAINS(heard, "Exception in callback fail_bare() at tests/test_callback.c:");
	CHECK_CONTAINS(heard, " | closed while somebody waited on it\n");
	return 0;
}

TEST(a_callback_that_fails_is_reported_with_its_text_and_the_loop_goes_on)
{
	run(callbacks);
}

static int futures(void *arg)
{
	struct async_future future;

	(void)arg;
	async_set_exception_handler(hear, NULL);
	async_future_init(&future);
	CHECK_INT(async_future_result(&future), ASYNC_EINVALIDSTATE);
	CHECK(async_future_error(&future) == NULL);
	CHECK_INT(async_future_set_exception(&future, ASYNC_EFAILED, "lost %d", 3), 0);
	CHECK_INT(async_future_set_exception(&future, ASYNC_EFAILED, "again"), ASYNC_EINVALIDSTATE);
	async_future_close(&future);
	CHECK_STR(heard, "Future exception was never retrieved | lost 3\n");
	CHECK(!async_future_done(&future));

	async_future_set_exception(&future, ASYNC_EFAILED, "read");
	CHECK_STR(async_future_error(&future)->message, "read");
	CHECK_INT(async_future_await(&future), ASYNC_EFAILED);
	CHECK_STR(async_raised(ASYNC_EFAILED)->message, "read");
	async_future_close(&future);
	async_future_close(&future);
	async_future_set_result(&future, ASYNC_ECLOSED);
	CHECK(async_future_error(&future) == NULL);
	async_future_close(&future);
	async_future_set_result(&future, 5);
	async_future_close(&future);
	CHECK_STR(heard, "Future exception was never retrieved | lost 3\n");
	return 0;
}

TEST(a_futures_failure_has_a_text_and_is_reported_if_nobody_read_it)
{
	run(futures);
}

static char warned[500];

static void warn(const char *text, void *arg)
{
	(void)arg;
	snprintf(warned + strlen(warned), sizeof warned - strlen(warned), "%s\n", text);
}

static void hold(double seconds)
{
	async_blocking("what holds the loop is what is tested", 0)
		nanosleep(&(struct timespec){ .tv_nsec = (long)(seconds * 1e9) }, NULL);
}

static int slow_task(void *arg)
{
	(void)arg;
	hold(0.03);
	async_sleep(0);
	hold(0.03);
	return 0;
}

static void slow_callback(void *arg)
{
	(void)arg;
	hold(0.03);
}

static int debug(void *arg)
{
	struct async_handle handle = { 0 };
	struct async_task *task;

	(void)arg;
	CHECK(async_get_debug());
	async_set_warning_handler(warn, NULL);
	async_set_slow_callback_duration(0.02);
	task = async_create_task(slow_task, NULL);
	async_await(task);
	CHECK_CONTAINS(warned,
		       "Executing <Task pending name='Task-2' coro=<slow_task()> created at "
		       "tests/test_callback.c:");
	CHECK_CONTAINS(warned, "Executing <Task finished name='Task-2'");
	async_call_soon(&handle, slow_callback, NULL);
	async_sleep(0);
	CHECK_CONTAINS(warned, "Executing <Handle ");
	CHECK_CONTAINS(warned, "> took 0.");
	async_set_debug(false);
	return 0;
}

TEST(debug_mode_names_what_held_the_loop)
{
	CHECK_INT(async_run_with(debug, NULL, &(struct async_run_options){ .debug = true }), 0);
}

static int is_debug(void *arg)
{
	(void)arg;
	return async_get_debug();
}

TEST(the_environment_turns_debug_mode_on)
{
	CHECK_INT(async_run(is_debug, NULL), 0);
	setenv("LOOPHOUND_DEBUG", "1", 1);
	CHECK_INT(async_run(is_debug, NULL), 1);
	setenv("LOOPHOUND_DEBUG", "0", 1);
	CHECK_INT(async_run(is_debug, NULL), 0);
}

static int without_memory(void *arg)
{
	struct async_callback callback = { 0 };
	struct async_future future;

	(void)arg;
	async_set_exception_handler(hear, NULL);
	async_call_soon_checked(&callback, fail_with_text, "rain");
	async_future_init(&future);
	async_future_set_exception(&future, ASYNC_EFAILED, "text");
	CHECK_INT(async_future_await(&future), ASYNC_EFAILED);
	async_future_close(&future);
	async_cancel_message(async_current_task(), "text");
	CHECK_INT(async_sleep(0), ASYNC_ECANCELED);
	return 0;
}

static void try_all(void)
{
	async_run_with(without_memory, NULL, &virtual_clock);
}

TEST(each_allocation_may_fail)
{
	for_each_failing_allocation(try_all);
}
