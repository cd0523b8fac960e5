/* SPDX-License-Identifier: MIT */
/* peer_certificate.h - certificates for tests, made by the openssl program. */
#ifndef LOOPHOUND_TESTS_PEER_CERTIFICATE_H
#define LOOPHOUND_TESTS_PEER_CERTIFICATE_H

struct certificate {
	const char *cert; /* path of the PEM file; self-signed, so it is its own CA file too */
	const char *key;
};

/*
 * A new key and certificate in temp_dir(), for names such as "DNS:localhost,IP:127.0.0.1"
 * (NULL: those two), valid for so many days from now (0: it expired long ago).
 * Skips the test when there is no openssl program.
 */
struct certificate make_certificate(const char *names, int days);

#endif
