/* SPDX-License-Identifier: MIT */
/*
 * exchange.c - head and body; exchange_send.c is what comes before them.
 *
 * next_event() hands out what the parser makes of the input, and reads more
 * when the parser asks for it. The time allowed for that read is set by the caller beforehand.
 */
#include "http/exchange.h"

#include <inttypes.h>
#include <string.h>

#include "http/headers.h"
#include "http/trace.h"

/* A redirect's body up to that size, and for so long, is read, to keep the connection. */
#define DRAIN_LIMIT (64 * 1024)
#define DRAIN_SECONDS 1.0
/* A MiB is decoded in some milliseconds; then others have their turn. */
#define PULLS_IN_A_ROW 64

/* ---- Limits of time -------------------------------------------------------------------------- */

void exchange_allow(struct call *call, struct connection *connection, int64_t due, int code)
{
	if (due < call->due)
		deadline_move(&connection->deadline, due, code);
	else
		deadline_move(&connection->deadline, call->due, HTTP_ETOTAL_TIMEOUT);
}

static void allow_idle(struct call *call, struct connection *connection)
{
	int64_t now = async_time_ns();
	int64_t idle = deadline_after(now, call->seconds.idle);
	int64_t slow = pace_due(&call->pace, now, call->body_bytes);

	exchange_allow(call, connection, idle < slow ? idle : slow,
		       idle < slow ? HTTP_EBODY_IDLE : HTTP_EBODY_SLOW);
}

/* While the caller's code runs, the server is not to blame for the time. */
void exchange_allow_callback(struct call *call, struct connection *connection)
{
	exchange_allow(call, connection, DEADLINE_NEVER, 0);
}

/* ---- Failures -------------------------------------------------------------------------------- */

bool exchange_is_disconnect(int rc)
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

int exchange_stream_failed(const struct call *call, const struct connection *connection, int rc)
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

int exchange_feed(struct call *call, struct connection *connection, struct json_span *piece)
{
	size_t used;
	int event;

	if (connection->start == connection->end)
		return PARSER_MORE;
	event = parser_feed(connection->parser, connection->buffer->data + connection->start,
			    connection->end - connection->start, &used, piece);
	connection->start += used;
	call->body_bytes = parser_body_bytes(connection->parser);
	return event < 0 ? parse_failed(call, connection, event) : event;
}

ASYNC_SUSPENDS
int exchange_fill(struct call *call, struct connection *connection)
{
	int rc = connection->buffer ? 0 : connection_take_buffer(connection);
	ssize_t n;

	if (rc < 0)
		return rc;
	n = net_read(connection->stream, connection->buffer->data, CONNECTION_BUFFER);
	if (n == 0 || n == NET_ETLS_TRUNCATED)
		return stream_ended(call, connection, (int)n);
	if (n < 0)
		return exchange_stream_failed(call, connection, (int)n);
	connection->start = 0;
	connection->end = (size_t)n;
	connection->received += (size_t)n;
	return PARSER_MORE;
}

ASYNC_SUSPENDS
static int next_event(struct call *call, struct connection *connection, struct json_span *piece)
{
	int event;

	for (;;) {
		event = exchange_feed(call, connection, piece);
		if (event != PARSER_MORE)
			return event;
		if (call->status != 0)
			allow_idle(call, connection);
		event = exchange_fill(call, connection);
		if (event != PARSER_MORE)
			return event;
	}
}

/* ---- Head ------------------------------------------------------------------------------------ */

/* Returns the present. */
static int64_t prepare(struct call *call, struct connection *connection)
{
	int64_t now = call_enter(call, "send", &call->timing.send);

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
	return now;
}

ASYNC_SUSPENDS
int exchange_head(struct call *call, struct connection *connection)
{
	struct json_span piece;
	int event = PARSER_MORE;
	int64_t sent;
	int rc = upload_rewind(&call->upload);

	if (rc < 0)
		return rc;
	rc = exchange_send(call, connection, prepare(call, connection), &event);
	if (rc < 0)
		return rc;
	sent = call_enter(call, "head", &call->timing.first_byte);
	exchange_allow(call, connection, deadline_after(sent, call->seconds.head),
		       HTTP_EHEADER_TIMEOUT);
	if (event != PARSER_HEAD)
		event = next_event(call, connection, &piece);
	if (event < 0)
		return event;
	call->status = parser_head(connection->parser)->status;
	call->content_length = parser_head(connection->parser)->content_length;
	trace_event_of(call, connection, .event = HTTP_TRACE_HEAD_RECEIVED,
		       .headers = parser_head(connection->parser)->headers,
		       .header_count = parser_head(connection->parser)->header_count);
	call_enter(call, "body", &call->timing.body);
	return 0;
}

static bool may_repeat(const struct call *call, const struct connection *connection)
{
	return connection->reused && upload_can_repeat(&call->upload) &&
	       (request_is_idempotent(call->method) ||
		headers_find(call->headers, call->header_count, "Idempotency-Key"));
}

bool exchange_is_late_timeout(const struct call *call, const struct connection *connection)
{
	return call->status == 408 && may_repeat(call, connection);
}

bool exchange_may_retry(const struct call *call, const struct connection *connection, int rc)
{
	return connection->received == 0 && exchange_is_disconnect(rc) &&
	       may_repeat(call, connection);
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
int exchange_pull(struct call *call, struct connection *connection, struct content *content,
		  struct json_span *piece)
{
	struct json_span raw;
	int rc;

	/* Before anything is taken, so that a cancellation loses nothing. */
	if (content->decode && ++call->pulls % PULLS_IN_A_ROW == 0) {
		rc = async_sleep(0);
		if (rc < 0)
			return rc;
	}
	while ((rc = content_next(content, piece)) == 0) {
		rc = next_event(call, connection, &raw);
		if (rc < 0)
			return rc;
		if (rc == PARSER_DONE) {
			conclude(call, connection);
			return content_end(content);
		}
		trace_event_of(call, connection, .event = HTTP_TRACE_CHUNK_RECEIVED,
			       .data = raw.ptr, .size = raw.len);
		content_feed(content, raw);
	}
	if (rc > 0)
		trace_event_of(call, connection, .event = HTTP_TRACE_CHUNK_DECODED,
			       .data = piece->ptr, .size = piece->len);
	return rc;
}

/* What the caller's functions do meanwhile is not the server's fault. */
ASYNC_SUSPENDS
static int keep(struct call *call, struct connection *connection, struct content *content,
		struct json_span piece)
{
	int64_t then;
	int rc;

	if (!call->options->on_body && !call->options->on_memory)
		return content_keep(content, call, piece);
	exchange_allow_callback(call, connection);
	then = call->pace.limit ? async_time_ns() : 0;
	rc = content_keep(content, call, piece);
	if (call->pace.limit)
		pace_excuse(&call->pace, then, async_time_ns());
	return rc;
}

ASYNC_SUSPENDS
int exchange_body(struct call *call, struct connection *connection, struct content *content)
{
	struct json_span piece;
	int rc;

	while ((rc = exchange_pull(call, connection, content, &piece)) > 0) {
		rc = keep(call, connection, content, piece);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* PARSER_BODY: it is too long. */
ASYNC_SUSPENDS
static int drain(struct call *call, struct connection *connection)
{
	struct json_span piece;
	int rc = PARSER_BODY;

	while (rc == PARSER_BODY && call->body_bytes <= DRAIN_LIMIT)
		rc = next_event(call, connection, &piece);
	return rc;
}

ASYNC_SUSPENDS
int exchange_drain(struct call *call, struct connection *connection)
{
	struct async_timeout limit;
	int rc;

	if (call->content_length > DRAIN_LIMIT)
		return 0;
	async_timeout_begin(&limit, DRAIN_SECONDS);
	rc = async_timeout_end(&limit, drain(call, connection));
	if (rc == PARSER_DONE)
		conclude(call, connection);
	return rc < 0 && rc != ASYNC_ETIMEOUT ? rc : 0;
}

void exchange_discard(struct call *call, struct connection *connection)
{
	struct json_span piece;
	int event;

	do
		event = exchange_feed(call, connection, &piece);
	while (event == PARSER_BODY);
	if (event == PARSER_DONE)
		conclude(call, connection);
}
