/* SPDX-License-Identifier: MIT */
/*
 * test_datagram_waits.c - datagram endpoints while somebody waits: cancellation, close, room, fairness,
 * and calls that fail.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/datagram.h"
#include "runtime/fd.h"
#include "tests/endpoints.h"
#include "tests/harness.h"

/* ---- Cancel and close -------------------------------------------------------------------------------- */

static int cancelled(void *arg)
{
	struct net_endpoint *server = open_local("127.0.0.1");
	struct net_endpoint *client = open_remote("127.0.0.1", net_endpoint_port(server));
	struct reception reception = { .endpoint = server };
	int received = 0;
	char number;

	(void)arg;
	/* Cancelled before, with, and after the datagram; and where the budget makes a receive yield. */
	for (int i = 0; i < 300; i++) {
		struct async_task *task = async_create_task(receive, &reception);

		for (int turn = 0; turn < i % 3; turn++)
			async_sleep(0);
		number = (char)('a' + i % 26);
		CHECK_INT(net_datagram_send(client, &number, 1, NULL), 0);
		if (i % 2)
			async_sleep(0);
		async_cancel(task);
		if (async_await(task) == 1)
			CHECK_INT(reception.buffer[0], 'a' + received++ % 26);
		async_task_release(task);
	}
	/* Those that nobody was there for are all in the socket; one that got lost would hang here. */
	for (; received < 300; received++) {
		CHECK_INT(receive(&reception), 1);
		CHECK_INT(reception.buffer[0], 'a' + received % 26);
	}
	net_endpoint_close(client);
	net_endpoint_close(server);
	return 0;
}

TEST(a_cancelled_receive_loses_no_datagram)
{
	CHECK_INT(run(cancelled), 0);
}

struct crowd {
	struct net_endpoint *endpoint;
	int received;
};

static int receive_all(void *arg)
{
	struct crowd *crowd = arg;
	char byte;
	ssize_t n;

	while ((n = net_datagram_receive(crowd->endpoint, &byte, 1, NULL)) == 1)
		CHECK_INT(byte, crowd->received++ % 100);
	return (int)n;
}

static int cancelled_in_its_yield(void *arg)
{
	struct crowd crowd = { .endpoint = open_local("127.0.0.1") };

	(void)arg;
	for (int i = 0; i < 200; i++)
		CHECK_INT(net_datagram_send(crowd.endpoint, &(char){ (char)(i % 100) }, 1,
					    net_endpoint_address(crowd.endpoint)),
			  0);
	while (crowd.received < 200) {
		struct async_task *task = async_create_task(receive_all, &crowd);

		async_sleep(0);
		async_cancel(task);
		CHECK_INT(async_await(task), ASYNC_ECANCELED);
		async_task_release(task);
	}
	net_endpoint_close(crowd.endpoint);
	return 0;
}

TEST(cancelled_where_it_yields_to_others_it_loses_none_either)
{
	CHECK_INT(run(cancelled_in_its_yield), 0);
}

static int closed(void *arg)
{
	struct reception reception = { .endpoint = open_local("127.0.0.1") };
	struct async_task *task = async_create_task(receive, &reception);

	(void)arg;
	async_sleep(0);
	CHECK_INT(receive(&reception), ASYNC_EBUSY);
	net_endpoint_close(reception.endpoint);
	CHECK_INT(async_await(task), ASYNC_ECLOSED);
	return 0;
}

TEST(close_wakes_the_receiver_and_a_second_one_is_refused)
{
	CHECK_INT(run(closed), 0);
}

static int full(void *arg)
{
	struct net_endpoint *server = open_local("127.0.0.1");
	struct net_endpoint *client = open_remote("127.0.0.1", net_endpoint_port(server));
	struct async_timeout limit;

	(void)arg;
	async_sleep(0.001); /* the edge of the beginning passes */
	/* UDP over loopback is never full for long: the send that finds no room is made to happen. */
	fail_call("send", 1, EAGAIN);
	async_timeout_begin(&limit, 0.02);
	CHECK_INT(async_timeout_end(&limit, net_datagram_send(client, "x", 1, NULL)),
		  ASYNC_ETIMEOUT);
	fail_none();
	fd_wake(net_endpoint_fd(client), FD_WRITE);
	CHECK_INT(net_datagram_send(client, "y", 1, NULL), 0);
	CHECK_INT(receive(&(struct reception){ .endpoint = server }), 1);
	net_endpoint_close(client);
	net_endpoint_close(server);
	return 0;
}

TEST(a_send_waits_for_room_and_one_that_is_cancelled_sends_nothing)
{
	CHECK_INT(run(full), 0);
}

static int chatter(void *arg)
{
	struct net_endpoint *server = open_local("127.0.0.1");
	char byte;

	for (int i = 0; i < 1000; i++) {
		CHECK_INT(net_datagram_send(server, "x", 1, net_endpoint_address(server)), 0);
		CHECK_INT(net_datagram_receive(server, &byte, 1, NULL), 1);
	}
	net_endpoint_close(server);
	*(int *)arg = 1;
	return 0;
}

static int fair(void *arg)
{
	int done = 0, turns = 0;
	struct async_task *task = async_create_task(chatter, &done);

	(void)arg;
	while (!done) {
		async_sleep(0);
		turns++;
	}
	CHECK(turns >= 2000 / 64);
	return async_await(task);
}

TEST(a_peer_that_always_has_a_datagram_does_not_hold_the_loop)
{
	CHECK_INT(run(fair), 0);
}

/* ---- Failing calls ------------------------------------------------------------------------------------ */

static int one_exchange(void *arg)
{
	struct net_endpoint *endpoint;
	const options chosen = { .local_host = "127.0.0.1",
				 .reuse_port = true,
				 .allow_broadcast = true };
	struct async_timeout limit;
	char byte;
	int rc = net_create_datagram_endpoint(&endpoint, &chosen);

	(void)arg;
	if (rc < 0)
		return rc;
	rc = net_datagram_send(endpoint, "x", 1, net_endpoint_address(endpoint));
	if (rc == 0) {
		async_timeout_begin(&limit, 1);
		rc = (int)net_datagram_receive(endpoint, &byte, 1, NULL);
		async_timeout_end(&limit, rc);
	}
	net_endpoint_close(endpoint);
	return rc;
}

static void run_one_exchange(void)
{
	async_run(one_exchange, NULL);
}

TEST(each_allocation_and_each_system_call_may_fail)
{
	for_each_failing_allocation(run_one_exchange);
	for_each_failing_syscall(run_one_exchange);
}
