/* SPDX-License-Identifier: MIT */
/*
 * datagram.h - asyncio's datagram endpoints: whole messages over UDP. A chapter of net's manual.
 *
 * asyncio calls a DatagramProtocol back; here a task asks. Its methods, and what they are instead:
 *
 *     connection_made()         net_create_datagram_endpoint() returns 0
 *     datagram_received(d, a)   net_datagram_receive() returns the size; the sender is in *from
 *     error_received(exc)       net_datagram_receive() returns a negative errno; the endpoint works on
 *     connection_lost()         net_datagram_receive() returns ASYNC_ECLOSED, if it waited
 *     transport.sendto()        net_datagram_send(), which waits instead of buffering
 *
 * asyncio reads on behalf of a slow protocol and queues nothing either: what nobody receives waits in
 * the socket's buffer, and what finds no room there is lost, as datagrams are.
 */
#ifndef LOOPHOUND_NET_DATAGRAM_H
#define LOOPHOUND_NET_DATAGRAM_H

#include "net/net.h"

#ifdef __cplusplus
extern "C" {
#endif

struct net_endpoint;

/* At least one of local, remote and family must be given. */
struct net_datagram_options {
	const char *
		local_host; /* local_addr: an address or name to bind to; NULL: left to the kernel */
	int local_port;	    /* 0: the kernel picks one, net_endpoint_address() tells */
	const char *
		remote_host; /* remote_addr: datagrams go there, and come only from there; or NULL */
	int remote_port;
	int family; /* AF_UNSPEC: whatever both names have; AF_INET, AF_INET6 */
	bool reuse_port;
	/* With remote: others may answer, too, since who has the broadcast address sends from his own. */
	bool allow_broadcast;
};

/*
 * loop.create_datagram_endpoint(): resolves, then tries each family that both sides have, IPv6 and
 * IPv4 in the order of the names' addresses, until one can be bound and connected. *out is the
 * caller's, until net_endpoint_close(), and belongs to the running loop.
 * Returns 0; what net_resolve() returns; ASYNC_EINVAL ("unexpected address family": nothing given;
 * "can not get address information": no family has both); NET_EADDRESS for a bad port; the first
 * attempt's negative errno (-EADDRINUSE, -EADDRNOTAVAIL); ASYNC_ECANCELED, ASYNC_ENOMEM.
 */
#define net_create_datagram_endpoint(out, ...) \
	net_create_datagram_endpoint_at(ASYNC_HERE, (out), __VA_ARGS__)
ASYNC_SUSPENDS
int net_create_datagram_endpoint_at(const char *here, struct net_endpoint **out,
				    const struct net_datagram_options *options);

/*
 * transport.sendto(): one datagram, all of it or none; size may be 0. to is NULL or the remote address
 * where there is one, else needed. Waits only while the socket's buffer is full.
 * Returns 0, ASYNC_EINVAL ("Invalid address: ..."), ASYNC_ECANCELED (nothing was sent), ASYNC_ECLOSED,
 * ASYNC_EBUSY (another task waits to send), or a negative errno: -EMSGSIZE, -EDESTADDRREQ,
 * -ENETUNREACH, -EACCES (broadcast without allow_broadcast). What an earlier datagram met on its way
 * is not this one's error: net_datagram_receive() returns it.
 */
#define net_datagram_send(endpoint, data, size, to) \
	net_datagram_send_at(ASYNC_HERE, (endpoint), (data), (size), (to))
ASYNC_SUSPENDS
int net_datagram_send_at(const char *here, struct net_endpoint *endpoint, const void *data,
			 size_t size, const struct net_address *to);

/* Who sent it, and whether more of it came than the buffer could hold; the rest is gone. */
struct net_datagram {
	struct net_address from;
	bool truncated;
};

/*
 * The next datagram, whole; info may be NULL. Returns the bytes put into buffer, 0 for an empty
 * datagram (there is no end of file); ASYNC_ECANCELED, and no datagram is lost; ASYNC_ECLOSED;
 * ASYNC_EBUSY when another task receives; or a negative errno, asyncio's error_received():
 * -ECONNREFUSED when a remote endpoint said that nobody listens there. Call again, the endpoint is as
 * good as before.
 */
#define net_datagram_receive(endpoint, buffer, size, info) \
	net_datagram_receive_at(ASYNC_HERE, (endpoint), (buffer), (size), (info))
ASYNC_SUSPENDS
ssize_t net_datagram_receive_at(const char *here, struct net_endpoint *endpoint, void *buffer,
				size_t size, struct net_datagram *info);

/* get_extra_info("sockname") and ("peername"): NULL when there is no remote address. */
const struct net_address *net_endpoint_address(const struct net_endpoint *endpoint);
const struct net_address *net_endpoint_peer(const struct net_endpoint *endpoint);
/* The port of the former. */
int net_endpoint_port(const struct net_endpoint *endpoint);
/* get_extra_info("socket"), for setsockopt. */
int net_endpoint_fd(const struct net_endpoint *endpoint);

/* transport.close(): who waits gets ASYNC_ECLOSED. NULL is fine. */
void net_endpoint_close(struct net_endpoint *endpoint);

#ifdef __cplusplus
}
#endif
#endif
