/* SPDX-License-Identifier: MIT */
/* retry.c - the order of the questions is the order of the reasons that a history names. */
#include "app/retry.h"

#include <stddef.h>
#include <string.h>

#include "app/codes.h"
#include "http/httpdate.h"

#define SECOND INT64_C(1000000000)
#define FREE_RETRIES 10 /* of a host, before the share counts */
#define SHARE 5		/* one retry for so many requests */

void retry_default(struct choice *on)
{
	static const int statuses[] = { 408, 429, 500, 502, 503, 504, 522, 524 };

	*on = (struct choice){ 0 };
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		choice_add_statuses(on, statuses[i], statuses[i]);
	for (size_t i = 0; i < codes_count; i++)
		if (codes_table[i].retried)
			on->codes |= UINT64_C(1) << i;
}

/* The server said that it has trouble, and then it was: its status counts as much as its fault. */
static bool announced(const struct retry_policy *policy, const struct retry_case *item)
{
	return item->status >= 400 && codes_find(item->outcome)->class == CODES_UPSTREAM &&
	       choice_has_status(&policy->on, item->status);
}

static bool worth_it(const struct retry_policy *policy, const struct retry_case *item)
{
	if (!item->idempotent || item->outcome == COLLECT_EMEMORY)
		return false;
	if (item->outcome < 0)
		return choice_has_code(&policy->on, item->outcome) || announced(policy, item);
	if (choice_has_status(&policy->on, item->outcome))
		return true;
	return policy->on_default && item->outcome >= 400 && item->retry_after >= 0;
}

bool retry_is_local(int outcome)
{
	return outcome < 0 && codes_find(outcome)->class == CODES_LOCAL;
}

static int64_t backoff(const struct retry_policy *policy, int attempts, double fraction)
{
	int64_t limit = policy->base;

	for (int i = 1; i < attempts && limit < policy->cap; i++)
		limit *= 2;
	if (limit > policy->cap)
		limit = policy->cap;
	return (int64_t)((double)limit * fraction);
}

static bool in_budget(const struct retry_case *item)
{
	unsigned long share = item->host_requests / SHARE;

	return item->host_retries < (share > FREE_RETRIES ? share : FREE_RETRIES);
}

static struct retry_verdict refuse(int64_t pause, enum retry_why why)
{
	return (struct retry_verdict){ .why = why, .pause = pause };
}

struct retry_verdict retry_decide(const struct retry_policy *policy, const struct retry_case *item)
{
	bool ordered = (item->outcome >= 400 || item->outcome == COLLECT_ELIMITED) &&
		       item->retry_after >= 0;
	bool too_long = ordered && item->retry_after > policy->max_wait;
	bool local = retry_is_local(item->outcome), crowded = item->outcome == COLLECT_ECROWDED;
	int64_t pause = ordered ? item->retry_after : 0;
	int64_t wait;

	if (!worth_it(policy, item))
		return refuse(pause, RETRY_NEVER);
	if (too_long)
		return refuse(pause, RETRY_TOO_LONG);
	if (item->attempts - item->local > policy->retries)
		return refuse(pause, RETRY_NO_ATTEMPTS);
	if (!local && !in_budget(item))
		return refuse(pause, RETRY_NO_BUDGET);
	if (ordered) {
		/* Jitter only adds: nobody comes back before the server said. */
		wait = pause + (int64_t)((double)policy->base * item->fraction);
		if (item->spent > policy->max_time)
			return refuse(pause, RETRY_NO_TIME);
		return (struct retry_verdict){ true, RETRY_AFTER, wait, pause };
	}
	wait = backoff(policy, crowded ? 1 : item->attempts, item->fraction);
	if (!crowded && item->spent + wait > policy->max_time)
		return refuse(pause, RETRY_NO_TIME);
	return (struct retry_verdict){ true, RETRY_BACKOFF, wait, 0 };
}

const char *retry_why_name(enum retry_why why)
{
	static const char *const names[] = { "backoff",	 "retry_after", "not_retried", "attempts",
					     "max_time", "max_wait",	"budget" };

	return names[why];
}

/* Digits only, capped: 999999999999999999999 is a long time, not an error. */
static bool whole_seconds(const char *value, size_t length, int64_t *seconds)
{
	*seconds = 0;
	for (size_t i = 0; i < length; i++) {
		if (value[i] < '0' || value[i] > '9')
			return false;
		if (*seconds < INT64_MAX / 20)
			*seconds = *seconds * 10 + (value[i] - '0');
	}
	return length > 0;
}

static int64_t from_date(const char *value, size_t length, const char *date, int64_t now)
{
	char copy[64];
	int64_t then, base = now;

	if (length >= sizeof copy)
		return -1;
	memcpy(copy, value, length);
	copy[length] = '\0';
	if (!httpdate_parse(copy, &then))
		return -1;
	if (date && !httpdate_parse(date, &base))
		base = now;
	return then > base ? then - base : 0;
}

int64_t retry_after(const char *value, const char *date, int64_t now)
{
	size_t length;
	int64_t seconds;

	value += strspn(value, " \t");
	length = strlen(value);
	while (length && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		length--;
	if (length > 1 && *value == '-' && whole_seconds(value + 1, length - 1, &seconds))
		return 0;
	if (!whole_seconds(value, length, &seconds))
		seconds = from_date(value, length, date, now);
	if (seconds < 0)
		return -1;
	return seconds > INT64_MAX / SECOND ? INT64_MAX : seconds * SECOND;
}
