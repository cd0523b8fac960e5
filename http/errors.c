/* SPDX-License-Identifier: MIT */
/*
 * errors.c - the codes of http.h, their names and texts.
 *
 * The table registers itself before main() in every program that has this file linked in, which
 * the session and the server see to by calling errors_register().
 */
#include "http/errors.h"
#include "http/http.h"
#include "runtime/base.h"

static const struct async_error_entry http_codes[] = {
	{ HTTP_EURL, "HTTP_EURL", "not a URL that can be fetched" },
	{ HTTP_EPARSE, "HTTP_EPARSE", "not an HTTP/1.x message, or a broken one" },
	{ HTTP_EFRAMING, "HTTP_EFRAMING",
	  "the length of the body is announced in conflicting ways" },
	{ HTTP_EHEADER_OVERFLOW, "HTTP_EHEADER_OVERFLOW", "the head is too large" },
	{ HTTP_EHEADER_TIMEOUT, "HTTP_EHEADER_TIMEOUT", "no complete head in time" },
	{ HTTP_EBODY_IDLE, "HTTP_EBODY_IDLE", "the body stopped coming" },
	{ HTTP_EBODY_SLOW, "HTTP_EBODY_SLOW", "the body comes too slowly" },
	{ HTTP_ETOTAL_TIMEOUT, "HTTP_ETOTAL_TIMEOUT", "the request took too long in all" },
	{ HTTP_EPOOL_TIMEOUT, "HTTP_EPOOL_TIMEOUT", "no connection became free in time" },
	{ HTTP_EDNS_TIMEOUT, "HTTP_EDNS_TIMEOUT", "the name was not resolved in time" },
	{ HTTP_ECONNECT_TIMEOUT, "HTTP_ECONNECT_TIMEOUT", "no connection in time" },
	{ HTTP_ETLS_TIMEOUT, "HTTP_ETLS_TIMEOUT", "the TLS handshake was not done in time" },
	{ HTTP_ECLOSED_EARLY, "HTTP_ECLOSED_EARLY",
	  "the connection was closed before the head was complete" },
	{ HTTP_EBODY_TRUNCATED, "HTTP_EBODY_TRUNCATED", "the body ended early" },
	{ HTTP_EBODY_TOO_LARGE, "HTTP_EBODY_TOO_LARGE", "the body is larger than allowed" },
	{ HTTP_ETOO_MANY_1XX, "HTTP_ETOO_MANY_1XX", "too many interim responses" },
	{ HTTP_EUNEXPECTED_304, "HTTP_EUNEXPECTED_304", "304 for an unconditional request" },
	{ HTTP_EUNEXPECTED_206, "HTTP_EUNEXPECTED_206", "206 for a request without a range" },
	{ HTTP_EREDIRECT_LIMIT, "HTTP_EREDIRECT_LIMIT", "too many redirects" },
	{ HTTP_EREDIRECT_LOOP, "HTTP_EREDIRECT_LOOP", "the redirects go round in a circle" },
	{ HTTP_EREDIRECT_BLOCKED, "HTTP_EREDIRECT_BLOCKED",
	  "a redirect to something other than http and https" },
	{ HTTP_EREDIRECT_DOWNGRADE, "HTTP_EREDIRECT_DOWNGRADE", "a redirect from https to http" },
	{ HTTP_EREQUEST, "HTTP_EREQUEST", "a method or header that cannot be sent" },
	{ HTTP_ESESSION_CLOSED, "HTTP_ESESSION_CLOSED", "Session is closed." },
	{ HTTP_EJSON, "HTTP_EJSON", "not JSON, or nothing at that path" },
	{ HTTP_EDECODE, "HTTP_EDECODE", "a Content-Encoding that cannot be undone" },
	{ HTTP_EWRITE_TIMEOUT, "HTTP_EWRITE_TIMEOUT", "the request was not taken in time" },
	{ HTTP_EPROXY_AUTH, "HTTP_EPROXY_AUTH", "the proxy wants other credentials" },
	{ HTTP_EPROXY_REFUSED, "HTTP_EPROXY_REFUSED", "the proxy does not connect on" },
	{ HTTP_EPROXY_PROTOCOL, "HTTP_EPROXY_PROTOCOL", "not the answer of a proxy" },
	{ HTTP_EDECODE_TRUNCATED, "HTTP_EDECODE_TRUNCATED", "an encoded body without its end" },
};

__attribute__((constructor)) void errors_register(void)
{
	async_register_errors(http_codes, array_size(http_codes));
}
