/* SPDX-License-Identifier: MIT */
/*
 * raw_server.c - the scripted peer: one task accepts, one task per connection plays a script.
 *
 * Nothing here judges what the client does: it is recorded, and the test looks at it. A step that
 * fails because the client has gone ends the script quietly.
 */
#include "tests/raw_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "tests/harness_stress.h"

#define REQUEST_LIMIT (256 * 1024)

void raw_settle(void)
{
	/* Busy turns may skip the poller; a timer, however short, makes the loop ask it. */
	for (int i = 0; i < 10; i++)
		(void)async_sleep(i % 2 ? 1e-5 : 0);
}

int raw_hear_hello(struct net_stream *stream)
{
	unsigned char record[2048]; /* hellos are some hundreds of bytes */
	size_t size = 5, have = 0;
	ssize_t n;

	/* A record says in its first five bytes how long it is. */
	for (; have < size && size <= sizeof record; have += (size_t)n) {
		n = net_read(stream, record + have, size - have);
		if (n <= 0)
			return -1;
		if (size == 5 && have + (size_t)n == 5)
			size += (size_t)(record[3] << 8 | record[4]);
	}
	return 0;
}

/* The end of the request in text, or 0 while it is not all there. */
static size_t request_end(const char *text, size_t size)
{
	const char *end = memmem(text, size, "\r\n\r\n", 4);
	size_t length = 0;

	if (end == NULL)
		return 0;
	for (const char *at = text; at < end; at++)
		if (at[0] == '\n' && strncasecmp(at + 1, "content-length:", 15) == 0)
			length = strtoul(at + 16, NULL, 10);
	length += (size_t)(end - text) + 4;
	return length <= size ? length : 0;
}

static void keep(struct raw_server *server, int connection, char *text, size_t size)
{
	if (server->request_count == RAW_MAX_REQUESTS) {
		free(text);
		return;
	}
	text[size] = '\0';
	server->requests[server->request_count].connection = connection;
	server->requests[server->request_count].text = text;
	server->requests[server->request_count].size = size;
	server->request_count++;
}

/* The client never pipelines, so whatever comes after one request is kept as part of it. */
static int take_request(struct raw_connection *connection)
{
	size_t size = 0, room = 4096;
	char *text = malloc(room + 1);

	while (text != NULL && request_end(text, size) == 0) {
		if (size == room) {
			char *larger = room < REQUEST_LIMIT ? realloc(text, 2 * room + 1) : NULL;

			if (larger == NULL)
				break;
			text = larger;
			room *= 2;
		}
		ssize_t n = net_read(connection->stream, text + size, room - size);
		if (n <= 0)
			break;
		size += (size_t)n;
	}
	if (text == NULL || request_end(text, size) == 0) {
		free(text);
		return -1;
	}
	keep(connection->server, connection->index, text, size);
	return 0;
}

/* How much of the step leaves next. */
static size_t next_piece(const struct raw_server *server, const struct raw_step *step, size_t done)
{
	size_t end = step->size;

	if (step->seconds > 0 || server->bytewise)
		return 1;
	if (server->second_cut > done && server->second_cut < end)
		end = server->second_cut;
	if (server->cut > done && server->cut < end)
		end = server->cut;
	return end - done;
}

static int deliver(struct raw_connection *connection, const struct raw_step *step)
{
	size_t piece;
	int rc = 0;

	for (size_t done = 0; rc == 0 && done < step->size; done += piece) {
		if (done > 0 && step->seconds > 0)
			rc = async_sleep(step->seconds);
		else if (done > 0)
			raw_settle();
		piece = next_piece(connection->server, step, done);
		if (rc == 0)
			rc = net_write(connection->stream, step->data + done, piece);
	}
	return rc;
}

static int flood(struct raw_connection *connection, const struct raw_step *step)
{
	size_t size = 16384 / step->size * step->size;
	char *block = malloc(size);
	int rc = block ? 0 : -ENOMEM;

	for (size_t at = 0; block && at < size; at += step->size)
		memcpy(block + at, step->data, step->size);
	while (rc == 0)
		rc = net_write(connection->stream, block, size);
	free(block);
	return rc;
}

static int hold(struct raw_connection *connection)
{
	char scratch[512];
	ssize_t n;

	do
		n = net_read(connection->stream, scratch, sizeof(scratch));
	while (n > 0);
	return -1;
}

static int reset(struct raw_connection *connection)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(net_fd(connection->stream), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	return -1;
}

static int play_step(struct raw_connection *connection, const struct raw_step *step)
{
	switch (step->verb) {
	case RAW_VERB_REQUEST:
		return take_request(connection);
	case RAW_VERB_SEND:
		return deliver(connection, step);
	case RAW_VERB_FLOOD:
		return flood(connection, step);
	case RAW_VERB_WAIT:
		return async_sleep(step->seconds);
	case RAW_VERB_EVENT:
		return async_event_wait(step->event);
	case RAW_VERB_SIGNAL:
		async_event_set(step->event);
		return 0;
	case RAW_VERB_HOLD:
		return hold(connection);
	case RAW_VERB_CUT:
		shutdown(net_fd(connection->stream), SHUT_WR);
		return -1;
	case RAW_VERB_RESET:
		return reset(connection);
	case RAW_VERB_CALL:
		return step->call(connection->stream);
	default:
		return -1;
	}
}

static int play(void *arg)
{
	struct raw_connection *connection = arg;
	struct raw_server *server = connection->server;
	int script = connection->index;
	int rc = 0;

	/* What is cut and when it ends is the script's: a reset, say, takes along what is not sent yet. */
	stress_spare(net_fd(connection->stream));
	if (script >= server->script_count)
		script = server->script_count - 1;
	if (server->tls != NULL)
		rc = net_start_tls_server(connection->stream, server->tls);
	for (const struct raw_step *step = server->scripts[script]; rc >= 0;) {
		if (step->verb == RAW_VERB_END)
			break;
		if (step->verb == RAW_VERB_AGAIN)
			step = server->scripts[script];
		else
			rc = play_step(connection, step++);
	}
	net_close(connection->stream);
	connection->open = false;
	server->open--;
	return 0;
}

static int accept_connections(void *arg)
{
	struct raw_server *server = arg;

	while (server->accepted < RAW_MAX_CONNECTIONS) {
		struct raw_connection *connection = &server->connections[server->accepted];

		int rc = net_accept(server->listener, &connection->stream);
		if (rc < 0 && rc > -4096)
			continue;
		if (rc < 0)
			break;
		connection->server = server;
		connection->index = server->accepted;
		connection->task = async_create_task(play, connection);
		if (connection->task == NULL) {
			net_close(connection->stream);
			continue;
		}
		connection->open = true;
		server->accepted++;
		server->open++;
	}
	for (int i = 0; i < server->accepted; i++) {
		struct raw_connection *connection = &server->connections[i];

		async_cancel(connection->task);
		(void)async_await(connection->task);
		/* Cancelled before its first step, it never ran. */
		if (connection->open)
			net_close(connection->stream);
		async_task_release(connection->task);
	}
	return 0;
}

int raw_server_start_with(struct raw_server *server, const struct raw_step *const *scripts,
			  int count)
{
	server->script_count = count < RAW_MAX_SCRIPTS ? count : RAW_MAX_SCRIPTS;
	memcpy(server->scripts, scripts, (size_t)server->script_count * sizeof(*scripts));
	int rc = net_listen(&server->listener, "127.0.0.1", 0);
	if (rc < 0)
		return rc;
	server->port = net_listener_port(server->listener);
	snprintf(server->url, sizeof(server->url), "%s://127.0.0.1:%d/",
		 server->tls ? "https" : "http", server->port);
	server->acceptor = async_create_task(accept_connections, server);
	if (server->acceptor == NULL) {
		net_listener_close(server->listener);
		server->listener = NULL;
		return async_last_error();
	}
	return 0;
}

void raw_server_stop(struct raw_server *server)
{
	async_cancel(server->acceptor);
	(void)async_await(server->acceptor);
	async_task_release(server->acceptor);
	net_listener_close(server->listener);
	for (int i = 0; i < server->request_count; i++)
		free(server->requests[i].text);
	*server = (struct raw_server){ 0 };
}
