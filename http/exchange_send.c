/* SPDX-License-Identifier: MIT */
/*
 * exchange_send.c - a request goes out: its head, with a small body behind it; then, if it was asked
 * to wait, what the server says to that; then the body.
 *
 * A server that refuses a request half way may have said why before it closed, so the end of the
 * connection is no failure here: the answer is looked for.
 */
#include "http/exchange.h"
#include "http/trace.h"

#define WAIT_FOR_CONTINUE 1.0 /* seconds: a server that knows nothing of it never answers */

/* One piece, for which the server has the time of write_timeout. */
ASYNC_SUSPENDS
static int put_piece(struct call *call, struct connection *connection, const char *piece,
		     size_t size, int64_t now)
{
	exchange_allow(call, connection, deadline_after(now, call->seconds.write),
		       HTTP_EWRITE_TIMEOUT);
	return net_write(connection->stream, piece, size);
}

/* What came of a write: 0, also when the connection has ended; else raised. */
static int written(const struct call *call, struct connection *connection, int rc)
{
	connection->write_failed = exchange_is_disconnect(rc);
	return rc < 0 && !connection->write_failed ? exchange_stream_failed(call, connection, rc)
						   : 0;
}

ASYNC_SUSPENDS
static int send_body(struct call *call, struct connection *connection)
{
	bool chunked = call->upload.length < 0;
	struct json_span chunk;
	const char *piece;
	ssize_t n;
	int rc = 0;

	do {
		exchange_allow_callback(call, connection);
		n = upload_next(&call->upload, &piece);
		if (n < 0)
			return (int)n;
		chunk = chunked ? upload_chunk(&call->upload, (size_t)n)
				: (struct json_span){ piece, (size_t)n };
		if (chunk.len > 0)
			rc = put_piece(call, connection, chunk.ptr, chunk.len, async_time_ns());
		rc = written(call, connection, rc);
		if (n > 0 && rc == 0)
			trace_event_of(call, connection, .event = HTTP_TRACE_CHUNK_SENT,
				       .data = piece, .size = (size_t)n);
	} while (n > 0 && rc == 0 && !connection->write_failed);
	return rc;
}

/* PARSER_MORE: send the body; PARSER_HEAD: this is the answer; or a failure, raised. */
ASYNC_SUSPENDS
static int wait_for_leave(struct call *call, struct connection *connection)
{
	struct async_timeout limit;
	struct json_span piece;
	int rc = PARSER_MORE;

	exchange_allow_callback(call, connection);
	async_timeout_begin(&limit, WAIT_FOR_CONTINUE);
	while (rc == PARSER_MORE && parser_head(connection->parser)->interim == 0) {
		rc = exchange_fill(call, connection);
		if (rc == PARSER_MORE)
			rc = exchange_feed(call, connection, &piece);
	}
	rc = async_timeout_end(&limit, rc);
	return rc == ASYNC_ETIMEOUT ? PARSER_MORE : rc;
}

ASYNC_SUSPENDS
int exchange_send(struct call *call, struct connection *connection, int64_t now, int *event)
{
	int rc = written(call, connection,
			 put_piece(call, connection, call->bytes.data, call->bytes.size, now));

	if (rc == 0)
		trace_event_of(call, connection, .event = HTTP_TRACE_HEADERS_SENT,
			       .data = call->bytes.data, .size = call->bytes.size);
	if (rc < 0 || connection->write_failed || call->bytes.has_body)
		return rc;
	if (call->options->expect_continue) {
		*event = wait_for_leave(call, connection);
		/* The server still waits for a body that will not come. */
		connection->write_failed = *event == PARSER_HEAD;
		if (*event != PARSER_MORE)
			return *event < 0 ? *event : 0;
	}
	return send_body(call, connection);
}
