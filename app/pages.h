/* SPDX-License-Identifier: MIT */
/*
 * pages.h - where the next page of a list is, by the answer that brought this one. Pure.
 *
 * Either the Link header says so with rel="next" (RFC 8288), or a string in the JSON. What it says
 * is a server's word: a relative one is resolved, another origin is refused, since all headers of
 * the first request would go there.
 */
#ifndef LOOPHOUND_APP_PAGES_H
#define LOOPHOUND_APP_PAGES_H

#include "app/text.h"
#include "http/http.h"
#include "http/url.h"

#define PAGES_WHY (URL_WHY + 256)

/*
 * 1: link has what the server wrote; 0: there is no further page, as behind a status that has no
 * body or is no 2xx; HTTP_EJSON: the path cannot be followed (a name is there twice, no JSON, neither
 * a string nor null nor false).
 */
int pages_link(const char *how, const struct http_response *response, struct text *link);

/*
 * The link as a URL, seen from the page at `at` (that answered) of a list at `own` (that was asked):
 * 0 and *next is the caller's, NET_EADDR_BLOCKED for another origin, or what url_resolve() returns;
 * why has the words.
 */
int pages_resolve(const char *own, const char *at, struct json_span link, struct url **next,
		  char why[PAGES_WHY]);

#endif
