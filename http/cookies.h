/* SPDX-License-Identifier: MIT */
/*
 * cookies.h - a jar of cookies, as RFC 6265 has it, with what browsers agreed on since (6265bis): names
 * that begin with __Secure- or __Host- keep their promises, and plain http cannot overwrite what
 * https has set. Pure: texts and the time in, texts out; nothing is stored on disk.
 *
 * A jar holds at most 3,000 cookies, 50 of a domain, of 4,096 bytes each; the one that was not used for
 * the longest time goes first.
 */
#ifndef LOOPHOUND_HTTP_COOKIES_H
#define LOOPHOUND_HTTP_COOKIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/url.h"
#include "runtime/async.h"

#define COOKIES_MAX 3000
#define COOKIES_MAX_OF_DOMAIN 50
#define COOKIES_MAX_SIZE 4096

struct cookie_jar {
	struct async_list cookies; /* the one used last at the end */
	size_t count;
	uint64_t made; /* so far: their order */
};

/*
 * Takes over a Set-Cookie from an answer of url, received at now (seconds since 1970): 1 when it is
 * in the jar, 0 when it is not (ignored, or it removes another), ASYNC_ENOMEM.
 */
int cookies_set(struct cookie_jar *jar, const struct url *url, const char *text, int64_t now);
/*
 * The value of Cookie for a request to url, *out for free(); NULL when there is none. Counts as a
 * use. 0 or ASYNC_ENOMEM.
 */
int cookies_get(struct cookie_jar *jar, const struct url *url, int64_t now, char **out);
/* Forgets all of them. */
void cookies_clear(struct cookie_jar *jar);

/* RFC 6265 5.1.1: a date in nearly any form. False: none. */
bool cookies_date(const char *text, size_t size, int64_t *seconds);

/*
 * cookies_psl.c, or cookies_no_psl.c: does anybody register names below this one (com, co.uk)? Without
 * a list only names without a dot are taken for such.
 */
bool cookies_is_public_suffix(const char *domain);

#endif
