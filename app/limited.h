/* SPDX-License-Identifier: MIT */
/*
 * limited.h - servers that say "slow down" in words of their own. Pure.
 *
 * A rule names an answer that is as good as a 429: "403:x-ratelimit-remaining=0" by a header,
 * "200:$.error.code=throttled" by a value in its JSON, or "420" by the status alone. A quota names
 * two headers: how many requests are left, and when there will be more. What they say is a wish:
 * who waits bounds it.
 */
#ifndef LOOPHOUND_APP_LIMITED_H
#define LOOPHOUND_APP_LIMITED_H

#include <stdbool.h>
#include <stdint.h>

#include "http/http.h"

#define LIMITED_RULES 8
#define LIMITED_NAME 128

struct limited_rule {
	int status;
	char name
		[LIMITED_NAME]; /* of a header, or a path that begins with $; "": the status is all */
	char value[LIMITED_NAME];
};

struct limited {
	struct limited_rule rules[LIMITED_RULES];
	unsigned count;
	char remaining[LIMITED_NAME], reset[LIMITED_NAME]; /* of the quota; "": none */
};

/* False: it is no rule, or one too many. */
bool limited_add(struct limited *limited, const char *text);
/* "remaining-header,reset-header"; false: it is not. */
bool limited_set_quota(struct limited *limited, const char *text);

bool limited_is(const struct limited *limited, const struct http_response *response);
/*
 * How many nanoseconds until the quota has something left: -1 when it still has, or says nothing
 * that can be read. Seconds, seconds since 1970 (any number above 10^9) or an HTTP-date; the latter
 * two are read against the response's own Date, else against now. The past is 0, INT64_MAX for ever.
 */
int64_t limited_wait(const struct limited *limited, const struct http_response *response,
		     int64_t now);

#endif
