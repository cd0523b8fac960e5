/* SPDX-License-Identifier: MIT */
/*
 * practice.h - twelve practice APIs on our own runtime and HTTP server.
 *
 * Served by build/upstream, and inside build/demo. By default each API is an origin of its own (a
 * port), as it would be in life; one_port puts all on one. Every origin also has /stats, and paths
 * that misbehave (see practice_handler.c and practice_rude.c).
 */
#ifndef LOOPHOUND_APP_PRACTICE_H
#define LOOPHOUND_APP_PRACTICE_H

#include "app/practice_knobs.h"
#include "runtime/async.h"

struct practice_options {
	const char *address; /* NULL: 127.0.0.1; strings are the caller's, until the stop */
	int apis;	     /* how many of the twelve; 0: all */
	bool one_port;	     /* all on one origin */
	bool plain, tls;     /* which of the two, or both */
	int port;	     /* the first API has this one, the next API the next; 0: any */
	int tls_port;	     /* the same for HTTPS */
	const char *cert_file, *key_file;
	struct practice_knobs knobs; /* for requests that do not say otherwise */
	uint64_t seed;
};

struct practice;

/*
 * Listens and serves until practice_stop(). Belongs to the running loop. Returns 0, -EADDRINUSE and
 * other codes of net_listen(), NET_ETLS_CONFIG, ASYNC_ENOMEM; the text is in the task's error.
 */
ASYNC_SUSPENDS
int practice_start(struct practice **out, const struct practice_options *options);

/* The i-th URL ("http://127.0.0.1:40001/weather"; the plain ones first); false past the last. */
#define PRACTICE_URL 96
bool practice_url(const struct practice *practice, int i, char url[PRACTICE_URL]);

/* Lets requests under way finish for at most so many seconds, then ends them. NULL is fine. */
ASYNC_SUSPENDS
void practice_stop(struct practice *practice, double grace);

#endif
