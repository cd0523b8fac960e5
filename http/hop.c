/* SPDX-License-Identifier: MIT */
/*
 * hop.c - lease, connection, exchange.
 *
 * Whatever happens in a hop, its connection is kept or closed, and its lease is given back, by
 * hop_end() alone.
 */
#include "http/hop.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "http/dial.h"
#include "http/exchange.h"
#include "http/follow.h"
#include "http/headers.h"
#include "http/response.h"
#include "http/trace.h"

/* ---- Connections ----------------------------------------------------------------------------- */

ASYNC_SUSPENDS
static int take_connection(struct call *call, bool fresh)
{
	struct http_session *session = call->session;
	struct connection *idle =
		fresh ? NULL : pool_take_idle(&session->pool, call->origin, call->mark);

	if (!idle)
		return dial(call, &call->connection);
	call->connection = idle;
	idle->reused = true;
	session->reused++;
	trace_event_of(call, idle, .event = HTTP_TRACE_REUSE);
	if (idle->kind & (session->options.deny_kinds | call->deny_kinds)) {
		call->phase = "connect";
		return async_raise(NET_EADDR_BLOCKED, "%s (%s) may not be connected to",
				   call->url->authority, idle->peer);
	}
	return 0;
}

static void close_connection(struct call *call)
{
	connection_close(call->connection);
	call->connection = NULL;
}

static void forget_answer(struct call *call)
{
	call->status = 0;
	call->content_length = -1;
	call->body_bytes = 0;
}

/* A connection that has answered, up to the end of the head. */
ASYNC_SUSPENDS
static int get_answer(struct call *call)
{
	bool fresh = false;
	int rc;

	for (;;) {
		rc = take_connection(call, fresh);
		if (rc < 0)
			return rc;
		call->session->requests++;
		deadline_begin(&call->connection->deadline, &call->limit);
		rc = exchange_head(call, call->connection);
		if (rc >= 0 && !exchange_is_late_timeout(call, call->connection))
			return rc;
		/* It was a reused one, so the next one, which is fresh, cannot come here. */
		fresh = rc >= 0 || exchange_may_retry(call, call->connection, rc);
		if (!fresh)
			return rc;
		close_connection(call);
		forget_answer(call);
	}
}

void hop_end(struct call *call, int rc)
{
	struct connection *connection = call->connection;
	struct pool_origin *origin = call->origin;

	if (connection)
		deadline_end(&connection->deadline);
	if (connection && (rc < 0 || !connection->reusable))
		close_connection(call);
	connection = call->connection;
	call->connection = NULL;
	call->origin = NULL;
	pool_release(&call->session->pool, origin, connection,
		     call_enter(call, call->phase, call->clock));
}

/* ---- Request and answer ---------------------------------------------------------------------- */

/* What the request's own headers allow the response to be. */
static void study_headers(struct call *call)
{
	call->conditional = false;
	call->range = NULL;
	for (size_t i = 0; i < call->header_count; i++) {
		const char *name = call->headers[i].name;

		call->conditional |= strcasecmp(name, "If-None-Match") == 0 ||
				     strcasecmp(name, "If-Modified-Since") == 0;
		if (strcasecmp(name, "Range") == 0)
			call->range = call->headers[i].value;
	}
}

/* The jar's cookies for the URL at hand; for free(). */
static int find_cookies(struct call *call, char **out)
{
	*out = NULL;
	if (!call->session->options.cookies ||
	    headers_find(call->headers, call->header_count, "Cookie"))
		return 0;
	return cookies_get(&call->session->cookies, call->url, (int64_t)time(NULL), out);
}

/* Whatever else becomes of an answer, its cookies are kept. */
static int keep_cookies(struct call *call, const struct connection *connection)
{
	const struct parser_head *head = parser_head(connection->parser);
	int64_t now = (int64_t)time(NULL);
	int rc = 0;

	for (size_t i = 0; i < head->header_count && rc >= 0; i++)
		if (strcmp(head->headers[i].name, "set-cookie") == 0)
			rc = cookies_set(&call->session->cookies, call->url, head->headers[i].value,
					 now);
	return rc < 0 ? async_raise(rc, "no memory for a cookie") : 0;
}

static int write_request(struct call *call)
{
	char why[REQUEST_WHY];
	struct url url = *call->url;
	struct request request = {
		.method = call->method,
		.url = &url,
		.headers = call->headers,
		.header_count = call->header_count,
		.user_agent = call->session->options.user_agent,
		.upload = &call->upload,
		.expect_continue = call->options->expect_continue,
		.keep_encoding = call->options->keep_encoding,
		.absolute = call_is_forwarded(call),
	};
	char *cookies;
	int rc = find_cookies(call, &cookies);

	if (rc < 0)
		return async_raise(rc, "no memory for cookies");
	request.cookies = cookies;
	/* A Location brings no user information, and the caller's is for the caller's server. */
	url.userinfo = call->crossed	? NULL
		       : call->userinfo ? call->userinfo
					: call->first->userinfo;
	if (request.absolute)
		request.proxy_userinfo = call->proxy->url->userinfo;
	rc = request_write(&request, &call->bytes, why);
	free(cookies);
	if (rc < 0)
		return async_raise(rc, "%s", rc == HTTP_EREQUEST ? why : async_strerror(rc));
	study_headers(call);
	return 0;
}

/* The answer is the response. */
ASYNC_SUSPENDS
static int use_body(struct call *call, struct http_response **out)
{
	struct connection *connection = call->connection;
	struct content content;
	int rc = content_begin(&content, call, parser_head(connection->parser));

	if (rc == 0)
		rc = exchange_body(call, connection, &content);
	if (rc == 0)
		rc = response_make(out, call, connection, &content.body);
	content_drop(&content, call);
	return rc;
}

/* The same, but for its body, which the caller will ask for. */
ASYNC_SUSPENDS
static int begin_stream(struct call *call, struct http_response **out)
{
	struct connection *connection = call->connection;
	struct body none = { 0 };
	int rc = content_begin(call->stream, call, parser_head(connection->parser));

	if (rc == 0)
		rc = response_make(out, call, connection, &none);
	if (rc < 0)
		content_drop(call->stream, call);
	return rc;
}

/* From the end of the head on: 0 and *out is the response, or 1: there is another hop to make. */
ASYNC_SUSPENDS
static int use_answer(struct call *call, struct http_response **out)
{
	struct connection *connection = call->connection;
	const char *location = follow_location(call, connection);
	int rc = call->session->options.cookies ? keep_cookies(call, connection) : 0;

	if (rc < 0)
		return rc;
	if (call->status == 407 && call_is_forwarded(call)) {
		call->phase = "proxy";
		return async_raise(
			HTTP_EPROXY_AUTH, "proxy %s wants %s (407)", call->proxy->url->authority,
			call->proxy->url->userinfo ? "other credentials" : "credentials");
	}
	if (location) {
		rc = follow(call, connection, location);
		if (rc == 0)
			rc = exchange_drain(call, connection);
		return rc < 0 ? rc : 1;
	}
	return call->stream ? begin_stream(call, out) : use_body(call, out);
}

ASYNC_SUSPENDS
static int make(struct call *call, struct http_response **out)
{
	int64_t due = deadline_after(call->mark, call->seconds.pool);
	int rc;

	/* The clock is read only where a phase may have taken time: it costs as much as a malloc. */
	call->phase = "queue";
	call->clock = &call->timing.queue;
	trace_event(call, .event = HTTP_TRACE_QUEUED_START);
	rc = pool_acquire(&call->session->pool, &call->origin, call->url->origin, &call->limit,
			  due < call->due ? due : call->due,
			  due < call->due ? HTTP_EPOOL_TIMEOUT : HTTP_ETOTAL_TIMEOUT);
	trace_event(call, .event = HTTP_TRACE_QUEUED_END, .code = rc);
	if (rc < 0)
		return rc;
	rc = get_answer(call);
	if (rc >= 0)
		rc = use_answer(call, out);
	if (rc != 0 || !call->stream)
		hop_end(call, rc);
	return rc;
}

ASYNC_SUSPENDS
int hop_make(struct call *call, struct http_response **out)
{
	int rc;

	forget_answer(call);
	call->peer[0] = '\0';
	call->proxy = call->session->options.unix_socket
			      ? NULL
			      : proxy_choose(&call->session->proxies, call->url);
	rc = write_request(call);
	if (rc < 0)
		return rc;
	rc = make(call, out);
	free(call->bytes.data);
	call->bytes.data = NULL;
	return rc;
}
