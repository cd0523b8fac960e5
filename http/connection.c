/* SPDX-License-Identifier: MIT */
/* connection.c - the life of one connection. */
#include "http/connection.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "runtime/list.h"

#define MAX_SPARE 8

static void count(struct connection *connection, struct connection_counts *counts)
{
	connection->counts = counts;
	connection->number = ++counts->created;
	connection->opened = async_time_ns();
	if (++counts->open > counts->peak)
		counts->peak = counts->open;
	list_append(&counts->all, &connection->node);
}

ASYNC_SUSPENDS
int connection_open(struct connection **out, struct connection_counts *counts, const char *host,
		    int port, const struct net_connect_options *options)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int rc;

	if (!connection)
		return async_raise(ASYNC_ENOMEM, "no memory for a connection");
	connection->parser = parser_new();
	rc = connection->parser ? net_connect(&connection->stream, host, port, options)
				: async_raise(ASYNC_ENOMEM, "no memory for a parser");
	if (rc < 0) {
		parser_free(connection->parser);
		free(connection);
		return rc;
	}
	connection->kind = net_address_kind(net_peer(connection->stream));
	net_address_format(net_peer(connection->stream), connection->peer);
	count(connection, counts);
	*out = connection;
	return 0;
}

void connection_close(struct connection *connection)
{
	if (!connection)
		return;
	deadline_stop(&connection->deadline);
	net_close(connection->stream);
	parser_free(connection->parser);
	connection_give_buffer(connection);
	connection->counts->open--;
	list_remove(&connection->node);
	free(connection);
}

bool connection_has_input(const struct connection *connection)
{
	char byte;

	/* Under TLS a mere close_notify is bytes, too. */
	return !net_tls_version(connection->stream) &&
	       recv(net_fd(connection->stream), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* ---- Buffers --------------------------------------------------------------------------------- */

int connection_take_buffer(struct connection *connection)
{
	struct connection_counts *counts = connection->counts;

	connection->buffer = counts->spare;
	if (connection->buffer) {
		counts->spare = connection->buffer->next;
		counts->spare_count--;
		return 0;
	}
	connection->buffer = malloc(sizeof(*connection->buffer));
	return connection->buffer ? 0 : async_raise(ASYNC_ENOMEM, "no memory for a buffer");
}

void connection_give_buffer(struct connection *connection)
{
	struct connection_counts *counts = connection->counts;
	struct connection_buffer *buffer = connection->buffer;

	connection->buffer = NULL;
	connection->start = connection->end = 0;
	if (!buffer)
		return;
	if (counts->spare_count == MAX_SPARE) {
		free(buffer);
		return;
	}
	buffer->next = counts->spare;
	counts->spare = buffer;
	counts->spare_count++;
}

void connection_free_spare(struct connection_counts *counts)
{
	while (counts->spare) {
		struct connection_buffer *next = counts->spare->next;

		free(counts->spare);
		counts->spare = next;
	}
	counts->spare_count = 0;
}
