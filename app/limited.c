/* SPDX-License-Identifier: MIT */
/* limited.c - two short texts are taken apart once, and looked for in every answer. */
#include "app/limited.h"

#include <stdlib.h>
#include <string.h>

#include "app/retry.h"
#include "http/httpdate.h"

#define SECOND INT64_C(1000000000)
#define EPOCH 1000000000 /* seconds: more is a time, less is a span */

static bool copy(char out[LIMITED_NAME], const char *from, size_t length)
{
	if (length == 0 || length >= LIMITED_NAME)
		return false;
	memcpy(out, from, length);
	out[length] = '\0';
	return true;
}

bool limited_add(struct limited *limited, const char *text)
{
	struct limited_rule rule = { 0 };
	const char *equals;
	char *end;

	rule.status = (int)strtol(text, &end, 10);
	if (end != text + 3 || rule.status < 100 || rule.status > 599 ||
	    limited->count == LIMITED_RULES)
		return false;
	if (*end == ':') {
		equals = strchr(end, '=');
		if (!equals || !copy(rule.name, end + 1, (size_t)(equals - end - 1)) ||
		    !copy(rule.value, equals + 1, strlen(equals + 1)) ||
		    (*rule.name == '$' && !json_is_path(rule.name)))
			return false;
	} else if (*end) {
		return false;
	}
	limited->rules[limited->count++] = rule;
	return true;
}

bool limited_set_quota(struct limited *limited, const char *text)
{
	const char *comma = strchr(text, ',');

	return comma && copy(limited->remaining, text, (size_t)(comma - text)) &&
	       copy(limited->reset, comma + 1, strlen(comma + 1)) && !strchr(comma + 1, ',');
}

static bool matches(const struct limited_rule *rule, const struct http_response *response)
{
	struct json_span value;
	const char *header;

	if (rule->status != response->status)
		return false;
	if (*rule->name == '$')
		return json_get(json_without_mark(response->body), rule->name, &value) == 0 &&
		       value.len == strlen(rule->value) &&
		       !memcmp(value.ptr, rule->value, value.len);
	header = *rule->name ? http_response_header(response, rule->name) : "";
	return header && !strcmp(header, rule->value);
}

bool limited_is(const struct limited *limited, const struct http_response *response)
{
	for (unsigned i = 0; i < limited->count; i++)
		if (matches(&limited->rules[i], response))
			return true;
	return false;
}

/* A count that is zero, or below it. */
static bool is_used_up(const char *text)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	return end != text && *end == '\0' && value <= 0;
}

int64_t limited_wait(const struct limited *limited, const struct http_response *response,
		     int64_t now)
{
	const char *remaining = NULL, *reset = NULL;
	const char *date = http_response_header(response, "date");
	int64_t wait, base = now;

	if (*limited->remaining)
		remaining = http_response_header(response, limited->remaining);
	if (remaining && is_used_up(remaining))
		reset = http_response_header(response, limited->reset);
	wait = reset ? retry_after(reset, date, now) : -1;
	if (wait < 0 || wait == INT64_MAX || wait / SECOND <= EPOCH ||
	    reset[strspn(reset, "0123456789")])
		return wait;
	if (date && !httpdate_parse(date, &base))
		base = now;
	wait -= base * SECOND;
	return wait > 0 ? wait : 0;
}
