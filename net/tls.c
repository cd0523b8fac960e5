/* SPDX-License-Identifier: MIT */
/*
 * tls.c - the transport that is TLS over a socket: reads and writes as tries that say what OpenSSL
 * wants, handshakes as a loop of "ask OpenSSL, wait for what it wants".
 *
 * Traps that this file minds: with read-ahead OpenSSL may hold bytes while the socket has none, so
 * it is asked before the socket is waited for; the thread's error queue is emptied before each call
 * and read before anything can suspend; after a failure no call but SSL_free is allowed, or SSL_read when
 * it was the socket that took no more.
 */
#include "net/tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base.h"

#define RECEIVES_PER_CALL 4
/* Tickets and key updates that a peer may send in a second; a few in a connection are usual. */
#define MESSAGES_PER_SECOND 64
#define SECOND ((int64_t)1000000000)

static const struct net_stream_ops tls_ops;

/* To be called before each call of OpenSSL. */
static void prepare(struct tls *tls)
{
	ERR_clear_error();
	tls->receives_left = RECEIVES_PER_CALL;
}

/* Counts what the peer sends beside data once the handshake is over. */
static void count_message(int sent, int version, int type, const void *data, size_t size, SSL *ssl,
			  void *arg)
{
	struct tls *tls = arg;
	int64_t now;

	(void)version;
	(void)data;
	(void)size;
	(void)ssl;
	if (sent || type != SSL3_RT_HANDSHAKE || !tls->established)
		return;
	now = async_time_ns();
	if (now - tls->window >= SECOND) {
		tls->window = now;
		tls->messages = 0;
	}
	if (++tls->messages > MESSAGES_PER_SECOND)
		tls->flooded = true;
}

/* ---- Reading and writing --------------------------------------------------------------------- */

/* After a call that gave nothing: -EAGAIN with what to wait for, the end's code, or a failure's. */
static ssize_t settle(struct net_stream *stream, int returned, ssize_t end)
{
	int outcome = tls_outcome(stream->tls, returned);

	if (outcome == TLS_END)
		return end;
	if (outcome < 0)
		return outcome;
	stream->wants = outcome == TLS_WANT_READ ? FD_READ : FD_WRITE;
	return -EAGAIN;
}

static ssize_t try_read_tls(struct net_stream *stream, void *buffer, size_t size)
{
	struct tls *tls = stream->tls;
	int n;

	if (tls->broken)
		return tls->broken;
	prepare(tls);
	n = SSL_read(tls->ssl, buffer, size < INT_MAX ? (int)size : INT_MAX);
	return n > 0 ? n : settle(stream, n, 0);
}

/*
 * A socket that takes no more may still hold what the peer said before it closed, an alert or an answer:
 * that can be read, as from a plain socket.
 */
static ssize_t keep_readable(struct tls *tls, ssize_t outcome)
{
	if (tls->broken && tls->error) {
		tls->unwritable = tls->broken;
		tls->broken = tls->error = 0;
	}
	return outcome;
}

static ssize_t try_write_tls(struct net_stream *stream, const void *data, size_t size)
{
	struct tls *tls = stream->tls;
	int n;

	if (tls->broken || tls->unwritable)
		return tls->broken ? tls->broken : tls->unwritable;
	prepare(tls);
	n = SSL_write(tls->ssl, data, size < INT_MAX ? (int)size : INT_MAX);
	return n > 0 ? n : keep_readable(tls, settle(stream, n, -EPIPE));
}

/* Of a broken connection the code is at hand. */
static bool has_pending_tls(const struct net_stream *stream)
{
	return stream->tls->broken || stream->early_used < stream->early_size ||
	       SSL_has_pending(stream->tls->ssl);
}

/*
 * What has arrived may be tickets, which OpenSSL takes in while it looks for data. Only a peek that
 * found nothing, with all that came consumed, is silence.
 */
static bool is_quiet_tls(struct net_stream *stream)
{
	struct tls *tls = stream->tls;
	char byte;
	int n;

	if (tls->broken || tls->unwritable)
		return false;
	if (!SSL_has_pending(tls->ssl) && stream_is_empty(stream))
		return true;
	prepare(tls);
	n = SSL_peek(tls->ssl, &byte, 1);
	if (n > 0 || tls_outcome(tls, n) != TLS_WANT_READ)
		return false;
	return !SSL_has_pending(tls->ssl) && stream_is_empty(stream);
}

/* A close_notify is tried once. Without one OpenSSL would call the session spoilt. */
static void farewell_tls(struct net_stream *stream)
{
	struct tls *tls = stream->tls;

	if (tls->broken || tls->unwritable || !tls->established)
		return;
	prepare(tls);
	SSL_shutdown(tls->ssl);
	ERR_clear_error();
}

static void free_tls(struct net_stream *stream)
{
	struct tls *tls = stream->tls;

	SSL_free(tls->ssl);
	tls_context_drop(tls->context);
	free(tls);
	stream->tls = NULL;
	ERR_clear_error();
}

static const struct net_stream_ops tls_ops = {
	.try_read = try_read_tls,
	.try_write = try_write_tls,
	.has_pending = has_pending_tls,
	.is_quiet = is_quiet_tls,
	.farewell = farewell_tls,
	.free = free_tls,
};

/* ---- Handshakes ------------------------------------------------------------------------------ */

/* From here on the stream is TLS, and net_close() frees what this made. */
static int attach(struct net_stream *stream, struct net_tls_context *context)
{
	struct tls *tls = calloc(1, sizeof *tls);
	BIO *bio;

	must(!stream->tls, "the stream is a TLS one already");
	if (!tls)
		return ASYNC_ENOMEM;
	tls->stream = stream;
	tls->ssl = SSL_new(tls_context_settings(context));
	bio = tls_bio_new(tls);
	if (!tls->ssl || !bio) {
		SSL_free(tls->ssl);
		BIO_free(bio);
		free(tls);
		ERR_clear_error();
		return ASYNC_ENOMEM;
	}
	SSL_set_bio(tls->ssl, bio, bio);
	SSL_set_app_data(tls->ssl, tls);
	SSL_set_msg_callback(tls->ssl, count_message);
	SSL_set_msg_callback_arg(tls->ssl, tls);
	tls->context = context;
	tls_context_take(context);
	stream->tls = tls;
	stream->ops = &tls_ops;
	return 0;
}

ASYNC_SUSPENDS
static int shake_hands(const char *here, struct net_stream *stream)
{
	struct tls *tls = stream->tls;
	ssize_t n;
	int returned, rc = 0;

	stream->users++;
	while (rc == 0) {
		prepare(tls);
		returned = SSL_do_handshake(tls->ssl);
		if (returned == 1)
			break;
		n = settle(stream, returned, 0);
		if (n == 0)
			n = async_raise(NET_ETLS_TRUNCATED, "%s: the peer ended the TLS handshake",
					tls->name);
		rc = n == -EAGAIN ? stream_wait(here, stream, stream->wants) : (int)n;
	}
	tls->established = rc == 0;
	if (rc < 0)
		tls->broken = rc;
	stream_leave(stream);
	return rc;
}

/* Verification is of a DNS name or of an IP address in the SAN; the old CN counts for nothing. */
static bool set_name(struct tls *tls, const char *host)
{
	X509_VERIFY_PARAM *verify = SSL_get0_param(tls->ssl);
	struct net_address ignored;

	SSL_set_hostflags(tls->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
					    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (net_address_parse(&ignored, host, 1) == 0)
		return X509_VERIFY_PARAM_set1_ip_asc(verify, host) == 1;
	return SSL_set1_host(tls->ssl, host) == 1 && SSL_set_tlsext_host_name(tls->ssl, host) == 1;
}

/* OpenSSL takes whatever the server says it chose; what was not offered is refused here. */
static int check_protocol(struct tls *tls)
{
	static const char wanted[] = "http/1.1";
	const unsigned char *chosen;
	unsigned int size;

	SSL_get0_alpn_selected(tls->ssl, &chosen, &size);
	if (size == 0 || (size == sizeof wanted - 1 && memcmp(chosen, wanted, size) == 0))
		return 0;
	tls->broken = NET_ETLS_PROTOCOL;
	return async_raise(NET_ETLS_PROTOCOL, "%s: the server chose the protocol %.*s unasked",
			   tls->name, size < 32 ? (int)size : 32, (const char *)chosen);
}

ASYNC_SUSPENDS
int tls_start_client(const char *here, struct net_stream *stream, struct net_tls_context *context,
		     const char *name, int port)
{
	size_t length = strlen(name);
	SSL_SESSION *session;
	char host[256];
	struct tls *tls;
	int rc;

	must(!tls_context_is_server(context), "%s: a server's TLS context in a client", here);
	/* A final dot is DNS's own business: neither SNI nor certificates have it. */
	if (length > 0 && name[length - 1] == '.')
		length--;
	if (length == 0 || length >= sizeof host)
		return async_raise(NET_ETLS_CERT_HOST, "%.300s cannot be verified", name);
	snprintf(host, sizeof host, "%.*s", (int)length, name);
	rc = attach(stream, context);
	if (rc < 0)
		return rc;
	tls = stream->tls;
	snprintf(tls->name, sizeof tls->name, "%s:%d", host, port);
	ERR_clear_error();
	if (!set_name(tls, host))
		return async_raise(NET_ETLS_CERT_HOST, "%.300s cannot be verified", name);
	session = tls_sessions_get(tls_context_sessions(context), tls->name);
	if (session)
		SSL_set_session(tls->ssl, session);
	SSL_set_connect_state(tls->ssl);
	rc = shake_hands(here, stream);
	return rc < 0 ? rc : check_protocol(tls);
}

ASYNC_SUSPENDS
int net_start_tls_server_at(const char *here, struct net_stream *stream,
			    struct net_tls_context *context)
{
	char peer[NET_ADDRESS_TEXT];
	int rc;

	must(tls_context_is_server(context), "%s: a client's TLS context in a server", here);
	rc = attach(stream, context);
	if (rc < 0)
		return rc;
	snprintf(stream->tls->name, sizeof stream->tls->name, "client %s",
		 net_address_format(&stream->peer, peer));
	SSL_set_accept_state(stream->tls->ssl);
	return shake_hands(here, stream);
}

const char *net_tls_version(const struct net_stream *stream)
{
	return stream->tls ? SSL_get_version(stream->tls->ssl) : NULL;
}

bool net_tls_resumed(const struct net_stream *stream)
{
	return stream->tls && SSL_session_reused(stream->tls->ssl) == 1;
}
