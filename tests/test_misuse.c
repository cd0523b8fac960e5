/* SPDX-License-Identifier: MIT */
/*
 * test_misuse.c - wrong calls and what they get: one table of codes, one of aborts with their texts.
 *
 * A code is for what data can cause (NaN, a negative size); an abort for what only the program's text
 * can. Where asyncio has words for it, these are they. Long, because it is one list: who adds a call
 * to the manual adds its wrong uses here.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int sleep_one(void *arg)
{
	(void)arg;
	return async_sleep(1);
}

static void callback(void *arg)
{
	(void)arg;
}

/* ---- Codes --------------------------------------------------------------------------------------- */

static int sleep_nan(void)
{
	return async_sleep(NAN);
}

static int sleep_negative(void)
{
	return async_sleep(-1);
}

static int wait_for_nan(void)
{
	return async_wait_for(async_current_task(), NAN);
}

static int wait_nan(void)
{
	struct async_task *task = async_current_task();

	return async_wait(&task, 1, ASYNC_ALL_COMPLETED, NAN, NULL);
}

static int wait_for_none(void)
{
	return async_wait(NULL, 0, ASYNC_ALL_COMPLETED, 1, NULL);
}

static int wait_in_no_mode(void)
{
	struct async_task *task = async_current_task();

	return async_wait(&task, 1, (enum async_return_when)9, 1, NULL);
}

static int as_completed_nan(void)
{
	CHECK(!async_as_completed(NULL, 0, NAN));
	return async_last_error();
}

static int semaphore_negative(void)
{
	struct async_semaphore semaphore;

	return async_semaphore_init(&semaphore, -1);
}

static int bounded_semaphore_negative(void)
{
	struct async_semaphore semaphore;

	return async_bounded_semaphore_init(&semaphore, -1);
}

static int bounded_semaphore_released(void)
{
	struct async_semaphore semaphore = ASYNC_BOUNDED_SEMAPHORE(1);

	return async_semaphore_release(&semaphore);
}

static int barrier_of_none(void)
{
	struct async_barrier barrier;

	return async_barrier_init(&barrier, 0);
}

static int queue_negative(void)
{
	struct async_queue queue;
	int rc = async_queue_init(&queue, -5);

	CHECK(!async_queue_full(&queue));
	async_queue_destroy(&queue);
	return rc;
}

static int queue_done_too_often(void)
{
	struct async_queue queue = { 0 };

	return async_queue_task_done(&queue);
}

static int lock_not_held(void)
{
	struct async_lock lock = { 0 };

	return async_lock_release(&lock);
}

static int condition_not_held(void)
{
	struct async_condition condition = { 0 };

	CHECK_INT(async_condition_notify(&condition, 1), ASYNC_ERUNTIME);
	CHECK_INT(async_condition_notify_all(&condition), ASYNC_ERUNTIME);
	return async_condition_wait(&condition);
}

static int await_itself(void)
{
	return async_await(async_current_task());
}

static int await_its_own_future(void)
{
	return async_future_await(async_task_future(async_current_task()));
}

static int wait_for_itself(void)
{
	return async_wait_for(async_current_task(), 1);
}

static int result_twice(void)
{
	struct async_future future;

	async_future_init(&future);
	CHECK_INT(async_future_result(&future), ASYNC_EINVALIDSTATE);
	CHECK_INT(async_future_set_result(&future, 1), 0);
	CHECK(!async_future_cancel(&future));
	CHECK_INT(async_future_set_exception(&future, ASYNC_EFAILED, "no"), ASYNC_EINVALIDSTATE);
	return async_future_set_result(&future, 2);
}

static int group_not_entered(void)
{
	struct async_task_group group = { 0 };

	CHECK(!async_task_group_create_task(&group, nothing, NULL));
	return async_last_error();
}

static int group_entered_twice(void)
{
	struct async_task_group group = { 0 };
	int rc;

	CHECK_INT(async_task_group_enter(&group), 0);
	rc = async_task_group_enter(&group);
	CHECK_INT(async_task_group_exit(&group, 0), 0);
	return rc;
}

static int group_finished(void)
{
	struct async_task_group group = { 0 };

	CHECK_INT(async_task_group_enter(&group), 0);
	CHECK_INT(async_task_group_exit(&group, 0), 0);
	CHECK(!async_task_group_create_task(&group, nothing, NULL));
	return async_last_error();
}

static int run_inside_run(void)
{
	return async_run(nothing, NULL);
}

static int new_inside_run(void)
{
	CHECK(!async_loop_new(NULL));
	return async_last_error();
}

static int large_copy(void)
{
	static char large[4096];

	CHECK(!async_create_task_copy(nothing, large, sizeof large));
	return async_last_error();
}

static int close_nothing(void)
{
	CHECK_INT(async_close(-1), -EBADF);
	CHECK_INT(async_wait_readable(-1), -EBADF);
	CHECK_INT(async_add_reader(-1, callback, NULL), -EBADF);
	return async_close(30000);
}

static int signal_unknown(void)
{
	CHECK_INT(async_remove_signal_handler(10), ASYNC_EINVAL);
	return async_add_signal_handler(1000, callback, NULL);
}

static int pool_of_none(void)
{
	CHECK(!async_pool_new(0));
	return async_last_error();
}

/* The text is what async_raise recorded; NULL: there is none. */
static const struct {
	int (*call)(void);
	int code;
	const char *text;
} codes[] = {
	{ sleep_nan, ASYNC_EINVAL, "Invalid delay: NaN (not a number)" },
	{ sleep_negative, 0, NULL },
	{ wait_for_nan, ASYNC_EINVAL, "Invalid timeout: NaN (not a number)" },
	{ wait_nan, ASYNC_EINVAL, "Invalid timeout: NaN (not a number)" },
	{ wait_for_none, ASYNC_EINVAL, "Set of Tasks/Futures is empty." },
	{ wait_in_no_mode, ASYNC_EINVAL, "Invalid return_when value: 9" },
	{ as_completed_nan, ASYNC_EINVAL, NULL },
	{ semaphore_negative, ASYNC_EINVAL, "Semaphore initial value must be >= 0" },
	{ bounded_semaphore_negative, ASYNC_EINVAL, "Semaphore initial value must be >= 0" },
	{ bounded_semaphore_released, ASYNC_EINVAL, "BoundedSemaphore released too many times" },
	{ barrier_of_none, ASYNC_EINVAL, "parties must be > 0" },
	{ queue_negative, 0, NULL },
	{ queue_done_too_often, ASYNC_EINVAL, "task_done() called too many times" },
	{ lock_not_held, ASYNC_ERUNTIME, "Lock is not acquired." },
	{ condition_not_held, ASYNC_ERUNTIME, "cannot wait on un-acquired lock" },
	{ await_itself, ASYNC_ESELF, "Task cannot await on itself" },
	{ await_its_own_future, ASYNC_ESELF, "Task cannot await on itself" },
	{ wait_for_itself, ASYNC_ESELF, "Task cannot await on itself" },
	{ result_twice, ASYNC_EINVALIDSTATE, NULL },
	{ group_not_entered, ASYNC_ERUNTIME, "TaskGroup has not been entered" },
	{ group_entered_twice, ASYNC_ERUNTIME, "TaskGroup has already been entered" },
	{ group_finished, ASYNC_ERUNTIME, "TaskGroup is finished" },
	{ run_inside_run, ASYNC_EBUSY, "asyncio.run() cannot be called from a running event loop" },
	{ new_inside_run, ASYNC_EBUSY, NULL },
	{ large_copy, ASYNC_EINVAL, NULL },
	{ close_nothing, -EBADF, NULL },
	{ signal_unknown, ASYNC_EINVAL, "invalid signal number 1000" },
	{ pool_of_none, ASYNC_EINVAL, "max_workers must be greater than 0" },
};

static int check_codes(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		int got = codes[i].call();

		printf("code %zu\n", i);
		CHECK_INT(got, codes[i].code);
		if (codes[i].text)
			CHECK_STR(async_raised(got)->message, codes[i].text);
	}
	return 0;
}

TEST(what_data_can_cause_is_a_code_with_asyncios_text)
{
	CHECK_INT(async_run_with(check_codes, NULL, &virtual_clock), 0);
}

/* ---- Aborts in a task ---------------------------------------------------------------------------- */

static void call_later_nan(void)
{
	async_call_later(&(struct async_timer){ 0 }, NAN, callback, NULL);
}

static void call_at_nan(void)
{
	async_call_at(&(struct async_timer){ 0 }, NAN, callback, NULL);
}

static void call_nobody(void)
{
	async_call_soon(&(struct async_handle){ 0 }, NULL, NULL);
}

static void call_twice(void)
{
	struct async_handle handle = { 0 };

	async_call_soon(&handle, callback, NULL);
	async_call_soon(&handle, callback, NULL);
}

static void timeout_nan(void)
{
	struct async_timeout limit;

	async_timeout_begin(&limit, NAN);
}

static void reschedule_nan(void)
{
	struct async_timeout limit;

	async_timeout_begin(&limit, 1);
	async_timeout_reschedule(&limit, NAN);
}

static void timeout_not_begun(void)
{
	struct async_timeout limit = { 0 };

	async_timeout_end(&limit, 0);
}

static void timeout_ended_twice(void)
{
	struct async_timeout limit;

	async_timeout_begin(&limit, 1);
	async_timeout_end(&limit, 0);
	async_timeout_end(&limit, 0);
}

static void timeouts_crossed(void)
{
	struct async_timeout outer, inner;

	async_timeout_begin(&outer, 1);
	async_timeout_begin(&inner, 1);
	async_timeout_end(&outer, 0);
}

static int begin_and_return(void *arg)
{
	async_timeout_begin(arg, 1);
	return 0;
}

static void timeout_left_open(void)
{
	static struct async_timeout limit;

	async_await(async_create_task(begin_and_return, &limit));
}

static void semaphore_of_minus_one(void)
{
	struct async_semaphore semaphore = ASYNC_SEMAPHORE(-1);

	async_semaphore_acquire(&semaphore);
}

static void static_barrier_of_none(void)
{
	struct async_barrier barrier = ASYNC_BARRIER(0);

	async_barrier_wait(&barrier);
}

static void queue_without_order(void)
{
	struct async_queue queue;

	async_priority_queue_init(&queue, 0, NULL);
}

static int get_one(void *queue)
{
	void *item;

	return async_queue_get(queue, &item);
}

static void queue_destroyed_under_a_getter(void)
{
	static struct async_queue queue;

	CHECK_INT(async_spawn(get_one, &queue), 0);
	async_sleep(0);
	async_queue_destroy(&queue);
}

static int await_future(void *future)
{
	return async_future_await(future);
}

static void future_closed_under_a_waiter(void)
{
	static struct async_future future;

	CHECK_INT(async_spawn(await_future, &future), 0);
	async_sleep(0);
	async_future_close(&future);
}

static void release_twice(void)
{
	struct async_task *task = async_create_task(nothing, NULL);

	async_task_release(task);
	async_task_release(task);
}

static void await_stale(void)
{
	struct async_task *task = async_create_task(nothing, NULL);

	async_task_release(task);
	async_await(task);
}

static void await_null(void)
{
	async_await(NULL);
}

static void await_null_future(void)
{
	async_future_await(NULL);
}

static void gather_null(void)
{
	struct async_task *none = NULL;

	async_gather(&none, 1, ASYNC_RAISE, NULL);
}

static void gather_no_list(void)
{
	async_gather(NULL, 2, ASYNC_RAISE, NULL);
}

static void wait_for_null_future(void)
{
	struct async_future *none = NULL;

	async_wait_futures(&none, 1, ASYNC_ALL_COMPLETED, 1, NULL);
}

static void create_nothing(void)
{
	CHECK(!async_create_task(NULL, NULL));
}

static void copy_nothing(void)
{
	CHECK(!async_create_task_copy(nothing, NULL, 8));
}

static void set_result_of_a_task(void)
{
	struct async_task *task = async_create_task(sleep_one, NULL);

	async_future_set_result(async_task_future(task), 1);
}

static void raise_success(void)
{
	struct async_future future;

	async_future_init(&future);
	async_future_set_exception(&future, 3, "three");
}

static void group_left_by_another(void)
{
	struct async_task_group group = { 0 };

	async_task_group_exit(&group, 0);
}

static void group_left_twice(void)
{
	struct async_task_group group = { 0 };

	async_task_group_enter(&group);
	async_task_group_exit(&group, 0);
	async_task_group_exit(&group, 0);
}

static void scopes_crossed(void)
{
	struct async_scope outer, inner;

	async_scope_enter(&outer);
	async_scope_enter(&inner);
	async_scope_exit(&outer, 0);
}

static void cleanup_without_any(void)
{
	async_cleanup_pop(false);
}

static void thread_without_function(void)
{
	async_to_thread(NULL, NULL);
}

static void destroy_itself(void)
{
	async_task_destroy(async_current_task());
}

static struct async_loop *own_loop;

static void close_running(void)
{
	async_loop_close(async_get_running_loop());
}

static void run_running(void)
{
	async_loop_run_forever(async_get_running_loop());
}

static void run_another(void)
{
	async_loop_run_forever(own_loop);
}

static void set_another(void)
{
	async_set_event_loop(own_loop);
}

static void signal_without_function(void)
{
	async_add_signal_handler(10, NULL, NULL);
}

static const struct misuse {
	void (*call)(void);
	const char *text;
} in_a_task[] = {
	{ call_later_nan, "async_call_later: Invalid delay: NaN (not a number)" },
	{ call_at_nan, "async_call_at: Invalid delay: NaN (not a number)" },
	{ call_nobody, "async_call_soon: a callable object was expected, got NULL" },
	{ call_twice, "a handle was scheduled while it is scheduled already" },
	{ timeout_nan, "Invalid delay: NaN (not a number)" },
	{ reschedule_nan, "Invalid delay: NaN (not a number)" },
	{ timeout_not_begun, "Timeout has not been entered" },
	{ timeout_ended_twice, "Timeout has not been entered" },
	{ timeouts_crossed, "async_timeout_end: the timeout begun at tests/test_misuse.c:" },
	{ timeout_left_open,
	  "a task ended inside a timeout that it began at tests/test_misuse.c:" },
	{ semaphore_of_minus_one, "Semaphore initial value must be >= 0" },
	{ static_barrier_of_none, "parties must be > 0" },
	{ queue_without_order, "async_priority_queue_init: no comparison" },
	{ queue_destroyed_under_a_getter, "a task still waits on the queue" },
	{ future_closed_under_a_waiter, "somebody waits for the future" },
	{ release_twice, "stale handle: the reference was released at tests/test_misuse.c:" },
	{ await_stale, "stale handle: the reference was released at tests/test_misuse.c:" },
	{ await_null, "the task is NULL" },
	{ await_null_future, "the future is NULL" },
	{ gather_null, "async_gather at tests/test_misuse.c:" },
	{ gather_no_list, "the list of tasks is NULL" },
	{ wait_for_null_future, "number 0 is NULL" },
	{ create_nothing, "a coroutine was expected, got NULL" },
	{ copy_nothing, "a copy of NULL" },
	{ set_result_of_a_task, "Task does not support set_result operation" },
	{ raise_success, "3 is no exception" },
	{ group_left_by_another, "the running task is not inside this group" },
	{ group_left_twice, "the running task is not inside this group" },
	{ scopes_crossed, "left before one that was entered later" },
	{ cleanup_without_any, "there is no clean-up left" },
	{ thread_without_function, "the function is NULL" },
	{ destroy_itself, "the task is running" },
	{ close_running, "Cannot close a running event loop" },
	{ run_running, "This event loop is already running" },
	{ run_another, "Cannot run the event loop while another loop is running" },
	{ set_another, "a loop runs in this thread" },
	{ signal_without_function, "a callable object was expected, got NULL" },
};

static int do_misuse(void *arg)
{
	((const struct misuse *)arg)->call();
	return 0;
}

static void run_misuse(const struct misuse *misuse)
{
	own_loop = async_loop_new(&virtual_clock);
	async_run_with(do_misuse, (void *)misuse, &virtual_clock);
}

TEST_WITH_LIMIT(what_only_the_program_can_cause_aborts_with_asyncios_text, 30)
{
	for (size_t i = 0; i < sizeof in_a_task / sizeof *in_a_task; i++) {
		printf("abort %zu: %s\n", i, in_a_task[i].text);
		EXPECT_ABORT(run_misuse(&in_a_task[i]), in_a_task[i].text);
	}
}

/* ---- Aborts where no loop runs, and in a callback ------------------------------------------------- */

static void create_without_loop(void)
{
	CHECK(!async_create_task(nothing, NULL));
}

static void sleep_without_loop(void)
{
	async_sleep(0);
}

static void call_soon_without_loop(void)
{
	call_twice();
}

static void complete_without_loop(void)
{
	struct async_future future;

	async_future_init(&future);
	async_future_set_result(&future, 0);
}

static void read_without_loop(void)
{
	async_add_reader(0, callback, NULL);
}

static void debug_without_loop(void)
{
	async_set_debug(true);
}

static void close_twice(void)
{
	struct async_loop *loop = async_loop_new(NULL);

	async_loop_close(loop);
	async_loop_close(loop);
}

static void stop_null(void)
{
	async_loop_stop(NULL);
}

static void await_in_callback(void *arg)
{
	(void)arg;
	async_sleep(0);
}

static int sleep_beside_callback(void *arg)
{
	async_call_soon(arg, await_in_callback, NULL);
	return async_sleep(0);
}

static void callback_that_awaits(void)
{
	static struct async_handle handle;

	async_run(sleep_beside_callback, &handle);
}

TEST_WITH_LIMIT(calls_without_a_loop_or_outside_a_task_abort, 30)
{
	static const struct misuse table[] = {
		{ create_without_loop, "no running event loop" },
		{ sleep_without_loop, "await outside a task" },
		{ call_soon_without_loop, "no running event loop" },
		{ complete_without_loop, "no running event loop" },
		{ read_without_loop, "no running event loop" },
		{ debug_without_loop, "no running event loop" },
		{ close_twice, "async_loop_close: Event loop is closed" },
		{ stop_null, "async_loop_stop: the loop is NULL" },
		{ callback_that_awaits, "await outside a task" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		printf("abort %zu: %s\n", i, table[i].text);
		EXPECT_ABORT(table[i].call(), table[i].text);
	}
}

/* ---- The wrong thread ------------------------------------------------------------------------------ */

/* What the loop of one thread has; each of these is called by another, which has a loop, too. */
static struct async_loop *foreign;
static struct async_task *foreign_task;
static struct async_future foreign_future;
static struct async_event foreign_event;
static struct async_lock foreign_lock;
static struct async_queue foreign_queue;
static struct async_timer foreign_timer;

static void stop_foreign(void)
{
	async_loop_stop(foreign);
}

static void run_foreign(void)
{
	async_loop_run_forever(foreign);
}

static void close_foreign(void)
{
	async_loop_close(foreign);
}

static void set_foreign(void)
{
	async_set_event_loop(foreign);
}

static void ask_foreign(void)
{
	async_loop_is_running(foreign);
}

static void cancel_foreign(void)
{
	async_cancel(foreign_task);
}

static void look_at_foreign(void)
{
	async_task_done(foreign_task);
}

static void complete_foreign(void)
{
	async_future_set_result(&foreign_future, 1);
}

static void set_foreign_event(void)
{
	async_event_set(&foreign_event);
}

static void release_foreign(void)
{
	async_lock_release(&foreign_lock);
}

static void put_foreign(void)
{
	async_queue_put_nowait(&foreign_queue, &foreign);
}

static void cancel_foreign_timer(void)
{
	async_timer_cancel(&foreign_timer);
}

static int wait_event(void *arg)
{
	return async_event_wait(arg);
}

static int take_lock(void *arg)
{
	return async_lock_acquire(arg);
}

static void *misuse_from_another_thread(void *arg)
{
	async_loop_new(&(struct async_run_options){ .debug = true, .virtual_clock = true });
	((const struct misuse *)arg)->call();
	return NULL;
}

static void misuse_foreign(const struct misuse *misuse)
{
	pthread_t thread;

	foreign = async_loop_new(&virtual_clock);
	async_future_init(&foreign_future);
	foreign_task = async_create_task(await_future, &foreign_future);
	async_spawn(wait_event, &foreign_event);
	async_spawn(take_lock, &foreign_lock);
	async_spawn(take_lock, &foreign_lock);
	async_spawn(get_one, &foreign_queue);
	async_call_later(&foreign_timer, 1000, callback, NULL);
	async_loop_stop(foreign);
	async_loop_run_forever(foreign);
	foreign = async_get_running_loop();
	pthread_create(&thread, NULL, misuse_from_another_thread, (void *)misuse);
	pthread_join(thread, NULL);
}

TEST_WITH_LIMIT(calls_from_the_wrong_thread_abort_with_asyncios_text, 30)
{
	static void (*const table[])(void) = {
		stop_foreign,	   run_foreign,	    close_foreign,   set_foreign,
		ask_foreign,	   cancel_foreign,  look_at_foreign, complete_foreign,
		set_foreign_event, release_foreign, put_foreign,     cancel_foreign_timer,
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct misuse misuse = { table[i], NULL };

		printf("thread %zu\n", i);
		EXPECT_ABORT(misuse_foreign(&misuse),
			     "Non-thread-safe operation invoked on an event loop other than the "
			     "current one");
	}
}
