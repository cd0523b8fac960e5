/* SPDX-License-Identifier: MIT */
/*
 * test_tls.c - the transport that is TLS: data, ends that are none, silence, and peers that flood.
 */
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "net/stream.h"
#include "net/tls.h"
#include "tests/harness.h"
#include "tests/tls_pair.h"
#include "tests/transfer.h"

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

/* ---- Ends ------------------------------------------------------------------------------------ */

static int end_well(void *arg)
{
	struct tls_pair pair = meet();
	char buffer[16];

	(void)arg;
	CHECK_INT(net_write(pair.server, "last", 4), 0);
	net_close(pair.server);
	pair.server = NULL;
	CHECK_INT(net_read(pair.client, buffer, sizeof buffer), 4);
	CHECK_INT(net_read(pair.client, buffer, sizeof buffer), 0);
	CHECK_INT(net_read(pair.client, buffer, sizeof buffer), 0);
	tls_pair_end(&pair);
	return 0;
}

/* A server that refuses says so and closes, while its client still writes. */
static int read_after_a_failed_write(void *arg)
{
	struct tls_pair pair = meet();
	char buffer[16];

	(void)arg;
	CHECK_INT(net_write(pair.server, "no", 2), 0);
	fail_call("send", 0, EPIPE);
	CHECK_INT(net_write(pair.client, "x", 1), -EPIPE);
	CHECK_INT(net_write(pair.client, "x", 1), -EPIPE);
	CHECK_INT(fail_count(), 1);
	CHECK(!net_is_quiet(pair.client));
	CHECK_INT(net_read(pair.client, buffer, 2), 2);
	CHECK_MEM(buffer, 2, "no", 2);
	net_close(pair.client);
	pair.client = NULL;
	CHECK_INT(fail_count(), 1);
	fail_none();
	tls_pair_end(&pair);
	return 0;
}

TEST(what_the_peer_said_is_read_though_a_write_failed)
{
	CHECK_INT(run(read_after_a_failed_write), 0);
}

TEST(a_close_notify_is_the_end)
{
	CHECK_INT(run(end_well), 0);
}

static int end_badly(void *arg)
{
	struct tls_pair pair = meet();
	char buffer[16];

	(void)arg;
	CHECK_INT(net_write(pair.server, "last", 4), 0);
	CHECK_INT(shutdown(net_fd(pair.server), SHUT_WR), 0);
	CHECK_INT(net_read(pair.client, buffer, sizeof buffer), 4);
	CHECK_INT(net_read(pair.client, buffer, sizeof buffer), NET_ETLS_TRUNCATED);
	CHECK_INT(net_read(pair.client, buffer, sizeof buffer), NET_ETLS_TRUNCATED);
	CHECK(!net_is_quiet(pair.client));
	tls_pair_end(&pair);
	return 0;
}

TEST(an_end_without_close_notify_is_a_truncation)
{
	CHECK_INT(run(end_badly), 0);
}

static int reset_connection(void *arg)
{
	struct tls_pair pair = meet();
	struct linger now = { .l_onoff = 1 };
	char buffer[16];

	(void)arg;
	CHECK_INT(async_sleep(0.002), 0);
	CHECK(net_is_quiet(pair.client));	/* takes in the ticket */
	pair.server->tls->broken = -ECONNRESET; /* so there is no farewell */
	setsockopt(net_fd(pair.server), SOL_SOCKET, SO_LINGER, &now, sizeof now);
	net_close(pair.server);
	pair.server = NULL;
	CHECK_INT(net_read(pair.client, buffer, sizeof buffer), -ECONNRESET);
	CHECK_INT(net_write(pair.client, "x", 1), -ECONNRESET);
	tls_pair_end(&pair);
	return 0;
}

TEST(a_reset_keeps_its_errno)
{
	CHECK_INT(run(reset_connection), 0);
}

/* ---- Silence --------------------------------------------------------------------------------- */

static int stay_quiet(void *arg)
{
	struct tls_pair pair = meet();
	char buffer[16];

	(void)arg;
	CHECK_INT(async_sleep(0.005), 0);
	/* The ticket has arrived by now and has not been read. */
	CHECK(fd_ready(net_fd(pair.client), FD_READ));
	CHECK(net_is_quiet(pair.client));
	CHECK(net_is_quiet(pair.client));
	CHECK_INT(net_write(pair.server, "hi", 2), 0);
	CHECK_INT(async_sleep(0.005), 0);
	CHECK(!net_is_quiet(pair.client));
	CHECK_INT(net_read(pair.client, buffer, sizeof buffer), 2); /* looking took nothing */
	CHECK(net_is_quiet(pair.client));
	net_close(pair.server);
	pair.server = NULL;
	CHECK_INT(async_sleep(0.005), 0);
	CHECK(!net_is_quiet(pair.client));
	tls_pair_end(&pair);
	return 0;
}

TEST(a_late_ticket_keeps_the_quiet_and_data_or_the_end_do_not)
{
	CHECK_INT(run(stay_quiet), 0);
}

static int hear_half_a_record(void *arg)
{
	static const char half[] = "\x17\x03\x03\x00\x40half";
	struct tls_pair pair = meet();

	(void)arg;
	CHECK_INT(async_sleep(0.002), 0);
	CHECK(net_is_quiet(pair.client));
	CHECK(send(net_fd(pair.server), half, sizeof half - 1, 0) > 0);
	CHECK_INT(async_sleep(0.002), 0);
	CHECK(!net_is_quiet(pair.client));
	tls_pair_end(&pair);
	return 0;
}

TEST(half_a_record_breaks_the_quiet)
{
	CHECK_INT(run(hear_half_a_record), 0);
}

/* ---- Data ------------------------------------------------------------------------------------ */

static int move_a_lot(void *arg)
{
	size_t size = (size_t)(under_valgrind() || UNDER_ASAN || UNDER_TSAN ? 4 : 64) << 20;
	struct tls_pair pair = meet();

	(void)arg;
	transfer_both_ways(pair.client, pair.server, size);
	tls_pair_end(&pair);
	return 0;
}

TEST_WITH_LIMIT(large_transfers_arrive_whole_in_both_directions, 20)
{
	CHECK_INT(run(move_a_lot), 0);
}

static int one_of_many(void *arg)
{
	struct tls_pair pair = *(struct tls_pair *)arg;

	CHECK_INT(tls_pair_meet(&pair, "localhost"), 0);
	transfer_both_ways(pair.client, pair.server, 100000);
	tls_pair_part(&pair);
	return 0;
}

static int move_in_many(void *arg)
{
	struct tls_pair shared = tls_pair_settings();
	struct async_task *tasks[40];

	(void)arg;
	for (int i = 0; i < 40; i++)
		tasks[i] = async_create_task(one_of_many, &shared);
	CHECK_INT(async_gather(tasks, 40, ASYNC_RAISE, NULL), 0);
	tls_pair_end(&shared);
	return 0;
}

TEST_WITH_LIMIT(many_streams_at_once_keep_their_bytes_apart, 20)
{
	CHECK_INT(run(move_in_many), 0);
}

static int count_calls(void *arg)
{
	struct tls_pair pair = meet();
	char buffer[64];

	(void)arg;
	for (int i = 0; i < 21; i++) {
		if (i == 1)
			fail_call("recv", 1000000, EIO); /* fails none, counts all */
		CHECK_INT(net_write(pair.client, "ping", 4), 0);
		CHECK_INT(net_read(pair.server, buffer, sizeof buffer), 4);
		CHECK_INT(net_write(pair.server, "pong", 4), 0);
		CHECK_INT(net_read(pair.client, buffer, sizeof buffer), 4);
		CHECK(net_is_quiet(pair.client));
	}
	CHECK_INT(fail_calls(), 40);
	fail_none();
	tls_pair_end(&pair);
	return 0;
}

TEST(a_read_of_a_short_message_is_one_system_call)
{
	CHECK_INT(run(count_calls), 0);
}

/* ---- Messages that carry no data -------------------------------------------------------------- */

static void update_keys(struct net_stream *stream, int type)
{
	CHECK(SSL_key_update(stream->tls->ssl, type));
	CHECK_INT(SSL_do_handshake(stream->tls->ssl), 1);
}

static int change_keys(void *arg)
{
	struct tls_pair pair = meet();
	char buffer[16];

	(void)arg;
	for (int i = 0; i < 10; i++) {
		update_keys(pair.server, SSL_KEY_UPDATE_REQUESTED);
		CHECK_INT(net_write(pair.server, "new", 3), 0);
		CHECK_INT(net_read(pair.client, buffer, sizeof buffer), 3);
		CHECK_INT(net_write(pair.client, "mine too", 8), 0);
		CHECK_INT(net_read(pair.server, buffer, sizeof buffer), 8);
	}
	tls_pair_end(&pair);
	return 0;
}

TEST(key_updates_go_unnoticed)
{
	CHECK_INT(run(change_keys), 0);
}

static int flood(void *arg)
{
	struct tls_pair pair = meet();
	char buffer[16];

	(void)arg;
	for (int i = 0; i < 100; i++)
		update_keys(pair.server, SSL_KEY_UPDATE_NOT_REQUESTED);
	CHECK_INT(net_read(pair.client, buffer, sizeof buffer), NET_ETLS_PROTOCOL);
	CHECK_CONTAINS(async_raised(NET_ETLS_PROTOCOL)->message, "carry no data");
	CHECK_INT(net_read(pair.client, buffer, sizeof buffer), NET_ETLS_PROTOCOL);
	tls_pair_end(&pair);
	return 0;
}

TEST(a_flood_of_key_updates_ends_the_connection)
{
	CHECK_INT(run(flood), 0);
}

static int renegotiate(void *arg)
{
	struct tls_pair pair = tls_pair_settings();

	(void)arg;
	SSL_CTX_set_max_proto_version(tls_context_settings(pair.server_side), TLS1_2_VERSION);
	CHECK_INT(tls_pair_meet(&pair, "localhost"), 0);
	CHECK(!SSL_renegotiate(pair.server->tls->ssl));
	CHECK(!SSL_renegotiate(pair.client->tls->ssl));
	tls_pair_end(&pair);
	return 0;
}

TEST(nobody_renegotiates)
{
	CHECK_INT(run(renegotiate), 0);
}

/* ---- A record that breaks off ------------------------------------------------------------------ */

/* OpenSSL answers a broken record with an alert; that it finds nobody is not what has happened. */
static int end_within_a_record(void *arg)
{
	static const char half[] = "\x17\x03\x03\x00\x40half";
	struct tls_pair pair = meet();
	char buffer[16];

	(void)arg;
	CHECK(send(net_fd(pair.server), half, sizeof half - 1, 0) > 0);
	CHECK_INT(shutdown(net_fd(pair.server), SHUT_WR), 0);
	fail_call("send", 0, EPIPE);
	CHECK_INT(net_read(pair.client, buffer, sizeof buffer), NET_ETLS_TRUNCATED);
	fail_none();
	tls_pair_end(&pair);
	return 0;
}

TEST(an_end_within_a_record_is_a_truncation_though_nobody_takes_the_alert)
{
	CHECK_INT(run(end_within_a_record), 0);
}
