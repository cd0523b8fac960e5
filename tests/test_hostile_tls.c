/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_tls.c - build/collect against servers whose certificates are no good, that speak
 * another TLS, or that end it badly. Certificates are made here, and thrown away.
 * Long, because each kind of bad server has to be played here, down to its records.
 */
#include <openssl/ssl.h>

#include "net/stream.h"
#include "net/tls.h"
#include "runtime/base.h"
#include "tests/certs.h"
#include "tests/hostile.h"
#include "tests/peer_upstream.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define HI OK "Content-Length: 2\r\n\r\nhi"

#define BYTES(text) .bytes = (text), .size = sizeof(text) - 1, .ending = RAW_VERB_AGAIN
#define STEPS(...)                          \
	.script = (const struct raw_step[]) \
	{                                   \
		__VA_ARGS__, RAW_END        \
	}
#define IS(answer, text) .status = (answer), .body = (text)
#define BY_IP .url = "https://127.0.0.1:%d/"
#define BY_NAME .url = "https://localhost:%d/"
#define TLS(error) .code = (error), .phase = "tls"

static struct certs_pair ca, good;

/* What a line's server shows, and what it changes about its TLS. */
static struct {
	struct certs_pair shown; /* all NULL: no TLS at all */
	void (*change)(SSL_CTX *settings);
} sides[16];

static struct net_tls_context *context_of(size_t line)
{
	struct net_tls_context *context;

	if (!sides[line].shown.cert)
		return NULL;
	CHECK_INT(net_tls_server(&context, sides[line].shown.cert, sides[line].shown.key), 0);
	if (sides[line].change)
		sides[line].change(tls_context_settings(context));
	return context;
}

static void make_certificates(void)
{
	ca = certs_make(&(struct certs_request){ .name = "ca", .is_ca = true });
	good = certs_make(&(struct certs_request){
		.name = "good", .san = "DNS:localhost,IP:127.0.0.1", .issuer = &ca });
	for (size_t i = 0; i < array_size(sides); i++)
		sides[i].shown = good;
	hostile_tls = context_of;
}

/* ---- Certificates ---------------------------------------------------------------------------- */

#define LOCAL .san = "DNS:localhost,IP:127.0.0.1"

TEST_WITH_LIMIT(item_57_certificates_that_are_no_good, 40)
{
	static const struct {
		const char *code;
		bool self_signed, by_name;
		struct certs_request request;
	} table[] = {
		{ "tls_cert_expired",
		  false,
		  false,
		  { .name = "expired", LOCAL, .begins = -9, .ends = -1 } },
		{ "tls_cert_not_yet",
		  false,
		  false,
		  { .name = "not yet valid", LOCAL, .begins = 1, .ends = 9 } },
		{ "tls_cert_host", false, true, { .name = "wrong host", .san = "DNS:other.test" } },
		{ "tls_cert_host", false, true, { .name = "CN only", .common_name = "localhost" } },
		{ "tls_cert_host",
		  false,
		  false,
		  { .name = "IP without IP SAN", .san = "DNS:localhost" } },
		{ "tls_cert_host",
		  false,
		  false,
		  { .name = "an IP as a name", .san = "DNS:127.0.0.1" } },
		{ "tls_cert_host",
		  false,
		  true,
		  { .name = "a wildcard for a top label", .san = "DNS:*" } },
		{ "tls_cert_untrusted", true, false, { .name = "self-signed", LOCAL } },
		{ "tls_cert_untrusted",
		  true,
		  false,
		  { .name = "a CA of its own", LOCAL, .is_ca = true } },
	};
	struct certs_pair other = { 0 }, unknown;
	struct line lines[array_size(table) + 3] = { 0 };
	size_t n = 0;

	make_certificates();
	for (; n < array_size(table); n++) {
		struct certs_request request = table[n].request;

		request.issuer = table[n].self_signed ? NULL : &ca;
		sides[n].shown = certs_make(&request);
		lines[n] =
			(struct line){ .fault = { request.name, BYTES(HI), TLS(table[n].code) } };
		lines[n].url = table[n].by_name ? "https://localhost:%d/" : NULL;
	}
	other = certs_make(&(struct certs_request){ .name = "other", .is_ca = true });
	unknown = certs_make(
		&(struct certs_request){ .name = "unknown CA", LOCAL, .issuer = &other });
	sides[n].shown = unknown;
	lines[n++] =
		(struct line){ .fault = { "unknown CA", BYTES(HI), TLS("tls_cert_untrusted") } };
	/* Lists of what is revoked are not asked for: that would be a request that nobody made. */
	sides[n].shown = certs_make(&(struct certs_request){
		.name = "revoked", LOCAL, .issuer = &ca, .crl = "URI:http://127.0.0.1:1/crl" });
	lines[n++] =
		(struct line){ .fault = { "revoked is not checked", BYTES(HI), IS(200, "hi") } };
	lines[n++] = (struct line){ .fault = { "good", BYTES(HI), IS(200, "hi") } };
	HOSTILE_RUN(lines, 10, "--cacert", ca.cert);
	for (size_t i = 0; i < n - 2; i++)
		lines[i].fault = (struct fault){ "insecure", BYTES(HI), IS(200, "hi") };
	HOSTILE_RUN(lines, 10, "--insecure");
}

/* ---- Another TLS ----------------------------------------------------------------------------- */

static void speak_tls_1_0(SSL_CTX *settings)
{
	SSL_CTX_set_security_level(settings, 0);
	SSL_CTX_set_min_proto_version(settings, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(settings, TLS1_VERSION);
}

static void speak_tls_1_1(SSL_CTX *settings)
{
	speak_tls_1_0(settings);
	SSL_CTX_set_max_proto_version(settings, TLS1_1_VERSION);
}

static void speak_tls_1_2(SSL_CTX *settings)
{
	SSL_CTX_set_max_proto_version(settings, TLS1_2_VERSION);
}

static void share_no_cipher(SSL_CTX *settings)
{
	SSL_CTX_set_security_level(settings, 0);
	SSL_CTX_set_max_proto_version(settings, TLS1_2_VERSION);
	CHECK(SSL_CTX_set_cipher_list(settings, "NULL-SHA256"));
}

static int pick_h2(SSL *ssl, const unsigned char **out, unsigned char *size,
		   const unsigned char *offered, unsigned offered_size, void *arg)
{
	(void)ssl, (void)offered, (void)offered_size, (void)arg;
	*out = (const unsigned char *)"h2";
	*size = 2;
	return SSL_TLSEXT_ERR_OK;
}

static void choose_h2(SSL_CTX *settings)
{
	SSL_CTX_set_alpn_select_cb(settings, pick_h2, NULL);
}

static struct certs_pair weak, weaker;

static void show(SSL_CTX *settings, const struct certs_pair *pair)
{
	SSL_CTX_set_security_level(settings, 0);
	CHECK(SSL_CTX_use_certificate_file(settings, pair->cert, SSL_FILETYPE_PEM) == 1);
	CHECK(SSL_CTX_use_PrivateKey_file(settings, pair->key, SSL_FILETYPE_PEM) == 1);
}

static void show_weak_key(SSL_CTX *settings)
{
	show(settings, &weak);
}

/* Too short for the signatures of TLS 1.3, too. */
static void show_weaker_key(SSL_CTX *settings)
{
	show(settings, &weaker);
	SSL_CTX_set_max_proto_version(settings, TLS1_2_VERSION);
}

static void want_client_certificate(SSL_CTX *settings)
{
	SSL_CTX_set_verify(settings, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

TEST_WITH_LIMIT(items_58_63_servers_that_speak_another_tls, 40)
{
	const struct line lines[] = {
		{ .fault = { "58 TLS 1.0", BYTES(HI), TLS("tls_protocol") } },
		{ .fault = { "58 TLS 1.1", BYTES(HI), TLS("tls_protocol") } },
		{ .fault = { "58 no shared cipher", BYTES(HI), TLS("tls_protocol") } },
		{ .fault = { "63 h2", BYTES(HI), TLS("tls_protocol") } },
		{ .fault = { "58 a weak key", BYTES(HI), TLS("tls_protocol") } },
		{ .fault = { "58 a key of 512 bits", BYTES(HI), TLS("tls_protocol") } },
		{ .fault = { "TLS 1.2", BYTES(HI), IS(200, "hi") }, .says = "TLSv1.2" },
		{ .fault = { "62 a client certificate", BYTES(HI), .code = "tls_protocol" } },
		{ .fault = { "62 a client certificate in TLS 1.2", BYTES(HI),
			     .code = "tls_protocol" } },
	};
	void (*const changes[])(
		SSL_CTX *) = { speak_tls_1_0, speak_tls_1_1,	       share_no_cipher,
			       choose_h2,     show_weak_key,	       show_weaker_key,
			       speak_tls_1_2, want_client_certificate, want_client_certificate };

	make_certificates();
	weak = certs_make(
		&(struct certs_request){ .name = "weak", LOCAL, .issuer = &ca, .rsa_bits = 1024 });
	/* What it shows in the end has to be of the kind that it began with. */
	sides[4].shown = certs_make(&(struct certs_request){
		.name = "strong", LOCAL, .issuer = &ca, .rsa_bits = 2048 });
	weaker = certs_make(
		&(struct certs_request){ .name = "weaker", LOCAL, .issuer = &ca, .rsa_bits = 512 });
	sides[5].shown = sides[4].shown;
	for (size_t i = 0; i < array_size(changes); i++)
		sides[i].change = changes[i];
	HOSTILE_RUN(lines, 10, "--cacert", ca.cert);
}

/* ---- No TLS ---------------------------------------------------------------------------------- */

#define HELLO RAW_CALL(raw_hear_hello)

TEST_WITH_LIMIT(item_59_servers_that_speak_no_tls, 40)
{
	const struct line lines[] = {
		{ BY_IP, .fault = { "59 a stalled handshake", STEPS(HELLO, RAW_HOLD),
				    TLS("tls_timeout") } },
		{ BY_IP, .fault = { "59 stalled in a record",
				    STEPS(HELLO, RAW_SEND("\x16\x03\x03"), RAW_HOLD),
				    TLS("tls_timeout") } },
		{ BY_IP,
		  .fault = { "59 a handshake that trickles",
			     STEPS(HELLO,
				   RAW_TRICKLE(
					   "\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03\1\2\3\4\5\6\7\x08\x09",
					   0.1),
				   RAW_HOLD),
			     TLS("tls_timeout") } },
		{ BY_IP,
		  .fault = { "59 plain HTTP",
			     STEPS(HELLO, RAW_SEND("HTTP/1.1 400 Bad Request\r\n\r\n"), RAW_HOLD),
			     TLS("tls_protocol") },
		  .says = "plain HTTP" },
		{ BY_IP,
		  .fault = { "59 plain HTTP at once",
			     STEPS(RAW_SEND("HTTP/1.1 408 Late\r\n\r\n"), RAW_HOLD),
			     TLS("tls_protocol") },
		  .says = "plain HTTP" },
		{ BY_IP, .fault = { "59 an SSH banner",
				    STEPS(RAW_SEND("SSH-2.0-OpenSSH_9.2p1\r\n"), RAW_HOLD),
				    TLS("tls_protocol") } },
		{ BY_IP,
		  .fault = { "59 an alert",
			     STEPS(HELLO, RAW_SEND("\x15\x03\x01\x00\x02\x02\x46"), RAW_HOLD),
			     TLS("tls_protocol") } },
		{ BY_IP,
		  .fault = { "59 SSLv3",
			     STEPS(HELLO, RAW_SEND("\x16\x03\x00\x00\x04\x0e\0\0\0"), RAW_HOLD),
			     TLS("tls_protocol") } },
		{ BY_IP, .fault = { "58 a hello of SSLv3",
				    STEPS(HELLO,
					  RAW_SEND("\x16\x03\x00\x00\x2a\x02\x00\x00\x26\x03\x00"
						   "0123456789abcdef0123456789abcdef"
						   "\x00\x00\x2f\x00"),
					  RAW_HOLD),
				    TLS("tls_protocol") } },
		{ BY_IP, .fault = { "59 an end in the handshake", STEPS(HELLO),
				    .code = "tls_truncated", .phase = "tls" } },
		{ BY_IP, .fault = { "59 a reset in the handshake", STEPS(HELLO, RAW_RESET),
				    .code = "conn_reset", .phase = "tls" } },
		{ .url = "http://127.0.0.1:%d/",
		  .fault = { "TLS on the plain port",
			     STEPS(RAW_REQUEST, RAW_SEND("\x15\x03\x01\x00\x02\x02\x46"), RAW_HOLD),
			     .code = "http_parse", .phase = "head" } },
	};

	make_certificates();
	for (size_t i = 0; i < array_size(sides); i++)
		sides[i].shown = (struct certs_pair){ NULL, NULL };
	HOSTILE_RUN(lines, 10, "--cacert", ca.cert, "--tls-timeout", "500ms");
}

/* ---- Ends and floods -------------------------------------------------------------------------- */

/* As fast as they go: the socket may be full, which is not waited for. */
static int update_keys(struct net_stream *stream)
{
	for (int i = 0; i < 1000; i++)
		if (!SSL_key_update(stream->tls->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) ||
		    SSL_do_handshake(stream->tls->ssl) != 1)
			return -1;
	return 0;
}

static int send_tickets(struct net_stream *stream)
{
	CHECK(SSL_new_session_ticket(stream->tls->ssl));
	return SSL_do_handshake(stream->tls->ssl) == 1 ? 0 : -1;
}

static int renegotiate(struct net_stream *stream)
{
	SSL_clear_options(stream->tls->ssl, SSL_OP_NO_RENEGOTIATION);
	if (SSL_renegotiate(stream->tls->ssl) != 1)
		return -1;
	(void)SSL_do_handshake(stream->tls->ssl);
	return 0;
}

/* We never offer it, so that a server's library does not even ask. */
static int ask_for_certificate(struct net_stream *stream)
{
	SSL_set_verify(stream->tls->ssl, SSL_VERIFY_PEER, NULL);
	return SSL_verify_client_post_handshake(stream->tls->ssl) == 1 ? -1 : 0;
}

TEST_WITH_LIMIT(items_60_61_62_ends_and_interruptions_of_tls, 40)
{
	const struct line lines[] = {
		{ .fault = { "60 cut behind Content-Length",
			     STEPS(RAW_REQUEST, RAW_SEND(HI), RAW_CUT), IS(200, "hi") } },
		{ .fault = { "60 cut behind the last chunk",
			     STEPS(RAW_REQUEST,
				   RAW_SEND(
					   OK
					   "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
				   RAW_CUT),
			     IS(200, "hi") } },
		{ .fault = { "60 cut where the end is the end",
			     STEPS(RAW_REQUEST, RAW_SEND(OK "\r\nhi"), RAW_CUT),
			     .code = "tls_truncated", .phase = "body" } },
		{ .fault = { "60 ended where the end is the end",
			     STEPS(RAW_REQUEST, RAW_SEND(OK "\r\nhi")), IS(200, "hi") } },
		{ .fault = { "60 cut in the body",
			     STEPS(RAW_REQUEST, RAW_SEND(OK "Content-Length: 3\r\n\r\nhi"),
				   RAW_CUT),
			     .code = "body_truncated", .phase = "body" } },
		{ .fault = { "60 cut in the head", STEPS(RAW_REQUEST, RAW_SEND(OK), RAW_CUT),
			     .code = "conn_closed_early", .phase = "head" } },
		{ .fault = { "60 cut before the head", STEPS(RAW_REQUEST, RAW_CUT),
			     .code = "conn_closed_early", .phase = "head" } },
		{ .fault = { "61 a flood of key updates",
			     STEPS(RAW_REQUEST, RAW_CALL(update_keys), RAW_SEND(HI), RAW_HOLD),
			     .code = "tls_protocol", .phase = "head" } },
		{ .fault = { "61 a flood of key updates in the body",
			     STEPS(RAW_REQUEST, RAW_SEND(OK "Content-Length: 2\r\n\r\nh"),
				   RAW_CALL(update_keys), RAW_HOLD),
			     .code = "tls_protocol", .phase = "body" } },
		{ .fault = { "61 tickets in the body",
			     STEPS(RAW_REQUEST, RAW_SEND(OK "Content-Length: 2\r\n\r\nh"),
				   RAW_CALL(send_tickets), RAW_SEND("i"), RAW_HOLD),
			     IS(200, "hi") } },
		{ .fault = { "61 a renegotiation",
			     STEPS(RAW_REQUEST, RAW_CALL(renegotiate), RAW_HOLD),
			     .code = "tls_protocol", .phase = "head" } },
		{ .fault = { "62 asked for a certificate",
			     STEPS(RAW_REQUEST, RAW_CALL(ask_for_certificate), RAW_SEND(HI),
				   RAW_HOLD),
			     IS(200, "hi") } },
	};

	make_certificates();
	sides[10].change = speak_tls_1_2;
	HOSTILE_RUN(lines, 10, "--cacert", ca.cert, "--first-byte-timeout", "2s", "--idle-timeout",
		    "2s");
}

static void offer_early_data(SSL_CTX *settings)
{
	SSL_CTX_set_max_early_data(settings, 16384);
}

/* Nothing may come before the handshake: whoever has recorded it could send it again. */
static int check_no_early_data(struct net_stream *stream)
{
	const SSL *ssl = stream->tls->ssl;

	return SSL_get_early_data_status(ssl) == SSL_EARLY_DATA_NOT_SENT ? 0 : -1;
}

TEST(item_61_no_request_goes_ahead_of_the_handshake)
{
	static const struct raw_step script[] = {
		RAW_REQUEST, RAW_CALL(check_no_early_data),
		RAW_SEND(OK "Connection: close\r\nContent-Length: 2\r\n\r\nhi"), RAW_END
	};
	const struct line lines[] = {
		{ .fault = { "61 no ticket yet", .script = script, IS(200, "hi") } },
		{ .fault = { "61 a ticket that allows early data", .script = script,
			     IS(200, "hi") } },
		{ .fault = { "61 another", .script = script, IS(200, "hi") } },
	};

	make_certificates();
	sides[0].change = offer_early_data;
	hostile_same_server = true;
	HOSTILE_RUN(lines, 10, "--cacert", ca.cert, "-j", "1");
}

/* ---- Redirects ------------------------------------------------------------------------------- */

TEST(item_50_no_way_leads_from_https_to_http)
{
	const struct line lines[] = {
		{ .fault = { "50",
			     BYTES("HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
			     .code = "redirect_downgrade", .phase = "redirect" } },
		{ .fault = { "50 to its own port",
			     BYTES("HTTP/1.1 308 F\r\nLocation: http://127.0.0.1:@PORT/\r\nContent-Length: 0\r\n\r\n"),
			     .code = "redirect_downgrade", .phase = "redirect" } },
		{ .fault = { "the same scheme",
			     BYTES("HTTP/1.1 302 F\r\nLocation: //localhost:@PORT/\r\nContent-Length: 0\r\n\r\n"),
			     .code = "redirect_loop", .phase = "redirect" } },
	};

	make_certificates();
	HOSTILE_RUN(lines, 10, "--cacert", ca.cert);
}
