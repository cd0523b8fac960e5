/* SPDX-License-Identifier: MIT */
/*
 * tls_error.c - what OpenSSL says, as net's codes. Every result of an SSL_ call passes through
 * tls_outcome, so there is one place that knows what SSL_get_error means.
 *
 * OpenSSL's error queue belongs to the thread: it is read here before any other task can run.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

#include "net/tls.h"
#include "runtime/base.h"

void tls_error_text(char *text, size_t size)
{
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_reason_error_string(code);

	if (code == 0)
		snprintf(text, size, "OpenSSL gives no reason");
	else if (ERR_SYSTEM_ERROR(code))
		snprintf(text, size, "%s", async_strerror(-ERR_GET_REASON(code)));
	else
		snprintf(text, size, "%s", reason ? reason : "OpenSSL knows no text for it");
}

static int code_of_verification(long result)
{
	switch (result) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return NET_ETLS_CERT_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return NET_ETLS_CERT_NOT_YET;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return NET_ETLS_CERT_HOST;
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return NET_ETLS_PROTOCOL; /* as a cipher too weak to agree on would be */
	case X509_V_ERR_OUT_OF_MEM:
		return ASYNC_ENOMEM;
	default:
		return NET_ETLS_CERT_UNTRUSTED;
	}
}

/* A server for plain HTTP answers a ClientHello in its own tongue; so does a client who errs. */
static bool speaks_http(const struct tls *tls)
{
	static const char *const openings[] = { "HTTP/", "GET ", "HEAD ", "POST ", "PUT " };

	for (size_t i = 0; i < array_size(openings); i++)
		if (tls->first_size >= strlen(openings[i]) &&
		    memcmp(tls->first, openings[i], strlen(openings[i])) == 0)
			return true;
	return false;
}

static int truncated(struct tls *tls)
{
	if (!tls->established)
		return async_raise(NET_ETLS_TRUNCATED,
				   "%s: the peer closed the connection during the TLS handshake",
				   tls->name);
	return async_raise(NET_ETLS_TRUNCATED,
			   "%s: the TLS connection was cut without a close_notify", tls->name);
}

static int socket_failure(struct tls *tls)
{
	return async_raise(-tls->error, "%s: %s", tls->name, async_strerror(-tls->error));
}

static int protocol_failure(struct tls *tls)
{
	long verified = SSL_get_verify_result(tls->ssl);
	unsigned long error = ERR_peek_error();
	char text[160];

	if (tls->flooded)
		return async_raise(NET_ETLS_PROTOCOL,
				   "%s: too many TLS messages that carry no data", tls->name);
	if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
		return ASYNC_ENOMEM;
	if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
		switch (ERR_GET_REASON(error)) {
		case SSL_R_CERTIFICATE_VERIFY_FAILED:
			if (verified == X509_V_ERR_APPLICATION_VERIFICATION)
				return NET_ETLS_PIN; /* raised by tls_pin.c, which knows the key */
			return async_raise(code_of_verification(verified),
					   "%s: certificate verification failed: %s", tls->name,
					   X509_verify_cert_error_string(verified));
		case SSL_R_UNEXPECTED_EOF_WHILE_READING:
			return truncated(tls);
		}
	}
	if (!tls->established && speaks_http(tls))
		return async_raise(NET_ETLS_PROTOCOL,
				   "%s: the peer speaks plain HTTP on this port, not TLS",
				   tls->name);
	tls_error_text(text, sizeof text);
	return async_raise(NET_ETLS_PROTOCOL, "%s: TLS failed: %s", tls->name, text);
}

int tls_outcome(struct tls *tls, int returned)
{
	switch (SSL_get_error(tls->ssl, returned)) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_END;
	case SSL_ERROR_SYSCALL:
	case SSL_ERROR_SSL:
		if (tls->error)
			tls->broken = socket_failure(tls);
		else if (tls->ended && ERR_peek_error() == 0)
			tls->broken = truncated(tls);
		else
			tls->broken = protocol_failure(tls);
		break;
	default: /* look-ups in callbacks, which nobody here asked for */
		tls->broken = protocol_failure(tls);
	}
	ERR_clear_error();
	return tls->broken;
}
