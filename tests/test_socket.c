/* SPDX-License-Identifier: MIT */
/* test_socket.c - streams over loopback, plain ones: both ends are tasks of one loop. */
#include <unistd.h>

#include "tests/harness.h"
#include "tests/ports.h"
#include "tests/transfer.h"

static int run(int (*fn)(void *arg))
{
	return async_run(fn, NULL);
}

/* Two connected streams. */
static void pair(struct net_stream **client, struct net_stream **server)
{
	struct net_listener *listener;
	int port = listen_here(&listener);

	CHECK_INT(net_connect(client, "127.0.0.1", port, NULL), 0);
	CHECK_INT(net_accept(listener, server), 0);
	net_listener_close(listener);
}

/* ---- Streams --------------------------------------------------------------------------------- */

/* All of it, in however many pieces it comes. */
static void hear(struct net_stream *stream, const char *want)
{
	char buffer[16];
	size_t used = 0, size = strlen(want);

	while (used < size) {
		ssize_t n = net_read(stream, buffer + used, sizeof buffer - used);

		CHECK(n > 0);
		used += (size_t)n;
	}
	CHECK_MEM(buffer, used, want, size);
}

static int talk(void *arg)
{
	struct net_stream *client, *server;
	char buffer[16], text[NET_ADDRESS_TEXT];

	(void)arg;
	pair(&client, &server);
	CHECK_INT(net_write(client, "hello", 5), 0);
	hear(server, "hello");
	CHECK_INT(net_write(server, "yes", 3), 0);
	CHECK_INT(net_read(client, buffer, 1), 1);
	hear(client, "es");
	CHECK_CONTAINS(net_address_format(net_peer(server), text), "127.0.0.1:");
	CHECK_STR(net_tls_version(client), NULL);
	net_close(client);
	CHECK_INT(net_read(server, buffer, sizeof buffer), 0);
	CHECK_INT(net_read(server, buffer, sizeof buffer), 0);
	net_close(server);
	return 0;
}

TEST(bytes_go_both_ways_and_the_end_is_seen)
{
	CHECK_INT(run(talk), 0);
}

static int write_after_close(void *arg)
{
	struct net_stream *client, *server;
	int rc = 0;

	(void)arg;
	pair(&client, &server);
	net_close(server);
	for (int i = 0; i < 100 && rc == 0; i++) {
		rc = net_write(client, "x", 1);
		CHECK_INT(async_sleep(0), 0);
	}
	CHECK(rc == -EPIPE || rc == -ECONNRESET);
	net_close(client);
	return 0;
}

TEST(writing_to_a_closed_peer_is_an_error_and_no_signal)
{
	CHECK_INT(run(write_after_close), 0);
}

static int be_quiet(void *arg)
{
	struct net_stream *client, *server;
	char byte;

	(void)arg;
	pair(&client, &server);
	CHECK(net_is_quiet(client));
	CHECK_INT(net_write(server, "a", 1), 0);
	CHECK_INT(async_sleep(0.001), 0);
	CHECK(!net_is_quiet(client));
	CHECK_INT(net_read(client, &byte, 1), 1);
	CHECK(net_is_quiet(client));
	CHECK_INT(async_sleep(0.001), 0);
	net_close(server);
	CHECK_INT(async_sleep(0.001), 0);
	CHECK(!net_is_quiet(client));
	net_close(client);
	return 0;
}

TEST(a_byte_or_the_end_breaks_the_quiet)
{
	CHECK_INT(run(be_quiet), 0);
}

/* The poller has not run since: only a look at the socket can tell. */
static int notice_without_a_poll(void *arg)
{
	struct net_stream *client, *server;
	char buffer[8];

	(void)arg;
	pair(&client, &server);
	CHECK_INT(net_write(server, "a", 1), 0);
	CHECK_INT(net_read(client, buffer, sizeof buffer), 1);
	for (int i = 0; i < 5; i++)
		CHECK_INT(async_sleep(0), 0);
	CHECK(send(net_fd(server), "b", 1, 0) == 1);
	CHECK(!net_is_quiet(client));
	net_close(client);
	net_close(server);
	return 0;
}

TEST(an_idle_connection_is_looked_at_and_not_believed)
{
	CHECK_INT(run(notice_without_a_poll), 0);
}

static int count_calls(void *arg)
{
	struct net_stream *client, *server;
	char buffer[64];

	(void)arg;
	pair(&client, &server);
	CHECK_INT(net_write(server, "warm", 4), 0);
	CHECK_INT(net_read(client, buffer, sizeof buffer), 4);
	CHECK_INT(net_write(client, "warm", 4), 0);
	CHECK_INT(net_read(server, buffer, sizeof buffer), 4);
	fail_call("recv", 1000000, EIO); /* fails none, counts all */
	for (int i = 0; i < 20; i++) {
		CHECK_INT(net_write(client, "ping", 4), 0);
		CHECK_INT(net_read(server, buffer, sizeof buffer), 4);
		CHECK_INT(net_write(server, "pong", 4), 0);
		CHECK_INT(net_read(client, buffer, sizeof buffer), 4);
		CHECK(net_is_quiet(client));
	}
	CHECK_INT(fail_calls(), 40);
	fail_none();
	net_close(client);
	net_close(server);
	return 0;
}

TEST(a_read_of_a_short_message_is_one_system_call)
{
	CHECK_INT(run(count_calls), 0);
}

static int read_for_ever(void *arg)
{
	char byte;

	return (int)net_read(arg, &byte, 1);
}

static int close_under_a_reader(void *arg)
{
	struct net_stream *client, *server;
	struct async_task *reader;

	(void)arg;
	pair(&client, &server);
	reader = async_create_task(read_for_ever, client);
	CHECK(reader != NULL);
	CHECK_INT(async_sleep(0.001), 0);
	net_close(client);
	CHECK_INT(async_await(reader), ASYNC_ECLOSED);
	net_close(server);
	return 0;
}

TEST(closing_wakes_the_reader)
{
	CHECK_INT(run(close_under_a_reader), 0);
}

/* Both in one turn: the reader has been woken by data when the stream goes. */
static int close_under_a_woken_reader(void *arg)
{
	struct net_stream *client, *server, *other;
	struct async_task *reader;
	struct net_listener *listener;
	int port = listen_here(&listener);

	(void)arg;
	pair(&client, &server);
	reader = async_create_task(read_for_ever, client);
	CHECK(reader != NULL);
	CHECK_INT(async_sleep(0.001), 0);
	CHECK_INT(net_write(server, "x", 1), 0);
	net_close(client);
	/* Very likely gets the fd's number; the reader must not touch it. */
	CHECK_INT(net_connect(&other, "127.0.0.1", port, NULL), 0);
	CHECK_INT(async_await(reader), ASYNC_ECLOSED);
	net_close(other);
	net_close(server);
	net_listener_close(listener);
	return 0;
}

TEST(a_reader_woken_by_data_does_not_touch_a_closed_stream)
{
	CHECK_INT(run(close_under_a_woken_reader), 0);
}

static int cancel_a_reader(void *arg)
{
	struct net_stream *client, *server;
	struct async_timeout limit;
	char buffer[8];

	(void)arg;
	pair(&client, &server);
	async_timeout_begin(&limit, 0.005);
	CHECK_INT(async_timeout_end(&limit, (int)net_read(client, buffer, sizeof buffer)),
		  ASYNC_ETIMEOUT);
	CHECK_INT(net_write(server, "late", 4), 0);
	hear(client, "late");
	net_close(client);
	net_close(server);
	return 0;
}

TEST(a_cancelled_read_loses_nothing)
{
	CHECK_INT(run(cancel_a_reader), 0);
}

static int read_twice(void *arg)
{
	struct net_stream *client, *server;
	struct async_task *reader;
	char byte;

	(void)arg;
	pair(&client, &server);
	reader = async_create_task(read_for_ever, client);
	CHECK(reader != NULL);
	CHECK_INT(async_sleep(0.001), 0);
	CHECK_INT(net_read(client, &byte, 1), ASYNC_EBUSY);
	CHECK(async_cancel(reader));
	CHECK_INT(async_await(reader), ASYNC_ECANCELED);
	net_close(client);
	net_close(server);
	return 0;
}

TEST(a_second_reader_is_refused)
{
	CHECK_INT(run(read_twice), 0);
}

/* ---- Large transfers ------------------------------------------------------------------------- */

static int move_a_lot(void *arg)
{
	size_t size = (size_t)(under_valgrind() || UNDER_ASAN || UNDER_TSAN ? 4 : 64) << 20;
	struct net_stream *client, *server;

	(void)arg;
	pair(&client, &server);
	transfer_both_ways(client, server, size);
	net_close(client);
	net_close(server);
	return 0;
}

TEST_WITH_LIMIT(large_transfers_arrive_whole_in_both_directions, 20)
{
	CHECK_INT(run(move_a_lot), 0);
}

static int one_of_many(void *arg)
{
	struct net_listener *listener = arg;
	struct net_stream *client, *server;

	CHECK_INT(net_connect(&client, "127.0.0.1", net_listener_port(listener), NULL), 0);
	CHECK_INT(net_accept(listener, &server), 0);
	transfer_both_ways(client, server, 100000);
	net_close(client);
	net_close(server);
	return 0;
}

static int move_in_many(void *arg)
{
	struct async_task *tasks[60];
	struct net_listener *listeners[60];

	(void)arg;
	for (int i = 0; i < 60; i++) {
		listen_here(&listeners[i]);
		tasks[i] = async_create_task(one_of_many, listeners[i]);
		CHECK(tasks[i] != NULL);
	}
	CHECK_INT(async_gather(tasks, 60, ASYNC_RAISE, NULL), 0);
	for (int i = 0; i < 60; i++)
		net_listener_close(listeners[i]);
	return 0;
}

TEST_WITH_LIMIT(many_streams_at_once_keep_their_bytes_apart, 20)
{
	CHECK_INT(run(move_in_many), 0);
}

static int read_nothing(void *arg)
{
	struct net_stream *client, *server;
	char byte;

	(void)arg;
	pair(&client, &server);
	return (int)net_read(client, &byte, 0);
}

TEST(a_read_of_no_bytes_is_misuse)
{
	EXPECT_ABORT(run(read_nothing), "test_socket.c", "net_read of no bytes");
}
