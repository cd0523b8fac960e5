/* SPDX-License-Identifier: MIT */
/* test_concurrent.c - run_coroutine_threadsafe: outcomes that cross threads, cancels, loops that close. */
#include <stdatomic.h>
#include <stdlib.h>

#include "runtime/async.h"
#include "tests/harness.h"

#define FOR_EVER ASYNC_NO_TIMEOUT

/* ---- One loop in the test's thread, one helper beside it -------------------------------------- */

static struct async_loop *loop;
static void (*helper)(void);

static int run_helper(void *arg)
{
	(void)arg;
	helper();
	return 0;
}

static int main_task(void *arg)
{
	(void)arg;
	loop = async_get_running_loop();
	return async_to_thread(run_helper, NULL);
}

static void beside_a_loop(void (*fn)(void))
{
	helper = fn;
	CHECK_INT(async_run(main_task, NULL), 0);
}

static int add_one(void *arg)
{
	async_sleep(0.001);
	return *(int *)arg + 1;
}

static int raise(void *arg)
{
	async_sleep(0);
	return async_raise(ASYNC_EFAILED, "no luck with %s", (const char *)arg);
}

static int for_ever(void *arg)
{
	struct async_future never;

	(void)arg;
	async_future_init(&never);
	return async_future_await(&never);
}

static void get_results(void)
{
	int numbers[3] = { 1, 20, 300 };
	struct async_concurrent *jobs[3];

	for (int i = 0; i < 3; i++)
		jobs[i] = async_run_coroutine_threadsafe(loop, add_one, &numbers[i]);
	for (int i = 2; i >= 0; i--) {
		CHECK_INT(async_concurrent_result(jobs[i], FOR_EVER), numbers[i] + 1);
		CHECK(async_concurrent_done(jobs[i]) && !async_concurrent_cancelled(jobs[i]));
		CHECK(!async_concurrent_error(jobs[i]) && !async_concurrent_cancel(jobs[i]));
		CHECK_INT(async_concurrent_result(jobs[i], 0), numbers[i] + 1);
		async_concurrent_release(jobs[i]);
	}
}

TEST(a_thread_gets_the_results)
{
	beside_a_loop(get_results);
}

static void get_failure(void)
{
	struct async_concurrent *job = async_run_coroutine_threadsafe(loop, raise, "it");
	const struct async_error *error;

	CHECK_INT(async_concurrent_result(job, FOR_EVER), ASYNC_EFAILED);
	error = async_concurrent_error(job);
	CHECK_INT(error->code, ASYNC_EFAILED);
	CHECK_STR(error->message, "no luck with it");
	CHECK_STR(error->function, "raise");
	CHECK_CONTAINS(error->file, "tests/test_concurrent.c");
	CHECK(error->line > 0);
	async_concurrent_release(job);
}

TEST(the_message_and_the_place_of_a_failure_cross_over)
{
	beside_a_loop(get_failure);
}

static void get_late(void)
{
	struct async_concurrent *job = async_run_coroutine_threadsafe(loop, for_ever, NULL);

	CHECK_INT(async_concurrent_result(job, 0), ASYNC_ETIMEOUT);
	CHECK_INT(async_concurrent_result(job, -1), ASYNC_ETIMEOUT);
	CHECK_INT(async_concurrent_result(job, 0.002), ASYNC_ETIMEOUT);
	CHECK_INT(async_concurrent_result(job, __builtin_nan("")), ASYNC_EINVAL);
	CHECK(!async_concurrent_done(job));
	CHECK(async_concurrent_cancel(job));
	CHECK_INT(async_concurrent_result(job, FOR_EVER), ASYNC_ECANCELED);
	CHECK(async_concurrent_cancelled(job) && !async_concurrent_cancel(job));
	async_concurrent_release(job);
}

TEST(a_thread_stops_waiting_and_then_cancels)
{
	beside_a_loop(get_late);
}

static atomic_int begun;

static int note_begin(void *arg)
{
	(void)arg;
	atomic_store(&begun, 1);
	return 3;
}

static int swallow(void *arg)
{
	atomic_store(&begun, 1);
	return for_ever(arg) == ASYNC_ECANCELED ? 5 : 6;
}

static void cancel_some(void)
{
	struct async_concurrent *job;

	job = async_run_coroutine_threadsafe(loop, swallow, NULL);
	while (!atomic_load(&begun))
		CHECK_INT(async_concurrent_result(job, 0.0001), ASYNC_ETIMEOUT);
	async_concurrent_cancel(job);
	CHECK_INT(async_concurrent_result(job, FOR_EVER), 5);
	CHECK(!async_concurrent_cancelled(job));
	async_concurrent_release(job);
}

TEST(a_coroutine_may_swallow_the_cancellation)
{
	beside_a_loop(cancel_some);
}

static int cancel_before_begin(void *arg)
{
	struct async_concurrent *job;

	(void)arg;
	job = async_run_coroutine_threadsafe(async_get_running_loop(), note_begin, NULL);
	CHECK(async_concurrent_cancel(job));
	while (!async_concurrent_done(job))
		async_sleep(0);
	/* It is done, so even this thread may ask. */
	CHECK_INT(async_concurrent_result(job, FOR_EVER), ASYNC_ECANCELED);
	CHECK_INT(begun, 0);
	async_concurrent_release(job);
	return 0;
}

TEST(one_that_was_cancelled_before_it_began_never_runs)
{
	CHECK_INT(async_run(cancel_before_begin, NULL), 0);
}

static int wait_for_itself(void *arg)
{
	struct async_concurrent *job =
		async_run_coroutine_threadsafe(async_get_running_loop(), for_ever, arg);

	return async_concurrent_result(job, 1);
}

TEST(waiting_on_the_loops_own_thread_aborts)
{
	EXPECT_ABORT(async_run(wait_for_itself, NULL), "async_concurrent_result at tests/",
		     "wait for itself for ever");
}

static void copy_and_leave(void)
{
	int number = 41;
	struct async_concurrent *job =
		async_run_coroutine_threadsafe_copy(loop, add_one, &number, sizeof number);

	number = 0;
	CHECK_INT(async_concurrent_result(job, FOR_EVER), 42);
	async_concurrent_release(job);
	job = async_run_coroutine_threadsafe_copy(loop, add_one, &number, sizeof number);
	async_concurrent_release(job);
}

TEST(a_copied_argument_is_the_jobs_and_a_job_may_be_given_up)
{
	beside_a_loop(copy_and_leave);
}

static atomic_int called;

static void count(void *arg)
{
	atomic_fetch_add(&called, *(int *)arg);
}

static void call_back(void)
{
	struct async_concurrent *job = async_run_coroutine_threadsafe(loop, for_ever, NULL);
	struct async_handle handles[2] = { 0 };
	int one = 1, ten = 10;

	async_concurrent_add_done_callback(job, &handles[0], count, &one);
	CHECK_INT(called, 0);
	async_concurrent_cancel(job);
	CHECK_INT(async_concurrent_result(job, FOR_EVER), ASYNC_ECANCELED);
	while (atomic_load(&called) < 1)
		;
	async_concurrent_add_done_callback(job, &handles[1], count, &ten);
	CHECK_INT(called, 11);
	async_concurrent_release(job);
}

TEST(callbacks_run_at_the_end_or_at_once)
{
	beside_a_loop(call_back);
}

static void cancel_at_once(void)
{
	for (int i = 0; i < 20; i++) {
		struct async_concurrent *job = async_run_coroutine_threadsafe(loop, for_ever, NULL);

		async_concurrent_cancel(job);
		CHECK_INT(async_concurrent_result(job, FOR_EVER), ASYNC_ECANCELED);
		async_concurrent_release(job);
	}
}

TEST(a_cancellation_that_a_shuffled_queue_runs_first_is_not_lost)
{
	setenv("LOOPHOUND_SHUFFLE", "7", 1);
	beside_a_loop(cancel_at_once);
}

/* ---- Failures that nobody reads ---------------------------------------------------------------- */

static atomic_int reports;

static void note_report(const struct async_context *context, void *arg)
{
	(void)arg;
	CHECK_STR(context->message, "Task exception was never retrieved");
	atomic_fetch_add(&reports, 1);
}

static int given_up(void *arg)
{
	struct async_concurrent *job;

	(void)arg;
	async_set_exception_handler(note_report, NULL);
	job = async_run_coroutine_threadsafe(async_get_running_loop(), raise, "one");
	async_concurrent_release(job);
	job = async_run_coroutine_threadsafe(async_get_running_loop(), raise, "two");
	while (!async_concurrent_done(job))
		async_sleep(0);
	async_concurrent_release(job);
	return 0;
}

TEST(the_failure_of_one_that_was_given_up_is_reported)
{
	CHECK_INT(async_run(given_up, NULL), 0);
	CHECK_INT(reports, 1);
}

/* ---- Loops that close -------------------------------------------------------------------------- */

static int keep_loop(void *arg)
{
	*(struct async_loop **)arg = async_get_running_loop();
	return 0;
}

static void nothing(void *arg)
{
	(void)arg;
}

/* Called in a later loop, which may be at the same address. */
static int try_closed(void *arg)
{
	struct async_loop *closed = arg;
	struct async_handle handle = { 0 };

	CHECK(async_get_running_loop() != closed && async_loop_is_closed(closed));
	CHECK(!async_run_coroutine_threadsafe(closed, note_begin, NULL));
	CHECK_INT(async_last_error(), ASYNC_ESHUTDOWN);
	CHECK_INT(async_call_soon_threadsafe(closed, &handle, nothing, NULL), ASYNC_ESHUTDOWN);
	return 0;
}

TEST(a_loop_that_has_closed_says_so_for_ever)
{
	struct async_loop *closed;

	CHECK_INT(async_run(keep_loop, &closed), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(async_run(try_closed, closed), 0);
	CHECK_INT(begun, 0);
}

TEST(what_a_loop_never_got_to_ends_with_it)
{
	struct async_loop *never_run = async_loop_new(NULL);
	struct async_concurrent *job = async_run_coroutine_threadsafe(never_run, note_begin, NULL);

	CHECK(async_concurrent_cancel(job));
	async_loop_close(never_run);
	CHECK_INT(async_concurrent_result(job, FOR_EVER), ASYNC_ESHUTDOWN);
	CHECK_STR(async_concurrent_error(job)->message, "shutting down");
	CHECK(!async_concurrent_cancel(job));
	async_concurrent_release(job);
	CHECK_INT(begun, 0);
}

TEST(what_waits_when_its_loop_is_closed_is_destroyed_and_its_thread_told)
{
	struct async_loop *made = async_loop_new(NULL);
	struct async_concurrent *jobs[2];

	jobs[0] = async_run_coroutine_threadsafe(made, for_ever, NULL);
	jobs[1] = async_run_coroutine_threadsafe(made, note_begin, NULL);
	async_loop_stop(made);
	async_loop_run_forever(made);
	async_loop_stop(made);
	async_loop_run_forever(made);
	async_loop_close(made);
	CHECK_INT(async_concurrent_result(jobs[0], FOR_EVER), ASYNC_ESHUTDOWN);
	CHECK_INT(async_concurrent_result(jobs[1], FOR_EVER), 3);
	for (int i = 0; i < 2; i++)
		async_concurrent_release(jobs[i]);
}

static int leave_running(void *arg)
{
	struct async_concurrent **job = arg;

	*job = async_run_coroutine_threadsafe(async_get_running_loop(), for_ever, NULL);
	return async_sleep(0.001);
}

TEST(the_end_of_run_cancels_it_as_all_tasks)
{
	struct async_concurrent *job;

	CHECK_INT(async_run(leave_running, &job), 0);
	CHECK_INT(async_concurrent_result(job, FOR_EVER), ASYNC_ECANCELED);
	async_concurrent_release(job);
}

/* ---- Memory ------------------------------------------------------------------------------------ */

static int once(void *arg)
{
	int number = 1;
	struct async_concurrent *job =
		async_run_coroutine_threadsafe(async_get_running_loop(), add_one, &number);

	(void)arg;
	if (!job)
		return async_last_error();
	while (!async_concurrent_done(job))
		async_sleep(0.001);
	async_concurrent_release(job);
	return 0;
}

static void run_once(void)
{
	async_run(once, NULL);
}

TEST(every_allocation_may_fail)
{
	for_each_failing_allocation(run_once);
}
