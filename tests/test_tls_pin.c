/* SPDX-License-Identifier: MIT */
/* test_tls_pin.c - pinned public keys, client certificates, the lowest version. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <stdio.h>

#include "tests/harness.h"
#include "tests/tls_pair.h"

/* As a user gets it: openssl x509 -pubkey | openssl pkey -pubin -outform der | sha256 | base64. */
static const char *pin_of(const char *cert_file)
{
	FILE *file = fopen(cert_file, "r");
	X509 *cert = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = cert ? X509_get_pubkey(cert) : NULL;
	unsigned char *der = NULL, hash[32], text[64];
	int size = i2d_PUBKEY(key, &der);

	CHECK(size > 0);
	SHA256(der, (size_t)size, hash);
	EVP_EncodeBlock(text, hash, sizeof hash);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	X509_free(cert);
	fclose(file);
	return format("sha256//%s", (char *)text);
}

static const char *right, *wrong;

static int meet(const struct net_tls_options *options, const char *name)
{
	struct tls_pair pair = { .server_side = tls_pair_server(tls_pair_good) };
	int rc;

	pair.client_side = tls_pair_client_with(options);
	rc = tls_pair_meet(&pair, name);
	tls_pair_end(&pair);
	return rc;
}

static int pin(void *arg)
{
	const char *ca = tls_pair_ca.cert;
	const char *both = format("%s;%s", wrong, right);

	(void)arg;
	CHECK_INT(meet(&(struct net_tls_options){ .ca_file = ca, .pins = right }, "localhost"), 0);
	CHECK_INT(meet(&(struct net_tls_options){ .ca_file = ca, .pins = both }, "localhost"), 0);
	CHECK_INT(meet(&(struct net_tls_options){ .ca_file = ca, .pins = wrong }, "localhost"),
		  NET_ETLS_PIN);
	CHECK_CONTAINS(async_raised(NET_ETLS_PIN)->message, right);
	CHECK_CONTAINS(async_raised(NET_ETLS_PIN)->message, "localhost:");
	return 0;
}

TEST(a_server_has_to_have_one_of_the_keys_pinned)
{
	tls_pair_certificates();
	right = pin_of(tls_pair_good.cert);
	wrong = pin_of(tls_pair_ca.cert);
	CHECK_INT(async_run(pin, NULL), 0);
}

static int pin_besides(void *arg)
{
	const char *ca = tls_pair_ca.cert;

	(void)arg;
	/* The right key does not excuse a certificate that is no good, */
	CHECK_INT(meet(&(struct net_tls_options){ .ca_file = ca, .pins = right }, "other.test"),
		  NET_ETLS_CERT_HOST);
	/* unless nothing else was to be verified, */
	CHECK_INT(meet(&(struct net_tls_options){ .insecure = true, .pins = right }, "other.test"),
		  0);
	/* and the wrong one is wrong even then. */
	CHECK_INT(meet(&(struct net_tls_options){ .insecure = true, .pins = wrong }, "other.test"),
		  NET_ETLS_PIN);
	return 0;
}

TEST(a_pin_is_checked_besides_the_certificate_and_without_verification_alone)
{
	tls_pair_certificates();
	right = pin_of(tls_pair_good.cert);
	wrong = pin_of(tls_pair_ca.cert);
	CHECK_INT(async_run(pin_besides, NULL), 0);
}

static int refuse_pins(void *arg)
{
	static const char zeroes[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	const char *bad[] = {
		"",
		"sha256//",
		"sha256//short=",
		format("sha1//%s", zeroes),
		format("sha256//%s;", zeroes),
		format("sha256//%s ", zeroes),
		"sha256//AAAAAAAAAAAAAAAAAAAAA?AAAAAAAAAAAAAAAAAAAAA=",
		"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
	};
	struct net_tls_context *context;

	(void)arg;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct net_tls_options options = { .insecure = true, .pins = bad[i] };

		CHECK_INT(net_tls_client(&context, &options), NET_ETLS_CONFIG);
		CHECK_CONTAINS(async_raised(NET_ETLS_CONFIG)->message, "is not sha256//");
	}
	return 0;
}

TEST(what_is_no_pin_is_refused_with_its_text)
{
	CHECK_INT(async_run(refuse_pins, NULL), 0);
}

/* ---- Client certificates --------------------------------------------------------------------- */

/* Its code, and the server's in *server. In TLS 1.3 the client's handshake ends before its proof. */
static int show(const char *cert, const char *key, int *server)
{
	struct tls_pair pair = { .server_side = tls_pair_server(tls_pair_good) };
	char byte;
	int rc;

	tls_pair_demand_certificate(&pair, tls_pair_ca.cert);
	pair.client_side = tls_pair_client_with(&(struct net_tls_options){
		.ca_file = tls_pair_ca.cert, .cert_file = cert, .key_file = key });
	rc = tls_pair_meet(&pair, "localhost");
	*server = pair.server_code;
	if (rc == 0 && *server < 0)
		rc = (int)net_read(pair.client, &byte, 1);
	tls_pair_end(&pair);
	return rc;
}

static struct certs_pair mine;

static int show_certificates(void *arg)
{
	const char *one_file = arg;
	int server;

	CHECK_INT(show(mine.cert, mine.key, &server), 0);
	CHECK_INT(server, 0);
	CHECK_INT(show(one_file, NULL, &server), 0);
	CHECK_INT(server, 0);
	CHECK_INT(show(NULL, NULL, &server), NET_ETLS_PROTOCOL);
	CHECK_CONTAINS(async_raised(NET_ETLS_PROTOCOL)->message, "certificate required");
	CHECK(server < 0);
	return 0;
}

TEST(a_client_shows_its_certificate_to_a_server_that_asks)
{
	tls_pair_certificates();
	mine = certs_make(&(struct certs_request){ .name = "mine", .issuer = &tls_pair_ca });
	CHECK_INT(async_run(show_certificates,
			    (void *)temp_file("both.pem", format("%s%s", read_file(mine.cert, NULL),
								 read_file(mine.key, NULL)))),
		  0);
}

/* ---- Versions -------------------------------------------------------------------------------- */

static int demand_version(void *arg)
{
	struct tls_pair pair = { .server_side = tls_pair_server(tls_pair_good) };

	(void)arg;
	pair.client_side = tls_pair_client_with(&(struct net_tls_options){
		.ca_file = tls_pair_ca.cert, .min_version = NET_TLS_1_3 });
	CHECK_INT(tls_pair_meet(&pair, "localhost"), 0);
	CHECK_STR(net_tls_version(pair.client), "TLSv1.3");
	tls_pair_part(&pair);
	tls_pair_cap_version(&pair, TLS1_2_VERSION);
	CHECK_INT(tls_pair_meet(&pair, "localhost"), NET_ETLS_PROTOCOL);
	net_tls_context_free(pair.client_side);
	pair.client_side = tls_pair_client(tls_pair_ca.cert);
	CHECK_INT(tls_pair_meet(&pair, "localhost"), 0);
	CHECK_STR(net_tls_version(pair.client), "TLSv1.2");
	tls_pair_end(&pair);
	return 0;
}

TEST(a_server_that_only_has_older_versions_is_refused)
{
	tls_pair_certificates();
	CHECK_INT(async_run(demand_version, NULL), 0);
}
