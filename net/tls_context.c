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
#include "net/tls_pin.h"

struct net_tls_context {
	SSL_CTX *settings;
	bool server;
	int references;	       /* the owner's, and one for each connection */
	struct tls_pins *pins; /* NULL: any key */
	struct tls_sessions sessions;
};

/* What a thread is to load, and why it could not. */
struct loading {
	SSL_CTX *settings;
	struct tls_pins *pins;
	const struct net_tls_options *client; /* NULL: a server */
	const char *cert_file, *key_file;     /* cert_file NULL: none */
	bool encrypted;			      /* the key is */
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
	if (options->min_version == NET_TLS_1_3 &&
	    SSL_CTX_set_min_proto_version(settings, TLS1_3_VERSION) != 1)
		return false;
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

/* OpenSSL would ask on the terminal, and wait. */
static int give_no_password(char *buffer, int size, int writing, void *arg)
{
	struct loading *loading = arg;

	(void)buffer;
	(void)size;
	(void)writing;
	loading->encrypted = true;
	return -1;
}

/* what: with the file's name in it. */
static bool refuse(struct loading *loading, const char *what, const char *file)
{
	char text[160];

	tls_error_text(text, sizeof text);
	snprintf(loading->reason, sizeof loading->reason, "%s %.256s: %s", what, file,
		 loading->encrypted ? "it is encrypted, and there is nobody to ask for a password"
				    : text);
	return false;
}

/* A certificate and its key, which may be in the same file. */
static bool load_pair(struct loading *loading)
{
	const char *key = loading->key_file ? loading->key_file : loading->cert_file;

	if (!loading->cert_file) {
		if (key)
			snprintf(loading->reason, sizeof loading->reason,
				 "the key %.256s is for no certificate: none is named", key);
		return !key;
	}
	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(loading->settings, give_no_password);
	SSL_CTX_set_default_passwd_cb_userdata(loading->settings, loading);
	if (SSL_CTX_use_certificate_chain_file(loading->settings, loading->cert_file) != 1)
		return refuse(loading, "cannot load a certificate from", loading->cert_file);
	if (SSL_CTX_use_PrivateKey_file(loading->settings, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(loading->settings) != 1)
		return refuse(loading, "cannot use as the certificate's key", key);
	return true;
}

static bool load_client(struct loading *loading)
{
	const struct net_tls_options *options = loading->client;

	if (!set_client(loading->settings, options) || !load_pair(loading))
		return false;
	if (options->pins && !tls_pins_set(&loading->pins, loading->settings, options,
					   loading->reason, sizeof loading->reason))
		return false;
	return options->insecure ||
	       tls_ca_load(loading->settings, options, loading->reason, sizeof loading->reason);
}

static bool load_server(struct loading *loading)
{
	set_server(loading->settings);
	return load_pair(loading);
}

static int load(struct loading *loading)
{
	bool server = !loading->client, good;

	loading->settings = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (!loading->settings) {
		ERR_clear_error();
		return ASYNC_ENOMEM;
	}
	good = set_common(loading->settings) && (server ? load_server : load_client)(loading);
	ERR_clear_error();
	return good ? 0 : NET_ETLS_CONFIG;
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
		tls_pins_free(loading->pins);
		free(context);
		if (rc != NET_ETLS_CONFIG)
			return rc;
		return async_raise(rc, "%s",
				   loading->reason[0] ? loading->reason
						      : "OpenSSL refuses the TLS version");
	}
	context->settings = loading->settings;
	context->pins = loading->pins;
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

	loading.cert_file = loading.client->cert_file;
	loading.key_file = loading.client->key_file;
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
	tls_pins_free(context->pins);
	free(context);
}
