/* SPDX-License-Identifier: MIT */
/* tls_pair.c - the server's half is a task of its own until the handshake is over. */
#include "tests/tls_pair.h"

#include <openssl/ssl.h>

#include "net/tls.h"
#include "tests/harness.h"

struct certs_pair tls_pair_ca, tls_pair_good;

void tls_pair_certificates(void)
{
	tls_pair_ca = certs_make(&(struct certs_request){ .name = "ca", .is_ca = true });
	tls_pair_good = certs_make(
		&(struct certs_request){ .name = "good",
					 .san = "DNS:localhost,DNS:*.wild.test,IP:127.0.0.1,IP:::1",
					 .issuer = &tls_pair_ca });
}

ASYNC_SUSPENDS
struct net_tls_context *tls_pair_server(struct certs_pair shown)
{
	struct net_tls_context *context;

	CHECK_INT(net_tls_server(&context, shown.cert, shown.key), 0);
	return context;
}

ASYNC_SUSPENDS
struct net_tls_context *tls_pair_client_with(const struct net_tls_options *options)
{
	struct net_tls_context *context;

	CHECK_INT(net_tls_client(&context, options), 0);
	return context;
}

ASYNC_SUSPENDS
struct net_tls_context *tls_pair_client(const char *ca_file)
{
	return tls_pair_client_with(&(struct net_tls_options){ .ca_file = ca_file });
}

void tls_pair_demand_certificate(struct tls_pair *pair, const char *ca_file)
{
	SSL_CTX *settings = tls_context_settings(pair->server_side);

	CHECK_INT(SSL_CTX_load_verify_file(settings, ca_file), 1);
	SSL_CTX_set_verify(settings, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

void tls_pair_cap_version(struct tls_pair *pair, int version)
{
	CHECK_INT(SSL_CTX_set_max_proto_version(tls_context_settings(pair->server_side), version),
		  1);
}

ASYNC_SUSPENDS
struct tls_pair tls_pair_settings(void)
{
	return (struct tls_pair){ .server_side = tls_pair_server(tls_pair_good),
				  .client_side = tls_pair_client(tls_pair_ca.cert) };
}

struct reception {
	struct net_listener *listener;
	struct tls_pair *pair;
};

ASYNC_SUSPENDS
static int receive(void *arg)
{
	struct reception *reception = arg;
	struct tls_pair *pair = reception->pair;
	int rc = net_accept(reception->listener, &pair->server);

	if (rc == 0)
		rc = net_start_tls_server(pair->server, pair->server_side);
	pair->server_code = rc;
	if (rc < 0) {
		net_close(pair->server);
		pair->server = NULL;
	}
	return 0;
}

ASYNC_SUSPENDS
int tls_pair_meet(struct tls_pair *pair, const char *name)
{
	struct net_connect_options options = { .tls = pair->client_side, .tls_name = name };
	struct reception reception = { .pair = pair };
	struct async_task *task;
	int rc;

	pair->client = pair->server = NULL;
	CHECK_INT(net_listen(&reception.listener, "127.0.0.1", 0), 0);
	task = async_create_task(receive, &reception);
	CHECK(task != NULL);
	rc = net_connect(&pair->client, "127.0.0.1", net_listener_port(reception.listener),
			 &options);
	CHECK_INT(async_await(task), 0);
	async_task_release(task);
	net_listener_close(reception.listener);
	return rc;
}

void tls_pair_part(struct tls_pair *pair)
{
	net_close(pair->client);
	net_close(pair->server);
	pair->client = pair->server = NULL;
}

void tls_pair_end(struct tls_pair *pair)
{
	tls_pair_part(pair);
	net_tls_context_free(pair->server_side);
	net_tls_context_free(pair->client_side);
}
