/* SPDX-License-Identifier: MIT */
/* test_listener.c - listeners: what can be listened on, a close under who accepts, no fd left. */
#include <errno.h>

#include "tests/harness.h"
#include "tests/ports.h"

static int run(int (*fn)(void *arg))
{
	return async_run(fn, NULL);
}

static int connect_fails(const char *host, int port, const struct net_connect_options *options)
{
	struct net_stream *stream;

	return net_connect(&stream, host, port, options);
}

static int listen_badly(void *arg)
{
	struct net_listener *listener, *second;

	(void)arg;
	CHECK_INT(net_listen(&listener, "localhost", 0), NET_EADDRESS);
	CHECK_INT(net_listen(&listener, "127.0.0.1", 65536), NET_EADDRESS);
	CHECK_INT(net_listen(&listener, "127.0.0.1", -1), NET_EADDRESS);
	CHECK_INT(net_listen(&listener, "127.0.0.1", 0), 0);
	CHECK_INT(net_listen(&second, "127.0.0.1", net_listener_port(listener)), -EADDRINUSE);
	net_listener_close(listener);
	net_listener_close(NULL);
	net_close(NULL);
	return 0;
}

TEST(listening_needs_an_address_of_its_own)
{
	CHECK_INT(run(listen_badly), 0);
}

static int accept_one(void *arg)
{
	struct net_stream *stream;

	return net_accept(arg, &stream);
}

static int close_under_accept(void *arg)
{
	struct net_listener *listener;
	struct async_task *task;

	(void)arg;
	listen_here(&listener);
	task = async_create_task(accept_one, listener);
	CHECK(task != NULL);
	CHECK_INT(async_sleep(0.001), 0);
	net_listener_close(listener);
	CHECK_INT(async_await(task), ASYNC_ECLOSED);
	return 0;
}

TEST(closing_a_listener_wakes_who_accepts)
{
	CHECK_INT(run(close_under_accept), 0);
}

static int run_out_of_fds(void *arg)
{
	struct net_listener *listener;
	struct net_stream *client, *server;
	int port = listen_here(&listener);

	(void)arg;
	CHECK_INT(net_connect(&client, "127.0.0.1", port, NULL), 0);
	fail_call("accept4", 1, EMFILE);
	CHECK_INT(net_accept(listener, &server), -EMFILE);
	fail_call("accept4", 1, ECONNABORTED);
	CHECK_INT(net_accept(listener, &server), 0);
	fail_call("socket", 1, EMFILE);
	CHECK_INT(connect_fails("127.0.0.1", port, NULL), -EMFILE);
	fail_none();
	net_close(client);
	net_close(server);
	net_listener_close(listener);
	return 0;
}

TEST(no_fd_left_is_returned_and_the_connection_waits)
{
	CHECK_INT(run(run_out_of_fds), 0);
}
