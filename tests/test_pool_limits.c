/* SPDX-License-Identifier: MIT */
/*
 * test_pool_limits.c - whole requests against the limits of a session: no slot is lost, whenever
 * somebody is cancelled, and each limit holds beside the others.
 */
#include "http/pool.h"

#include <limits.h>

#include "http/session.h"
#include "tests/raw_client.h"
#include "tests/tls_pair.h"

static struct http_session_stats stats(void)
{
	struct http_session_stats now;

	http_session_stats(session, &now);
	return now;
}

/* ---- No slot is lost ------------------------------------------------------------------------- */

/* A response with every step that a request can wait in: an interim one, chunks, trailers. */
static const struct raw_step steps[] = {
	RAW_REQUEST,
	RAW_SEND("HTTP/1.1 100 Continue\r\n\r\n"),
	RAW_SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
	RAW_SEND("2\r\nhi\r\n"),
	RAW_SEND("0\r\nA: b\r\n\r\n"),
	RAW_AGAIN,
};

static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };

static struct http_session_options limits = { .limit = 1 };

/*
 * Three ask at once; after so many turns of the loop the one that has the slot is cancelled, or one
 * that waits for it. Returns how many turns it lived: fewer than those when it had answered before.
 */
static int cancel_after(int turns, int whom, unsigned hosts)
{
	struct asking asking[3] = { 0 };
	bool in_time;
	int lived = 0;

	session = http_session_new(&limits);
	/* TLS settings are loaded once, and that is not what is measured here. */
	CHECK_INT(ask("/", NULL), 0);
	pool_drop_idle(&session->pool);
	for (int i = 0; i < 3; i++)
		ask_later(&asking[i], "/");
	for (; lived < turns && !async_task_done(asking[whom].task); lived++)
		async_sleep(0);
	in_time = async_cancel(asking[whom].task);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(ask_join(&asking[i]), i == whom && in_time ? ASYNC_ECANCELED : 0);
		asking_free(&asking[i]);
	}
	CHECK_INT(session->pool.leases, 0);
	CHECK_INT(stats().connections, stats().idle);
	CHECK(stats().peak_connections <= hosts);
	/* Whoever comes after all that finds the slot free. */
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(http_session_close(session), 0);
	session = NULL;
	return lived;
}

static void stop_server(void)
{
	raw_server_stop(&server);
}

struct servers {
	void (*start)(void), (*stop)(void);
	unsigned hosts;
};

/* The servers are new each time, since they count. */
static int try_once(const struct servers *servers, int turns, int whom)
{
	int lived;

	servers->start();
	lived = cancel_after(turns, whom, servers->hosts);
	servers->stop();
	return lived;
}

/*
 * A life is 65 to 200 turns, and each is tried. When bytes come one by one it is 8,000 to 20,000, since busy
 * turns seldom look at the poller, and each try takes 10 ms: then some are tried, evenly far apart.
 */
enum { LONG = 1000, TRIES = 30 };

/* Each of the first so many, in the turns that it lives, and in turn with each of the limits. */
static void cancel_everywhere(const struct servers *servers, int count)
{
	for (int whom = 0; whom < count; whom++) {
		/* Nobody lives as long as that: nobody is cancelled. */
		int life = try_once(servers, INT_MAX, whom);
		int stride = life < LONG ? 1 : life / TRIES;

		/* It went through at least: the slot, the connect, the head, the body. */
		CHECK(life > 4);
		for (int turns = 0; try_once(servers, turns, whom) == turns; turns += stride) {
			limits.limit = !limits.limit;
			limits.limit_per_host = !limits.limit;
		}
	}
}

static void start_steps(void)
{
	serve(steps);
}

CLIENT_TEST(no_slot_is_lost_whenever_one_is_cancelled)
{
	cancel_everywhere(&(struct servers){ start_steps, stop_server, 1 }, 3);
}

static struct raw_server other;

static void start_redirect(void)
{
	static struct raw_step redirect[] = { RAW_REQUEST, { 0 }, RAW_AGAIN };
	const char *head;

	CHECK_INT(raw_server_start(&other, hello), 0);
	head = format("HTTP/1.1 302 F\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", other.url);
	redirect[1] = (struct raw_step)RAW_SEND_BYTES(head, strlen(head));
	serve(redirect);
}

static void stop_both(void)
{
	stop_server();
	raw_server_stop(&other);
}

CLIENT_TEST(no_slot_is_lost_whenever_one_is_cancelled_in_a_redirect)
{
	cancel_everywhere(&(struct servers){ start_redirect, stop_both, 2 }, 3);
}

static struct net_tls_context *tls;

static void start_tls(void)
{
	server.tls = tls;
	serve(steps);
}

static void cancel_over_tls(void)
{
	CHECK_INT(net_tls_server(&tls, tls_pair_good.cert, tls_pair_good.key), 0);
	limits.insecure = true;
	/* Who waits for a slot does not know of TLS yet. */
	cancel_everywhere(&(struct servers){ start_tls, stop_server, 1 }, 1);
	net_tls_context_free(tls);
}

TEST_WITH_LIMIT(no_slot_is_lost_whenever_one_is_cancelled_over_tls, 60)
{
	tls_pair_certificates();
	client_test_run(cancel_over_tls, false);
}

/*
 * aiohttp, 3.8.4 to 2026: with a limit of 1, B and C wait; the slot is released and B cancelled in
 * the same turn, as a timeout does it; then C waits although the slot is free.
 */
static bool cancel_who_has_the_slot_but_has_not_run(void)
{
	struct async_event go = { 0 };
	const struct raw_step slow[] = { RAW_REQUEST, RAW_AWAIT(&go), RAW_SEND(HI), RAW_AGAIN };
	struct asking asking[3] = { 0 };
	bool in_time;

	session = http_session_new(&(struct http_session_options){ .limit = 1 });
	serve(slow);
	/* Each is in the line before the next one comes. */
	for (int i = 0; i < 3; i++) {
		ask_later(&asking[i], "/");
		while (server.request_count < 1)
			async_sleep(0);
		raw_settle();
	}
	async_event_set(&go);
	while (!async_task_done(asking[0].task))
		async_sleep(0);
	in_time = session->pool.leases == 0;
	if (in_time)
		CHECK(async_cancel(asking[1].task));
	CHECK_INT(ask_join(&asking[1]), in_time ? ASYNC_ECANCELED : 0);
	CHECK_INT(ask_join(&asking[2]), 0);
	CHECK_INT(ask_join(&asking[0]), 0);
	for (int i = 0; i < 3; i++)
		asking_free(&asking[i]);
	client_test_end();
	return in_time;
}

CLIENT_TEST(aiohttps_lost_wake_up_is_not_ours)
{
	/* When turns are shuffled, B may run before this sees that A is done. */
	for (int tries = 0; !cancel_who_has_the_slot_but_has_not_run(); tries++)
		CHECK(tries < 100);
}

/* ---- Each limit is what it says -------------------------------------------------------------- */

/* So many requests to each of two servers, all at once. */
static void ask_both(int each)
{
	struct asking asking[64] = { 0 };

	CHECK(2 * each <= 64);
	for (int i = 0; i < 2 * each; i++)
		ask_later(&asking[i], i % 2 ? other.url : "/");
	for (int i = 0; i < 2 * each; i++) {
		CHECK_INT(ask_join(&asking[i]), 0);
		asking_free(&asking[i]);
	}
}

CLIENT_TEST(limits_in_all_per_host_and_of_idle_ones_hold_together)
{
	static const struct {
		int limit, per_host, max_idle;
		unsigned peak, idle;
	} cases[] = {
		{ 3, 2, 0, 3, 3 }, { 3, 2, 1, 3, 1 },	{ 8, 2, 0, 4, 4 }, { 8, 2, 3, 4, 3 },
		{ 1, 8, 4, 1, 1 }, { 0, 1, 0, 2, 2 },	{ 5, 0, 0, 5, 5 }, { 5, 0, 2, 5, 2 },
		{ 2, 1, 9, 2, 2 }, { -1, 0, 1, 20, 1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		session = http_session_new(
			&(struct http_session_options){ .limit = cases[i].limit,
							.limit_per_host = cases[i].per_host,
							.max_idle = cases[i].max_idle });
		serve(hello);
		CHECK_INT(raw_server_start(&other, hello), 0);
		ask_both(10);
		CHECK_INT(stats().peak_connections, cases[i].peak);
		CHECK_INT(stats().idle, cases[i].idle);
		CHECK_INT(stats().connections, cases[i].idle);
		CHECK_INT(stats().requests, 20);
		client_test_end();
		raw_server_stop(&other);
	}
}

CLIENT_TEST_VIRTUAL(a_connection_gets_no_older_than_it_may_however_busy_it_is)
{
	session = http_session_new(&(struct http_session_options){ .max_age = 20 });
	serve(hello);
	for (int i = 0; i < 4; i++) {
		CHECK_INT(ask("/", NULL), 0);
		CHECK_INT(answer->connection, i < 3 ? 1 : 2);
		async_sleep(8);
	}
	CHECK_INT(server.accepted, 2);
	/* Nor does it lie there when its time has come. */
	async_sleep(13);
	CHECK_INT(stats().connections, 0);
}

CLIENT_TEST_VIRTUAL(the_oldest_idle_ones_go_when_more_are_idle_than_may_be)
{
	session = http_session_new(&(struct http_session_options){ .max_idle = 1 });
	serve(hello);
	CHECK_INT(raw_server_start(&other, hello), 0);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(ask(other.url, NULL), 0);
	CHECK_INT(stats().idle, 1);
	CHECK_INT(ask(other.url, NULL), 0);
	CHECK(answer->reused);
	CHECK_INT(ask("/", NULL), 0);
	CHECK(!answer->reused);
	raw_server_stop(&other);
}
