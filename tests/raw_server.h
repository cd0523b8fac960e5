/* SPDX-License-Identifier: MIT */
/*
 * raw_server.h - a peer that does exactly what a script says, byte for byte.
 *
 * It runs on the loop of the test. The n-th connection plays the n-th script; the last script is
 * played again by all later ones. A script that ends closes its connection.
 *
 *     static const struct raw_step hello[] = {
 *             RAW_REQUEST, RAW_SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), RAW_HOLD,
 *             RAW_END };
 *     raw_server_start(&server, hello);
 *     http_request(session, server.url, ...);
 *     CHECK_CONTAINS(server.requests[0].text, "GET / HTTP/1.1\r\n");
 *     raw_server_stop(&server);
 */
#ifndef LOOPHOUND_TESTS_RAW_SERVER_H
#define LOOPHOUND_TESTS_RAW_SERVER_H

#include "net/net.h"
#include "runtime/async.h"

enum raw_verb {
	RAW_VERB_END,
	RAW_VERB_REQUEST,
	RAW_VERB_SEND,
	RAW_VERB_FLOOD,
	RAW_VERB_WAIT,
	RAW_VERB_EVENT,
	RAW_VERB_SIGNAL,
	RAW_VERB_HOLD,
	RAW_VERB_CUT,
	RAW_VERB_RESET,
	RAW_VERB_AGAIN,
	RAW_VERB_CALL,
};

struct raw_step {
	enum raw_verb verb;
	int (*call)(struct net_stream *stream);
	const char *data;
	size_t size;
	double seconds;
	struct async_event *event;
};

#define RAW_END                      \
	{                            \
		.verb = RAW_VERB_END \
	}
/* Reads one whole request, Content-Length body included, and keeps it in server.requests. */
#define RAW_REQUEST                      \
	{                                \
		.verb = RAW_VERB_REQUEST \
	}
/* A string literal; NULs in it are sent too. */
#define RAW_SEND(text)                                                          \
	{                                                                       \
		.verb = RAW_VERB_SEND, .data = (text), .size = sizeof(text) - 1 \
	}
#define RAW_SEND_BYTES(bytes, count)                                    \
	{                                                               \
		.verb = RAW_VERB_SEND, .data = (bytes), .size = (count) \
	}
/* One byte at a time, so many seconds apart. */
#define RAW_TRICKLE(text, gap)                                                                    \
	{                                                                                         \
		.verb = RAW_VERB_SEND, .data = (text), .size = sizeof(text) - 1, .seconds = (gap) \
	}
/* The same text again and again until the client goes away. */
#define RAW_FLOOD(text)                                                          \
	{                                                                        \
		.verb = RAW_VERB_FLOOD, .data = (text), .size = sizeof(text) - 1 \
	}
#define RAW_WAIT(time)                                   \
	{                                                \
		.verb = RAW_VERB_WAIT, .seconds = (time) \
	}
/* Waits for an event of the test; sets one. */
#define RAW_AWAIT(e)                                 \
	{                                            \
		.verb = RAW_VERB_EVENT, .event = (e) \
	}
#define RAW_SIGNAL(e)                                 \
	{                                             \
		.verb = RAW_VERB_SIGNAL, .event = (e) \
	}
/* Reads and drops until the client closes. */
#define RAW_HOLD                      \
	{                             \
		.verb = RAW_VERB_HOLD \
	}
/* A FIN and nothing before it: for TLS, without close_notify. */
#define RAW_CUT                      \
	{                            \
		.verb = RAW_VERB_CUT \
	}
#define RAW_RESET                      \
	{                              \
		.verb = RAW_VERB_RESET \
	}
/* Starts the script anew on the same connection; ends when the client closes. */
#define RAW_AGAIN                      \
	{                              \
		.verb = RAW_VERB_AGAIN \
	}

/* A function of the test; a negative result ends the script. It may suspend. */
#define RAW_CALL(function)                                \
	{                                                 \
		.verb = RAW_VERB_CALL, .call = (function) \
	}

#define RAW_MAX_SCRIPTS 8
#define RAW_MAX_REQUESTS 512
#define RAW_MAX_CONNECTIONS 256

struct raw_connection {
	struct raw_server *server;
	struct net_stream *stream;
	struct async_task *task;
	int index;
	bool open;
};

struct raw_server {
	const struct raw_step *scripts[RAW_MAX_SCRIPTS];
	int script_count;
	/* Set before a request to have each SEND leave in pieces, cut there; 0: no such cut. */
	size_t cut, second_cut;
	bool bytewise;		     /* or in single bytes */
	struct net_tls_context *tls; /* of the test; NULL: plain */

	int port;
	char url[64]; /* "http://127.0.0.1:PORT/" */
	int accepted; /* connections so far */
	int open;     /* connections that the script and the client have both left open */
	int request_count;
	struct {
		int connection;
		char *text;
		size_t size;
	} requests[RAW_MAX_REQUESTS];

	struct net_listener *listener; /* private from here on */
	struct async_task *acceptor;
	struct raw_connection connections[RAW_MAX_CONNECTIONS];
};

/* 0, or a negative code (memory). Too large for a coroutine's stack: make it static. */
#define raw_server_start(server, ...)                                                    \
	raw_server_start_with((server), (const struct raw_step *const[]){ __VA_ARGS__ }, \
			      sizeof((const struct raw_step *const[]){ __VA_ARGS__ }) /  \
				      sizeof(const struct raw_step *))
int raw_server_start_with(struct raw_server *server, const struct raw_step *const *scripts,
			  int count);
ASYNC_SUSPENDS
void raw_server_stop(struct raw_server *server);
/* Lets everything that is ready happen, on both sides: some turns of the loop. */
ASYNC_SUSPENDS
void raw_settle(void);

/* A client's hello, all of it: whoever closes with some of it unread resets the connection. 0 or -1. */
ASYNC_SUSPENDS int raw_hear_hello(struct net_stream *stream);

#endif
