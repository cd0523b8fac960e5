/* SPDX-License-Identifier: MIT */
/* test_loop.c - callbacks, calls from other threads, signals, several loops in several threads. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/harness.h"

static void count(void *arg)
{
	++*(int *)arg;
}

static int cancel_callbacks(void *arg)
{
	struct async_handle handle = { 0 };
	struct async_timer timer = { 0 }, kept = { 0 };
	int calls = 0;

	(void)arg;
	async_call_soon(&handle, count, &calls);
	async_handle_cancel(&handle);
	async_handle_cancel(&handle);
	async_call_later(&timer, 0.001, count, &calls);
	async_timer_cancel(&timer);
	async_timer_cancel(&timer);
	async_call_at(&kept, async_time() + 0.001, count, &calls);
	async_sleep(0.01);
	CHECK_INT(calls, 1);
	return 0;
}

TEST(a_cancelled_callback_does_not_run)
{
	CHECK_INT(async_run(cancel_callbacks, NULL), 0);
}

/* However seldom a busy loop asks the clock. */
static int due_at_once(void *arg)
{
	struct async_timer timer = { 0 };
	int calls = 0;

	(void)arg;
	for (int i = 1; i <= 50; i++) {
		async_call_later(&timer, 0, count, &calls);
		CHECK_INT(async_sleep(0), 0);
		CHECK_INT(async_sleep(0), 0);
		CHECK_INT(calls, i);
	}
	return 0;
}

TEST(a_timer_that_is_due_at_once_runs_in_the_next_turn)
{
	CHECK_INT(async_run(due_at_once, NULL), 0);
}

static int schedule_twice(void *arg)
{
	struct async_handle handle = { 0 };

	async_call_soon(&handle, count, arg);
	async_call_soon(&handle, count, arg);
	return 0;
}

TEST(scheduling_a_scheduled_handle_aborts)
{
	EXPECT_ABORT(async_run(schedule_twice, NULL), "scheduled already");
}

/* ---- Other threads --------------------------------------------------------------------------- */

enum { POSTS = 1000, THREADS = 4 };

struct poster {
	struct async_loop *loop;
	struct async_handle handles[POSTS];
	int *calls;
	pthread_t thread;
};

static void *post_all(void *arg)
{
	struct poster *poster = arg;

	for (int i = 0; i < POSTS; i++)
		CHECK_INT(async_call_soon_threadsafe(poster->loop, &poster->handles[i], count,
						     poster->calls),
			  0);
	return NULL;
}

static int take_posts(void *arg)
{
	struct poster *posters = calloc(THREADS, sizeof *posters);
	int calls = 0;

	(void)arg;
	for (int i = 0; i < THREADS; i++) {
		posters[i].loop = async_get_running_loop();
		posters[i].calls = &calls;
		CHECK_INT(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
	}
	while (calls < THREADS * POSTS)
		async_sleep(0.0001);
	for (int i = 0; i < THREADS; i++)
		pthread_join(posters[i].thread, NULL);
	free(posters);
	return 0;
}

TEST(no_call_from_another_thread_is_lost)
{
	CHECK_INT(async_run(take_posts, NULL), 0);
}

static void *post_one(void *arg)
{
	struct poster *poster = arg;

	async_call_soon_threadsafe(poster->loop, &poster->handles[0], count, poster->calls);
	return NULL;
}

static void set_event(void *event)
{
	async_event_set(event);
}

static void *post_event(void *arg)
{
	void **what = arg;
	static struct async_handle handle;

	async_call_soon_threadsafe(what[0], &handle, set_event, what[1]);
	return NULL;
}

static int sleep_until_called(void *arg)
{
	struct async_event event = { 0 };
	void *what[2] = { async_get_running_loop(), &event };
	pthread_t thread;

	(void)arg;
	(void)post_one;
	pthread_create(&thread, NULL, post_event, what);
	CHECK_INT(async_event_wait(&event), 0);
	pthread_join(thread, NULL);
	return 0;
}

TEST(a_call_from_another_thread_wakes_a_loop_that_has_nothing_else_to_wait_for)
{
	for (int i = 0; i < 20; i++)
		CHECK_INT(async_run(sleep_until_called, NULL), 0);
}

static int ping(void *arg)
{
	int *turns = arg;

	for (int i = 0; i < 1000; i++) {
		async_sleep(i % 100 ? 0 : 0.0001);
		++*turns;
	}
	return *turns;
}

static void *run_own_loop(void *arg)
{
	CHECK_INT(async_run(ping, arg), 1000);
	return NULL;
}

TEST(loops_in_several_threads_do_not_know_each_other)
{
	pthread_t threads[THREADS];
	int turns[THREADS] = { 0 };

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, run_own_loop, &turns[i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

enum { CROWD = 2000 };

static int nap(void *arg)
{
	for (int i = 0; i < 3; i++)
		async_sleep((double)(*(int *)arg % 7) / 1000);
	return *(int *)arg;
}

static int crowd(void *arg)
{
	static struct async_task *tasks[CROWD];
	static int results[CROWD];

	(void)arg;
	for (int i = 0; i < CROWD; i++) {
		tasks[i] = async_create_task_copy(nap, &i, sizeof i);
		CHECK(tasks[i] != NULL);
	}
	CHECK_INT(async_gather(tasks, CROWD, ASYNC_RAISE, results), 0);
	for (int i = 0; i < CROWD; i++) {
		CHECK_INT(results[i], i);
		async_task_release(tasks[i]);
	}
	return 0;
}

TEST(two_thousand_tasks_sleep_at_once_and_all_come_back)
{
	CHECK_INT(async_run(crowd, NULL), 0);
}

/* ---- Signals --------------------------------------------------------------------------------- */

static int take_signals(void *arg)
{
	struct async_event event = { 0 };
	int calls = 0;

	(void)arg;
	CHECK_INT(async_add_signal_handler(SIGUSR1, count, &calls), 0);
	CHECK_INT(async_add_signal_handler(SIGUSR2, set_event, &event), 0);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	CHECK_INT(async_event_wait(&event), 0);
	CHECK_INT(calls, 1);
	CHECK_INT(async_remove_signal_handler(SIGUSR1), 0);
	CHECK_INT(async_remove_signal_handler(SIGUSR1), ASYNC_EINVAL);
	CHECK_INT(async_add_signal_handler(0, count, NULL), ASYNC_EINVAL);
	CHECK_INT(async_add_signal_handler(SIGKILL, count, NULL), -EINVAL);
	return 0;
}

TEST(a_signal_runs_its_callback_on_the_loop_and_the_end_restores_the_disposition)
{
	struct sigaction action;

	signal(SIGUSR1, SIG_IGN);
	CHECK_INT(async_run(take_signals, NULL), 0);
	sigaction(SIGUSR1, NULL, &action);
	CHECK(action.sa_handler == SIG_IGN);
	sigaction(SIGUSR2, NULL, &action);
	CHECK(action.sa_handler == SIG_DFL);
}

static int stall_then_sleep(void *arg)
{
	double start, end;

	(void)arg;
	async_blocking("a stall is what is tested", 0)
		usleep(50000);
	start = async_time();
	async_sleep(0.02);
	end = async_time();
	CHECK(end - start >= 0.02);
	return 0;
}

TEST(a_sleep_that_begins_after_a_stall_is_not_cut_short)
{
	CHECK_INT(async_run(stall_then_sleep, NULL), 0);
}

static int spin(void *stop)
{
	while (!*(bool *)stop)
		async_sleep(0);
	return 0;
}

static int timer_beside_work(void *arg)
{
	bool stop = false;
	struct async_task *task = async_create_task(spin, &stop);
	double start = async_time();

	(void)arg;
	async_sleep(0.01);
	CHECK(async_time() - start < 0.2 * time_scale());
	stop = true;
	return async_await(task);
}

TEST(work_that_is_always_ready_does_not_keep_timers_from_firing)
{
	CHECK_INT(async_run(timer_beside_work, NULL), 0);
}
