/* SPDX-License-Identifier: MIT */
/*
 * tls_pair.h - a TLS client and a TLS server of one loop that have met.
 *
 *     tls_pair_certificates();                       // outside the loop, once
 *     struct tls_pair pair = tls_pair_settings();    // the good certificate, and who trusts it
 *     CHECK_INT(tls_pair_meet(&pair, "localhost"), 0);
 *     net_write(pair.client, ...); net_read(pair.server, ...);
 *     tls_pair_end(&pair);
 */
#ifndef LOOPHOUND_TESTS_TLS_PAIR_H
#define LOOPHOUND_TESTS_TLS_PAIR_H

#include "net/net.h"
#include "tests/certs.h"

/* A CA, and a certificate of it for localhost, *.wild.test, 127.0.0.1 and ::1. */
extern struct certs_pair tls_pair_ca, tls_pair_good;
void tls_pair_certificates(void);

struct tls_pair {
	struct net_tls_context *server_side, *client_side;
	struct net_stream *client, *server; /* NULL: not met, or its handshake failed */
	int server_code;		    /* of its handshake */
};

/* Both abort the test when the files are no good. */
ASYNC_SUSPENDS
struct net_tls_context *tls_pair_server(struct certs_pair shown);
ASYNC_SUSPENDS
struct net_tls_context *tls_pair_client(const char *ca_file);
ASYNC_SUSPENDS
struct net_tls_context *tls_pair_client_with(const struct net_tls_options *options);
ASYNC_SUSPENDS
struct tls_pair tls_pair_settings(void);
/* From now on the server wants a certificate that one of that file vouches for. */
void tls_pair_demand_certificate(struct tls_pair *pair, const char *ca_file);
/* The highest version that the server agrees to. */
void tls_pair_cap_version(struct tls_pair *pair, int version);

/* Connects and shakes hands; name is what the client verifies. The client's code. */
ASYNC_SUSPENDS
int tls_pair_meet(struct tls_pair *pair, const char *name);
/* Closes both ends, so that they can meet again. */
void tls_pair_part(struct tls_pair *pair);
/* Closes and frees everything. */
void tls_pair_end(struct tls_pair *pair);

#endif
