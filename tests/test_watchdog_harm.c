/* SPDX-License-Identifier: MIT */
/*
 * test_watchdog_harm.c - what a report says beside the culprit: whom the stall harms, who made the
 * task and who awaits it, what the call is about, and whether it is stuck.
 */
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/symbol/symbol.h"
#include "tests/harness.h"

#define HOLD 200000 /* us: four limits */
#define HERE_TEXT(line) format("at tests/test_watchdog_harm.c:%d", (line))

static char first[4096], last[4096];
static atomic_int waits_at, after;

static void record(const struct async_stall *stall, void *arg)
{
	(void)arg;
	if (stall->ended || strstr(stall->text, "and still does"))
		snprintf(stall->ended ? last : first, sizeof first, "%s", stall->text);
}

static void watch(int (*fn)(void *arg), void *arg)
{
	unsigned before = async_watchdog_stalls();

	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	unsetenv("LOOPHOUND_WATCHDOG");
	async_watchdog_configure(
		&(struct async_watchdog_options){ .limit = 0.05, .report = record });
	/* On a busy machine the monitor may come too late for one. */
	for (int i = 0; i < 5 && async_watchdog_stalls() == before; i++)
		CHECK_INT(async_run(fn, arg), 0);
	if (async_watchdog_stalls() == before)
		FAIL("no stall was reported");
}

/* ---- Which callback ----------------------------------------------------------------------------- */

static void hold_the_loop(void *done)
{
	usleep(HOLD);
	after++;
	*(bool *)done = true;
}

static int with_a_signal(void *arg)
{
	bool done = false;

	(void)arg;
	CHECK_INT(async_add_signal_handler(SIGUSR1, hold_the_loop, &done), 0);
	async_sleep(0.06);
	raise(SIGUSR1);
	while (!done)
		async_sleep(0.001);
	return async_remove_signal_handler(SIGUSR1);
}

TEST(a_signals_handler_is_called_so)
{
	watch(with_a_signal, NULL);
	CHECK_CONTAINS(first, "] the handler of SIGUSR1 has held the loop");
}

static int with_a_reader(void *arg)
{
	bool done = false;
	int fds[2];

	CHECK_INT(pipe(fds), 0);
	CHECK_INT(async_add_reader(fds[0], hold_the_loop, &done), 0);
	async_sleep(0.06);
	CHECK_INT(write(fds[1], "x", 1), 1);
	while (!done)
		async_sleep(0.001);
	async_remove_reader(fds[0]);
	close(fds[0]);
	close(fds[1]);
	*(int *)arg = fds[0];
	return 0;
}

TEST(the_reader_of_an_fd_is_called_so)
{
	int fd = -1;

	watch(with_a_reader, &fd);
	CHECK_CONTAINS(first, format("] the reader of fd %d has held the loop", fd));
}

/* ---- Victims --------------------------------------------------------------------------------- */

static int bystander(void *arg)
{
	(void)arg;
	return 0;
}

static struct async_future beat;
static struct async_timer beat_timer;

static void complete(void *future)
{
	async_future_set_result(future, 0);
}

static int heartbeat(void *arg)
{
	(void)arg;
	waits_at = __LINE__ + 1;
	return async_future_await(&beat);
}

static int culprit(void *arg)
{
	(void)arg;
	async_sleep(0); /* so that the one who beats waits already */
	async_call_later(&beat_timer, 0.02, complete, &beat);
	for (int i = 0; i < 3; i++)
		CHECK_INT(async_spawn(bystander, NULL), 0);
	usleep(HOLD);
	after++;
	return 0;
}

static int with_victims(void *arg)
{
	struct async_task *waiter, *task;
	int rc;

	(void)arg;
	async_sleep(0.06);
	async_future_init(&beat);
	waiter = async_create_task_with(heartbeat, NULL,
					&(struct async_task_options){ .name = "beat" });
	task = async_create_task_with(culprit, NULL,
				      &(struct async_task_options){ .name = "culprit" });
	rc = async_await(task);
	async_task_release(task);
	async_await(waiter);
	async_task_release(waiter);
	return rc;
}

TEST(who_is_ready_and_whose_timer_is_late_is_named)
{
	watch(with_victims, NULL);
	CHECK_CONTAINS(first, "task 3 \"culprit\" has held the loop");
	CHECK_CONTAINS(first, "  harm      3 tasks were ready, 1 timer late (worst ");
	CHECK_CONTAINS(first, format(" ms: task 2 \"beat\" %s)\n", HERE_TEXT(waits_at)));
}

TEST(who_created_the_task_and_who_awaits_it_is_named)
{
	watch(with_victims, NULL);
	CHECK_CONTAINS(first, "created by task 1 \"main\" at tests/test_watchdog_harm.c:");
	CHECK_CONTAINS(first, " to run culprit, awaited by task 1 \"main\" at "
			      "tests/test_watchdog_harm.c:");
}

static int limited(void *arg)
{
	(void)arg;
	return async_sleep(10);
}

static int with_timeout(void *arg)
{
	struct async_timeout limit;
	struct async_task *task;
	int rc;

	(void)arg;
	async_sleep(0.06);
	task = async_create_task_with(limited, NULL,
				      &(struct async_task_options){ .name = "limited" });
	async_timeout_begin(&limit, 0.01);
	/* Its own deadline is what is late. */
	usleep(HOLD);
	rc = async_timeout_end(&limit, async_await(task));
	async_task_release(task);
	return rc == ASYNC_ETIMEOUT ? 0 : rc;
}

TEST(a_deadline_that_is_late_is_its_tasks)
{
	watch(with_timeout, NULL);
	CHECK_CONTAINS(first, "  harm      1 task was ready, 1 timer late (worst ");
	CHECK_CONTAINS(first, " ms: task 1 \"main\" at ");
}

static void late_callback(void *arg)
{
	(void)arg;
}

static int with_many_timers(void *arg)
{
	static struct async_timer timers[100];

	(void)arg;
	async_sleep(0.06);
	for (int i = 0; i < 100; i++)
		async_call_later(&timers[i], i % 2 ? 0.001 * i / 10 : 100, late_callback, NULL);
	usleep(HOLD);
	for (int i = 0; i < 100; i++)
		async_timer_cancel(&timers[i]);
	return 0;
}

TEST(timers_that_are_late_are_counted_and_others_are_not)
{
	watch(with_many_timers, NULL);
	CHECK_CONTAINS(first, "  harm      50 timers late (worst ");
	CHECK_CONTAINS(first, " ms: a callback)\n");
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static int connected_pair(int fds[2], int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_INT(bind(listener, (struct sockaddr *)&address, size), 0);
	CHECK_INT(listen(listener, 1), 0);
	CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_INT(connect(fds[0], (struct sockaddr *)&address, size), 0);
	fds[1] = accept(listener, NULL, NULL);
	close(listener);
	return fds[1] >= 0 ? 0 : -1;
}

static int fds[2], port;

static int in_recv(void *arg)
{
	struct timeval limit = { .tv_usec = HOLD };
	char byte;

	(void)arg;
	async_sleep(0.06);
	CHECK_INT(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
	CHECK_INT(recv(fds[0], &byte, 1, 0), -1);
	return 0;
}

static int in_poll(void *arg)
{
	struct pollfd wanted[2] = { { .fd = fds[0], .events = POLLIN },
				    { .fd = fds[1], .events = POLLIN } };

	(void)arg;
	async_sleep(0.06);
	CHECK_INT(poll(wanted, 2, HOLD / 1000), 0);
	return 0;
}

TEST(a_socket_is_shown_with_its_peer_and_its_timeout)
{
	CHECK_INT(connected_pair(fds, &port), 0);
	watch(in_recv, NULL);
	CHECK_CONTAINS(first, format("BLOCKED in recvfrom(%d = 127.0.0.1:%d, timeout 0.2 s)   ",
				     fds[0], port));
	watch(in_poll, NULL);
	CHECK_CONTAINS(first, format("poll(%d = 127.0.0.1:%d, timeout 0.2 s)   ", fds[0], port));
	close(fds[0]);
	close(fds[1]);
}

static int in_semaphore(void *arg)
{
	struct timespec until;
	sem_t semaphore;

	(void)arg;
	async_sleep(0.06);
	sem_init(&semaphore, 0, 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += HOLD * 1000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	CHECK_INT(sem_timedwait(&semaphore, &until), -1);
	return 0;
}

TEST(a_lock_is_shown_with_what_is_left_of_its_timeout)
{
	const char *timeout;

	watch(in_semaphore, NULL);
	CHECK_CONTAINS(first, "LOCK in futex(timeout 0.");
	timeout = strstr(first, "timeout ") + strlen("timeout ");
	CHECK(atof(timeout) > 0 && atof(timeout) <= 0.16);
}

/* ---- The monitor's death ---------------------------------------------------------------------- */

static void die(const struct async_stall *stall, void *arg)
{
	(void)stall, (void)arg;
	pthread_exit(NULL);
}

static int held_twice(void *arg)
{
	(void)arg;
	async_sleep(0.06);
	usleep(HOLD / 2);
	CHECK_INT(async_sleep(0.01), 0);
	usleep(HOLD / 2);
	return async_sleep(0.01);
}

TEST(a_monitor_that_dies_leaves_the_loop_as_it_was)
{
	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	unsetenv("LOOPHOUND_WATCHDOG");
	async_watchdog_configure(&(struct async_watchdog_options){ .limit = 0.03, .report = die });
	CHECK_INT(async_run(held_twice, NULL), 0);
	CHECK_INT(async_watchdog_stalls(), 1);
}

/* ---- Progress -------------------------------------------------------------------------------- */

static __attribute__((noinline)) void wait_here(void)
{
	usleep(3 * HOLD);
	after = 1;
}

static __attribute__((noinline)) void wait_there(void)
{
	usleep(150000);
	after = 2;
}

static int stuck(void *arg)
{
	(void)arg;
	async_sleep(0.06);
	wait_here();
	return 0;
}

static int moving(void *arg)
{
	(void)arg;
	async_sleep(0.06);
	wait_there();
	wait_here();
	return 0;
}

TEST(at_its_end_it_is_said_whether_it_was_stuck_or_moving)
{
	watch(stuck, NULL);
	CHECK_CONTAINS(last, ", stuck in ");
	watch(moving, NULL);
	if (!strstr(symbol_hint, "-g"))
		return;
	CHECK_CONTAINS(first, "wait_there ");
	CHECK_CONTAINS(last, ", moving: last seen in wait_here tests/test_watchdog_harm.c:");
}
