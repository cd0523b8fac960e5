/* SPDX-License-Identifier: MIT */
/*
 * test_watchdog_whole.c - whole programs under the watchdog: they behave as if they were not watched, what
 * is no stall is no finding, and what comes again is not said each time.
 */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/harness.h"
#include "tests/watched.h"

static atomic_uint after;

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

NOT_INLINED static int sleeper(void *arg)
{
	(void)arg;
	usleep(300000);
	after = 1;
	return 0;
}

NOT_INLINED static void spin(double seconds)
{
	double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);

	do {
		for (unsigned i = 0; i < 10000; i++)
			after += i;
	} while (seconds_of(CLOCK_THREAD_CPUTIME_ID) - start < seconds);
}

static int spinner(void *arg)
{
	spin(arg ? *(double *)arg : 0.4);
	after = 2;
	return 0;
}

static void sleep_seconds(void)
{
	CHECK_INT(sleep(1), 0);
}

static void sleep_usleep(void)
{
	CHECK_INT(usleep(300000), 0);
}

static void sleep_nanosleep(void)
{
	CHECK_INT(nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL), 0);
}

static void sleep_until(void)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 300000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	CHECK_INT(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
}

static void sleep_poll(void)
{
	CHECK_INT(poll(NULL, 0, 300), 0);
}

static void sleep_select(void)
{
	CHECK_INT(select(0, NULL, NULL, NULL, &(struct timeval){ .tv_usec = 300000 }), 0);
}

static void sleep_epoll(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0);

	CHECK_INT(epoll_wait(fd, &event, 1, 300), 0);
	close(fd);
}

static void sleep_recv(void)
{
	struct timeval limit = { .tv_usec = 300000 };
	int fds[2];
	char byte;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_INT(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
	errno = 0;
	CHECK_INT(recv(fds[0], &byte, 1, 0), -1);
	CHECK_INT(errno, EAGAIN);
	close(fds[0]);
	close(fds[1]);
}

static void sleep_semaphore(void)
{
	struct timespec until;
	sem_t semaphore;

	sem_init(&semaphore, 0, 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 300000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	CHECK_INT(sem_timedwait(&semaphore, &until), -1);
	CHECK_INT(errno, ETIMEDOUT);
}

static int timed_sleeps(void *arg)
{
	static void (*const sleeps[])(void) = {
		sleep_seconds, sleep_usleep, sleep_nanosleep, sleep_until,     sleep_poll,
		sleep_select,  sleep_epoll,  sleep_recv,      sleep_semaphore,
	};

	for (size_t i = 0; i < sizeof sleeps / sizeof sleeps[0]; i++) {
		double start = seconds_of(CLOCK_MONOTONIC), lasted;

		sleeps[i]();
		lasted = seconds_of(CLOCK_MONOTONIC) - start;
		/* Kernel ticks make a millisecond of it. */
		if (lasted < (i == 0 ? 1.0 : 0.299))
			FAIL("sleep %zu lasted %.4f s", i, lasted);
		async_sleep(0);
	}
	*(size_t *)arg = sizeof sleeps / sizeof sleeps[0];
	return 0;
}

TEST(blocking_calls_last_their_time_and_each_is_reported)
{
	size_t calls;

	watched_run(0.05, timed_sleeps, &calls);
	watched_check_stalls((unsigned)calls);
	/* Without names all sleeps look the same, and repetitions are left out. */
	if (watched_has_names())
		CHECK_INT(watched_count, 2 * async_watchdog_stalls());
	/* The second of sleep is 20 limits long: watched_said again at 8 and 16, or late, only once. */
	CHECK(watched_lasts == 1 || watched_lasts == 2);
}

static int forker(void *arg)
{
	pid_t child = fork();
	int status;

	(void)arg;
	usleep(500000);
	if (child == 0)
		return 0;
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 7);
	return 0;
}

TEST(a_fork_hurts_neither_process)
{
	pid_t parent = getpid();

	if (UNDER_TSAN)
		NOT_HERE("TSan allows no threads after a fork");
	watched_run(0.05, forker, NULL);
	if (getpid() != parent) {
		/*
		 * The child has closed its copy of the loop, and can run one of its own. (Under
		 * ASan only since the monitor was at rest: its allocator does not survive a fork.)
		 */
		CHECK_INT(async_run(sleeper, NULL), 0);
		_exit(watched_count >= 2 && watched_said[watched_count - 1].ended ? 7 : 8);
	}
	CHECK(watched_count >= 2);
}

/* ---- No finding ------------------------------------------------------------------------------ */

static int short_slices(void *arg)
{
	(void)arg;
	for (int i = 0; i < 15; i++) {
		usleep(30000);
		async_sleep(0);
	}
	return 0;
}

TEST(slices_below_the_limit_are_not_reported)
{
	watched_run(0.2, short_slices, NULL);
	CHECK_INT(async_watchdog_stalls(), 0);
	CHECK_INT(watched_count, 0);
}

/* A child stops this process for half a second while a slice of 60 ms runs. */
static int stopped(void *arg)
{
	pid_t parent = getpid(), child;
	int ready[2];
	char byte;
	double work = 0.06;

	CHECK_INT(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		if (read(ready[0], &byte, 1) == 1) {
			usleep(20000);
			kill(parent, SIGSTOP);
			usleep(500000);
			kill(parent, SIGCONT);
		}
		_exit(0);
	}
	async_sleep(0.01);
	double start = seconds_of(CLOCK_MONOTONIC);
	CHECK_INT(write(ready[1], "x", 1), 1);
	spinner(&work);
	CHECK(seconds_of(CLOCK_MONOTONIC) - start > 0.4);
	async_sleep(0);
	CHECK_INT(waitpid(child, NULL, 0), child);
	close(ready[0]);
	close(ready[1]);
	(void)arg;
	return 0;
}

TEST(a_stopped_process_is_not_the_codes_fault)
{
	watched_run(0.15, stopped, NULL);
	if (watched_count > 0)
		FAIL("%s", watched_said[0].text);
}

static int of_many_lengths(void *arg)
{
	unsigned *expected = arg;
	unsigned seed = 12345;

	for (int i = 0; i < 14; i++) {
		double length;

		seed = seed * 1103515245 + 12345;
		length = 0.5 + (double)(seed >> 16 & 1023) / 1023 * 4.5;
		if (length > 0.9 && length < 1.5)
			continue;
		*expected += length > 1;
		usleep((useconds_t)(length * 60000));
		async_sleep(0);
	}
	return 0;
}

TEST(stalls_are_reported_from_one_and_a_half_limits_and_never_below_one)
{
	unsigned expected = 0;

	watched_run(0.06, of_many_lengths, &expected);
	CHECK(expected > 3);
	watched_check_stalls(expected);
}

/* ---- Repetition, several loops ---------------------------------------------------------------- */

static int repeater(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5; i++) {
		usleep(200000);
		async_sleep(0);
	}
	return 0;
}

TEST(the_same_stack_is_reported_the_first_second_and_fourth_time)
{
	watched_run(0.05, repeater, NULL);
	watched_check_stalls(5);
	CHECK_INT(watched_count, async_watchdog_stalls() < 4 ? 4 : 6);
	CHECK_CONTAINS(watched_said[2].text, "this stack for the 2nd time");
	if (watched_count == 6)
		CHECK_CONTAINS(watched_said[4].text, "this stack for the 4th time");
}

static void *run_a_loop(void *arg)
{
	CHECK_INT(async_run(sleeper, NULL), 0);
	return arg;
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

TEST(several_loops_in_threads_are_each_watched)
{
	pthread_t threads[3];

	watched_run(0.05, nothing, NULL);
	for (int i = 0; i < 3; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, run_a_loop, NULL), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	CHECK_INT(async_watchdog_stalls(), 3);
	CHECK_INT(watched_count, 6);
	for (int i = 0; i < watched_count && watched_has_names(); i++)
		CHECK_STR(watched_said[i].function, "sleeper");
}
