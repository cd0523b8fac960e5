/* SPDX-License-Identifier: MIT */
/*
 * server.h - what a server is, for its own files.
 *
 * Three things keep one: the user until net_server_free(), each handler until it has ended, and each
 * connection until it is lost, which may be before that or after.
 */
#ifndef LOOPHOUND_NET_SERVER_H
#define LOOPHOUND_NET_SERVER_H

#include "net/channel.h"

#define SERVER_SOCKETS 8

/* One listening socket and the readiness that is waited for. */
struct socket_watch {
	struct net_server *server;
	struct net_listener *listener;
	struct async_future future;
	struct async_handle ready;
	struct async_timer retry;
	bool armed;
};

struct net_server {
	struct socket_watch sockets[SERVER_SOCKETS];
	int count;
	net_client_handler *handler;
	void *arg;
	struct net_stream_options options;
	const char *here;
	bool closed, freed;
	int handlers;		   /* not ended */
	int connections;	   /* not lost */
	struct async_list clients; /* those, the oldest first */
	struct async_list closers; /* in wait_closed */
	struct async_future *forever;
	struct async_handle on_close;
	struct net_address address; /* of the first socket, for reports; length 0: a path */
	char *path;		    /* NULL: no Unix socket */
	uint64_t inode;
};

/* server_client.c: a task for the connection; takes the stream. 0 or a code. */
int server_client_start(struct net_server *server, struct net_stream *stream);

/* server.c: a handler has ended. */
void server_leave(struct net_server *server);

#endif
