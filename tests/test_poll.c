/* SPDX-License-Identifier: MIT */
/*
 * test_poll.c - the reactor's contract (poll.h), whichever reactor was built.
 * Long, because it is that one contract, clause by clause.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/poll.h"
#include "tests/harness.h"

static const int64_t ms = 1000000, for_ever = -1;

static struct poller *poller;
static int pair[2];

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static void open_poller(void)
{
	CHECK_INT(poller_open(&poller), 0);
}

static void open_pair(void)
{
	open_poller();
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_INT(poller_add(poller, pair[0], 7), 0);
}

static void close_pair(void)
{
	poller_remove(poller, pair[0]);
	close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
	poller_close(poller);
}

/* All that is reported of one fd within timeout; the reactor may spread it over several events. */
static unsigned bits_of(int fd, uint32_t generation, int64_t timeout)
{
	struct poll_event events[8];
	unsigned bits = 0;
	int n;

	while ((n = poller_wait(poller, timeout, events, 8)) > 0) {
		for (int i = 0; i < n; i++) {
			CHECK_INT(events[i].fd, fd);
			CHECK_INT(events[i].generation, generation);
			bits |= events[i].bits;
		}
		timeout = 0;
	}
	return bits;
}

/* ---- Edges ----------------------------------------------------------------------------------- */

TEST(an_fd_that_is_writable_when_added_is_reported_once)
{
	open_pair();
	CHECK_INT(bits_of(pair[0], 7, for_ever), POLLER_WRITE);
	CHECK_INT(bits_of(pair[0], 7, 0), 0);
	close_pair();
}

TEST(an_fd_that_is_readable_when_added_is_reported)
{
	open_poller();
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_INT(write(pair[1], "x", 1), 1);
	CHECK_INT(poller_add(poller, pair[0], 3), 0);
	CHECK(bits_of(pair[0], 3, for_ever) & POLLER_READ);
	close_pair();
}

TEST(data_is_reported_once_and_again_when_more_arrives)
{
	open_pair();
	bits_of(pair[0], 7, for_ever);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(write(pair[1], "x", 1), 1);
		CHECK(bits_of(pair[0], 7, for_ever) & POLLER_READ);
		CHECK_INT(bits_of(pair[0], 7, 0), 0);
	}
	close_pair();
}

TEST(room_to_write_is_reported_after_the_peer_has_read)
{
	char buffer[4096] = { 0 };

	open_pair();
	bits_of(pair[0], 7, for_ever);
	while (write(pair[0], buffer, sizeof(buffer)) > 0)
		;
	CHECK_INT(errno, EAGAIN);
	CHECK_INT(bits_of(pair[0], 7, 0), 0);
	while (read(pair[1], buffer, sizeof(buffer)) > 0)
		;
	CHECK(bits_of(pair[0], 7, for_ever) & POLLER_WRITE);
	close_pair();
}

TEST(a_half_close_is_a_hangup)
{
	open_pair();
	bits_of(pair[0], 7, for_ever);
	shutdown(pair[1], SHUT_WR);
	CHECK(bits_of(pair[0], 7, for_ever) & POLLER_HANGUP);
	close_pair();
}

TEST(a_close_by_the_peer_is_a_hangup)
{
	open_pair();
	bits_of(pair[0], 7, for_ever);
	close(pair[1]);
	pair[1] = -1;
	CHECK(bits_of(pair[0], 7, for_ever) & POLLER_HANGUP);
	close_pair();
}

TEST(both_ends_of_a_pipe_can_be_added)
{
	int fds[2];

	open_poller();
	CHECK_INT(pipe2(fds, O_NONBLOCK), 0);
	CHECK_INT(poller_add(poller, fds[0], 1), 0);
	CHECK_INT(bits_of(fds[0], 1, 0) & POLLER_READ, 0);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK(bits_of(fds[0], 1, for_ever) & POLLER_READ);
	poller_remove(poller, fds[0]);
	CHECK_INT(poller_add(poller, fds[1], 2), 0);
	CHECK(bits_of(fds[1], 2, for_ever) & POLLER_WRITE);
	close(fds[0]);
	CHECK(bits_of(fds[1], 2, for_ever) & POLLER_HANGUP);
	poller_remove(poller, fds[1]);
	close(fds[1]);
	poller_close(poller);
}

/* ---- Registration ---------------------------------------------------------------------------- */

TEST(a_removed_fd_is_silent_and_can_be_added_again)
{
	open_pair();
	bits_of(pair[0], 7, for_ever);
	poller_remove(poller, pair[0]);
	CHECK_INT(write(pair[1], "x", 1), 1);
	CHECK_INT(bits_of(pair[0], 7, 0), 0);
	CHECK_INT(poller_add(poller, pair[0], UINT32_MAX), 0);
	CHECK(bits_of(pair[0], UINT32_MAX, for_ever) & POLLER_READ);
	close_pair();
}

TEST(removing_what_is_not_there_is_harmless)
{
	open_pair();
	poller_remove(poller, pair[1]);
	poller_remove(poller, pair[0]);
	poller_remove(poller, pair[0]);
	close_pair();
}

TEST(a_regular_file_and_a_directory_are_refused_with_eperm)
{
	int file = open(temp_file("file", "text"), O_RDONLY);
	int directory = open(temp_dir(), O_RDONLY);

	open_poller();
	CHECK_INT(poller_add(poller, file, 1), -EPERM);
	CHECK_INT(poller_add(poller, directory, 1), -EPERM);
	close(file);
	close(directory);
	poller_close(poller);
}

TEST(a_bad_fd_is_refused_with_ebadf)
{
	open_poller();
	CHECK_INT(poller_add(poller, 1000, 1), -EBADF);
	poller_close(poller);
}

static void open_and_close(void)
{
	struct poller *one;

	if (poller_open(&one) == 0)
		poller_close(one);
}

TEST(a_poller_that_cannot_be_opened_leaves_nothing_behind)
{
	for_each_failing_allocation(open_and_close);
	for_each_failing_syscall(open_and_close);
}

enum { MANY = 300 };

TEST(more_events_than_fit_are_given_by_further_calls)
{
	int fds[MANY][2];
	bool seen[MANY] = { false };
	struct poll_event events[7];
	int n, left = MANY;

	open_poller();
	for (int i = 0; i < MANY; i++) {
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds[i]), 0);
		CHECK_INT(poller_add(poller, fds[i][0], i), 0);
	}
	while ((n = poller_wait(poller, 0, events, 7)) > 0) {
		for (int i = 0; i < n; i++) {
			CHECK_INT(events[i].fd, fds[events[i].generation][0]);
			left -= !seen[events[i].generation];
			seen[events[i].generation] = true;
		}
		CHECK(n == 7 || left == 0);
	}
	CHECK_INT(left, 0);
	for (int i = 0; i < MANY; i++) {
		poller_remove(poller, fds[i][0]);
		close(fds[i][0]);
		close(fds[i][1]);
	}
	poller_close(poller);
}

TEST(one_call_fills_as_many_events_as_there_is_room_for)
{
	static struct poll_event events[2 * MANY];
	int fds[MANY][2];

	open_poller();
	for (int i = 0; i < MANY; i++) {
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds[i]), 0);
		CHECK_INT(poller_add(poller, fds[i][0], i), 0);
	}
	CHECK_INT(poller_wait(poller, 0, events, 2 * MANY), MANY);
	for (int i = 0; i < MANY; i++) {
		poller_remove(poller, fds[i][0]);
		close(fds[i][0]);
		close(fds[i][1]);
	}
	poller_close(poller);
}

/* ---- Time ------------------------------------------------------------------------------------ */

static void check_lasts(int64_t timeout)
{
	struct poll_event event;
	int64_t start = now();

	CHECK_INT(poller_wait(poller, timeout, &event, 1), 0);
	CHECK(now() - start >= timeout);
}

TEST(a_timeout_is_never_cut_short)
{
	open_poller();
	for (int64_t timeout = 1; timeout < 5 * ms; timeout = timeout * 3 + 1)
		check_lasts(timeout);
	poller_close(poller);
}

TEST(a_kernel_without_nanoseconds_waits_whole_milliseconds_and_is_not_asked_again)
{
	static const int errors[] = { ENOSYS, EPERM };

	for (int i = 0; i < 2; i++) {
		open_poller();
		fail_call("epoll_pwait2", 0, errors[i]);
		check_lasts(1);
		if (fail_count() == 0)
			NOT_HERE("this reactor does not call epoll_pwait2");
		check_lasts(1200000);
		CHECK_INT(fail_count(), 1);
		fail_none();
		poller_close(poller);
	}
}

static atomic_int signals;

static void note_signal(int signo)
{
	(void)signo;
	atomic_fetch_add(&signals, 1);
}

static atomic_bool wait_ended;

/* Until the wait has ended: a signal may well come before the wait begins. */
static void *send_signals(void *arg)
{
	while (!wait_ended) {
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
		nanosleep(&(struct timespec){ .tv_nsec = ms }, NULL);
	}
	return NULL;
}

TEST(a_signal_ends_the_wait)
{
	pthread_t self = pthread_self(), other;
	struct poll_event event;

	open_poller();
	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = note_signal }, NULL);
	CHECK_INT(pthread_create(&other, NULL, send_signals, &self), 0);
	CHECK_INT(poller_wait(poller, for_ever, &event, 1), 0);
	wait_ended = true;
	pthread_join(other, NULL);
	CHECK(signals > 0);
	poller_close(poller);
}

/* ---- Waking ---------------------------------------------------------------------------------- */

TEST(a_wake_before_the_wait_ends_it_once)
{
	struct poll_event event;

	open_poller();
	for (int i = 0; i < 1000; i++)
		poller_wake(poller);
	CHECK_INT(poller_wait(poller, for_ever, &event, 1), 0);
	check_lasts(5 * ms);
	poller_close(poller);
}

TEST(a_wake_takes_no_place_from_events)
{
	struct poll_event event;

	open_pair();
	poller_wake(poller);
	CHECK_INT(poller_wait(poller, for_ever, &event, 1), 1);
	CHECK_INT(event.fd, pair[0]);
	close_pair();
}

TEST(a_wake_leaves_errno_alone)
{
	open_poller();
	errno = 123;
	poller_wake(poller);
	CHECK_INT(errno, 123);
	poller_close(poller);
}

static atomic_int handed_over;

/* Each number is handed over only when the one before was seen, so a lost wake-up is a hang. */
static void *hand_over(void *arg)
{
	for (int i = 1; i <= *(int *)arg; i++) {
		while (atomic_load(&handed_over) != 0)
			;
		atomic_store(&handed_over, i);
		poller_wake(poller);
	}
	return NULL;
}

TEST_WITH_LIMIT(no_wake_from_another_thread_is_lost, 20)
{
	int count = under_valgrind() ? 200 : 20000;
	struct poll_event event;
	pthread_t other;

	open_poller();
	CHECK_INT(pthread_create(&other, NULL, hand_over, &count), 0);
	for (int got, next = 1; next <= count;) {
		CHECK_INT(poller_wait(poller, for_ever, &event, 1), 0);
		got = atomic_load(&handed_over);
		if (got == 0)
			continue;
		CHECK_INT(got, next++);
		atomic_store(&handed_over, 0);
	}
	pthread_join(other, NULL);
	poller_close(poller);
}

static void *wake_often(void *arg)
{
	for (int i = 0; i < 20000; i++)
		poller_wake(poller);
	atomic_store((atomic_int *)arg, 1);
	poller_wake(poller);
	return NULL;
}

TEST_WITH_LIMIT(wakes_from_many_threads_leave_the_last_one_standing, 20)
{
	atomic_int done[3] = { 0 };
	struct poll_event event;
	pthread_t threads[3];

	open_poller();
	for (int i = 0; i < 3; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, wake_often, &done[i]), 0);
	while (!done[0] || !done[1] || !done[2])
		CHECK_INT(poller_wait(poller, for_ever, &event, 1), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	poller_close(poller);
}

static void wake_in_handler(int signo)
{
	(void)signo;
	atomic_fetch_add(&signals, 1);
	poller_wake(poller);
}

TEST(a_signal_handler_may_wake)
{
	struct poll_event event;

	open_poller();
	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = wake_in_handler }, NULL);
	raise(SIGUSR1);
	CHECK_INT(poller_wait(poller, for_ever, &event, 1), 0);
	CHECK_INT(signals, 1);
	poller_close(poller);
}

TEST(a_call_that_fails_for_other_reasons_does_not_say_that_an_fd_was_closed)
{
	open_pair();
	fail_call("epoll_ctl", 1, ENOMEM);
	CHECK(poller_holds(poller, pair[0], 7));
	fail_none();
	close_pair();
}
