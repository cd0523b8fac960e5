/* SPDX-License-Identifier: MIT */
/*
 * tunnel.h - a proxy asked to connect on to a host: afterwards the stream is as if it led there.
 */
#ifndef LOOPHOUND_HTTP_TUNNEL_H
#define LOOPHOUND_HTTP_TUNNEL_H

#include "http/proxy.h"
#include "http/resolve.h"
#include "net/net.h"

struct tunnel {
	const struct proxy *proxy;
	const struct url *url; /* where to */
	const char *user_agent;
	int family;		     /* for names that are looked up here */
	const struct resolve *given; /* instead of that; NULL: none */
	unsigned deny_kinds;	     /* of addresses that are found here */
};

/*
 * For net_connect_options.prepare: arg is a struct tunnel. 0; HTTP_EPROXY_AUTH, HTTP_EPROXY_REFUSED,
 * HTTP_EPROXY_PROTOCOL; what reading, writing and looking up return. All raised, with the proxy's
 * name in the text.
 */
ASYNC_SUSPENDS
int tunnel_open(void *arg, struct net_stream *stream);

/* socks.c: the same by SOCKS5. */
ASYNC_SUSPENDS
int socks_open(const struct tunnel *tunnel, struct net_stream *stream);

/* The proxy has closed the connection, or it failed. Returns the code, raised. */
int tunnel_lost(const struct tunnel *tunnel, int rc);

#endif
