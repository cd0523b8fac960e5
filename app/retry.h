/* SPDX-License-Identifier: MIT */
/*
 * retry.h - whether a failed attempt is worth another one, and when. Pure decisions.
 *
 * What this machine is short of (class local) is neither the item's fault nor its host's: it costs
 * none of the host's share, and no attempt while others are in flight that will give some back,
 * only time; a body that found no room beside others does not even cost that. A body that fits in
 * no case is not retried.
 *
 * Nothing here waits, counts or draws a random number: the caller gives what has happened, and a
 * fraction between 0 and 1 for the jitter. Times are nanoseconds.
 */
#ifndef LOOPHOUND_APP_RETRY_H
#define LOOPHOUND_APP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "app/choice.h"

struct retry_policy {
	int retries; /* --retry: attempts beyond the first */
	int64_t base, cap;
	int64_t max_time; /* of attempts and our own backoff together */
	int64_t max_wait; /* that a server may order */
	struct choice on;
	bool on_default; /* nobody chose: also any status >= 400 with Retry-After */
};

/* 408, 429, 500, 502, 503, 504, 522, 524, and the codes that the table calls retried. */
void retry_default(struct choice *on);

struct retry_case {
	int outcome;	     /* a status, or a negative code */
	int status;	     /* of a head whose body then failed; 0: none */
	bool idempotent;     /* GET or HEAD */
	int attempts;	     /* made so far, this one included */
	int local;	     /* of these, how many failed for this machine while others went on */
	int64_t spent;	     /* on attempts and our own backoff so far */
	int64_t retry_after; /* from retry_after(); -1: none */
	unsigned long host_requests, host_retries;
	double fraction;
};

enum retry_why {
	RETRY_BACKOFF,	   /* again, after our own backoff */
	RETRY_AFTER,	   /* again, when the server said */
	RETRY_NEVER,	   /* such an outcome or method is not retried */
	RETRY_NO_ATTEMPTS, /* --retry is used up */
	RETRY_NO_TIME,	   /* --retry-max-time is */
	RETRY_TOO_LONG,	   /* the server wants more than --retry-max-wait */
	RETRY_NO_BUDGET,   /* the host has had its share of retries */
};

struct retry_verdict {
	bool again;
	enum retry_why why;
	int64_t wait;  /* for this item */
	int64_t pause; /* for its whole host, whether the item is tried again or not, however long */
};

struct retry_verdict retry_decide(const struct retry_policy *policy, const struct retry_case *item);
/* Is it a failure of this machine? */
bool retry_is_local(int outcome);
/* "backoff", "retry_after", "not_retried", "attempts", "max_time", "max_wait", "budget". */
const char *retry_why_name(enum retry_why why);

/*
 * Retry-After as nanoseconds: seconds or an HTTP-date, which is read against the response's own
 * Date (NULL or unreadable: against now, seconds since 1970). The past and a negative number are 0,
 * what is too large for us is INT64_MAX, anything else is -1: as if it had not been sent.
 */
int64_t retry_after(const char *value, const char *date, int64_t now);

#endif
