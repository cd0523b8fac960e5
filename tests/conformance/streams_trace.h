/* SPDX-License-Identifier: MIT */
/*
 * streams_trace.h - what the scenarios of streams are written with: Python's reprs of what reads and
 * drains gave, a call in a task of its own, and a plain socket as the other end.
 */
#ifndef LOOPHOUND_TESTS_STREAMS_TRACE_H
#define LOOPHOUND_TESTS_STREAMS_TRACE_H

#include "tests/conformance/trace.h"
#include "tests/stream_ends.h"

/* A scenario of streams: the body is the main task, on a loop of its own. */
#define STREAMS(title)                         \
	static int body_##title(void *arg);    \
	REAL_SCENARIO(title)                   \
	{                                      \
		async_run(body_##title, NULL); \
	}                                      \
	static int body_##title(__attribute__((unused)) void *arg)

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

#endif
