/* SPDX-License-Identifier: MIT */
/*
 * connection.h - one open connection: its stream and parser, which outlive the requests that use it.
 * The input buffer does not: an idle connection keeps none, so that thousands of them cost little.
 *
 * It belongs to one request, or is idle in the pool, never both. Whether it may go back to the pool
 * is decided by exchange.c; it is closed in all other cases.
 */
#ifndef LOOPHOUND_HTTP_CONNECTION_H
#define LOOPHOUND_HTTP_CONNECTION_H

#include "http/deadline.h"
#include "http/parser.h"
#include "net/net.h"
#include "runtime/async.h"

#define CONNECTION_BUFFER (16 * 1024)

struct pool_origin;

struct connection_buffer {
	struct connection_buffer *next; /* among the spare ones */
	char data[CONNECTION_BUFFER];
};

/* Of all connections of a session. */
struct connection_counts {
	unsigned open, peak;
	unsigned long created;
	struct async_list all; /* of connection.node */
	/* Buffers that the next request will want at once: getting them anew costs more than it. */
	struct connection_buffer *spare;
	int spare_count;
};

struct connection {
	/* While idle, kept by pool.c. */
	struct async_list idle_node, origin_node;
	struct pool_origin *origin;
	int64_t idle_since;

	int64_t opened;
	struct async_list node; /* in counts->all */
	struct net_stream *stream;
	struct connection_counts *counts;
	unsigned long number;	    /* from 1, per session */
	enum net_address_kind kind; /* of the peer */
	char peer[NET_ADDRESS_TEXT];
	bool reused; /* it has carried a request before the one at hand */

	/* For the request at hand. */
	struct deadline deadline;
	struct parser *parser;
	uint64_t received; /* bytes, since the request was begun */
	bool write_failed;
	bool reusable; /* the response was complete, and both sides want to go on */
	struct connection_buffer *buffer; /* NULL while nothing is to be read */
	size_t start, end; /* input that has been read but not parsed: buffer->data[start..end) */
};

/* Connects, as net_connect does, and returns its codes. No time limit but those in options. */
ASYNC_SUSPENDS int connection_open(struct connection **out, struct connection_counts *counts,
				   const char *host, int port,
				   const struct net_connect_options *options);
/* Does not wait. NULL is fine. */
void connection_close(struct connection *connection);

/* Has a buffer from now on. 0 or ASYNC_ENOMEM, raised. */
int connection_take_buffer(struct connection *connection);
/* What is in it is gone; NULL is fine. */
void connection_give_buffer(struct connection *connection);
/* Once the last connection is closed. */
void connection_free_spare(struct connection_counts *counts);

/* Of a connection that is no longer quiet: is that because bytes came? Unknown (false) for TLS. */
bool connection_has_input(const struct connection *connection);

#endif
