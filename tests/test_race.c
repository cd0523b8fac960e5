/* SPDX-License-Identifier: MIT */
/*
 * test_race.c - one connection to the first of several addresses that answers: the order of the tries,
 * their head start, and what is left of the losers.
 */
#include <arpa/inet.h>
#include <unistd.h>

#include "net/race.h"
#include "runtime/base.h"
#include "runtime/fd.h"
#include "tests/harness.h"
#include "tests/ports.h"

static int run(int (*fn)(void *arg))
{
	return async_run(fn, NULL);
}

static struct net_address address_of(const char *text, int port)
{
	struct net_address address;

	CHECK_INT(net_address_parse(&address, text, port), 0);
	return address;
}

static const struct net_connect_options unwatched;

static int starts, ends, failures;

static void count_event(void *arg, enum net_connect_event event, const struct net_address *address,
			int code)
{
	(void)arg;
	CHECK(address != NULL);
	starts += event == NET_CONNECT_ADDRESS_START;
	ends += event == NET_CONNECT_ADDRESS_END;
	failures += code < 0;
}

static const struct net_connect_options watched = { .watch = count_event };

static int race_past_a_refusal(void *arg)
{
	struct net_listener *listener;
	int port = listen_here(&listener), dead = unused_port();
	struct net_address list[] = { address_of("127.0.0.1", dead), address_of("127.0.0.2", dead),
				      address_of("127.0.0.1", port) };
	struct race_result result;
	char text[NET_ADDRESS_TEXT];
	double start = async_time();
	int fd;

	(void)arg;
	fd = race_connect(ASYNC_HERE, list, 3, &watched, &result);
	CHECK_INT(starts, 3);
	CHECK_INT(ends, 3);
	CHECK_INT(failures, 2);
	CHECK(fd >= 0);
	CHECK(async_time() - start < 0.2); /* an error does not cost the head start */
	CHECK_STR(net_address_format(&result.address, text), format("127.0.0.1:%d", port));
	fd_close(ASYNC_HERE, fd);
	net_listener_close(listener);
	return 0;
}

TEST(the_next_address_is_tried_at_once_after_an_error)
{
	CHECK_INT(run(race_past_a_refusal), 0);
}

static int race_past_silence(void *arg)
{
	struct net_listener *listener;
	int port = listen_here(&listener);
	struct deaf deaf = deaf_start();
	struct net_address list[] = { address_of("127.0.0.1", deaf.port),
				      address_of("127.0.0.1", port) };
	struct race_result result;
	double start = async_time();
	int fd;

	(void)arg;
	fd = race_connect(ASYNC_HERE, list, 2, &unwatched, &result);
	CHECK(fd >= 0);
	CHECK(async_time() - start >= 0.25);
	fd_close(ASYNC_HERE, fd);
	net_listener_close(listener);
	deaf_stop(&deaf);
	return 0;
}

TEST(a_silent_address_costs_a_quarter_of_a_second)
{
	CHECK_INT(run(race_past_silence), 0);
}

/* 100::/64 is the network that leads nowhere: refused at once or never answered. */
static int race_past_ipv6(void *arg)
{
	struct net_listener *listener;
	int port = listen_here(&listener);
	struct net_address list[] = { address_of("100::1", port), address_of("127.0.0.1", port) };
	struct race_result result;
	int fd;

	(void)arg;
	fd = race_connect(ASYNC_HERE, list, 2, &unwatched, &result);
	CHECK(fd >= 0);
	CHECK_INT(result.address.any.sa_family, AF_INET);
	fd_close(ASYNC_HERE, fd);
	net_listener_close(listener);
	return 0;
}

TEST(ipv4_wins_over_an_ipv6_that_leads_nowhere)
{
	CHECK_INT(run(race_past_ipv6), 0);
}

static int race_to_the_end(void *arg)
{
	int dead = unused_port();
	struct net_address list[] = { address_of("127.0.0.1", dead),
				      address_of("127.0.0.2", dead) };
	struct race_result result;

	(void)arg;
	CHECK_INT(race_connect(ASYNC_HERE, list, 2, &unwatched, &result), -ECONNREFUSED);
	CHECK_STR(result.report,
		  format("127.0.0.1:%d: Connection refused; 127.0.0.2:%d: Connection refused", dead,
			 dead));
	return 0;
}

TEST(when_all_are_dead_each_has_its_error_in_the_message)
{
	CHECK_INT(run(race_to_the_end), 0);
}

static int race_silence(void *arg)
{
	const struct deaf *deaf = arg;
	struct net_address list[] = { address_of("127.0.0.1", deaf->port),
				      address_of("127.0.0.1", deaf->port) };
	struct race_result result;

	return race_connect(ASYNC_HERE, list, 2, &unwatched, &result);
}

static int cancel_race(void *arg)
{
	struct deaf deaf = deaf_start();
	struct async_counts counts;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		struct async_task *task = async_create_task(race_silence, &deaf);

		CHECK(task != NULL);
		/* Before the first attempt runs, while it waits, while two of them wait. */
		CHECK_INT(async_sleep(i == 2 ? 0.26 : 0.001 * i), 0);
		CHECK(async_cancel(task));
		CHECK_INT(async_await(task), ASYNC_ECANCELED);
		async_task_release(task);
		async_count(&counts);
		CHECK_INT(counts.tasks, 1);
		CHECK_INT(counts.fds, 0);
	}
	deaf_stop(&deaf);
	return 0;
}

TEST(a_cancelled_race_leaves_no_task_and_no_fd)
{
	CHECK_INT(run(cancel_race), 0);
}
