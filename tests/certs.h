/* SPDX-License-Identifier: MIT */
/*
 * certs.h - certificates that tests make for themselves, good and bad, in the test's temp_dir().
 *
 *     struct certs_pair ca = certs_make(&(struct certs_request){ .name = "ca", .is_ca = true });
 *     struct certs_pair good = certs_make(&(struct certs_request){
 *             .name = "good", .san = "DNS:localhost,IP:127.0.0.1", .issuer = &ca });
 *     net_tls_server(&server, good.cert, good.key);
 *     net_tls_client(&client, &(struct net_tls_options){ .ca_file = ca.cert });
 */
#ifndef LOOPHOUND_TESTS_CERTS_H
#define LOOPHOUND_TESTS_CERTS_H

#include <stdbool.h>

/* Paths of PEM files, valid until the test ends. */
struct certs_pair {
	const char *cert, *key;
};

struct certs_request {
	const char *name; /* of the files; also the CN unless common_name is set */
	const char *common_name;
	const char *san; /* as OpenSSL writes it: "DNS:a.test,IP:127.0.0.1"; NULL: none */
	const struct certs_pair *issuer; /* NULL: self-signed */
	const char *crl; /* "URI:..." of where the issuer says what it has revoked; NULL: nowhere */
	bool is_ca;
	int begins, ends; /* days from now; both 0: from yesterday for 30 days */
	int rsa_bits;	  /* 0: an EC key on P-256, which is quick to make */
};

/* Fails the test when something cannot be made. Not for a coroutine: it needs a large stack. */
struct certs_pair certs_make(const struct certs_request *request);

#endif
