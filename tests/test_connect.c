/* SPDX-License-Identifier: MIT */
/*
 * test_connect.c - the way to a connected stream: refusals, limits, names with many addresses, and
 * whatever fails on the way there and back.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/lookup.h"
#include "runtime/base.h"
#include "tests/harness.h"
#include "tests/ports.h"

static int run(int (*fn)(void *arg))
{
	return async_run(fn, NULL);
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
