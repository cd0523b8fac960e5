/* SPDX-License-Identifier: MIT */
/*
 * jobs_json.c - a job written as an object. A key that is not known, is there twice or has a value
 * of the wrong kind is an error: a request that differs from what was meant is worse than none.
 */
#include "app/jobs.h"

#include <stdio.h>
#include <string.h>

#include "app/codes.h"
#include "http/headers.h"

#define MOST_HEADERS 64

/* Walks over a text that json_validate() has accepted; so it needs no checks of its own. */
struct walk {
	const char *at;
};

static void blanks(struct walk *walk)
{
	walk->at += strspn(walk->at, " \t\r\n");
}

/* A string's content, quotes left out, escapes untouched. */
static struct json_span string(struct walk *walk)
{
	const char *from = ++walk->at;

	for (; *walk->at != '"'; walk->at++)
		if (*walk->at == '\\')
			walk->at++;
	return (struct json_span){ from, (size_t)(walk->at++ - from) };
}

static struct json_span value(struct walk *walk)
{
	const char *from = walk->at;
	int depth = 0;

	do {
		if (*walk->at == '"') {
			string(walk);
			continue;
		}
		if (*walk->at == '{' || *walk->at == '[')
			depth++;
		else if (*walk->at == '}' || *walk->at == ']')
			depth--;
		walk->at++;
	} while (depth || !strchr(",}] \t\r\n", *walk->at));
	return (struct json_span){ from, (size_t)(walk->at - from) };
}

/* The next member of an object; begins at its '{'. False at its end. */
static bool member(struct walk *walk, struct json_span *key, struct json_span *of)
{
	if (*walk->at != '}')
		walk->at++; /* the brace before the first, or a comma */
	blanks(walk);
	if (*walk->at == '}')
		return false;
	*key = string(walk);
	blanks(walk);
	walk->at++;
	blanks(walk);
	*of = value(walk);
	blanks(walk);
	return true;
}

static bool is_key(struct json_span key, const char *name)
{
	return key.len == strlen(name) && !memcmp(key.ptr, name, key.len);
}

struct reader {
	struct text *scratch; /* large enough from the start: what lies in it does not move */
	struct job_parts *parts;
	char *why;
	unsigned seen; /* a bit for each key */
};

static int refuse(struct reader *r, const char *what, struct json_span key)
{
	snprintf(r->why, JOBS_WHY, what, (int)(key.len < 60 ? key.len : 60), key.ptr);
	return COLLECT_ELINE;
}

static int text_value(struct reader *r, struct json_span key, struct json_span raw,
		      struct json_span *out)
{
	size_t from = r->scratch->length;

	if (*raw.ptr != '"')
		return refuse(r, "\"%.*s\" has to be a string", key);
	text_json_unescape(r->scratch, (struct json_span){ raw.ptr + 1, raw.len - 2 });
	*out = (struct json_span){ r->scratch->data + from, r->scratch->length - from };
	return 0;
}

/* Appends name and value, each with a NUL behind it, when they may be sent. */
static int header(struct reader *r, struct json_span key, struct json_span raw)
{
	const char *name = r->scratch->data + r->scratch->length;
	struct json_span of;
	int rc;

	text_json_unescape(r->scratch, key);
	text_char(r->scratch, '\0');
	rc = text_value(r, key, raw, &of);
	if (rc < 0)
		return rc;
	text_char(r->scratch, '\0');
	/* A NUL inside the name would make it end early, and then the value is not where it seems. */
	if (!headers_is_token(name, (size_t)(of.ptr - name) - 1) || strlen(of.ptr) != of.len ||
	    !headers_is_value(of.ptr)) {
		refuse(r, "header \"%.*s\" cannot be sent", key);
		return HTTP_EREQUEST;
	}
	if (++r->parts->header_count > MOST_HEADERS)
		return refuse(r, "more headers than are allowed, from \"%.*s\" on", key);
	return 0;
}

static int headers(struct reader *r, struct json_span key, struct json_span raw)
{
	struct walk walk = { raw.ptr };
	struct json_span name, of;
	int rc = 0;

	if (*raw.ptr != '{')
		return refuse(r, "\"%.*s\" has to be an object", key);
	r->parts->headers = r->scratch->data + r->scratch->length;
	while (!rc && member(&walk, &name, &of))
		rc = header(r, name, of);
	r->parts->headers_size =
		(size_t)(r->scratch->data + r->scratch->length - r->parts->headers);
	return rc;
}

static int method(struct reader *r, struct json_span key, struct json_span raw)
{
	int rc = text_value(r, key, raw, &r->parts->method);

	if (rc < 0 || headers_is_token(r->parts->method.ptr, r->parts->method.len))
		return rc;
	refuse(r, "\"%.*s\" cannot be sent", key);
	return HTTP_EREQUEST;
}

/* A string is the body; any other value is sent as the JSON that it is; null is no body. */
static int body(struct reader *r, struct json_span raw)
{
	r->parts->has_body = !is_key(raw, "null");
	if (*raw.ptr == '"')
		return text_value(r, raw, raw, &r->parts->body);
	if (r->parts->has_body)
		r->parts->body = raw;
	return 0;
}

static int one(struct reader *r, struct json_span key, struct json_span of)
{
	static const char *const keys[] = { "url", "method", "headers", "body", "ref" };
	unsigned which = 0;

	while (which < 5 && !is_key(key, keys[which]))
		which++;
	if (which == 5)
		return refuse(r, "unknown key \"%.*s\" (url, method, headers, body, ref)", key);
	if (r->seen >> which & 1)
		return refuse(r, "\"%.*s\" is there twice", key);
	r->seen |= 1u << which;
	switch (which) {
	case 0:
		return text_value(r, key, of, &r->parts->url);
	case 1:
		return method(r, key, of);
	case 2:
		return headers(r, key, of);
	case 3:
		return body(r, of);
	default:
		r->parts->ref = of;
		return 0;
	}
}

int jobs_json_read(struct json_span line, struct text *scratch, struct job_parts *parts,
		   char why[JOBS_WHY])
{
	struct reader r = { .scratch = scratch, .parts = parts, .why = why };
	struct walk walk;
	struct json_span key, of;
	size_t wrong;
	int rc = 0;

	if (json_validate(line, &wrong) != JSON_VALID) {
		snprintf(why, JOBS_WHY, "not valid JSON at byte %zu of the line", wrong + 1);
		return COLLECT_ELINE;
	}
	scratch->length = 0;
	scratch->failed = false;
	/* A copy with a NUL behind it, which ends every search, and room for all that unescaping gives. */
	text_reserve(scratch, 3 * line.len + 64);
	text_bytes(scratch, line.ptr, line.len);
	text_char(scratch, '\0');
	if (scratch->failed)
		return ASYNC_ENOMEM;
	walk.at = scratch->data;
	if (*walk.at != '{')
		return refuse(&r, "not an %.*s", (struct json_span){ "object", 6 });
	while (!rc && member(&walk, &key, &of))
		rc = one(&r, key, of);
	if (!rc && !(r.seen & 1))
		rc = refuse(&r, "\"%.*s\" is missing", (struct json_span){ "url", 3 });
	if (parts->has_body && !parts->method.ptr)
		parts->method = (struct json_span){ "POST", 4 };
	return rc;
}
