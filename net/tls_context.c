/* SPDX-License-Identifier: MIT */
/*
 * tls_context.c - the settings that connections share, of a client or of a server.
 *
 * OpenSSL's defaults are not safe for a client (no verification at all), so everything that matters
 * is said here. Files are read on the thread pool; the rest of a context's life is on the loop.
 */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls_ca.h"

struct net_tls_context {
	SSL_CTX *settings;
	bool server;
	int references; /* the owner's, and one for each connection */
	struct tls_sessions sessions;
};

/* What a thread is to load, and why it could not. */
struct loading {
	SSL_CTX *settings;
	const struct net_tls_options *client; /* NULL: a server */
	const char *cert_file, *key_file;
	char reason[480];
};

/* The wire form of a list of one: ALPN's http/1.1. */
static const unsigned char http_1_1[] = "\x08http/1.1";
#define HTTP_1_1_SIZE (sizeof http_1_1 - 1)

/* Also called on behalf of tickets, which in TLS 1.3 come after the handshake. 1: we keep it. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls *tls = SSL_get_app_data(ssl);

	return tls_sessions_put(&tls->context->sessions, tls->name, session);
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
			   const unsigned char *offered, unsigned int offered_size, void *arg)
{
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_size, http_1_1, HTTP_1_1_SIZE, offered,
				  offered_size) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/*
 * With read-ahead one recv brings the header of a record, its body, and what follows. Released
 * buffers make an idle connection 34 KB smaller.
 */
static bool set_common(SSL_CTX *settings)
{
	SSL_CTX_set_options(settings, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					      SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(settings, SSL_MODE_ENABLE_PARTIAL_WRITE |
					   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					   SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(settings, 1);
	SSL_CTX_set_security_level(settings, 2);
	return SSL_CTX_set_min_proto_version(settings, TLS1_2_VERSION) == 1;
}

static bool set_client(SSL_CTX *settings, const struct net_tls_options *options)
{
	SSL_CTX_set_verify(settings, options->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(settings,
				       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(settings, keep_session);
	return SSL_CTX_set_alpn_protos(settings, http_1_1, HTTP_1_1_SIZE) == 0;
}

/* Sessions travel in tickets, so the server keeps none. A client of ours has use for one. */
static void set_server(SSL_CTX *settings)
{
	SSL_CTX_set_session_cache_mode(settings, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(settings, 1);
	SSL_CTX_set_alpn_select_cb(settings, choose_protocol, NULL);
}

static bool load_pair(struct loading *loading)
{
	char text[160];

	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(loading->settings, loading->cert_file) != 1) {
		tls_error_text(text, sizeof text);
		snprintf(loading->reason, sizeof loading->reason,
			 "cannot load a certificate from %.256s: %s", loading->cert_file, text);
		return false;
	}
	if (SSL_CTX_use_PrivateKey_file(loading->settings, loading->key_file, SSL_FILETYPE_PEM) !=
		    1 ||
	    SSL_CTX_check_private_key(loading->settings) != 1) {
		tls_error_text(text, sizeof text);
		snprintf(loading->reason, sizeof loading->reason,
			 "cannot use %.256s as the certificate's key: %s", loading->key_file, text);
		return false;
	}
	return true;
}

static int load(struct loading *loading)
{
	bool server = !loading->client, good;

	loading->settings = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (!loading->settings) {
		ERR_clear_error();
		return ASYNC_ENOMEM;
	}
	good = set_common(loading->settings);
	if (server) {
		set_server(loading->settings);
		good = good && load_pair(loading);
	} else {
		good = good && set_client(loading->settings, loading->client);
		if (good && !loading->client->insecure)
			good = tls_ca_load(loading->settings, loading->client->ca_file,
					   loading->reason, sizeof loading->reason);
	}
	ERR_clear_error();
	if (good)
		return 0;
	SSL_CTX_free(loading->settings);
	loading->settings = NULL;
	return NET_ETLS_CONFIG;
}

/*
 * On a thread: it reads files, and the first use of OpenSSL reads its configuration. What OpenSSL
 * keeps for the thread is given back here and not at the thread's end, which nobody waits for.
 */
static int load_on_thread(void *arg)
{
	int rc = load(arg);

	OPENSSL_thread_stop();
	return rc;
}

ASYNC_SUSPENDS
static int make(const char *here, struct net_tls_context **out, struct loading *loading)
{
	struct net_tls_context *context = calloc(1, sizeof *context);
	int rc;

	if (!context)
		return ASYNC_ENOMEM;
	rc = async_to_thread_at(here, load_on_thread, loading);
	if (rc < 0) {
		/* A cancelled caller was waited for all the same: the thread may have succeeded. */
		SSL_CTX_free(loading->settings);
		free(context);
		if (rc != NET_ETLS_CONFIG)
			return rc;
		return async_raise(
			rc, "%s", loading->reason[0] ? loading->reason : "OpenSSL refuses TLS 1.2");
	}
	context->settings = loading->settings;
	context->server = !loading->client;
	context->references = 1;
	*out = context;
	return 0;
}

ASYNC_SUSPENDS
int net_tls_client_at(const char *here, struct net_tls_context **out,
		      const struct net_tls_options *options)
{
	static const struct net_tls_options defaults;
	struct loading loading = { .client = options ? options : &defaults };

	return make(here, out, &loading);
}

ASYNC_SUSPENDS
int net_tls_server_at(const char *here, struct net_tls_context **out, const char *cert_file,
		      const char *key_file)
{
	struct loading loading = { .cert_file = cert_file, .key_file = key_file };

	return make(here, out, &loading);
}

void net_tls_context_free(struct net_tls_context *context)
{
	if (context)
		tls_context_drop(context);
}

struct ssl_ctx_st *tls_context_settings(struct net_tls_context *context)
{
	return context->settings;
}

bool tls_context_is_server(const struct net_tls_context *context)
{
	return context->server;
}

struct tls_sessions *tls_context_sessions(struct net_tls_context *context)
{
	return &context->sessions;
}

void tls_context_take(struct net_tls_context *context)
{
	context->references++;
}

void tls_context_drop(struct net_tls_context *context)
{
	if (--context->references > 0)
		return;
	tls_sessions_clear(&context->sessions);
	SSL_CTX_free(context->settings);
	free(context);
}
