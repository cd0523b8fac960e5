/* SPDX-License-Identifier: MIT */
/*
 * server_connection.c - one connection, one task: read a request, call the handler, write.
 *
 * Requests that are sent ahead wait in the buffer. Every wait has a limit, since the peer may be
 * anybody: the head has one in all, the body and the response one for each step, and a body a least
 * speed. A request that cannot be answered by the handler is answered here, and the connection ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/headers.h"
#include "http/server.h"

/* How long, and for how many full buffers, a peer is listened to that did not ask for the end: see linger(). */
#define LINGER_SECONDS 1.0
#define LINGER_BUFFERS 64
/* Bytes of a body in a second: a byte now and then is no better than none. */
#define SLOWEST_BODY 256.0

/* ---- Reading --------------------------------------------------------------------------------- */

static int add_to_body(struct server_connection *c, struct json_span piece)
{
	size_t room = c->body_room ? c->body_room : 1024;
	char *body;

	while (room - c->body_size < piece.len + 1)
		room *= 2;
	if (room != c->body_room) {
		body = realloc(c->body, room);
		if (!body)
			return ASYNC_ENOMEM;
		c->body = body;
		c->body_room = room;
	}
	memcpy(c->body + c->body_size, piece.ptr, piece.len);
	c->body_size += piece.len;
	c->body[c->body_size] = '\0';
	return 0;
}

/* The next event that the bytes at hand give; PARSER_MORE when they are used up. */
static int next_event(struct server_connection *c)
{
	while (c->from < c->to) {
		struct json_span piece;
		size_t used;
		int rc =
			parser_feed(c->parser, c->buffer + c->from, c->to - c->from, &used, &piece);

		c->from += used;
		if (rc != PARSER_BODY)
			return rc;
		rc = add_to_body(c, piece);
		if (rc < 0)
			return rc;
	}
	return PARSER_MORE;
}

/* Reads once, and gives the next event. The buffer is empty. */
ASYNC_SUSPENDS
static int read_more(struct server_connection *c)
{
	ssize_t n = net_read(c->stream, c->buffer, sizeof(c->buffer));

	if (n < 0)
		return (int)n;
	if (n == 0)
		return parser_finish(c->parser);
	c->from = 0;
	c->to = n;
	return next_event(c);
}

/* PARSER_HEAD or a negative code. Until the first byte has come, the connection is idle. */
ASYNC_SUSPENDS
static int read_head(struct server_connection *c)
{
	const struct http_server_options *options = &c->server->options;
	struct async_timeout limit;
	int rc;

	c->busy = c->from < c->to;
	rc = next_event(c);
	if (rc != PARSER_MORE)
		return rc;
	async_timeout_begin(&limit,
			    c->first || c->busy ? options->head_timeout : options->idle_timeout);
	while (rc == PARSER_MORE) {
		rc = read_more(c);
		if (!c->busy && rc == PARSER_MORE)
			async_timeout_reschedule(&limit, options->head_timeout);
		c->busy = rc >= 0 || parser_bytes(c->parser) > 0;
	}
	return async_timeout_end(&limit, rc);
}

/* How long the next step of a body may take that was begun then. */
static double body_patience(const struct server_connection *c, double began)
{
	double idle = c->server->options.idle_timeout;
	double left = began + idle + (double)c->body_size / SLOWEST_BODY - async_time();

	if (left < 0)
		return 0;
	return left < idle ? left : idle;
}

/* PARSER_DONE or a negative code. */
ASYNC_SUSPENDS
static int read_body(struct server_connection *c)
{
	double began = async_time();
	int rc = next_event(c);

	while (rc == PARSER_MORE) {
		struct async_timeout limit;

		async_timeout_begin(&limit, body_patience(c, began));
		rc = async_timeout_end(&limit, read_more(c));
	}
	return rc;
}

/* ---- Writing --------------------------------------------------------------------------------- */

ASYNC_SUSPENDS
static int write_limited(struct server_connection *c, const void *data, size_t size)
{
	struct async_timeout limit;

	if (size == 0)
		return 0;
	async_timeout_begin(&limit, c->server->options.idle_timeout);
	return async_timeout_end(&limit, net_write(c->stream, data, size));
}

static const char *date_of(struct http_server *server)
{
	time_t now = time(NULL);

	if (now != server->date_at) {
		server_response_date(server->date, now);
		server->date_at = now;
	}
	return server->date;
}

ASYNC_SUSPENDS
static int write_response(struct server_connection *c, const struct http_server_response *response,
			  bool keep_alive)
{
	const struct parser_head *head = parser_head(c->parser);
	struct server_reply reply = {
		.response = response,
		.date = date_of(c->server),
		.head_request = head->method && strcmp(head->method, "HEAD") == 0,
		.keep_alive = keep_alive,
		.minor = head->minor,
	};
	struct server_bytes bytes;
	int rc = server_response_write(&reply, &bytes);

	if (rc < 0)
		return rc;
	rc = write_limited(c, bytes.data, bytes.size);
	free(bytes.data);
	return rc < 0 ? rc : write_limited(c, bytes.rest, bytes.rest_size);
}

/* Answers in the handler's place; the connection ends with that. */
ASYNC_SUSPENDS
static int refuse(struct server_connection *c, int status)
{
	static const struct http_header type = { "Content-Type", "text/plain" };
	char text[64];
	int length = snprintf(text, sizeof(text), "%d %s\n", status, parser_reason(status));
	struct http_server_response response = { .status = status,
						 .headers = &type,
						 .header_count = 1,
						 .body = text,
						 .body_size = length };

	return write_response(c, &response, false);
}

/*
 * Closing while the peer still sends would reset the connection, and the peer might lose the answer
 * that it has not read yet. So it is listened to for a moment, until it closes.
 */
ASYNC_SUSPENDS
static void linger(struct server_connection *c)
{
	struct async_timeout limit;
	size_t heard = 0;
	ssize_t n = 1;

	async_timeout_begin(&limit, LINGER_SECONDS);
	while (n > 0 && heard < LINGER_BUFFERS * sizeof(c->buffer)) {
		n = net_read(c->stream, c->buffer, sizeof(c->buffer));
		heard += n > 0 ? (size_t)n : 0;
	}
	async_timeout_end(&limit, n < 0 ? (int)n : 0);
}

/* ---- Requests -------------------------------------------------------------------------------- */

/* What a failure to read a request is answered with; 0: with nothing. */
static int status_of(const struct server_connection *c, int code)
{
	switch (code) {
	case HTTP_EPARSE:
	case HTTP_EFRAMING:
		return 400;
	case HTTP_EBODY_TOO_LARGE:
		return 413;
	case HTTP_EHEADER_OVERFLOW:
		return 431;
	case ASYNC_ENOMEM:
		return 503;
	case ASYNC_ETIMEOUT:
		return c->busy ? 408 : 0;
	default:
		return 0;
	}
}

/* A client with a large body may wait for leave to send it. */
ASYNC_SUSPENDS
static int maybe_continue(struct server_connection *c)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const struct parser_head *head = parser_head(c->parser);
	const char *expect = headers_find(head->headers, head->header_count, "expect");
	bool has_body = head->chunked || head->content_length > 0;

	/* The head's last byte is still in the buffer. With more, the body is on its way already. */
	if (!expect || strcasecmp(expect, "100-continue") != 0 || head->minor == 0 || !has_body ||
	    c->to - c->from > 1)
		return 0;
	return write_limited(c, interim, sizeof(interim) - 1);
}

/* PARSER_DONE or a negative code. */
ASYNC_SUSPENDS
static int read_request(struct server_connection *c)
{
	int rc;

	parser_begin(c->parser, &(struct parser_options){
					.request = true, .max_body = c->server->options.max_body });
	c->body_size = 0;
	rc = read_head(c);
	if (rc == PARSER_HEAD)
		rc = maybe_continue(c);
	return rc < 0 ? rc : read_body(c);
}

/* 0 when the connection goes on, negative when it has to end. */
ASYNC_SUSPENDS
static int answer(struct server_connection *c)
{
	struct http_server *server = c->server;
	const struct parser_head *head = parser_head(c->parser);
	struct http_server_request request = {
		.method = head->method,
		.target = head->target,
		.headers = head->headers,
		.header_count = head->header_count,
		.body = { c->body_size ? c->body : "", c->body_size },
		.peer = *net_peer(c->stream),
	};
	struct http_server_response response = { .status = 200 };
	bool goes_on = head->keep_alive, keep_alive;
	int rc = server->handler(server->arg, &request, &response);

	keep_alive = goes_on && !response.close && !server->stopping;
	if (rc >= 0)
		rc = write_response(c, &response, keep_alive);
	else if (rc != ASYNC_ECANCELED || async_cancelling(c->task) == 0)
		rc = HTTP_EREQUEST;
	if (response.free_body)
		response.free_body((void *)response.body);
	if (rc == HTTP_EREQUEST)
		rc = refuse(c, 500) < 0 ? rc : ASYNC_ECLOSED;
	/* Who meant to go on may have sent the next request already. */
	if (rc >= 0 && goes_on && !keep_alive && !server->stopping)
		linger(c);
	return rc < 0 || keep_alive ? rc : ASYNC_ECLOSED;
}

ASYNC_SUSPENDS
static void converse(struct server_connection *c)
{
	int rc = 0;

	while (rc >= 0 && !c->server->stopping) {
		rc = read_request(c);
		if (rc >= 0)
			rc = answer(c);
		else if (status_of(c, rc) && refuse(c, status_of(c, rc)) == 0)
			linger(c);
		c->busy = c->first = false;
		/* A large request's room is not kept for the small ones. */
		free(c->body);
		c->body = NULL;
		c->body_room = 0;
	}
}

/* ---- The task -------------------------------------------------------------------------------- */

static void connection_free(struct server_connection *c)
{
	struct http_server *server = c->server;

	net_close(c->stream);
	parser_free(c->parser);
	free(c);
	async_semaphore_release(&server->slots);
}

void server_connection_abandon(struct server_connection *c)
{
	list_remove(&c->node);
	net_close(c->stream);
	parser_free(c->parser);
	free(c->body);
	free(c);
}

ASYNC_SUSPENDS
static int serve(void *arg)
{
	struct server_connection *c = arg;
	struct http_server *server = c->server;
	struct async_timeout limit;
	int rc = server->stopping ? ASYNC_ECLOSED : 0;

	c->task = async_current_task();
	if (rc == 0 && server->options.tls) {
		async_timeout_begin(&limit, server->options.head_timeout);
		rc = async_timeout_end(&limit,
				       net_start_tls_server(c->stream, server->options.tls));
	}
	if (rc == 0)
		converse(c);
	list_remove(&c->node);
	server->count--;
	connection_free(c);
	server_task_ended(server);
	return 0;
}

int server_connection_start(struct http_server *server, struct net_stream *stream)
{
	struct async_task_options options = { .name = "http connection" };
	struct server_connection *c = malloc(sizeof(*c));
	int rc = ASYNC_ENOMEM;

	if (!c) {
		net_close(stream);
		async_semaphore_release(&server->slots);
		return rc;
	}
	memset(c, 0, offsetof(struct server_connection, buffer));
	c->server = server;
	c->stream = stream;
	c->first = true;
	c->parser = parser_new();
	if (c->parser)
		rc = async_spawn_with(serve, c, &options);
	if (rc < 0) {
		connection_free(c);
		return rc;
	}
	list_append(&server->connections, &c->node);
	server->tasks++;
	if (++server->count > server->peak)
		server->peak = server->count;
	return 0;
}
