/* SPDX-License-Identifier: MIT */
/* follow.c - an answer with a Location makes the next request of the call. */
#include "http/follow.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/headers.h"
#include "http/trace.h"

#define DEFAULT_REDIRECTS 10

const char *follow_location(const struct call *call, const struct connection *connection)
{
	const struct parser_head *head = parser_head(connection->parser);
	const char *location;

	if (call->options->max_redirects < 0 || !redirect_is(call->status))
		return NULL;
	location = headers_find(head->headers, head->header_count, "location");
	return location && *location ? location : NULL;
}

static int filter_headers(struct call *call, bool keep_body)
{
	size_t size = call->header_count * sizeof(*call->headers);

	if (size == 0 || (!call->crossed && keep_body))
		return 0;
	if (!call->filtered) {
		call->filtered = malloc(size);
		if (!call->filtered)
			return ASYNC_ENOMEM;
		memcpy(call->filtered, call->headers, size);
		call->headers = call->filtered;
	}
	call->header_count =
		redirect_filter(call->filtered, call->header_count, call->crossed, keep_body);
	return 0;
}

static int remember(struct call *call)
{
	size_t count = (size_t)call->redirects;
	struct http_redirect *longer = realloc(call->history, (count + 1) * sizeof(*longer));
	char *url = longer ? strdup(call->url->text) : NULL;

	if (longer)
		call->history = longer;
	if (!url)
		return ASYNC_ENOMEM;
	longer[count] = (struct http_redirect){ .status = call->status, .url = url };
	call->redirects++;
	return 0;
}

void follow_forget(struct http_redirect *history, int count)
{
	for (int i = 0; history && i < count; i++)
		free((char *)history[i].url);
	free(history);
}

/* next, and whatever follows from the answer, becomes the request at hand. Takes next over. */
static int turn_to(struct call *call, const struct connection *connection, struct url *next)
{
	bool keep_body, crossed = !url_same_origin(call->url, next);
	const char *method = redirect_method(call->status, call->method, &keep_body);
	int rc = 0;

	if (!call->visits)
		rc = redirect_visit(&call->visits, call->method, call->url);
	if (rc == 0)
		rc = redirect_visit(&call->visits, method, next);
	call->crossed |= crossed;
	if (rc == 0)
		rc = filter_headers(call, keep_body);
	if (rc == 0)
		rc = remember(call);
	if (rc < 0) {
		async_raise(rc, "%s at %.200s",
			    rc == HTTP_EREDIRECT_LOOP ? "redirects run in a circle" : "no memory",
			    next->text);
		url_free(next);
		return rc;
	}
	call->deny_kinds |= redirect_deny_kinds(connection->kind, crossed,
						call->session->options.allow_private_redirects);
	call->method = method;
	if (!keep_body)
		upload_forget(&call->upload);
	if (call->url != call->first)
		url_free(call->url);
	call->url = next;
	return 0;
}

/* Two that differ: a proxy or a filter may have followed the other one. */
static bool is_ambiguous(const struct connection *connection, const char *location)
{
	const struct parser_head *head = parser_head(connection->parser);

	for (size_t i = 0; i < head->header_count; i++)
		if (strcasecmp(head->headers[i].name, "Location") == 0 &&
		    strcmp(head->headers[i].value, location) != 0)
			return true;
	return false;
}

int follow(struct call *call, const struct connection *connection, const char *location)
{
	int max = call->options->max_redirects ? call->options->max_redirects : DEFAULT_REDIRECTS;
	char why[URL_WHY];
	struct url *next;
	int rc;

	call->phase = "redirect";
	if (is_ambiguous(connection, location))
		return async_raise(HTTP_EPARSE, "%s sends to two places: two Location headers",
				   call->url->text);
	if (call->redirects >= max)
		return async_raise(HTTP_EREDIRECT_LIMIT,
				   "%d redirects followed, and yet %s sends on", max,
				   call->url->text);
	rc = redirect_resolve(&next, call->url, location, call->options->allow_downgrade, why);
	if (rc < 0)
		return async_raise(rc, "redirect from %s: %s", call->url->text, why);
	trace_event(call, .event = HTTP_TRACE_REDIRECT, .data = next->text,
		    .size = strlen(next->text));
	return turn_to(call, connection, next);
}
