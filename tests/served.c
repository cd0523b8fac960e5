/* SPDX-License-Identifier: MIT */
/* served.c - see served.h. */
#include "tests/served.h"

#include <stdlib.h>

#include "tests/harness.h"

struct served served;

static const char *const hello = "hello";

static void count_free(void *body)
{
	(void)body;
	served.freed++;
}

int served_handle(void *arg, const struct http_server_request *request,
		  struct http_server_response *response)
{
	static const struct http_header type = { "X-Type", "a" };
	static const struct http_header broken = { "X-Type", "a\r\nb" };
	static const struct http_header framing = { "Content-Length", "1" };
	const char *path = request->target;

	CHECK(arg == &served.server);
	served.handled++;
	response->headers = &type;
	response->header_count = 1;
	response->body = hello;
	response->body_size = 5;
	response->free_body = count_free;
	if (strcmp(path, "/echo") == 0) {
		response->body = format("%s %s", request->method, request->body.ptr);
		response->body_size = strlen(response->body);
		CHECK_INT(request->body.ptr[request->body.len], '\0');
	} else if (strcmp(path, "/large") == 0) {
		response->body = served.large;
		response->body_size = sizeof(served.large);
	} else if (strcmp(path, "/fail") == 0) {
		return -EIO;
	} else if (strcmp(path, "/slow") == 0) {
		return async_sleep(1);
	} else if (strcmp(path, "/close") == 0) {
		response->close = true;
	} else if (strcmp(path, "/broken") == 0) {
		response->headers = &broken;
	} else if (strcmp(path, "/framing") == 0) {
		response->headers = &framing;
	} else if (path[1] >= '0' && path[1] <= '9') {
		response->status = atoi(path + 1);
	}
	return 0;
}

void served_start(void)
{
	struct net_listener *listener;

	CHECK_INT(net_listen(&listener, "127.0.0.1", 0), 0);
	served.port = net_listener_port(listener);
	CHECK_INT(http_server_start(&served.server, listener, &served.options, served_handle,
				    &served.server),
		  0);
}

struct net_stream *served_dial(void)
{
	struct net_stream *stream;

	CHECK_INT(net_connect(&stream, "127.0.0.1", served.port, NULL), 0);
	return stream;
}

void served_say(struct net_stream *stream, const char *text)
{
	CHECK_INT(net_write(stream, text, strlen(text)), 0);
}

char *served_hear_all(struct net_stream *stream, size_t *size)
{
	char *text = malloc(400000), *date;
	size_t used = 0;
	ssize_t n;

	while ((n = net_read(stream, text + used, 399999 - used)) > 0)
		used += n;
	CHECK(n == 0 || n == -ECONNRESET);
	text[used] = '\0';
	while ((date = strstr(text, "Date: "))) {
		size_t length = strstr(date, "\r\n") + 2 - date;

		memmove(date, date + length, used + 1 - (date + length - text));
		used -= length;
	}
	if (size)
		*size = used;
	return text;
}

size_t served_hear_head(struct net_stream *stream, char *buffer, size_t size)
{
	size_t used = 0;

	do {
		ssize_t n = net_read(stream, buffer + used, size - 1 - used);

		CHECK(n > 0);
		used += (size_t)n;
		buffer[used] = '\0';
	} while (!strstr(buffer, "\r\n\r\n"));
	return used;
}

void served_exchange(const char *text, const char *want)
{
	struct net_stream *stream = served_dial();
	char *got;

	served_say(stream, text);
	got = served_hear_all(stream, NULL);
	CHECK_STR(got, want);
	free(got);
	net_close(stream);
}

static int (*body_of_test)(void);

static int with_server(void *arg)
{
	(void)arg;
	served_start();
	CHECK_INT(body_of_test(), 0);
	CHECK_INT(http_server_stop(served.server, 10), 0);
	return 0;
}

void served_run(int (*fn)(void))
{
	body_of_test = fn;
	CHECK_INT(async_run_with(with_server, NULL,
				 &(struct async_run_options){ .virtual_clock = true }),
		  0);
}
