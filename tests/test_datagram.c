/* SPDX-License-Identifier: MIT */
/* test_datagram.c - datagram endpoints: whole datagrams, what can be made, errors from afar. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/datagram.h"
#include "tests/endpoints.h"
#include "tests/harness.h"

/* ---- There and back ----------------------------------------------------------------------------- */

static void echo_over(const char *host)
{
	struct net_endpoint *server = open_local(host);
	struct net_endpoint *client = open_remote(host, net_endpoint_port(server));
	char buffer[64], texts[2][NET_ADDRESS_TEXT];
	struct net_datagram got;

	CHECK_STR(net_address_format(net_endpoint_peer(client), texts[0]),
		  net_address_format(net_endpoint_address(server), texts[1]));
	CHECK(net_endpoint_peer(server) == NULL);
	CHECK_INT(net_datagram_send(client, "hello", 5, NULL), 0);
	CHECK_INT(net_datagram_receive(server, buffer, sizeof buffer, &got), 5);
	CHECK_MEM(buffer, 5, "hello", 5);
	CHECK(!got.truncated);
	CHECK_STR(net_address_format(&got.from, texts[0]),
		  net_address_format(net_endpoint_address(client), texts[1]));
	CHECK_INT(net_datagram_send(server, "you too", 7, &got.from), 0);
	CHECK_INT(net_datagram_receive(client, buffer, sizeof buffer, NULL), 7);
	/* The remote address may be named as well; no other. */
	CHECK_INT(net_datagram_send(client, "x", 1, net_endpoint_address(server)), 0);
	CHECK_INT(net_datagram_send(client, "x", 1, net_endpoint_address(client)), ASYNC_EINVAL);
	CHECK_STR(async_raised(ASYNC_EINVAL)->message,
		  format("Invalid address: must be None or %s",
			 net_address_format(net_endpoint_address(server), texts[1])));
	net_endpoint_close(client);
	net_endpoint_close(server);
	net_endpoint_close(NULL);
}

static int echo_four(void *arg)
{
	(void)arg;
	echo_over("127.0.0.1");
	return 0;
}

static int echo_six(void *arg)
{
	struct net_endpoint *probe;

	(void)arg;
	if (net_create_datagram_endpoint(&probe, &(options){ .local_host = "::1" }) < 0)
		return 1;
	net_endpoint_close(probe);
	echo_over("::1");
	return 0;
}

TEST(datagrams_go_there_and_back_over_ipv4)
{
	CHECK_INT(run(echo_four), 0);
}

TEST(datagrams_go_there_and_back_over_ipv6)
{
	if (run(echo_six) == 1)
		NOT_HERE("no IPv6 on this machine");
}

static int whole_ones(void *arg)
{
	struct net_endpoint *server = open_local("127.0.0.1");
	struct net_endpoint *client = open_remote("127.0.0.1", net_endpoint_port(server));
	struct net_datagram got;
	char buffer[4];

	(void)arg;
	CHECK_INT(net_datagram_send(client, "abcdef", 6, NULL), 0);
	CHECK_INT(net_datagram_send(client, "", 0, NULL), 0);
	CHECK_INT(net_datagram_send(client, "ghij", 4, NULL), 0);
	CHECK_INT(net_datagram_receive(server, buffer, sizeof buffer, &got), 4);
	CHECK(got.truncated);
	CHECK_MEM(buffer, 4, "abcd", 4);
	CHECK_INT(net_datagram_receive(server, buffer, sizeof buffer, &got), 0);
	CHECK(!got.truncated);
	CHECK_INT(net_datagram_receive(server, buffer, sizeof buffer, &got), 4);
	CHECK(!got.truncated);
	CHECK_MEM(buffer, 4, "ghij", 4);
	net_endpoint_close(client);
	net_endpoint_close(server);
	return 0;
}

TEST(each_is_whole_an_empty_one_counts_and_a_cut_one_says_so)
{
	CHECK_INT(run(whole_ones), 0);
}

/* ---- Create --------------------------------------------------------------------------------------- */

static void refused(const options *chosen, int code, const char *message)
{
	struct net_endpoint *endpoint = NULL;

	CHECK_INT(net_create_datagram_endpoint(&endpoint, chosen), code);
	CHECK(endpoint == NULL);
	CHECK_STR(async_raised(code) ? async_raised(code)->message : NULL, message);
}

static int refusals(void *arg)
{
	struct net_endpoint *first = open_local("127.0.0.1");
	int port = net_endpoint_port(first);

	(void)arg;
	refused(&(options){ 0 }, ASYNC_EINVAL, "unexpected address family");
	refused(&(options){ .local_host = "127.0.0.1", .remote_host = "::1", .remote_port = 9 },
		ASYNC_EINVAL, "can not get address information");
	refused(&(options){ .remote_host = "127.0.0.1" }, NET_EADDRESS,
		"not a port for a datagram endpoint: 0");
	refused(&(options){ .local_host = "127.0.0.1", .local_port = 65536 }, NET_EADDRESS,
		"not a port for a datagram endpoint: 65536");
	refused(&(options){ .local_host = "127.0.0.1", .local_port = port }, -EADDRINUSE,
		"no datagram endpoint: Address already in use");
	net_endpoint_close(first);
	return 0;
}

TEST(what_cannot_be_bound_or_has_no_family_is_refused)
{
	CHECK_INT(run(refusals), 0);
}

static int forms(void *arg)
{
	const options shared = { .local_host = "127.0.0.1", .reuse_port = true };
	struct net_endpoint *first, *second, *bare, *named;
	options again = shared;
	char buffer[8];

	(void)arg;
	CHECK_INT(net_create_datagram_endpoint(&first, &shared), 0);
	again.local_port = net_endpoint_port(first);
	CHECK_INT(net_create_datagram_endpoint(&second, &again), 0);
	CHECK_INT(net_endpoint_port(second), net_endpoint_port(first));
	net_endpoint_close(second);

	/* Neither side: a socket that can send. */
	CHECK_INT(net_create_datagram_endpoint(&bare, &(options){ .family = AF_INET }), 0);
	CHECK_INT(net_datagram_send(bare, "x", 1, NULL), -EDESTADDRREQ);
	CHECK_INT(net_datagram_send(bare, "bare", 4, net_endpoint_address(first)), 0);
	CHECK_INT(net_datagram_receive(first, buffer, sizeof buffer, NULL), 4);
	net_endpoint_close(bare);

	/* Both sides, by name. */
	CHECK_INT(net_create_datagram_endpoint(&named, &(options){ .local_host = "localhost",
								   .remote_host = "localhost",
								   .remote_port = again.local_port,
								   .family = AF_INET }),
		  0);
	CHECK_INT(net_datagram_send(named, "named", 5, NULL), 0);
	CHECK_INT(net_datagram_receive(first, buffer, sizeof buffer, NULL), 5);
	net_endpoint_close(named);
	net_endpoint_close(first);
	return 0;
}

TEST(a_shared_port_no_address_at_all_and_names)
{
	CHECK_INT(run(forms), 0);
}

static int broadcast(void *arg)
{
	const options to_all = { .remote_host = "127.255.255.255",
				 .remote_port = 9,
				 .allow_broadcast = true };
	struct net_endpoint *server = open_local("127.0.0.1"), *client;
	struct net_address all;
	char buffer[8];
	int on = 0;
	socklen_t size = sizeof on;

	(void)arg;
	CHECK_INT(net_create_datagram_endpoint(&client, &to_all), 0);
	CHECK_INT(getsockopt(net_endpoint_fd(client), SOL_SOCKET, SO_BROADCAST, &on, &size), 0);
	CHECK_INT(on, 1);
	CHECK_INT(net_datagram_send(client, "all", 3, NULL), 0);
	/* It is not connected: who answers has another address than the one that was sent to. */
	CHECK_INT(getsockname(net_endpoint_fd(client), &all.any, &(socklen_t){ sizeof all.v6 }), 0);
	CHECK_INT(net_address_parse(&all, "127.0.0.1", ntohs(all.v4.sin_port)), 0);
	CHECK_INT(net_datagram_send(server, "answer", 6, &all), 0);
	CHECK_INT(net_datagram_receive(client, buffer, sizeof buffer, NULL), 6);
	/* Without the option it is forbidden. */
	CHECK_INT(net_address_parse(&all, "255.255.255.255", 9), 0);
	CHECK_INT(net_datagram_send(server, "x", 1, &all), -EACCES);
	net_endpoint_close(client);
	net_endpoint_close(server);
	return 0;
}

TEST(broadcast_is_an_option_and_lets_anybody_answer)
{
	CHECK_INT(run(broadcast), 0);
}

/* ---- Errors from afar ------------------------------------------------------------------------------ */

/* An address of this test's own: nobody else gets a port that is free there. */
static const char *own_host(void)
{
	return format("127.1.%d.%d", getpid() >> 8 & 255, getpid() & 255);
}

static int free_port(void)
{
	struct net_endpoint *endpoint = open_local(own_host());
	int port = net_endpoint_port(endpoint);

	net_endpoint_close(endpoint);
	return port;
}

static int nobody_there(void *arg)
{
	struct reception reception = { .endpoint = open_remote(own_host(), free_port()) };
	struct async_task *task = async_create_task(receive, &reception);
	struct net_endpoint *late;

	(void)arg;
	async_sleep(0);
	CHECK_INT(net_datagram_send(reception.endpoint, "x", 1, NULL), 0);
	CHECK_INT(async_await(task), -ECONNREFUSED);
	/* The endpoint lives on: somebody listens by now, and both directions work. */
	CHECK_INT(
		net_create_datagram_endpoint(
			&late,
			&(options){ .local_host = own_host(),
				    .local_port = ntohs(
					    net_endpoint_peer(reception.endpoint)->v4.sin_port) }),
		0);
	CHECK_INT(net_datagram_send(reception.endpoint, "x", 1, NULL), 0);
	CHECK_INT(net_datagram_send(late, "hi", 2, net_endpoint_address(reception.endpoint)), 0);
	CHECK_INT(receive(&reception), 2);
	net_endpoint_close(late);
	net_endpoint_close(reception.endpoint);
	return 0;
}

TEST(a_refusal_from_afar_goes_to_the_receiver_and_the_endpoint_lives_on)
{
	CHECK_INT(run(nobody_there), 0);
}

static int met_by_send(void *arg)
{
	struct reception reception = { .endpoint = open_remote(own_host(), free_port()) };
	struct async_task *task;

	(void)arg;
	/* On loopback the answer is there when the first send returns; the second one meets it. */
	CHECK_INT(net_datagram_send(reception.endpoint, "x", 1, NULL), 0);
	CHECK_INT(net_datagram_send(reception.endpoint, "y", 1, NULL), 0);
	CHECK_INT(receive(&reception), -ECONNREFUSED);
	/* Another one for y; and with a receiver that waits already. */
	CHECK_INT(receive(&reception), -ECONNREFUSED);
	task = async_create_task(receive, &reception);
	async_sleep(0);
	CHECK(!async_task_done(task));
	CHECK_INT(net_datagram_send(reception.endpoint, "x", 1, NULL), 0);
	CHECK_INT(net_datagram_send(reception.endpoint, "y", 1, NULL), 0);
	CHECK_INT(async_await(task), -ECONNREFUSED);
	net_endpoint_close(reception.endpoint);
	return 0;
}

TEST(a_refusal_that_a_send_meets_is_the_receivers_all_the_same)
{
	CHECK_INT(run(met_by_send), 0);
}

static int met_by_send_alone(void *arg)
{
	struct reception reception = { .endpoint = open_remote(own_host(), free_port()) };
	struct async_task *task = async_create_task(receive, &reception);
	int port = ntohs(net_endpoint_peer(reception.endpoint)->v4.sin_port);
	const options there = { .local_host = own_host(), .local_port = port };
	struct net_endpoint *late;
	char byte;

	(void)arg;
	async_sleep(0.001);
	CHECK_INT(net_datagram_send(reception.endpoint, "x", 1, NULL), 0);
	/* Now somebody is there: the error of x is met by y, which arrives, and nothing else comes. */
	CHECK_INT(net_create_datagram_endpoint(&late, &there), 0);
	CHECK_INT(net_datagram_send(reception.endpoint, "y", 1, NULL), 0);
	CHECK_INT(net_datagram_receive(late, &byte, 1, NULL), 1);
	CHECK_INT(byte, 'y');
	CHECK_INT(async_await(task), -ECONNREFUSED);
	net_endpoint_close(late);
	net_endpoint_close(reception.endpoint);
	return 0;
}

TEST(the_receiver_wakes_even_if_the_send_has_taken_the_error_off_the_socket)
{
	CHECK_INT(run(met_by_send_alone), 0);
}

static int too_long(void *arg)
{
	struct net_endpoint *server = open_local("127.0.0.1");
	char *data = calloc(1, 70000);

	(void)arg;
	CHECK_INT(net_datagram_send(server, data, 70000, net_endpoint_address(server)), -EMSGSIZE);
	CHECK_INT(net_datagram_send(server, data, 60000, net_endpoint_address(server)), 0);
	CHECK_INT(net_datagram_receive(server, data, 70000, NULL), 60000);
	free(data);
	net_endpoint_close(server);
	return 0;
}

TEST(what_is_wrong_with_a_datagram_is_the_senders)
{
	CHECK_INT(run(too_long), 0);
}
