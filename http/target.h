/* SPDX-License-Identifier: MIT */
/*
 * target.h - where a request goes and as whom: the session's base URL, query parameters, a user.
 * Pure: texts in, texts out. What is put into a URL is percent-encoded (RFC 3986 2.1), all but the
 * unreserved characters, so that no value can end the place that it was put in.
 */
#ifndef LOOPHOUND_HTTP_TARGET_H
#define LOOPHOUND_HTTP_TARGET_H

#include "http/http.h"
#include "http/url.h"

/*
 * text, resolved against base if that is not NULL, with the parameters at the end of its query. 0 and
 * *out is for url_free(); the codes of url_parse() and url_resolve().
 */
int target_url(struct url **out, const struct url *base, const char *text,
	       const struct http_param *params, size_t count, char why[URL_WHY]);

/* "user:password", encoded as in a URL; password may be NULL. For free(); NULL without memory. */
char *target_userinfo(const char *user, const char *password);

#endif
