/* SPDX-License-Identifier: MIT */
/*
 * streams_trace.h - what the scenarios of streams are written with: Python's reprs of what reads and
 * drains gave, a call in a task of its own, and a plain socket as the other end.
 */
#ifndef LOOPHOUND_TESTS_STREAMS_TRACE_H
#define LOOPHOUND_TESTS_STREAMS_TRACE_H

#include "net/net.h"
#include "tests/conformance/trace.h"

/* A scenario of streams: the body is the main task, on a loop of its own. */
#define STREAMS(title)                         \
	static int body_##title(void *arg);    \
	REAL_SCENARIO(title)                   \
	{                                      \
		async_run(body_##title, NULL); \
	}                                      \
	static int body_##title(__attribute__((unused)) void *arg)

#define BIG ((size_t)4 << 20)

/* What a call is to do; the fields that it needs, no others. */
enum verb {
	READ,
	READ_ALL,
	EXACTLY,
	UNTIL,
	LINE,
	DRAIN,
	WAIT_CLOSED,
	SERVER_CLOSED,
	SERVE_FOREVER,
};
struct call {
	enum verb verb;
	struct net_reader *reader;
	struct net_writer *writer;
	struct net_server *server;
	size_t size;	       /* of READ and EXACTLY */
	const char *separator; /* of UNTIL */

	struct async_task *task;
	char *said; /* what attempt() prints of it */
};

/* "what -> 'abc'", or the exception as Python prints it. */
void attempt(const char *what, struct call call);
/* The same in a task that start() made. */
void start(struct call *call);
void finish(const char *what, struct call *call);
/* "done False": whether the tasks of the calls have ended. */
const char *truth(bool true_or_false);
void settle(void);

/* A connection over a socket pair; the peer's end is a plain non-blocking socket. */
struct ends {
	struct net_reader *reader;
	struct net_writer *writer;
	int peer; /* -1: closed */
};
struct ends pair(size_t limit);
void tell(const struct ends *ends, const char *text);
void hang_up(struct ends *ends);
void end(struct ends *ends);

/* All that the peer can read now, or until so much has come; *eof: the end was seen. */
size_t drink(int peer, bool *eof);
size_t drink_until(int peer, size_t total, bool *eof);
void write_big(struct net_writer *writer);

#endif
