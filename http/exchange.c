/* SPDX-License-Identifier: MIT */
/*
 * exchange.c - send, head, body.
 *
 * next_event() is the only reader: it hands out what the parser makes of the input, and reads more
 * when the parser asks for it. The time allowed for that read is set by the caller beforehand.
 */
#include "http/exchange.h"

#include <inttypes.h>
#include <string.h>

#include "http/headers.h"

/* A redirect's body up to that size is read, to keep the connection. */
#define DRAIN_LIMIT (64 * 1024)

/* ---- Limits of time -------------------------------------------------------------------------- */

static void allow(struct call *call, struct connection *connection, int64_t due, int code)
{
	if (due < call->due)
		deadline_move(&connection->deadline, due, code);
	else
		deadline_move(&connection->deadline, call->due, HTTP_ETOTAL_TIMEOUT);
}

static void allow_idle(struct call *call, struct connection *connection)
{
	allow(call, connection, deadline_after(async_time_ns(), call->seconds.idle),
	      HTTP_EBODY_IDLE);
}

/* While the caller's code runs, the server is not to blame for the time. */
static void allow_callback(struct call *call, struct connection *connection)
{
	allow(call, connection, DEADLINE_NEVER, 0);
}

/* ---- Failures -------------------------------------------------------------------------------- */

static bool is_disconnect(int rc)
{
	return rc == HTTP_ECLOSED_EARLY || rc == -ECONNRESET || rc == -EPIPE ||
	       rc == -ECONNABORTED || rc == NET_ETLS_TRUNCATED;
}

/* How far it got, "in the head" or "after 512 of 1000". */
static const char *progress(const struct call *call, char text[64])
{
	if (call->status == 0)
		snprintf(text, 64, "before the end of the head");
	else if (call->content_length >= 0)
		snprintf(text, 64, "after %" PRIu64 " of %" PRId64 " bytes of the body",
			 call->body_bytes, call->content_length);
	else
		snprintf(text, 64, "after %" PRIu64 " bytes of the body", call->body_bytes);
	return text;
}

static int stream_failed(const struct call *call, const struct connection *connection, int rc)
{
	char text[64];

	/* What has a code of its own was raised below, with details that only TLS knows. */
	if (rc < -4095)
		return rc;
	if (rc == -EPIPE)
		rc = -ECONNRESET;
	return async_raise(rc, "%s, %s %s", connection->peer, async_strerror(rc),
			   progress(call, text));
}

/* The peer has closed: whether that is an end or a failure depends on the framing. */
static int stream_ended(const struct call *call, const struct connection *connection, int read_rc)
{
	char text[64];
	int rc = parser_finish(connection->parser);

	if (rc >= 0 && read_rc < 0)
		return async_raise(read_rc,
				   "%s: the end came without close_notify, so the body may have "
				   "been cut short after %" PRIu64 " bytes",
				   connection->peer, parser_body_bytes(connection->parser));
	if (rc >= 0)
		return rc;
	if (rc == HTTP_ECLOSED_EARLY && connection->received == 0)
		return async_raise(rc, "%s closed the connection without an answer",
				   connection->peer);
	return async_raise(rc, "%s closed the connection %s", connection->peer,
			   progress(call, text));
}

static int parse_failed(struct call *call, const struct connection *connection, int rc)
{
	if (call->status == 0)
		call->status = parser_head(connection->parser)->status;
	return async_raise(rc, "%s", parser_why(connection->parser));
}

/* ---- Reading --------------------------------------------------------------------------------- */

ASYNC_SUSPENDS
static int next_event(struct call *call, struct connection *connection, struct json_span *piece)
{
	for (;;) {
		size_t used;
		int event = PARSER_MORE;

		if (connection->start < connection->end) {
			event = parser_feed(connection->parser,
					    connection->buffer + connection->start,
					    connection->end - connection->start, &used, piece);
			connection->start += used;
			call->body_bytes = parser_body_bytes(connection->parser);
		}
		if (event < 0)
			return parse_failed(call, connection, event);
		if (event != PARSER_MORE)
			return event;
		if (call->status != 0)
			allow_idle(call, connection);

		ssize_t n = net_read(connection->stream, connection->buffer, CONNECTION_BUFFER);
		if (n == 0 || n == NET_ETLS_TRUNCATED)
			return stream_ended(call, connection, (int)n);
		if (n < 0)
			return stream_failed(call, connection, (int)n);
		connection->start = 0;
		connection->end = (size_t)n;
		connection->received += (size_t)n;
	}
}

/* ---- Head ------------------------------------------------------------------------------------ */

ASYNC_SUSPENDS
static int send_request(struct call *call, struct connection *connection)
{
	int rc = net_write(connection->stream, call->bytes.data, call->bytes.size);

	if (rc == 0 && !call->bytes.has_body && call->body_size > 0)
		rc = net_write(connection->stream, call->body, call->body_size);
	return rc;
}

static void prepare(struct call *call, struct connection *connection)
{
	call_enter(call, "send", &call->timing.send);
	memcpy(call->peer, connection->peer, sizeof(call->peer));
	connection->received = 0;
	connection->write_failed = connection->reusable = false;
	connection->start = connection->end = 0;
	parser_begin(connection->parser, &(struct parser_options){
						 .head_request = strcmp(call->method, "HEAD") == 0,
						 .conditional = call->conditional,
						 .range = call->range,
						 .max_body = content_wire_limit(call->options),
					 });
}

ASYNC_SUSPENDS
int exchange_head(struct call *call, struct connection *connection)
{
	struct json_span piece;
	int64_t sent;
	int write_rc, rc;

	prepare(call, connection);
	allow_callback(call, connection);
	write_rc = send_request(call, connection);
	/* Who refuses a request half way may have said why before it closed: look for that. */
	connection->write_failed = is_disconnect(write_rc);
	if (write_rc < 0 && !connection->write_failed)
		return stream_failed(call, connection, write_rc);

	sent = call_enter(call, "head", &call->timing.first_byte);
	allow(call, connection, deadline_after(sent, call->seconds.head), HTTP_EHEADER_TIMEOUT);
	rc = next_event(call, connection, &piece);
	if (rc < 0)
		return rc;
	call->status = parser_head(connection->parser)->status;
	call->content_length = parser_head(connection->parser)->content_length;
	call_enter(call, "body", &call->timing.body);
	return 0;
}

static bool may_repeat(const struct call *call, const struct connection *connection)
{
	return connection->reused &&
	       (request_is_idempotent(call->method) ||
		headers_find(call->headers, call->header_count, "Idempotency-Key"));
}

bool exchange_is_late_timeout(const struct call *call, const struct connection *connection)
{
	return call->status == 408 && may_repeat(call, connection);
}

bool exchange_may_retry(const struct call *call, const struct connection *connection, int rc)
{
	return connection->received == 0 && is_disconnect(rc) && may_repeat(call, connection);
}

/* ---- Body ------------------------------------------------------------------------------------ */

/* The response is complete; is the connection as clean as it was before? */
static void conclude(struct call *call, struct connection *connection)
{
	connection->reusable =
		parser_head(connection->parser)->keep_alive && !connection->write_failed;
	if (connection->start < connection->end) {
		connection->reusable = false;
		call->session->surplus++;
	}
}

ASYNC_SUSPENDS
int exchange_body(struct call *call, struct connection *connection, struct content *content)
{
	struct json_span piece;
	int rc;

	while ((rc = next_event(call, connection, &piece)) == PARSER_BODY) {
		if (call->options->on_body || call->options->on_memory)
			allow_callback(call, connection);
		rc = content_take(content, call, piece);
		if (rc < 0)
			return rc;
	}
	if (rc == PARSER_DONE)
		conclude(call, connection);
	return rc < 0 ? rc : content_end(content);
}

ASYNC_SUSPENDS
int exchange_drain(struct call *call, struct connection *connection)
{
	struct json_span piece;
	int rc = PARSER_BODY;

	if (call->content_length > DRAIN_LIMIT)
		return 0;
	while (rc == PARSER_BODY && call->body_bytes <= DRAIN_LIMIT)
		rc = next_event(call, connection, &piece);
	if (rc == PARSER_DONE)
		conclude(call, connection);
	return rc < 0 ? rc : 0;
}
