/* SPDX-License-Identifier: MIT */
/* pages.c - the Link header is read leniently: what cannot be read in it is no link. */
#include "app/pages.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "net/net.h"

/* ---- The Link header ------------------------------------------------------------------------- */

static const char *blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* "next" among the words of a rel. */
static bool has_next(struct json_span value)
{
	const char *at = value.ptr, *end = at + value.len;

	while (at < end) {
		size_t length = strcspn(at, " \t\"");

		length = length < (size_t)(end - at) ? length : (size_t)(end - at);
		if (length == 4 && !strncasecmp(at, "next", 4))
			return true;
		at += length + 1;
	}
	return false;
}

/* A parameter's value, quoted or not; at stands behind the "=". */
static const char *parameter(const char *at, struct json_span *value)
{
	if (*at != '"') {
		*value = (struct json_span){ at, strcspn(at, ";, \t") };
		return at + value->len;
	}
	value->ptr = ++at;
	for (; *at && *at != '"'; at++)
		if (*at == '\\' && at[1])
			at++;
	value->len = (size_t)(at - value->ptr);
	return *at ? at + 1 : at;
}

/* Over the parameters of one link; only the first rel counts. */
static const char *parameters(const char *at, bool *next)
{
	bool seen = false;

	*next = false;
	for (at = blanks(at); *at == ';'; at = blanks(at)) {
		const char *name = blanks(at + 1);
		size_t length = strcspn(name, "=;, \t");
		struct json_span value = { name, 0 };

		at = blanks(name + length);
		if (*at == '=')
			at = parameter(blanks(at + 1), &value);
		if (length == 3 && !strncasecmp(name, "rel", 3) && !seen) {
			*next = has_next(value);
			seen = true;
		}
	}
	return at;
}

static bool next_in(const char *at, struct text *link)
{
	for (;;) {
		const char *from, *close;
		bool next;

		at += strspn(at, " \t,");
		if (*at != '<')
			return false;
		from = at + 1;
		close = strchr(from, '>');
		if (!close)
			return false;
		at = parameters(close + 1, &next);
		if (next) {
			text_bytes(link, from, (size_t)(close - from));
			return true;
		}
		if (*at && *at != ',')
			return false;
	}
}

static int from_header(const struct http_response *response, struct text *link)
{
	for (size_t i = 0; i < response->header_count; i++)
		if (!strcasecmp(response->headers[i].name, "link") &&
		    next_in(response->headers[i].value, link))
			return 1;
	return 0;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static bool is(struct json_span value, const char *word)
{
	return value.len == strlen(word) && !memcmp(value.ptr, word, value.len);
}

static int from_json(const char *path, const struct http_response *response, struct text *link)
{
	struct json_span value;
	int rc;

	/* No page: an error that is none by --fail-on-status, or nothing by its status. */
	if (response->status / 100 != 2 || response->status == 204 || response->status == 205)
		return 0;
	rc = json_look(json_without_mark(response->body), path, &value);
	if (rc)
		return rc < 0 ? rc : 0;
	if (value.ptr > response->body.ptr && value.ptr[-1] == '"') {
		text_json_unescape(link, value);
		return value.len > 0;
	}
	return is(value, "null") || is(value, "false") ? 0 : HTTP_EJSON;
}

int pages_link(const char *how, const struct http_response *response, struct text *link)
{
	return *how == '$' ? from_json(how, response, link) : from_header(response, link);
}

/* ---- Where it leads -------------------------------------------------------------------------- */

int pages_resolve(const char *own, const char *at, struct json_span link, struct url **next,
		  char why[PAGES_WHY])
{
	struct url *asked = NULL, *answered = NULL;
	int rc = url_parse(&asked, own, strlen(own), why);

	*next = NULL;
	if (!rc)
		rc = url_parse(&answered, at, strlen(at), why);
	if (!rc)
		rc = url_resolve(next, answered, link.ptr, link.len, why);
	if (!rc && !url_same_origin(asked, *next)) {
		snprintf(why, PAGES_WHY, "the next page is at another origin, %.200s",
			 (*next)->origin);
		rc = NET_EADDR_BLOCKED;
		url_free(*next);
		*next = NULL;
	}
	url_free(asked);
	url_free(answered);
	return rc;
}
