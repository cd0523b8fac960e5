/* SPDX-License-Identifier: MIT */
/*
 * test_interrupt.c - SIGINT and SIGTERM during async_run: the first cancels main, the second forces,
 * and only where the default would have killed us.
 */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/harness.h"

static int signal_and_sleep(void *arg)
{
	kill(getpid(), *(int *)arg);
	return async_sleep(60);
}

static int interrupt = SIGINT, terminate = SIGTERM;

static bool has_default(int signo)
{
	struct sigaction now;

	sigaction(signo, NULL, &now);
	return now.sa_handler == SIG_DFL;
}

TEST(sigint_cancels_main_and_sigterm_does_if_asked_for)
{
	struct async_run_options both = { .signals = ASYNC_SIGINT_SIGTERM };

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	CHECK_INT(async_run(signal_and_sleep, &interrupt), ASYNC_EINTERRUPTED);
	CHECK_INT(async_run_error()->code, ASYNC_EINTERRUPTED);
	CHECK_INT(async_run_with(signal_and_sleep, &terminate, &both), ASYNC_EINTERRUPTED);
	CHECK(has_default(SIGINT) && has_default(SIGTERM));
	EXPECT_SIGNAL(SIGTERM, async_run(signal_and_sleep, &terminate), "");
}

TEST(without_signals_the_default_is_left_alone)
{
	struct async_run_options none = { .signals = ASYNC_NO_SIGNALS };

	signal(SIGINT, SIG_DFL);
	EXPECT_SIGNAL(SIGINT, async_run_with(signal_and_sleep, &interrupt, &none), "");
}

static int stubborn(void *arg)
{
	struct async_event never = { 0 };
	int caught = 0;

	while (caught < *(int *)arg) {
		kill(getpid(), SIGINT);
		if (async_sleep(60) == ASYNC_ECANCELED)
			caught++;
	}
	(void)never;
	return caught;
}

TEST(main_that_swallows_the_first_returns_its_value_and_a_second_does_not_wait)
{
	int once = 1, thrice = 3;

	signal(SIGINT, SIG_DFL);
	CHECK_INT(async_run(stubborn, &once), 1);
	/* The third one comes after the run has given its dispositions back. */
	EXPECT_SIGNAL(SIGINT, async_run(stubborn, &thrice), "");
}

static int twice(void *arg)
{
	(void)arg;
	kill(getpid(), SIGINT);
	CHECK_INT(async_sleep(60), ASYNC_ECANCELED);
	kill(getpid(), SIGINT);
	/* The shutdown cancels it once more. */
	CHECK_INT(async_sleep(60), ASYNC_ECANCELED);
	return 5;
}

TEST(the_second_ends_the_run_though_main_goes_on)
{
	signal(SIGINT, SIG_DFL);
	CHECK_INT(async_run(twice, NULL), ASYNC_EINTERRUPTED);
}

static int cancelled_by_both(void *arg)
{
	(void)arg;
	async_cancel(async_current_task());
	kill(getpid(), SIGINT);
	while (async_sleep(60) == 0 || async_cancelling(async_current_task()) < 2)
		continue;
	return ASYNC_ECANCELED;
}

TEST(main_that_somebody_else_had_cancelled_ends_cancelled)
{
	signal(SIGINT, SIG_DFL);
	CHECK_INT(async_run(cancelled_by_both, NULL), ASYNC_ECANCELED);
}

static int stuck(void *arg)
{
	(void)arg;
	kill(getpid(), SIGINT);
	usleep(600000);
	kill(getpid(), SIGINT);
	return 0;
}

TEST(a_stuck_loop_is_killed_by_the_second)
{
	signal(SIGINT, SIG_DFL);
	EXPECT_SIGNAL(SIGINT, async_run(stuck, NULL), "");
}

static int handled;

static void handle(void *arg)
{
	(void)arg;
	handled++;
}

static int own_handler(void *arg)
{
	(void)arg;
	CHECK_INT(async_add_signal_handler(SIGINT, handle, NULL), 0);
	kill(getpid(), SIGINT);
	return async_sleep(0.01);
}

TEST(a_handler_of_the_programs_own_takes_its_place)
{
	signal(SIGINT, SIG_DFL);
	CHECK_INT(async_run(own_handler, NULL), 0);
	CHECK_INT(handled, 1);
	CHECK(has_default(SIGINT));
	signal(SIGINT, SIG_IGN);
	CHECK_INT(async_run(own_handler, NULL), 0);
	CHECK(!has_default(SIGINT));
}

static int look(void *arg)
{
	*(bool *)arg = has_default(SIGINT);
	return 0;
}

static void *run_here(void *arg)
{
	async_run(look, arg);
	return NULL;
}

TEST(only_the_main_thread_takes_signals)
{
	bool untouched = false, here = true;
	pthread_t thread;

	signal(SIGINT, SIG_DFL);
	pthread_create(&thread, NULL, run_here, &untouched);
	pthread_join(thread, NULL);
	CHECK(untouched);
	CHECK_INT(async_run(look, &here), 0);
	CHECK(!here);
}

static int wait_for_ever(void *arg)
{
	struct async_event never = { 0 };

	(void)arg;
	return async_event_wait(&never);
}

TEST(that_a_signal_could_come_does_not_hide_a_deadlock)
{
	signal(SIGINT, SIG_DFL);
	CHECK_INT(async_run(wait_for_ever, NULL), ASYNC_EDEADLOCK);
}
