/* SPDX-License-Identifier: MIT */
/*
 * tls_pin.c - a server has to have one of the public keys that the user has written down.
 *
 * Checked in the handshake, before a certificate or a request of ours is sent, and besides what is
 * checked anyway: whom a CA vouches for without our knowing is refused. A resumed session shows no
 * certificate; it is one that was checked when it began, for it comes from the same settings.
 */
#include "net/tls_pin.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "sha256//"
#define BASE64 44 /* characters of 32 bytes, the last one a '=' */

struct tls_pins {
	bool insecure; /* there is nothing else to check */
	size_t count;
	unsigned char hashes[][SHA256_DIGEST_LENGTH];
};

/* text is one pin, without what separates it from the next. */
static bool read_pin(unsigned char hash[SHA256_DIGEST_LENGTH], const char *text, size_t size)
{
	const size_t prefix = sizeof PREFIX - 1;
	unsigned char decoded[BASE64 / 4 * 3];

	if (size != prefix + BASE64 || memcmp(text, PREFIX, prefix) != 0 || text[size - 1] != '=' ||
	    text[size - 2] == '=' ||
	    EVP_DecodeBlock(decoded, (const unsigned char *)text + prefix, BASE64) !=
		    (int)sizeof decoded)
		return false;
	memcpy(hash, decoded, SHA256_DIGEST_LENGTH);
	return true;
}

static struct tls_pins *read_pins(const char *text, char *reason, size_t size)
{
	size_t count = 1;
	struct tls_pins *pins;

	for (const char *at = text; *at; at++)
		count += *at == ';';
	pins = calloc(1, sizeof *pins + count * sizeof pins->hashes[0]);
	if (!pins) {
		snprintf(reason, size, "no memory for pins");
		return NULL;
	}
	for (; pins->count < count; pins->count++) {
		size_t length = strcspn(text, ";");

		if (!read_pin(pins->hashes[pins->count], text, length)) {
			snprintf(reason, size,
				 "the pin \"%.*s\" is not " PREFIX
				 " with the base64 of a SHA-256 behind it",
				 length < 100 ? (int)length : 100, text);
			free(pins);
			return NULL;
		}
		text += length + 1;
	}
	return pins;
}

/* Of the key as the certificate has it, algorithm included. */
static bool hash_key(X509 *certificate, unsigned char hash[SHA256_DIGEST_LENGTH])
{
	unsigned char *der = NULL;
	int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
	bool good = size > 0 && EVP_Digest(der, (size_t)size, hash, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return good;
}

static bool is_pinned(const struct tls_pins *pins, const unsigned char hash[SHA256_DIGEST_LENGTH])
{
	for (size_t i = 0; i < pins->count; i++)
		if (memcmp(pins->hashes[i], hash, SHA256_DIGEST_LENGTH) == 0)
			return true;
	return false;
}

static const struct tls *connection_of(X509_STORE_CTX *check)
{
	return SSL_get_app_data(
		X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx()));
}

/* Stands in for OpenSSL's own check, which it begins with. 1: good. */
static int check_server(X509_STORE_CTX *check, void *arg)
{
	unsigned char hash[SHA256_DIGEST_LENGTH], text[BASE64 + 1];
	const struct tls_pins *pins = arg;
	int good = pins->insecure ? 1 : X509_verify_cert(check);

	if (good != 1)
		return good;
	if (!hash_key(X509_STORE_CTX_get0_cert(check), hash)) {
		X509_STORE_CTX_set_error(check, X509_V_ERR_OUT_OF_MEM);
		return 0;
	}
	if (is_pinned(pins, hash))
		return 1;
	EVP_EncodeBlock(text, hash, sizeof hash);
	async_raise(NET_ETLS_PIN,
		    "%s: the server's public key is " PREFIX "%s, which is not pinned",
		    connection_of(check)->name, (const char *)text);
	X509_STORE_CTX_set_error(check, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

bool tls_pins_set(struct tls_pins **out, struct ssl_ctx_st *settings,
		  const struct net_tls_options *options, char *reason, size_t size)
{
	struct tls_pins *pins = read_pins(options->pins, reason, size);

	*out = pins;
	if (!pins)
		return false;
	pins->insecure = options->insecure;
	/* Without it the outcome of the check would count for nothing. */
	SSL_CTX_set_verify(settings, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(settings, check_server, pins);
	return true;
}

void tls_pins_free(struct tls_pins *pins)
{
	free(pins);
}
