/* SPDX-License-Identifier: MIT */
/* test_tls_cancel.c - the transport that is TLS: whatever is closed, cancelled or fails on the way. */
#include "net/stream.h"
#include "net/tls.h"
#include "tests/harness.h"
#include "tests/tls_pair.h"

static int run(int (*fn)(void *arg))
{
	tls_pair_certificates();
	return async_run(fn, NULL);
}

static struct tls_pair meet(void)
{
	struct tls_pair pair = tls_pair_settings();

	CHECK_INT(tls_pair_meet(&pair, "localhost"), 0);
	return pair;
}

/* ---- Closing and cancelling ------------------------------------------------------------------ */

static int read_one(void *arg)
{
	char byte;

	return (int)net_read(arg, &byte, 1);
}

static int close_under_a_reader(void *arg)
{
	struct tls_pair pair = meet();
	struct async_task *reader = async_create_task(read_one, pair.client);

	(void)arg;
	CHECK(reader != NULL);
	CHECK_INT(async_sleep(0.002), 0);
	net_close(pair.client);
	pair.client = NULL;
	CHECK_INT(async_await(reader), ASYNC_ECLOSED);
	tls_pair_end(&pair);
	return 0;
}

TEST(closing_wakes_the_reader)
{
	CHECK_INT(run(close_under_a_reader), 0);
}

static int cancel_a_read(void *arg)
{
	struct tls_pair pair = meet();
	struct async_timeout limit;
	char buffer[8];

	(void)arg;
	async_timeout_begin(&limit, 0.005);
	CHECK_INT(async_timeout_end(&limit, (int)net_read(pair.client, buffer, sizeof buffer)),
		  ASYNC_ETIMEOUT);
	CHECK_INT(net_write(pair.server, "late", 4), 0);
	CHECK_INT(net_read(pair.client, buffer, sizeof buffer), 4);
	tls_pair_end(&pair);
	return 0;
}

TEST(a_cancelled_read_loses_nothing)
{
	CHECK_INT(run(cancel_a_read), 0);
}

struct shake {
	struct tls_pair pair;
	struct net_listener *listener;
	bool server; /* whose half is to be cancelled */
};

static int shake_as_client(void *arg)
{
	struct shake *shake = arg;
	struct net_connect_options options = { .tls = shake->pair.client_side,
					       .tls_name = "localhost" };

	return net_connect(&shake->pair.client, "127.0.0.1", net_listener_port(shake->listener),
			   &options);
}

static int shake_as_server(void *arg)
{
	struct shake *shake = arg;
	int rc = net_accept(shake->listener, &shake->pair.server);

	return rc < 0 ? rc : net_start_tls_server(shake->pair.server, shake->pair.server_side);
}

/* Cancels one half after so many turns; the other sees an end, or a success if it was too late. */
static void cancel_after(struct shake *shake, int turns)
{
	struct async_task *client = async_create_task(shake_as_client, shake);
	struct async_task *server = async_create_task(shake_as_server, shake);
	struct async_counts counts;

	CHECK(client && server);
	for (int i = 0; i < turns; i++)
		CHECK_INT(async_sleep(0), 0);
	async_cancel(shake->server ? server : client);
	if (async_await(shake->server ? server : client) < 0) {
		/* The stream of a server that failed is the caller's. */
		if (shake->server) {
			net_close(shake->pair.server);
			shake->pair.server = NULL;
		}
		async_cancel(shake->server ? client : server);
	}
	async_await(shake->server ? client : server);
	async_task_release(client);
	async_task_release(server);
	tls_pair_part(&shake->pair);
	async_count(&counts);
	CHECK_INT(counts.tasks, 1);
	CHECK_INT(counts.fds, 1);
}

static int cancel_handshakes(void *arg)
{
	struct shake shake = { .pair = tls_pair_settings() };

	(void)arg;
	for (int turns = 0; turns < 40; turns++)
		for (int half = 0; half < 2; half++) {
			CHECK_INT(net_listen(&shake.listener, "127.0.0.1", 0), 0);
			shake.server = half;
			cancel_after(&shake, turns);
			net_listener_close(shake.listener);
		}
	tls_pair_end(&shake.pair);
	return 0;
}

TEST(a_handshake_cancelled_in_any_turn_leaves_nothing)
{
	CHECK_INT(run(cancel_handshakes), 0);
}

/* ---- Whatever fails -------------------------------------------------------------------------- */

static int serve_whatever_happens(void *arg)
{
	struct shake *shake = arg;
	char buffer[8];
	int rc = shake_as_server(shake);

	if (rc == 0)
		rc = net_write(shake->pair.server, "hello", 5);
	if (rc == 0)
		(void)net_read(shake->pair.server, buffer, sizeof buffer);
	net_close(shake->pair.server);
	shake->pair.server = NULL;
	return 0;
}

static int visit_whatever_happens(struct shake *shake)
{
	struct net_connect_options options = { .tls = shake->pair.client_side,
					       .tls_name = "localhost",
					       .tls_timeout = 0.3 };
	struct async_task *task = async_create_task(serve_whatever_happens, shake);
	struct net_stream *client = NULL;
	char buffer[8];
	int rc;

	if (!task)
		return async_last_error();
	rc = net_connect(&client, "127.0.0.1", net_listener_port(shake->listener), &options);
	if (rc == 0)
		rc = (int)net_read(client, buffer, sizeof buffer);
	net_close(client);
	async_cancel(task);
	async_await(task);
	async_task_release(task);
	return rc;
}

/* Did the bytes arrive in the last exchange? */
static bool arrived;

static int exchange(void *arg)
{
	struct net_tls_options trust = { .ca_file = tls_pair_ca.cert };
	struct shake shake = { 0 };
	int rc = net_tls_server(&shake.pair.server_side, tls_pair_good.cert, tls_pair_good.key);

	(void)arg;
	if (rc == 0)
		rc = net_tls_client(&shake.pair.client_side, &trust);
	if (rc == 0)
		rc = net_listen(&shake.listener, "127.0.0.1", 0);
	if (rc == 0)
		rc = visit_whatever_happens(&shake);
	arrived = rc == 5;
	CHECK(rc == 5 || rc < 0);
	net_listener_close(shake.listener);
	tls_pair_end(&shake.pair);
	return 0;
}

static void exchange_whatever_happens(void)
{
	(void)async_run(exchange, NULL);
}

TEST_WITH_LIMIT(every_failing_allocation_is_survived, 60)
{
	tls_pair_certificates();
	for_each_failing_allocation(exchange_whatever_happens);
}

TEST_WITH_LIMIT(every_failing_system_call_is_survived, 60)
{
	tls_pair_certificates();
	for_each_failing_syscall(exchange_whatever_happens);
}

/* In one process: for_each_failing_syscall has other errors for these. */
TEST_WITH_LIMIT(interrupted_calls_are_repeated, 30)
{
	static const char *const calls[] = { "recv", "send" };

	tls_pair_certificates();
	for (int i = 0; i < 2; i++)
		for (int n = 1; n <= 6; n++) {
			fail_call(calls[i], n, EINTR);
			CHECK_INT(async_run(exchange, NULL), 0);
			CHECK(n > 3 || fail_count() == 1);
			CHECK(arrived);
			fail_none();
		}
}
