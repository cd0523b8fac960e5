/* SPDX-License-Identifier: MIT */
/*
 * test_tls.c - TLS over loopback: what is verified and what each refusal is called, reuse of
 * sessions, ends that are not ends, peers that stall or speak something else.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/lookup.h"
#include "net/stream.h"
#include "net/tls.h"
#include "runtime/base.h"
#include "tests/certs.h"
#include "tests/harness.h"

/* ---- A server and a client ------------------------------------------------------------------- */

static struct certs_pair ca, good;

static void make_certificates(void)
{
	ca = certs_make(&(struct certs_request){ .name = "ca", .is_ca = true });
	good = certs_make(&(struct certs_request){ .name = "good",
						   .san = "DNS:localhost,DNS:*.wild.test,"
							  "IP:127.0.0.1,IP:::1",
						   .issuer = &ca });
}

static int run(int (*fn)(void *arg))
{
	make_certificates();
	return async_run(fn, NULL);
}

static struct net_tls_context *server_of(struct certs_pair pair)
{
	struct net_tls_context *context;

	CHECK_INT(net_tls_server(&context, pair.cert, pair.key), 0);
	return context;
}

static struct net_tls_context *client_of(const char *ca_file)
{
	struct net_tls_context *context;

	CHECK_INT(net_tls_client(&context, &(struct net_tls_options){ .ca_file = ca_file }), 0);
	return context;
}

struct peer {
	struct net_listener *listener;
	struct net_tls_context *context;
	struct net_stream *stream; /* NULL when the handshake failed */
	int code;
};

static int serve_one(void *arg)
{
	struct peer *peer = arg;

	peer->code = net_accept(peer->listener, &peer->stream);
	if (peer->code == 0)
		peer->code = net_start_tls_server(peer->stream, peer->context);
	if (peer->code < 0) {
		net_close(peer->stream);
		peer->stream = NULL;
	}
	return 0;
}

/*
 * One connection between the two contexts, the server's end in *server. name is what is verified.
 * The client's code, and then *client is set; a server that failed is left NULL.
 */
static int meet(struct net_tls_context *server_side, struct net_tls_context *client_side,
		const char *name, struct net_stream **client, struct net_stream **server)
{
	struct net_connect_options options = { .tls = client_side, .tls_name = name };
	struct peer peer = { .context = server_side };
	struct async_task *task;
	int rc;

	CHECK_INT(net_listen(&peer.listener, "127.0.0.1", 0), 0);
	task = async_create_task(serve_one, &peer);
	CHECK(task != NULL);
	*client = NULL;
	rc = net_connect(client, "127.0.0.1", net_listener_port(peer.listener), &options);
	CHECK_INT(async_await(task), 0);
	async_task_release(task);
	net_listener_close(peer.listener);
	*server = peer.stream;
	return rc;
}

/* The client's verdict on a server that shows this certificate. */
static int verdict(struct certs_pair shown, const char *trusted, const char *name)
{
	struct net_tls_context *server_side = server_of(shown);
	struct net_tls_context *client_side = client_of(trusted);
	struct net_stream *client, *server;
	int rc = meet(server_side, client_side, name, &client, &server);

	net_close(client);
	net_close(server);
	net_tls_context_free(server_side);
	net_tls_context_free(client_side);
	return rc;
}

/* ---- Verification ---------------------------------------------------------------------------- */

static struct certs_pair bad[8];

static int judge_names(void *arg)
{
	(void)arg;
	CHECK_INT(verdict(good, ca.cert, "localhost"), 0);
	CHECK_INT(verdict(good, ca.cert, "LocalHost."), 0);
	CHECK_INT(verdict(good, ca.cert, "127.0.0.1"), 0);
	CHECK_INT(verdict(good, ca.cert, "::1"), 0);
	CHECK_INT(verdict(good, ca.cert, "any.wild.test"), 0);
	CHECK_INT(verdict(good, ca.cert, "two.any.wild.test"), NET_ETLS_CERT_HOST);
	CHECK_INT(verdict(good, ca.cert, "wild.test"), NET_ETLS_CERT_HOST);
	CHECK_INT(verdict(good, ca.cert, "other.test"), NET_ETLS_CERT_HOST);
	CHECK_INT(verdict(good, ca.cert, "127.0.0.2"), NET_ETLS_CERT_HOST);
	return 0;
}

TEST(a_good_certificate_is_for_the_names_it_lists)
{
	CHECK_INT(run(judge_names), 0);
}

static int judge_bad_ones(void *arg)
{
	(void)arg;
	CHECK_INT(verdict(bad[0], ca.cert, "localhost"), NET_ETLS_CERT_EXPIRED);
	CHECK_INT(verdict(bad[1], ca.cert, "localhost"), NET_ETLS_CERT_NOT_YET);
	CHECK_INT(verdict(bad[2], ca.cert, "localhost"), NET_ETLS_CERT_UNTRUSTED); /* self-signed */
	CHECK_INT(verdict(bad[3], ca.cert, "localhost"), NET_ETLS_CERT_HOST);	   /* CN only */
	CHECK_INT(verdict(bad[4], ca.cert, "127.0.0.1"), NET_ETLS_CERT_HOST); /* no IP in the SAN */
	CHECK_INT(verdict(bad[4], ca.cert, "localhost"), 0);
	CHECK_INT(verdict(bad[5], ca.cert, "frag.test"), NET_ETLS_CERT_HOST); /* f*.test */
	CHECK_INT(verdict(good, bad[6].cert, "localhost"), NET_ETLS_CERT_UNTRUSTED); /* other CA */
	return 0;
}

TEST_WITH_LIMIT(each_bad_certificate_has_a_code_of_its_own, 20)
{
	const char *san = "DNS:localhost";

	make_certificates();
	bad[0] = certs_make(&(struct certs_request){
		.name = "expired", .san = san, .issuer = &ca, .begins = -10, .ends = -1 });
	bad[1] = certs_make(&(struct certs_request){
		.name = "future", .san = san, .issuer = &ca, .begins = 1, .ends = 10 });
	bad[2] = certs_make(&(struct certs_request){ .name = "self", .san = san });
	bad[3] = certs_make(&(struct certs_request){
		.name = "cn", .common_name = "localhost", .issuer = &ca });
	bad[4] = certs_make(
		&(struct certs_request){ .name = "no-ip", .san = san, .issuer = &ca });
	bad[5] = certs_make(
		&(struct certs_request){ .name = "partial", .san = "DNS:f*.test", .issuer = &ca });
	bad[6] = certs_make(&(struct certs_request){ .name = "other-ca", .is_ca = true });
	CHECK_INT(async_run(judge_bad_ones, NULL), 0);
}

static int explain(void *arg)
{
	(void)arg;
	return verdict(bad[0], ca.cert, "localhost");
}

static int read_explanation(void *arg)
{
	struct async_task *task = async_create_task(explain, NULL);

	(void)arg;
	CHECK(task != NULL);
	CHECK_INT(async_await(task), NET_ETLS_CERT_EXPIRED);
	CHECK_CONTAINS(async_task_error(task)->message, "localhost:");
	CHECK_CONTAINS(async_task_error(task)->message, "certificate has expired");
	return 0;
}

TEST(a_refusal_names_the_host_and_the_reason)
{
	make_certificates();
	bad[0] = certs_make(&(struct certs_request){
		.name = "expired", .san = "DNS:localhost", .issuer = &ca, .begins = -10, .ends = -1 });
	CHECK_INT(async_run(read_explanation, NULL), 0);
}

static int trust_anybody(void *arg)
{
	struct net_tls_context *server_side = server_of(bad[2]), *client_side;
	struct net_stream *client, *server;

	(void)arg;
	CHECK_INT(net_tls_client(&client_side, &(struct net_tls_options){ .insecure = true }), 0);
	CHECK_INT(meet(server_side, client_side, "anything.test", &client, &server), 0);
	net_close(client);
	net_close(server);
	net_tls_context_free(server_side);
	net_tls_context_free(client_side);
	return 0;
}

TEST(insecure_takes_any_certificate)
{
	bad[2] = certs_make(&(struct certs_request){ .name = "self" });
	CHECK_INT(async_run(trust_anybody, NULL), 0);
}

static int judge_weak_key(void *arg)
{
	struct net_tls_context *context;

	(void)arg;
	/* Our own server refuses to show such a certificate at all. */
	CHECK_INT(net_tls_server(&context, bad[0].cert, bad[0].key), NET_ETLS_CONFIG);
	return 0;
}

TEST(a_key_too_short_is_refused)
{
	bad[0] = certs_make(&(struct certs_request){ .name = "weak", .rsa_bits = 1024 });
	CHECK_INT(async_run(judge_weak_key, NULL), 0);
}

/* ---- Settings -------------------------------------------------------------------------------- */

static int client_code(const char *ca_file, const char **message)
{
	static char text[600];
	struct net_tls_context *context;
	int rc = net_tls_client(&context, &(struct net_tls_options){ .ca_file = ca_file });

	(void)message;
	(void)text;
	if (rc == 0)
		net_tls_context_free(context);
	return rc;
}

static int load_things(void *arg)
{
	struct net_tls_context *context;
	const char *junk = temp_file("junk.pem", "not a certificate\n");

	(void)arg;
	CHECK_INT(client_code(ca.cert, NULL), 0);
	CHECK_INT(client_code(temp_path("none.pem"), NULL), NET_ETLS_CONFIG);
	CHECK_INT(client_code(junk, NULL), NET_ETLS_CONFIG);
	CHECK_INT(client_code(temp_dir(), NULL), NET_ETLS_CONFIG);
	CHECK_INT(net_tls_server(&context, junk, good.key), NET_ETLS_CONFIG);
	CHECK_INT(net_tls_server(&context, good.cert, junk), NET_ETLS_CONFIG);
	CHECK_INT(net_tls_server(&context, good.cert, ca.key), NET_ETLS_CONFIG);
	CHECK_INT(net_tls_server(&context, temp_path("none"), good.key), NET_ETLS_CONFIG);
	return 0;
}

TEST(files_that_cannot_be_used_are_a_config_error)
{
	CHECK_INT(run(load_things), 0);
}

static int load_default(void *arg)
{
	(void)arg;
	return client_code(NULL, NULL);
}

static int default_verdict(void *arg)
{
	struct net_tls_context *server_side = server_of(good), *client_side;
	struct net_stream *client, *server;
	int rc;

	(void)arg;
	CHECK_INT(net_tls_client(&client_side, NULL), 0);
	rc = meet(server_side, client_side, "localhost", &client, &server);
	net_close(client);
	net_close(server);
	net_tls_context_free(server_side);
	net_tls_context_free(client_side);
	CHECK_INT(rc, 0);
	return 0;
}

TEST(the_environment_names_the_trusted)
{
	make_certificates();
	setenv("SSL_CERT_FILE", ca.cert, 1);
	CHECK_INT(async_run(default_verdict, NULL), 0);
}

static int expect_message(void *arg)
{
	struct async_task *task = async_create_task(load_default, NULL);

	CHECK(task != NULL);
	CHECK_INT(async_await(task), NET_ETLS_CONFIG);
	CHECK_CONTAINS(async_task_error(task)->message, (const char *)arg);
	return 0;
}

TEST(an_environment_that_names_nothing_usable_is_an_error)
{
	setenv("SSL_CERT_FILE", temp_path("none.pem"), 1);
	CHECK_INT(async_run(expect_message, "none.pem"), 0);
	unsetenv("SSL_CERT_FILE");
	setenv("SSL_CERT_DIR", temp_dir(), 1);
	CHECK_INT(async_run(expect_message, "no CA certificates in the directory"), 0);
}

TEST(without_any_ca_the_message_names_the_package)
{
	/* As on a bare machine: none of the files can be read. */
	fail_call("access", 0, ENOENT);
	fail_call("opendir", 0, ENOENT);
	NOT_HERE("access and opendir are not wrapped");
}

/* ---- Versions, protocols, resumption --------------------------------------------------------- */

static int connect_twice(void *arg)
{
	struct net_tls_context *server_side = server_of(good), *client_side = client_of(ca.cert);
	struct net_connect_options options = { .tls = client_side, .tls_name = "localhost" };
	struct peer peer = { .context = server_side };
	char byte;

	(void)arg;
	CHECK_INT(net_listen(&peer.listener, "127.0.0.1", 0), 0);
	for (int i = 0; i < 4; i++) {
		struct async_task *task = async_create_task(serve_one, &peer);
		struct net_stream *client;

		CHECK(task != NULL);
		if (i == 3)
			options.tls_name = "127.0.0.1"; /* another name: its own sessions */
		CHECK_INT(net_connect(&client, "127.0.0.1", net_listener_port(peer.listener),
				      &options),
			  0);
		CHECK_INT(async_await(task), 0);
		CHECK_STR(net_tls_version(client), "TLSv1.3");
		CHECK_INT(net_tls_resumed(client), i == 1 || i == 2);
		CHECK_INT(net_tls_resumed(peer.stream), i == 1 || i == 2);
		/* The ticket comes with, or before, the first data. */
		CHECK_INT(net_write(peer.stream, "x", 1), 0);
		CHECK_INT(net_read(client, &byte, 1), 1);
		net_close(client);
		net_close(peer.stream);
	}
	net_listener_close(peer.listener);
	net_tls_context_free(server_side);
	net_tls_context_free(client_side);
	return 0;
}

TEST(the_second_connection_to_a_host_resumes_the_first)
{
	CHECK_INT(run(connect_twice), 0);
}

static int stay_quiet(void *arg)
{
	struct net_tls_context *server_side = server_of(good), *client_side = client_of(ca.cert);
	struct net_stream *client, *server;
	char buffer[16];

	(void)arg;
	CHECK_INT(meet(server_side, client_side, "localhost", &client, &server), 0);
	CHECK_INT(async_sleep(0.005), 0);
	/* The ticket has arrived by now and has not been read. */
	CHECK(fd_ready(net_fd(client), FD_READ));
	CHECK(net_is_quiet(client));
	CHECK(net_is_quiet(client));
	CHECK_INT(net_write(server, "hi", 2), 0);
	CHECK_INT(async_sleep(0.005), 0);
	CHECK(!net_is_quiet(client));
	CHECK_INT(net_read(client, buffer, sizeof buffer), 2); /* looking took nothing away */
	CHECK(net_is_quiet(client));
	net_close(server);
	CHECK_INT(async_sleep(0.005), 0);
	CHECK(!net_is_quiet(client));
	net_close(client);
	net_tls_context_free(server_side);
	net_tls_context_free(client_side);
	return 0;
}

TEST(a_late_ticket_keeps_the_quiet_and_data_or_the_end_do_not)
{
	CHECK_INT(run(stay_quiet), 0);
}

/* ---- Data and ends --------------------------------------------------------------------------- */

static int end_well_and_badly(void *arg)
{
	struct net_tls_context *server_side = server_of(good), *client_side = client_of(ca.cert);
	struct net_stream *client, *server;
	char buffer[16];

	(void)arg;
	CHECK_INT(meet(server_side, client_side, "localhost", &client, &server), 0);
	CHECK_INT(net_write(server, "last", 4), 0);
	net_close(server);
	CHECK_INT(net_read(client, buffer, sizeof buffer), 4);
	CHECK_INT(net_read(client, buffer, sizeof buffer), 0);
	CHECK_INT(net_read(client, buffer, sizeof buffer), 0);
	net_close(client);

	CHECK_INT(meet(server_side, client_side, "localhost", &client, &server), 0);
	CHECK_INT(net_write(server, "last", 4), 0);
	CHECK_INT(shutdown(net_fd(server), SHUT_WR), 0);
	CHECK_INT(net_read(client, buffer, sizeof buffer), 4);
	CHECK_INT(net_read(client, buffer, sizeof buffer), NET_ETLS_TRUNCATED);
	CHECK_INT(net_read(client, buffer, sizeof buffer), NET_ETLS_TRUNCATED);
	CHECK(!net_is_quiet(client));
	net_close(client);
	net_close(server);
	net_tls_context_free(server_side);
	net_tls_context_free(client_side);
	return 0;
}

TEST(only_a_close_notify_is_the_end)
{
	CHECK_INT(run(end_well_and_badly), 0);
}

static int reset_connection(void *arg)
{
	struct net_tls_context *server_side = server_of(good), *client_side = client_of(ca.cert);
	struct linger now = { .l_onoff = 1 };
	struct net_stream *client, *server;
	char buffer[16];

	(void)arg;
	CHECK_INT(meet(server_side, client_side, "localhost", &client, &server), 0);
	CHECK_INT(async_sleep(0.002), 0);
	CHECK(net_is_quiet(client)); /* the ticket is taken in */
	server->tls->broken = -ECONNRESET; /* no farewell */
	setsockopt(net_fd(server), SOL_SOCKET, SO_LINGER, &now, sizeof now);
	net_close(server);
	CHECK_INT(net_read(client, buffer, sizeof buffer), -ECONNRESET);
	CHECK_INT(net_write(client, "x", 1), -ECONNRESET);
	net_close(client);
	net_tls_context_free(server_side);
	net_tls_context_free(client_side);
	return 0;
}

TEST(a_reset_keeps_its_errno)
{
	CHECK_INT(run(reset_connection), 0);
}

struct transfer {
	struct net_stream *stream;
	size_t size;
	uint32_t seed;
};

static unsigned char next_byte(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return (unsigned char)(*state >> 24);
}

static int produce(void *arg)
{
	struct transfer *t = arg;
	size_t room = 100000, left = t->size;
	unsigned char *block = malloc(room);
	uint32_t state = t->seed;
	int rc = block ? 0 : ASYNC_ENOMEM;

	while (rc == 0 && left > 0) {
		size_t part = left < room ? left : room - left % 977;

		for (size_t i = 0; i < part; i++)
			block[i] = next_byte(&state);
		rc = net_write(t->stream, block, part);
		left -= part;
	}
	free(block);
	return rc;
}

static int consume(void *arg)
{
	struct transfer *t = arg;
	size_t room = 65536, done = 0;
	unsigned char *block = malloc(room);
	uint32_t state = t->seed;
	ssize_t n = block ? 1 : ASYNC_ENOMEM;

	while (n > 0 && done < t->size) {
		n = net_read(t->stream, block, done % 3 ? room : 1000);
		for (ssize_t i = 0; i < n; i++)
			if (block[i] != next_byte(&state))
				FAIL("byte %zu is wrong", done + (size_t)i);
		done += n > 0 ? (size_t)n : 0;
	}
	free(block);
	CHECK_INT(n > 0 ? 0 : n, 0);
	CHECK_INT(done, t->size);
	return 0;
}

static void transfer_both_ways(struct net_stream *one, struct net_stream *other, size_t size)
{
	struct transfer there = { one, size, 1 }, taken = { other, size, 1 };
	struct transfer back = { other, size, 2 }, received = { one, size, 2 };
	struct async_task *tasks[] = {
		async_create_task(produce, &there),
		async_create_task(consume, &taken),
		async_create_task(produce, &back),
		async_create_task(consume, &received),
	};

	CHECK_INT(async_gather(tasks, 4, ASYNC_RAISE, NULL), 0);
	for (int i = 0; i < 4; i++)
		async_task_release(tasks[i]);
}

static int move_a_lot(void *arg)
{
	struct net_tls_context *server_side = server_of(good), *client_side = client_of(ca.cert);
	size_t size = (size_t)(under_valgrind() || UNDER_ASAN || UNDER_TSAN ? 4 : 64) << 20;
	struct net_stream *client, *server;

	(void)arg;
	CHECK_INT(meet(server_side, client_side, "localhost", &client, &server), 0);
	transfer_both_ways(client, server, size);
	net_close(client);
	net_close(server);
	net_tls_context_free(server_side);
	net_tls_context_free(client_side);
	return 0;
}

TEST_WITH_LIMIT(large_transfers_arrive_whole_in_both_directions, 20)
{
	CHECK_INT(run(move_a_lot), 0);
}

static struct net_tls_context *shared_server, *shared_client;

static int one_of_many(void *arg)
{
	struct net_stream *client, *server;

	(void)arg;
	CHECK_INT(meet(shared_server, shared_client, "localhost", &client, &server), 0);
	transfer_both_ways(client, server, 100000);
	net_close(client);
	net_close(server);
	return 0;
}

static int move_in_many(void *arg)
{
	struct async_task *tasks[40];

	(void)arg;
	shared_server = server_of(good);
	shared_client = client_of(ca.cert);
	for (int i = 0; i < 40; i++)
		tasks[i] = async_create_task(one_of_many, NULL);
	CHECK_INT(async_gather(tasks, 40, ASYNC_RAISE, NULL), 0);
	net_tls_context_free(shared_server);
	net_tls_context_free(shared_client);
	return 0;
}

TEST_WITH_LIMIT(many_streams_at_once_keep_their_bytes_apart, 20)
{
	CHECK_INT(run(move_in_many), 0);
}

static int count_calls(void *arg)
{
	struct net_tls_context *server_side = server_of(good), *client_side = client_of(ca.cert);
	struct net_stream *client, *server;
	char buffer[64];

	(void)arg;
	CHECK_INT(meet(server_side, client_side, "localhost", &client, &server), 0);
	for (int i = 0; i < 21; i++) {
		if (i == 1)
			fail_call("recv", 1000000, EIO); /* fails none, counts all */
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
	net_tls_context_free(server_side);
	net_tls_context_free(client_side);
	return 0;
}

TEST(a_read_of_a_short_message_is_one_system_call)
{
	CHECK_INT(run(count_calls), 0);
}

/* ---- Peers that misbehave -------------------------------------------------------------------- */

struct rude {
	struct net_listener *listener;
	const char *words; /* what it says to whoever speaks first; NULL: nothing */
	size_t size;
	bool hold; /* stays until the client goes */
};

static int be_rude(void *arg)
{
	struct rude *rude = arg;
	struct net_stream *stream;
	char buffer[600];

	if (net_accept(rude->listener, &stream) < 0)
		return 0;
	if (rude->words) {
		CHECK(net_read(stream, buffer, sizeof buffer) > 0);
		CHECK_INT(net_write(stream, rude->words, rude->size), 0);
	}
	while (rude->hold && net_read(stream, buffer, sizeof buffer) > 0)
		;
	net_close(stream);
	return 0;
}

struct attempt {
	struct rude rude;
	struct net_tls_context *context;
	double limit;
	const char *step;
};

static int connect_to_rude(void *arg)
{
	struct attempt *attempt = arg;
	struct net_connect_options options = { .tls = attempt->context,
					       .tls_timeout = attempt->limit,
					       .failed_step = &attempt->step };
	struct net_stream *stream;

	return net_connect(&stream, "127.0.0.1", net_listener_port(attempt->rude.listener),
			   &options);
}

/* What a client says of such a server; the message has to contain text. */
static void check_rude(const char *words, size_t size, double limit, int code, const char *text)
{
	struct attempt attempt = { .rude = { .words = words, .size = size, .hold = size || limit },
				   .context = client_of(ca.cert),
				   .limit = limit };
	struct async_task *server, *client;

	CHECK_INT(net_listen(&attempt.rude.listener, "127.0.0.1", 0), 0);
	server = async_create_task(be_rude, &attempt.rude);
	client = async_create_task(connect_to_rude, &attempt);
	CHECK(server && client);
	CHECK_INT(async_await(client), code);
	CHECK_STR(attempt.step, "tls");
	CHECK_CONTAINS(async_task_error(client)->message, text);
	CHECK_INT(async_await(server), 0);
	net_listener_close(attempt.rude.listener);
	net_tls_context_free(attempt.context);
}

static int meet_rude_ones(void *arg)
{
	static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	static const char ssh[] = "SSH-2.0-OpenSSH_9.2p1\r\n";
	static const char alert[] = "\x15\x03\x01\x00\x02\x02\x46";

	(void)arg;
	check_rude(http, sizeof http - 1, 0, NET_ETLS_PROTOCOL, "plain HTTP");
	check_rude(ssh, sizeof ssh - 1, 0, NET_ETLS_PROTOCOL, "TLS failed");
	check_rude(alert, sizeof alert - 1, 0, NET_ETLS_PROTOCOL, "protocol version");
	check_rude(NULL, 0, 0.02, ASYNC_ETIMEOUT, "TLS handshake timeout to host 127.0.0.1");
	return 0;
}

TEST(what_is_not_tls_has_its_codes_and_a_stall_ends_with_the_limit)
{
	CHECK_INT(run(meet_rude_ones), 0);
}

static int end_in_handshake(void *arg)
{
	(void)arg;
	check_rude("", 0, 0, NET_ETLS_TRUNCATED, "during the TLS handshake");
	return 0;
}

TEST(an_end_in_the_handshake_is_said_to_be_one)
{
	CHECK_INT(run(end_in_handshake), 0);
}

static int serve_plain_client(void *arg)
{
	struct net_tls_context *context = server_of(good);
	struct peer peer = { .context = context };
	struct async_task *task;
	struct net_stream *stream;

	(void)arg;
	CHECK_INT(net_listen(&peer.listener, "127.0.0.1", 0), 0);
	task = async_create_task(serve_one, &peer);
	CHECK(task != NULL);
	CHECK_INT(net_connect(&stream, "127.0.0.1", net_listener_port(peer.listener), NULL), 0);
	CHECK_INT(net_write(stream, "GET / HTTP/1.1\r\n\r\n", 18), 0);
	CHECK_INT(async_await(task), 0);
	CHECK_INT(peer.code, NET_ETLS_PROTOCOL);
	net_close(stream);
	net_listener_close(peer.listener);
	net_tls_context_free(context);
	return 0;
}

TEST(a_client_that_speaks_plain_http_is_told_apart)
{
	CHECK_INT(run(serve_plain_client), 0);
}

/* ---- Cancelling ------------------------------------------------------------------------------ */

static int shake_with_nobody(void *arg)
{
	struct attempt *attempt = arg;

	return connect_to_rude(attempt);
}

static int cancel_handshakes(void *arg)
{
	struct attempt attempt = { .rude = { .hold = true }, .context = client_of(ca.cert) };
	struct async_counts counts;

	(void)arg;
	CHECK_INT(net_listen(&attempt.rude.listener, "127.0.0.1", 0), 0);
	for (int i = 0; i < 4; i++) {
		struct async_task *server = async_create_task(be_rude, &attempt.rude);
		struct async_task *client = async_create_task(shake_with_nobody, &attempt);

		CHECK(server && client);
		for (int turn = 0; turn < i; turn++)
			CHECK_INT(async_sleep(0.001), 0);
		CHECK(async_cancel(client));
		CHECK_INT(async_await(client), ASYNC_ECANCELED);
		async_cancel(server);
		async_await(server);
		async_task_release(server);
		async_task_release(client);
	}
	net_listener_close(attempt.rude.listener);
	net_tls_context_free(attempt.context);
	async_count(&counts);
	CHECK_INT(counts.tasks, 1);
	return 0;
}

TEST(a_handshake_cancelled_at_any_time_leaves_nothing)
{
	CHECK_INT(run(cancel_handshakes), 0);
}

/* ---- Whatever fails -------------------------------------------------------------------------- */

static int exchange(void *arg)
{
	struct net_tls_context *server_side = NULL, *client_side = NULL;
	struct net_connect_options options = { .tls_name = "localhost", .tls_timeout = 0.3 };
	struct peer peer = { 0 };
	struct net_stream *client = NULL;
	struct async_task *task = NULL;
	char buffer[8];
	int rc = net_tls_server(&server_side, good.cert, good.key);

	(void)arg;
	if (rc == 0)
		rc = net_tls_client(&client_side, &(struct net_tls_options){ .ca_file = ca.cert });
	if (rc == 0)
		rc = net_listen(&peer.listener, "127.0.0.1", 0);
	peer.context = server_side;
	options.tls = client_side;
	if (rc == 0)
		task = async_create_task(serve_one, &peer);
	if (task)
		rc = net_connect(&client, "127.0.0.1", net_listener_port(peer.listener), &options);
	if (task && rc < 0)
		async_cancel(task);
	if (task)
		async_await(task);
	if (rc == 0 && peer.stream)
		rc = net_write(peer.stream, "hello", 5);
	if (rc == 0 && peer.stream)
		net_read(client, buffer, sizeof buffer);
	net_close(client);
	net_close(peer.stream);
	net_listener_close(peer.listener);
	net_tls_context_free(server_side);
	net_tls_context_free(client_side);
	return 0;
}

static void exchange_whatever_happens(void)
{
	(void)async_run(exchange, NULL);
}

TEST_WITH_LIMIT(every_failing_allocation_is_survived, 60)
{
	make_certificates();
	for_each_failing_allocation(exchange_whatever_happens);
}

/* One process: for_each_failing_syscall would also fail the loop's own wake-up. */
TEST_WITH_LIMIT(every_failing_system_call_is_survived, 60)
{
	static const struct {
		const char *function;
		int error;
	} calls[] = {
		{ "recv", ECONNRESET },	   { "send", EPIPE },	      { "connect", ENETUNREACH },
		{ "getsockopt", ENOBUFS }, { "epoll_ctl", ENOMEM },   { "accept4", ENFILE },
		{ "socket", EMFILE },	   { "recv", EINTR },	      { "send", EINTR },
		{ "recv", EAGAIN },	   { "send", EAGAIN },
	};

	make_certificates();
	for (size_t i = 0; i < array_size(calls); i++)
		for (int n = 1; n <= 8; n++) {
			fail_call(calls[i].function, n, calls[i].error);
			int rc = async_run(exchange, NULL);

			fail_none();
			CHECK(rc == 0 || rc == -calls[i].error);
		}
}
