/* SPDX-License-Identifier: MIT */
/*
 * peer_proxy.h - a proxy on the loop of the test, for CONNECT and for SOCKS5. Wherever it is asked to
 * connect to, it connects to one port of this machine, and remembers what it was asked.
 */
#ifndef LOOPHOUND_TESTS_PEER_PROXY_H
#define LOOPHOUND_TESTS_PEER_PROXY_H

#include "net/net.h"
#include "runtime/async.h"

struct peer_proxy {
	bool socks;
	int target; /* the port that all tunnels lead to */
	/* Sent instead of what would be right, and then the connection is closed. */
	const char *answer;
	size_t answer_size;
	bool wants_user; /* SOCKS5: no other method is accepted */
	bool mute;	 /* never answers */

	int port;
	int tunnels;	  /* so far */
	char heard[1024]; /* of the last connection: the head, or SOCKS5's place as "host:port" */
	char user[64];	  /* SOCKS5: "user:password" */

	struct net_listener *listener; /* private from here on */
	struct async_task *acceptor;
	struct async_task_group connections;
};

void peer_proxy_start(struct peer_proxy *proxy);
/* Closes what is open. */
ASYNC_SUSPENDS void peer_proxy_stop(struct peer_proxy *proxy);

#endif
