/* SPDX-License-Identifier: MIT */
/*
 * test_tls_error.c - what a client says of certificates and servers that are no good: each has a
 * code of its own, and a message that names the host and the reason.
 */
#include <openssl/ssl.h>

#include "net/tls.h"
#include "tests/harness.h"
#include "tests/raw_server.h"
#include "tests/tls_pair.h"

static int run(int (*fn)(void *arg))
{
	return async_run(fn, NULL);
}

/* ---- Certificates ---------------------------------------------------------------------------- */

/* The client's verdict on a server that shows this certificate. */
static int verdict(struct certs_pair shown, const char *trusted, const char *name)
{
	struct tls_pair pair = { .server_side = tls_pair_server(shown),
				 .client_side = tls_pair_client(trusted) };
	int rc = tls_pair_meet(&pair, name);

	tls_pair_end(&pair);
	return rc;
}

static int judge_names(void *arg)
{
	struct certs_pair good = tls_pair_good;
	const char *ca = tls_pair_ca.cert;

	(void)arg;
	CHECK_INT(verdict(good, ca, "localhost"), 0);
	CHECK_INT(verdict(good, ca, "LocalHost."), 0);
	CHECK_INT(verdict(good, ca, "127.0.0.1"), 0);
	CHECK_INT(verdict(good, ca, "::1"), 0);
	CHECK_INT(verdict(good, ca, "any.wild.test"), 0);
	CHECK_INT(verdict(good, ca, "two.any.wild.test"), NET_ETLS_CERT_HOST);
	CHECK_INT(verdict(good, ca, "wild.test"), NET_ETLS_CERT_HOST);
	CHECK_INT(verdict(good, ca, "other.test"), NET_ETLS_CERT_HOST);
	CHECK_INT(verdict(good, ca, "127.0.0.2"), NET_ETLS_CERT_HOST);
	return 0;
}

TEST(a_good_certificate_is_for_the_names_it_lists)
{
	tls_pair_certificates();
	CHECK_INT(run(judge_names), 0);
}

static struct certs_pair shown;
static const char *trusted, *wanted;

static int judge(void *arg)
{
	(void)arg;
	return verdict(shown, trusted, wanted);
}

static int judge_and_read(void *arg)
{
	struct async_task *task = async_create_task(judge, NULL);

	CHECK(task != NULL);
	CHECK_INT(async_await(task), *(int *)arg);
	if (*(int *)arg < 0)
		CHECK_CONTAINS(async_task_error(task)->message, format("%s:", wanted));
	return 0;
}

/* What comes of a certificate made as request says, signed by the CA unless it is self-signed. */
static void expect(int code, const char *name, bool self_signed, struct certs_request request)
{
	if (!tls_pair_ca.cert)
		tls_pair_certificates();
	request.name = "judged";
	request.issuer = self_signed ? NULL : &tls_pair_ca;
	shown = certs_make(&request);
	trusted = tls_pair_ca.cert;
	wanted = name;
	CHECK_INT(async_run(judge_and_read, &code), 0);
}

#define LOCAL .san = "DNS:localhost"

TEST(an_expired_certificate_is_told_from_one_not_valid_yet)
{
	expect(NET_ETLS_CERT_EXPIRED, "localhost", false,
	       (struct certs_request){ LOCAL, .begins = -10, .ends = -1 });
	expect(NET_ETLS_CERT_NOT_YET, "localhost", false,
	       (struct certs_request){ LOCAL, .begins = 1, .ends = 10 });
	expect(0, "localhost", false, (struct certs_request){ LOCAL, .begins = -10, .ends = 10 });
}

TEST(a_self_signed_certificate_is_not_trusted)
{
	expect(NET_ETLS_CERT_UNTRUSTED, "localhost", true, (struct certs_request){ LOCAL });
}

TEST(a_certificate_of_an_unknown_ca_is_not_trusted)
{
	struct certs_pair other =
		certs_make(&(struct certs_request){ .name = "other", .is_ca = true });
	int code = NET_ETLS_CERT_UNTRUSTED;

	tls_pair_certificates();
	shown = tls_pair_good;
	trusted = other.cert;
	wanted = "localhost";
	CHECK_INT(async_run(judge_and_read, &code), 0);
}

TEST(a_name_in_the_cn_alone_counts_for_nothing)
{
	expect(NET_ETLS_CERT_HOST, "localhost", false,
	       (struct certs_request){ .common_name = "localhost" });
}

TEST(an_ip_address_has_to_be_in_the_san_as_one)
{
	expect(NET_ETLS_CERT_HOST, "127.0.0.1", false, (struct certs_request){ LOCAL });
	expect(NET_ETLS_CERT_HOST, "127.0.0.1", false,
	       (struct certs_request){ .common_name = "127.0.0.1", .san = "DNS:127.0.0.1" });
	expect(0, "127.0.0.1", false, (struct certs_request){ .san = "IP:127.0.0.1" });
}

TEST(a_wildcard_stands_for_a_whole_label)
{
	expect(NET_ETLS_CERT_HOST, "frag.test", false,
	       (struct certs_request){ .san = "DNS:f*.test" });
	expect(0, "frag.some.test", false, (struct certs_request){ .san = "DNS:*.some.test" });
}

static int trust_anybody(void *arg)
{
	struct tls_pair pair = { .server_side = tls_pair_server(*(struct certs_pair *)arg) };

	CHECK_INT(net_tls_client(&pair.client_side, &(struct net_tls_options){ .insecure = true }),
		  0);
	CHECK_INT(tls_pair_meet(&pair, "anything.test"), 0);
	tls_pair_end(&pair);
	return 0;
}

TEST(insecure_takes_any_certificate)
{
	struct certs_pair self = certs_make(&(struct certs_request){ .name = "self" });

	CHECK_INT(async_run(trust_anybody, &self), 0);
}

/* ---- Servers that speak another TLS ----------------------------------------------------------- */

/* Our own server, with settings that net would never give it. */
struct changed {
	void (*change)(SSL_CTX *settings);
	int code;
	const char *text;
};

static int meet_changed(void *arg)
{
	struct changed *changed = arg;
	struct tls_pair pair = tls_pair_settings();

	changed->change(tls_context_settings(pair.server_side));
	CHECK_INT(tls_pair_meet(&pair, "localhost"), changed->code);
	if (changed->code < 0) {
		CHECK(async_raised(changed->code) != NULL);
		CHECK_CONTAINS(async_raised(changed->code)->message, changed->text);
	} else {
		CHECK_STR(net_tls_version(pair.client), changed->text);
	}
	tls_pair_end(&pair);
	return 0;
}

static void meet(void (*change)(SSL_CTX *settings), int code, const char *text)
{
	struct changed changed = { change, code, text };

	tls_pair_certificates();
	CHECK_INT(async_run(meet_changed, &changed), 0);
}

static void speak_tls_1_1(SSL_CTX *settings)
{
	SSL_CTX_set_security_level(settings, 0);
	SSL_CTX_set_min_proto_version(settings, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(settings, TLS1_1_VERSION);
}

static void share_no_cipher(SSL_CTX *settings)
{
	SSL_CTX_set_security_level(settings, 0);
	SSL_CTX_set_max_proto_version(settings, TLS1_2_VERSION);
	CHECK(SSL_CTX_set_cipher_list(settings, "NULL-SHA256"));
}

static int choose_h2(SSL *ssl, const unsigned char **out, unsigned char *size,
		     const unsigned char *offered, unsigned int offered_size, void *arg)
{
	(void)ssl;
	(void)offered;
	(void)offered_size;
	(void)arg;
	*out = (const unsigned char *)"h2";
	*size = 2;
	return SSL_TLSEXT_ERR_OK;
}

static void insist_on_h2(SSL_CTX *settings)
{
	SSL_CTX_set_alpn_select_cb(settings, choose_h2, NULL);
}

static void speak_tls_1_2(SSL_CTX *settings)
{
	SSL_CTX_set_max_proto_version(settings, TLS1_2_VERSION);
}

TEST(tls_1_2_is_good_enough_and_1_1_is_not)
{
	meet(speak_tls_1_2, 0, "TLSv1.2");
	meet(speak_tls_1_1, NET_ETLS_PROTOCOL, "protocol version");
}

TEST(no_cipher_in_common_is_a_protocol_error)
{
	meet(share_no_cipher, NET_ETLS_PROTOCOL, "handshake failure");
}

TEST(a_protocol_chosen_unasked_is_refused)
{
	meet(insist_on_h2, NET_ETLS_PROTOCOL, "localhost:");
}

/* ---- Servers that do not speak TLS ------------------------------------------------------------ */

struct rude {
	struct net_listener *listener;
	struct net_tls_context *client_side;
	const char *words; /* what it says to whoever speaks first; NULL: nothing */
	size_t size;
	bool hold; /* stays until the client goes */
	double limit;
	const char *step;
};

static int be_rude(void *arg)
{
	struct rude *rude = arg;
	struct net_stream *stream;
	char buffer[600];

	CHECK_INT(net_accept(rude->listener, &stream), 0);
	if (rude->words) {
		CHECK_INT(raw_hear_hello(stream), 0);
		CHECK_INT(net_write(stream, rude->words, rude->size), 0);
	}
	while (rude->hold && net_read(stream, buffer, sizeof buffer) > 0)
		;
	net_close(stream);
	return 0;
}

static int visit(void *arg)
{
	struct rude *rude = arg;
	struct net_connect_options options = { .tls = rude->client_side,
					       .tls_timeout = rude->limit,
					       .failed_step = &rude->step };
	struct net_stream *stream;

	return net_connect(&stream, "127.0.0.1", net_listener_port(rude->listener), &options);
}

/* What a client says of such a server, and what its message contains. */
static void visit_rude(struct rude rude, int code, const char *text)
{
	struct async_task *server, *client;

	rude.client_side = tls_pair_client(tls_pair_ca.cert);
	CHECK_INT(net_listen(&rude.listener, "127.0.0.1", 0), 0);
	server = async_create_task(be_rude, &rude);
	client = async_create_task(visit, &rude);
	CHECK(server && client);
	CHECK_INT(async_await(client), code);
	CHECK_STR(rude.step, "tls");
	CHECK_CONTAINS(async_task_error(client)->message, text);
	CHECK_INT(async_await(server), 0);
	net_listener_close(rude.listener);
	net_tls_context_free(rude.client_side);
}

#define SAYS(text) .words = (text), .size = sizeof(text) - 1

static int visit_all(void *arg)
{
	(void)arg;
	visit_rude((struct rude){ SAYS("HTTP/1.1 400 Bad Request\r\n\r\n"), .hold = true },
		   NET_ETLS_PROTOCOL, "plain HTTP");
	visit_rude((struct rude){ SAYS("SSH-2.0-OpenSSH_9.2p1\r\n"), .hold = true },
		   NET_ETLS_PROTOCOL, "TLS failed");
	visit_rude((struct rude){ SAYS("\x15\x03\x01\x00\x02\x02\x46"), .hold = true },
		   NET_ETLS_PROTOCOL, "protocol version");
	visit_rude((struct rude){ .hold = true, .limit = 0.02 }, ASYNC_ETIMEOUT,
		   "TLS handshake timeout");
	visit_rude((struct rude){ SAYS("") }, NET_ETLS_TRUNCATED, "during the TLS handshake");
	return 0;
}

TEST(what_is_not_tls_has_its_code_and_a_stall_ends_with_the_limit)
{
	tls_pair_certificates();
	CHECK_INT(run(visit_all), 0);
}

static int speak_plain(void *arg)
{
	struct tls_pair pair = tls_pair_settings();
	struct net_listener *listener;
	struct net_stream *server, *client;
	struct async_timeout limit;

	(void)arg;
	CHECK_INT(net_listen(&listener, "127.0.0.1", 0), 0);
	CHECK_INT(net_connect(&client, "127.0.0.1", net_listener_port(listener), NULL), 0);
	CHECK_INT(net_write(client, "GET / HTTP/1.1\r\n\r\n", 18), 0);
	CHECK_INT(net_accept(listener, &server), 0);
	CHECK_INT(net_start_tls_server(server, pair.server_side), NET_ETLS_PROTOCOL);
	CHECK_CONTAINS(async_raised(NET_ETLS_PROTOCOL)->message, "plain HTTP");
	net_close(server);
	net_close(client);

	CHECK_INT(net_connect(&client, "127.0.0.1", net_listener_port(listener), NULL), 0);
	CHECK_INT(net_accept(listener, &server), 0);
	async_timeout_begin(&limit, 0.02);
	CHECK_INT(async_timeout_end(&limit, net_start_tls_server(server, pair.server_side)),
		  ASYNC_ETIMEOUT);
	net_close(server);
	net_close(client);
	net_listener_close(listener);
	tls_pair_end(&pair);
	return 0;
}

TEST(a_server_tells_plain_http_and_outlives_a_silent_client)
{
	tls_pair_certificates();
	CHECK_INT(run(speak_plain), 0);
}
