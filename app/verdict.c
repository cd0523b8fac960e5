/* SPDX-License-Identifier: MIT */
/* verdict.c - first the status, then what --expect says, and the form of the body in any case. */
#include "app/verdict.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/codes.h"

#define SHOWN 256 /* bytes of a body that was expected to be JSON */

void verdict_default(struct choice *fail_on)
{
	*fail_on = (struct choice){ 0 };
	choice_add_statuses(fail_on, 100, 199);
	choice_add_statuses(fail_on, 300, 599);
}

static enum verdict_form form_of(struct json_span body, enum json_verdict *json, size_t *offset)
{
	*json = json_validate(body, offset);
	if (*json == JSON_VALID)
		return VERDICT_JSON;
	return json_is_utf8(body) ? VERDICT_TEXT : VERDICT_BASE64;
}

/* No Content-Type at all says nothing against JSON. */
static bool may_be_json(const char *type)
{
	size_t length;

	if (!type)
		return true;
	length = strcspn(type, ";");
	for (size_t i = 0; i + 4 <= length; i++)
		if (!strncasecmp(type + i, "json", 4))
			return true;
	return strspn(type, " \t") == length;
}

static bool has_no_body(const struct http_response *response, const char *method)
{
	return !strcmp(method, "HEAD") || response->status == 204 || response->status == 205 ||
	       response->status == 304;
}

/* What of a wrong body goes into the record: its beginning, and no part of a character. */
static void shorten(struct verdict *verdict)
{
	size_t length = SHOWN;

	if (verdict->body.len <= SHOWN)
		return;
	while (verdict->form == VERDICT_TEXT && length > SHOWN - 4 &&
	       (verdict->body.ptr[length] & 0xC0) == 0x80)
		length--;
	verdict->body.len = length;
	if (verdict->form == VERDICT_JSON)
		verdict->form = VERDICT_TEXT;
}

static void expect_json(struct verdict *verdict, const struct http_response *response,
			enum json_verdict json, size_t offset)
{
	const char *type = http_response_header(response, "content-type");

	if (!may_be_json(type)) {
		verdict->outcome = COLLECT_ECONTENT_TYPE;
		snprintf(verdict->why, VERDICT_WHY, "Content-Type is %.80s, not JSON", type);
	} else if (json == JSON_TOO_DEEP) {
		verdict->outcome = COLLECT_EJSON_DEPTH;
		snprintf(verdict->why, VERDICT_WHY, "nested deeper than %d at byte %zu",
			 JSON_MAX_DEPTH, offset);
	} else if (json != JSON_VALID) {
		verdict->outcome = COLLECT_EJSON;
		snprintf(verdict->why, VERDICT_WHY, "not JSON at byte %zu of %zu", offset,
			 verdict->body.len);
	}
	if (verdict->outcome)
		shorten(verdict);
}

void verdict_judge(struct verdict *verdict, const struct verdict_rules *rules,
		   const struct http_response *response, const char *method)
{
	struct json_span body = json_without_mark(response->body);
	enum json_verdict json;
	size_t offset = 0;

	*verdict = (struct verdict){ .body = body };
	verdict->form = form_of(body, &json, &offset);
	verdict->unchanged = response->status == 304;
	if (rules->limited && limited_is(rules->limited, response)) {
		verdict->outcome = COLLECT_ELIMITED;
		snprintf(verdict->why, VERDICT_WHY, "status %d, and --also-limited knows it",
			 response->status);
	} else if (!verdict->unchanged && choice_has_status(&rules->fail_on, response->status)) {
		verdict->outcome = response->status;
		snprintf(verdict->why, VERDICT_WHY, "status %d", response->status);
	} else if (rules->expect_json && !has_no_body(response, method)) {
		expect_json(verdict, response, json, offset);
	}
}
