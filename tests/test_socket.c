/* SPDX-License-Identifier: MIT */
/*
 * test_socket.c - sockets, streams, listeners and the race of addresses, over loopback: both ends
 * are tasks of one loop.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/lookup.h"
#include "net/race.h"
#include "runtime/base.h"
#include "runtime/fd.h"
#include "tests/harness.h"
#include "tests/transfer.h"

static int run(int (*fn)(void *arg))
{
	return async_run(fn, NULL);
}

static int listen_here(struct net_listener **listener)
{
	CHECK_INT(net_listen(listener, "127.0.0.1", 0), 0);
	return net_listener_port(*listener);
}

/* A port of this machine that nobody listens on: it was the kernel's last choice a moment ago. */
static int unused_port(void)
{
	struct net_listener *listener;
	int port = listen_here(&listener);

	net_listener_close(listener);
	return port;
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

/* ---- Connecting ------------------------------------------------------------------------------ */

static int connect_fails(const char *host, int port, const struct net_connect_options *options)
{
	struct net_stream *stream;

	return net_connect(&stream, host, port, options);
}

static int connect_task(void *arg)
{
	return connect_fails("127.0.0.1", *(int *)arg, NULL);
}

static int be_refused(void *arg)
{
	const char *step = "";
	struct net_address tried = { 0 };
	struct net_connect_timing timing;
	struct net_connect_options options = { .failed_step = &step,
					       .tried = &tried,
					       .timing = &timing };
	int port = unused_port();
	struct async_task *task = async_create_task(connect_task, &port);

	(void)arg;
	CHECK(task != NULL);
	CHECK_INT(connect_fails("127.0.0.1", port, &options), -ECONNREFUSED);
	CHECK_STR(step, "connect");
	CHECK_INT(ntohs(tried.v4.sin_port), port);
	CHECK_INT(timing.dns, -1);
	CHECK(timing.connect >= 0);
	CHECK_INT(timing.tls, -1);
	CHECK_INT(async_await(task), -ECONNREFUSED);
	CHECK_STR(async_task_error(task)->message,
		  format("cannot connect to 127.0.0.1:%d: Connection refused", port));
	return 0;
}

TEST(a_port_that_nobody_listens_on_refuses)
{
	CHECK_INT(run(be_refused), 0);
}

static int be_blocked(void *arg)
{
	struct net_connect_options options = { .deny_kinds = NET_KIND_LINK_LOCAL };
	const char *step = "";
	struct net_listener *listener;
	struct net_stream *stream;
	int port = listen_here(&listener);

	(void)arg;
	CHECK_INT(connect_fails("169.254.169.254", port, &options), NET_EADDR_BLOCKED);
	CHECK_INT(connect_fails("::ffff:169.254.169.254", port, &options), NET_EADDR_BLOCKED);
	CHECK_INT(net_connect(&stream, "127.0.0.1", port, &options), 0);
	net_close(stream);
	options.deny_kinds |= NET_KIND_LOOPBACK;
	options.failed_step = &step;
	CHECK_INT(connect_fails("127.0.0.1", port, &options), NET_EADDR_BLOCKED);
	CHECK_STR(step, "connect");
	net_listener_close(listener);
	return 0;
}

TEST(denied_addresses_are_not_connected_to)
{
	CHECK_INT(run(be_blocked), 0);
}

static int refuse_nonsense(void *arg)
{
	const char *step = "";
	struct net_connect_options options = { .failed_step = &step };

	(void)arg;
	CHECK_INT(connect_fails("127.0.0.1", 0, &options), NET_EADDRESS);
	CHECK_STR(step, "dns");
	CHECK_INT(connect_fails("127.0.0.1", 65536, NULL), NET_EADDRESS);
	CHECK_INT(connect_fails("2130706433", 80, NULL), NET_EADDRESS);
	CHECK_INT(connect_fails("a..b", 80, NULL), NET_EDNS_NXDOMAIN);
	return 0;
}

TEST(nonsense_is_refused_before_connecting)
{
	CHECK_INT(run(refuse_nonsense), 0);
}

/*
 * A listener whose queue is full takes no further connections: the kernel drops what knocks, as a
 * dead machine would.
 */
struct deaf {
	int fd, port;
	int knocks[8];
};

static struct deaf deaf_start(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	struct deaf deaf = { .fd = socket(AF_INET, SOCK_STREAM, 0) };

	CHECK(deaf.fd >= 0 && bind(deaf.fd, (struct sockaddr *)&at, sizeof at) == 0);
	CHECK(listen(deaf.fd, 0) == 0);
	CHECK(getsockname(deaf.fd, (struct sockaddr *)&at, &size) == 0);
	deaf.port = ntohs(at.sin_port);
	for (size_t i = 0; i < array_size(deaf.knocks); i++) {
		deaf.knocks[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(deaf.knocks[i], (struct sockaddr *)&at, sizeof at);
	}
	return deaf;
}

static void deaf_stop(struct deaf *deaf)
{
	for (size_t i = 0; i < array_size(deaf->knocks); i++)
		close(deaf->knocks[i]);
	close(deaf->fd);
}

static int time_out(void *arg)
{
	const char *step = "";
	struct net_connect_options options = { .connect_timeout = 0.02, .failed_step = &step };
	struct deaf deaf = deaf_start();

	(void)arg;
	CHECK_INT(connect_fails("127.0.0.1", deaf.port, &options), ASYNC_ETIMEOUT);
	CHECK_STR(step, "connect");
	deaf_stop(&deaf);
	return 0;
}

TEST(a_silent_address_ends_with_the_limit)
{
	CHECK_INT(run(time_out), 0);
}

static int connect_to(void *arg)
{
	const struct deaf *deaf = arg;

	return connect_fails("127.0.0.1", deaf->port, NULL);
}

static int cancel_connect(void *arg)
{
	struct deaf deaf = deaf_start();
	struct async_task *task = async_create_task(connect_to, &deaf);

	(void)arg;
	CHECK(task != NULL);
	CHECK_INT(async_sleep(0.002), 0);
	CHECK(async_cancel(task));
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	deaf_stop(&deaf);
	return 0;
}

TEST(a_cancelled_connect_leaves_nothing)
{
	CHECK_INT(run(cancel_connect), 0);
}

/* ---- Several addresses ----------------------------------------------------------------------- */

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

/* ---- A name with many addresses, through net_connect ------------------------------------------ */

static int many_addresses(const char *name, const char *service, const struct addrinfo *hints,
			  struct addrinfo **list)
{
	static struct sockaddr_in addresses[8];
	static struct addrinfo infos[8];

	(void)name;
	(void)service;
	(void)hints;
	for (int i = 0; i < 8; i++) {
		addresses[i].sin_family = AF_INET;
		addresses[i].sin_addr.s_addr = htonl(0x7f000001 + (uint32_t)i);
		infos[i] = (struct addrinfo){ .ai_family = AF_INET,
					      .ai_addr = (struct sockaddr *)&addresses[i],
					      .ai_addrlen = sizeof addresses[i],
					      .ai_next = i < 7 ? &infos[i + 1] : NULL };
	}
	*list = infos;
	return 0;
}

static void free_nothing(struct addrinfo *list)
{
	(void)list;
}

static int connect_by_name(void *arg)
{
	return connect_fails("many.test", *(int *)arg, NULL);
}

static int try_six(void *arg)
{
	int port = unused_port();
	struct async_task *task = async_create_task(connect_by_name, &port);
	const char *message;

	(void)arg;
	CHECK(task != NULL);
	CHECK_INT(async_await(task), -ECONNREFUSED);
	message = async_task_error(task)->message;
	CHECK_CONTAINS(message, "cannot connect to many.test:");
	CHECK_CONTAINS(message, "127.0.0.6:");
	CHECK(!strstr(message, "127.0.0.7:"));
	return 0;
}

TEST(of_many_addresses_six_are_tried)
{
	lookup_getaddrinfo = many_addresses;
	lookup_freeaddrinfo = free_nothing;
	CHECK_INT(run(try_six), 0);
}

static bool ipv6_here;

static int connect_by_ipv6(void *arg)
{
	struct net_listener *listener;
	struct net_stream *client, *server;
	char text[NET_ADDRESS_TEXT];
	int port, rc = net_listen(&listener, "::1", 0);

	(void)arg;
	ipv6_here = rc == 0;
	if (!ipv6_here)
		return 0;
	port = net_listener_port(listener);
	CHECK_INT(net_connect(&client, "::1", port, NULL), 0);
	CHECK_INT(net_accept(listener, &server), 0);
	CHECK_STR(net_address_format(net_peer(client), text), format("[::1]:%d", port));
	CHECK_CONTAINS(net_address_format(net_peer(server), text), "[::1]:");
	net_close(client);
	net_close(server);
	net_listener_close(listener);
	return 0;
}

TEST(ipv6_connects_as_ipv4_does)
{
	CHECK_INT(run(connect_by_ipv6), 0);
	if (!ipv6_here)
		NOT_HERE("this machine has no IPv6");
}

static int connect_localhost(void *arg)
{
	struct net_connect_timing timing;
	struct net_listener *listener;
	struct net_stream *stream;
	int port = listen_here(&listener);

	(void)arg;
	CHECK_INT(net_connect(&stream, "localhost", port,
			      &(struct net_connect_options){ .timing = &timing }),
		  0);
	CHECK(timing.dns >= 0 && timing.connect >= 0 && timing.tls == -1);
	net_close(stream);
	net_listener_close(listener);
	return 0;
}

TEST(localhost_is_found_by_the_real_resolver)
{
	CHECK_INT(run(connect_localhost), 0);
}

/* ---- Listeners ------------------------------------------------------------------------------- */

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

/* ---- Whatever fails -------------------------------------------------------------------------- */

static int exchange(void *arg)
{
	struct net_listener *listener = NULL;
	struct net_stream *client = NULL, *server = NULL;
	char buffer[8];
	int rc;

	(void)arg;
	rc = net_listen(&listener, "127.0.0.1", 0);
	if (rc == 0)
		rc = net_connect(&client, "127.0.0.1", net_listener_port(listener), NULL);
	if (rc == 0)
		rc = net_accept(listener, &server);
	if (rc == 0)
		rc = net_write(client, "hello", 5);
	if (rc == 0)
		rc = (int)net_read(server, buffer, sizeof buffer);
	net_close(client);
	net_close(server);
	net_listener_close(listener);
	CHECK(rc == 5 || rc < 0);
	return 0;
}

static void exchange_whatever_happens(void)
{
	(void)run(exchange);
}

TEST_WITH_LIMIT(every_failing_allocation_is_survived, 30)
{
	for_each_failing_allocation(exchange_whatever_happens);
}

TEST_WITH_LIMIT(every_failing_system_call_is_survived, 30)
{
	for_each_failing_syscall(exchange_whatever_happens);
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
