/* SPDX-License-Identifier: MIT */
/*
 * redirect.h - what a 3xx answer makes of a request. Pure: no I/O, no waits.
 *
 * Methods change as browsers and RFC 9110 have it. Once a redirect has led to another origin, none
 * of the caller's headers is sent any more but Accept and User-Agent, and coming back does not
 * bring them back: what one server sent away, another must not be able to call for.
 */
#ifndef LOOPHOUND_HTTP_REDIRECT_H
#define LOOPHOUND_HTTP_REDIRECT_H

#include <stdbool.h>
#include <stddef.h>

#include "http/http.h"
#include "http/url.h"
#include "net/net.h"

/* 301, 302, 303, 307, 308. */
bool redirect_is(int status);

/* The method of the next request: GET, or method itself; *keep_body tells if the body goes along. */
const char *redirect_method(int status, const char *method, bool *keep_body);

/*
 * Keeps those of the headers, in place and in order, that may go with the next request; returns how
 * many. Headers that describe the body (Content-Type and its like) stay as long as the body does.
 */
size_t redirect_filter(struct http_header *headers, size_t count, bool crossed, bool keep_body);

/*
 * Resolves Location against the URL that answered. 0 and *out is the caller's, or
 * HTTP_EREDIRECT_BLOCKED, HTTP_EREDIRECT_DOWNGRADE, HTTP_EURL, ASYNC_ENOMEM; why has the reason.
 */
int redirect_resolve(struct url **out, const struct url *from, const char *location,
		     bool allow_downgrade, char why[URL_WHY]);

/* The kinds of addresses that the next origin may not be at, in addition to the session's. */
unsigned redirect_deny_kinds(enum net_address_kind from, bool crossed, bool allow_private);

/* The requests that one call has made so far, to see that it runs in a circle. */
struct redirect_visit {
	struct redirect_visit *next;
	const char *method; /* borrowed */
	char url[];
};

/* 0, HTTP_EREDIRECT_LOOP when it was visited before, ASYNC_ENOMEM. */
int redirect_visit(struct redirect_visit **visits, const char *method, const struct url *url);
void redirect_forget(struct redirect_visit **visits);

#endif
