/* SPDX-License-Identifier: MIT */
/*
 * served.h - what the server's tests share: a server on a port of its own, one handler, raw clients.
 *
 * The path says what the handler shall do: /echo, /large, /fail, /slow (for a second), /close, /broken
 * and /framing (headers that may not be), a status by its number; all else is hello.
 */
#ifndef LOOPHOUND_TESTS_SERVED_H
#define LOOPHOUND_TESTS_SERVED_H

#include "http/server.h"

struct served {
	struct http_server *server;
	int port;
	struct http_server_options options;
	unsigned freed, handled; /* bodies; requests */
	char large[100000];	 /* the body of /large */
};
extern struct served served;

int served_handle(void *arg, const struct http_server_request *request,
		  struct http_server_response *response);
void served_start(void);

/* Runs fn as the main task, under a virtual clock, with the server running. */
void served_run(int (*fn)(void));

ASYNC_SUSPENDS struct net_stream *served_dial(void);
ASYNC_SUSPENDS void served_say(struct net_stream *stream, const char *text);
/* Everything until the server hangs up, without Date headers; the caller frees it. size may be NULL. */
ASYNC_SUSPENDS char *served_hear_all(struct net_stream *stream, size_t *size);
/* Up to the end of a head, in however many pieces it comes. */
ASYNC_SUSPENDS size_t served_hear_head(struct net_stream *stream, char *buffer, size_t size);
/* Sends text on a connection of its own and compares all that comes back. */
ASYNC_SUSPENDS void served_exchange(const char *text, const char *want);

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
#define HELLO "HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 5\r\n\r\nhello"
#define HELLO_LAST                                                                       \
	"HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\n" \
	"hello"
#define REFUSED(line, length)                                                             \
	"HTTP/1.1 " line "\r\nContent-Type: text/plain\r\nContent-Length: " length "\r\n" \
	"Connection: close\r\n\r\n" line "\n"

#endif
