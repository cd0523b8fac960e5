/* SPDX-License-Identifier: MIT */
/*
 * hostile.h - what servers do wrong, as a table: the bytes, and what must come of them.
 *
 * Names begin with the number of the item in the list of hostile behaviour that they show. The same
 * table is played to the library in many ways (test_hostile.c) and to build/collect as a whole
 * program (test_hostile_program.c).
 */
#ifndef LOOPHOUND_TESTS_HOSTILE_H
#define LOOPHOUND_TESTS_HOSTILE_H

#include <jansson.h>

#include "tests/harness.h"
#include "tests/raw_server.h"

struct fault {
	const char *name;
	const char *bytes; /* the answer to one request; NULL: script */
	size_t size;
	enum raw_verb ending; /* after the bytes: RAW_VERB_AGAIN, RAW_VERB_END, RAW_VERB_RESET... */
	const struct raw_step *script;
	const char *code;  /* as in a record; NULL: a response after all */
	const char *phase; /* of the error */
	const char *type;  /* of the record; NULL: response, or error */
	int status;	   /* of the response */
	const char *body;
};

extern const struct fault hostile_faults[];
extern const size_t hostile_fault_count;

/* ---- build/collect against scripted servers --------------------------------------------------- */

/* One line of collect's input, and what its record must say. */
struct line {
	struct fault fault;
	const char *url;     /* NULL: that of a server for this line alone, which plays the fault */
	int attempts;	     /* 0: 1, or 2 where the code is retried, for --retry 1 */
	const char *says;    /* a part of the whole record */
	const char *heard;   /* in what the server was sent, all requests together */
	const char *unheard; /* not in the last request */
};

/*
 * One run over all lines, with --retry 1 and no backoff. Checks each record (code, phase, class,
 * attempts, status, body), and the exit status. Takes at most so many seconds.
 */
void hostile_run(const struct line *lines, size_t count, double seconds,
		 const char *const *options);
#define HOSTILE_RUN(lines, seconds, ...) \
	hostile_run((lines), array_size(lines), (seconds), ARGV("--summary", "none", __VA_ARGS__))

/*
 * One run of collect over a server whose n-th connection plays the n-th script; "%s" in the input is
 * its URL. Nothing is checked but that it ends. hostile_fed: the second half of the input, from its
 * second line on, is written when the event is set.
 */
extern int hostile_connections;		/* of that run */
extern const char *hostile_heard[16];	/* and its requests, until one is NULL */
extern struct async_event *hostile_fed; /* NULL: all at once */
void hostile_play(const struct raw_step *const *scripts, int count, const char *input,
		  const char *const *options);
/* In a fault's bytes, "@PORT" becomes its server's port. */
/* The only line's server is the proxy of the run. */
extern bool hostile_is_proxy;
/* All lines go to the first one's server. */
extern bool hostile_same_server;
/* Used by servers of the lines that come next, which are then asked by https; NULL: plain. */
extern struct net_tls_context *(*hostile_tls)(size_t line);

#endif
