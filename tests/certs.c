/* SPDX-License-Identifier: MIT */
/* certs.c - keys and certificates by libcrypto: no program to start, any date. */
#include "tests/certs.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "tests/harness.h"

#define DAY 86400L

static EVP_PKEY *make_key(int rsa_bits)
{
	EVP_PKEY *key = rsa_bits ? EVP_RSA_gen((unsigned)rsa_bits) : EVP_EC_gen("P-256");

	CHECK(key != NULL);
	return key;
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *file = fopen(path, "r");
	EVP_PKEY *key;

	CHECK(file != NULL);
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	CHECK(key != NULL);
	fclose(file);
	return key;
}

static X509 *read_cert(const char *path)
{
	FILE *file = fopen(path, "r");
	X509 *cert;

	CHECK(file != NULL);
	cert = PEM_read_X509(file, NULL, NULL, NULL);
	CHECK(cert != NULL);
	fclose(file);
	return cert;
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	CHECK(extension != NULL);
	CHECK(X509_add_ext(cert, extension, -1));
	X509_EXTENSION_free(extension);
}

static void set_identity(X509 *cert, const struct certs_request *request)
{
	const char *name = request->common_name ? request->common_name : request->name;
	BIGNUM *serial = BN_new();

	CHECK(serial && BN_rand(serial, 63, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY));
	CHECK(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) != NULL);
	BN_free(serial);
	CHECK(X509_set_version(cert, 2));
	CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
					 (const unsigned char *)name, -1, -1, 0));
}

static void set_dates(X509 *cert, const struct certs_request *request)
{
	bool usual = request->begins == 0 && request->ends == 0;

	CHECK(X509_gmtime_adj(X509_getm_notBefore(cert), DAY * (usual ? -1 : request->begins)));
	CHECK(X509_gmtime_adj(X509_getm_notAfter(cert), DAY * (usual ? 30 : request->ends)));
}

static void write_files(const struct certs_pair *pair, X509 *cert, EVP_PKEY *key)
{
	FILE *file = fopen(pair->cert, "w");

	CHECK(file && PEM_write_X509(file, cert) && fclose(file) == 0);
	file = fopen(pair->key, "w");
	CHECK(file && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) &&
	      fclose(file) == 0);
}

struct certs_pair certs_make(const struct certs_request *request)
{
	struct certs_pair pair = { temp_path(format("%s.pem", request->name)),
				   temp_path(format("%s.key", request->name)) };
	EVP_PKEY *key = make_key(request->rsa_bits);
	EVP_PKEY *signer = request->issuer ? read_key(request->issuer->key) : key;
	X509 *cert = X509_new();
	X509 *issuer = request->issuer ? read_cert(request->issuer->cert) : cert;

	CHECK(cert != NULL);
	set_identity(cert, request);
	set_dates(cert, request);
	CHECK(X509_set_issuer_name(cert, X509_get_subject_name(issuer)));
	CHECK(X509_set_pubkey(cert, key));
	add_extension(cert, issuer, NID_basic_constraints,
		      request->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
	add_extension(cert, issuer, NID_subject_key_identifier, "hash");
	if (request->is_ca)
		add_extension(cert, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
	if (request->san)
		add_extension(cert, issuer, NID_subject_alt_name, request->san);
	if (request->crl)
		add_extension(cert, issuer, NID_crl_distribution_points, request->crl);
	CHECK(X509_sign(cert, signer, EVP_sha256()) > 0);
	write_files(&pair, cert, key);
	if (request->issuer) {
		X509_free(issuer);
		EVP_PKEY_free(signer);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return pair;
}
