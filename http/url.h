/* SPDX-License-Identifier: MIT */
/*
 * url.h - absolute http and https URLs, parsed strictly and once.
 *
 * What is accepted comes out in one normal form: scheme and host in lower case, dot segments
 * removed, every byte that may not stand on a request line percent-encoded, the fragment gone.
 * So nothing that was in a config, on an input line or in a Location can reach the wire raw.
 * Pure: no look-ups, no I/O. RFC 3986 for the grammar and for resolving references.
 *
 * A struct url and all its strings are one malloc'd block: url_free(), or free(), ends all of it.
 */
#ifndef LOOPHOUND_HTTP_URL_H
#define LOOPHOUND_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>

struct url {
	bool secure;	    /* https */
	bool ipv6;	    /* host is an IPv6 literal */
	int port;	    /* 1 to 65535; the scheme's default when none was written */
	const char *text;   /* all of it in normal form; without user information and fragment */
	const char *origin; /* "https://example.com:443": always with a port; a key for pools */
	const char *host;   /* for look-ups: lower case, no brackets, no final dot */
	const char
		*authority; /* the Host header's value: the port only when it is not the default */
	const char *target; /* for the request line: path and query, begins with a slash */
	const char *userinfo; /* "user:password", still percent-encoded; NULL: there was none */
};

/* Longer ones are refused. */
#define URL_MAX 65536
/* Room for a reason in words, such as "port 65536 is above 65535". Never holds control bytes. */
#define URL_WHY 160

/*
 * Parses length bytes of text, which need no NUL. 0 and *out is the caller's; or HTTP_EURL, and why
 * has the reason; or ASYNC_ENOMEM.
 */
int url_parse(struct url **out, const char *text, size_t length, char why[URL_WHY]);

/*
 * Resolves a reference ("../x", "?page=2", "//host/", "https://...") against base, as a Location or
 * a next link is: RFC 3986 5.2, strict. User information is never taken over, neither base's nor
 * the reference's. Returns as url_parse(), or HTTP_EREDIRECT_BLOCKED for a scheme other than http
 * and https. The reference "" gives base itself.
 */
int url_resolve(struct url **out, const struct url *base, const char *reference, size_t length,
		char why[URL_WHY]);

/* Scheme, host and port are the same. */
bool url_same_origin(const struct url *a, const struct url *b);

/* NULL is fine. */
void url_free(struct url *url);

#endif
