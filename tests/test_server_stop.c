/* SPDX-License-Identifier: MIT */
/*
 * test_server_stop.c - how many the server takes at once, and how it ends: with requests under way, with
 * idle clients, before it has run.
 */
#include <stdlib.h>

#include "tests/harness.h"
#include "tests/served.h"

static int crowd(void)
{
	struct net_stream *streams[5];
	char *got;

	for (int i = 0; i < 5; i++)
		streams[i] = served_dial();
	async_sleep(0.01);
	CHECK_INT(http_server_connections(served.server), 2);
	for (int i = 0; i < 5; i++) {
		served_say(streams[i], LAST("/"));
		got = served_hear_all(streams[i], NULL);
		CHECK_STR(got, HELLO_LAST);
		free(got);
		net_close(streams[i]);
	}
	CHECK_INT(http_server_peak_connections(served.server), 2);
	return 0;
}

TEST(connections_beyond_the_limit_wait_their_turn)
{
	served.options.max_connections = 2;
	served_run(crowd);
}

static int stop_gracefully(void *arg)
{
	struct net_stream *busy, *idle, *half;
	double before;
	char *got;

	(void)arg;
	served_start();
	busy = served_dial();
	idle = served_dial();
	half = served_dial();
	served_say(busy, GET("/slow"));
	served_say(half, "GET / HTTP/1.1\r\n");
	async_sleep(0.1);
	before = async_time();
	CHECK_INT(http_server_stop(served.server, 5), 0);
	/* The idle one went at once, the slow handler was waited for, the half head was not. */
	CHECK_NEAR(async_time() - before, 5, 0.1);
	got = served_hear_all(busy, NULL);
	CHECK_STR(got, HELLO_LAST);
	free(got);
	got = served_hear_all(idle, NULL);
	CHECK_STR(got, "");
	free(got);
	got = served_hear_all(half, NULL);
	CHECK_STR(got, "");
	free(got);
	net_close(busy);
	net_close(idle);
	net_close(half);
	CHECK(net_connect(&busy, "127.0.0.1", served.port, NULL) < 0);
	return 0;
}

TEST(a_stop_lets_requests_finish_within_the_grace)
{
	CHECK_INT(async_run_with(stop_gracefully, NULL,
				 &(struct async_run_options){ .virtual_clock = true }),
		  0);
}

static int stop_at_once(void *arg)
{
	struct net_stream *busy;
	double before;
	char *got;

	(void)arg;
	served_start();
	busy = served_dial();
	served_say(busy, GET("/slow"));
	async_sleep(0.1);
	before = async_time();
	CHECK_INT(http_server_stop(served.server, 0), 0);
	CHECK_NEAR(async_time() - before, 0, 0.1);
	got = served_hear_all(busy, NULL);
	CHECK_STR(got, "");
	free(got);
	net_close(busy);
	CHECK_INT(served.freed, 1);
	return 0;
}

TEST(a_stop_without_grace_cancels_the_handlers)
{
	CHECK_INT(async_run_with(stop_at_once, NULL,
				 &(struct async_run_options){ .virtual_clock = true }),
		  0);
}

static int stop_while_starting(void *arg)
{
	struct net_stream *stream;

	(void)arg;
	served_start();
	CHECK_INT(http_server_stop(served.server, 1), 0);
	served_start();
	stream = served_dial();
	CHECK_INT(http_server_stop(served.server, 1), 0);
	net_close(stream);
	return 0;
}

TEST(a_server_may_be_stopped_before_it_has_run)
{
	CHECK_INT(async_run(stop_while_starting, NULL), 0);
}

static int stop_it(void *arg)
{
	(void)arg;
	return http_server_stop(served.server, 100);
}

static int cancel_the_stop(void *arg)
{
	struct net_stream *busy;
	struct async_task *task;

	(void)arg;
	served_start();
	busy = served_dial();
	served_say(busy, GET("/slow"));
	async_sleep(0.1);
	task = async_create_task(stop_it, NULL);
	CHECK(task);
	async_sleep(0.1);
	async_cancel(task);
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	async_task_release(task);
	net_close(busy);
	return 0;
}

TEST(a_cancelled_stop_still_cleans_up)
{
	CHECK_INT(async_run_with(cancel_the_stop, NULL,
				 &(struct async_run_options){ .virtual_clock = true }),
		  0);
}
