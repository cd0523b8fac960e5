/* SPDX-License-Identifier: MIT */
/*
 * datagram.c - datagrams as try-then-wait on one socket.
 *
 * A connected socket gives its pending error, an ICMP answer to some earlier datagram, to whichever
 * call comes next. The error is the receiver's: a send that meets it hands it over and tries again.
 */
#include "net/datagram.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/address.h"
#include "runtime/base.h"
#include "runtime/fd.h"
#include "runtime/portable.h"

#define ADDRESSES_MAX 16

struct net_endpoint {
	int fd;
	struct net_address own, remote; /* remote.length 0: none */
	bool connected;			/* the kernel knows remote, too */
	int error;			/* that a send has met, for the receiver; 0: none */
	int users;			/* tasks in send and receive */
	bool closed;
};

/* ---- Create ---------------------------------------------------------------------------------- */

static int open_socket(const struct net_datagram_options *options, int family,
		       const struct net_address *local, const struct net_address *remote)
{
	int fd = portable_datagram_socket(family), on = 1, rc = 0;

	if (fd < 0)
		return -errno;
	if ((options->reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) ||
	    (options->allow_broadcast &&
	     setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) < 0) ||
	    (local && bind(fd, &local->any, local->length) < 0) ||
	    (remote && !options->allow_broadcast && connect(fd, &remote->any, remote->length) < 0))
		rc = -errno;
	if (rc == 0)
		rc = fd_open(ASYNC_HERE, fd);
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

static int endpoint_new(struct net_endpoint **out, const struct net_datagram_options *options,
			int family, const struct net_address *local,
			const struct net_address *remote)
{
	struct net_endpoint *endpoint = calloc(1, sizeof *endpoint);
	int rc;

	if (!endpoint)
		return ASYNC_ENOMEM;
	endpoint->fd = rc = open_socket(options, family, local, remote);
	if (rc < 0) {
		free(endpoint);
		return rc;
	}
	endpoint->own.length = sizeof endpoint->own.v6;
	if (getsockname(endpoint->fd, &endpoint->own.any, &endpoint->own.length) < 0) {
		rc = -errno;
		net_endpoint_close(endpoint);
		return rc;
	}
	if (remote)
		endpoint->remote = *remote;
	endpoint->connected = remote && !options->allow_broadcast;
	*out = endpoint;
	return 0;
}

/* One side's addresses: how many, 0 when it has none, or a negative code. Port 0 is no port to them. */
ASYNC_SUSPENDS
static int resolve(const char *here, const char *host, int port, int least_port, int family,
		   struct net_address *out)
{
	int count;

	if (!host)
		return 0;
	if (port < least_port || port > 65535)
		return async_raise(NET_EADDRESS, "not a port for a datagram endpoint: %d", port);
	count = net_resolve_at(here, host, port ? port : 1, family, out, ADDRESSES_MAX);
	for (int i = 0; i < count; i++)
		address_set_port(&out[i], port);
	return count;
}

static const struct net_address *first_of(int family, const struct net_address *addresses,
					  int count)
{
	for (int i = 0; i < count; i++)
		if (addresses[i].any.sa_family == family)
			return &addresses[i];
	return NULL;
}

struct sides {
	struct net_address local[ADDRESSES_MAX], remote[ADDRESSES_MAX];
	int locals, remotes;
};

/* The first family first, the other one after it; the first attempt's failure is the one returned. */
static int try_families(struct net_endpoint **out, const struct net_datagram_options *options,
			const struct sides *sides)
{
	const struct net_address *leader = sides->locals ? sides->local : sides->remote;
	int first = leader->any.sa_family == AF_INET6 ? AF_INET6 : AF_INET;
	int families[2] = { first, first == AF_INET ? AF_INET6 : AF_INET };
	int rc, kept = 0;

	for (int i = 0; i < 2; i++) {
		const struct net_address *local =
			first_of(families[i], sides->local, sides->locals);
		const struct net_address *remote =
			first_of(families[i], sides->remote, sides->remotes);

		if ((options->local_host && !local) || (options->remote_host && !remote))
			continue;
		rc = endpoint_new(out, options, families[i], local, remote);
		if (rc == 0)
			return 0;
		kept = kept ? kept : rc;
	}
	return kept ? async_raise(kept, "no datagram endpoint: %s", async_strerror(kept))
		    : async_raise(ASYNC_EINVAL, "can not get address information");
}

ASYNC_SUSPENDS
int net_create_datagram_endpoint_at(const char *here, struct net_endpoint **out,
				    const struct net_datagram_options *options)
{
	struct sides sides;

	if (!options->local_host && !options->remote_host) {
		if (options->family != AF_INET && options->family != AF_INET6)
			return async_raise(ASYNC_EINVAL, "unexpected address family");
		return endpoint_new(out, options, options->family, NULL, NULL);
	}
	sides.locals = resolve(here, options->local_host, options->local_port, 0, options->family,
			       sides.local);
	if (sides.locals < 0)
		return sides.locals;
	sides.remotes = resolve(here, options->remote_host, options->remote_port, 1,
				options->family, sides.remote);
	if (sides.remotes < 0)
		return sides.remotes;
	return try_families(out, options, &sides);
}

/* ---- Send and receive ------------------------------------------------------------------------- */

/* Before the operation, so that a cancelled yield loses no datagram that was received already. */
ASYNC_SUSPENDS
static int get_ready(const char *here, const struct net_endpoint *endpoint,
		     enum fd_direction direction)
{
	int rc = fd_ready(endpoint->fd, direction) ? fd_budget(here)
						   : fd_wait(here, endpoint->fd, direction);

	return endpoint->closed ? ASYNC_ECLOSED : rc;
}

static void leave(struct net_endpoint *endpoint)
{
	if (--endpoint->users == 0 && endpoint->closed)
		free(endpoint);
}

static bool is_same(const struct net_address *a, const struct net_address *b)
{
	char texts[2][NET_ADDRESS_TEXT];

	return strcmp(net_address_format(a, texts[0]), net_address_format(b, texts[1])) == 0;
}

/* 0 or a negative errno. */
static int try_send(const struct net_endpoint *endpoint, const void *data, size_t size,
		    const struct net_address *to)
{
	ssize_t n;

	if (endpoint->connected || !to)
		n = send(endpoint->fd, data, size, MSG_NOSIGNAL);
	else
		n = sendto(endpoint->fd, data, size, MSG_NOSIGNAL, &to->any, to->length);
	return n < 0 ? -errno : 0;
}

/* What only an earlier datagram can have met, on its way or at its end. */
static bool is_of_an_earlier_one(const struct net_endpoint *endpoint, int rc)
{
	return endpoint->connected && (rc == -ECONNREFUSED || rc == -EHOSTUNREACH || rc == -EPROTO);
}

ASYNC_SUSPENDS
static int send_one(const char *here, struct net_endpoint *endpoint, const void *data, size_t size,
		    const struct net_address *to)
{
	bool handed_over = false;
	int rc;

	for (;;) {
		rc = get_ready(here, endpoint, FD_WRITE);
		if (rc < 0)
			return rc;
		rc = try_send(endpoint, data, size, to);
		if (rc == -EAGAIN || rc == -EWOULDBLOCK) {
			fd_clear(endpoint->fd, FD_WRITE);
		} else if (is_of_an_earlier_one(endpoint, rc) && !handed_over) {
			handed_over = true;
			endpoint->error = rc;
			fd_wake(endpoint->fd, FD_READ);
		} else if (rc != -EINTR) {
			return rc;
		}
	}
}

ASYNC_SUSPENDS
int net_datagram_send_at(const char *here, struct net_endpoint *endpoint, const void *data,
			 size_t size, const struct net_address *to)
{
	char text[NET_ADDRESS_TEXT];
	int rc;

	if (endpoint->remote.length && to && !is_same(to, &endpoint->remote))
		return async_raise(ASYNC_EINVAL, "Invalid address: must be None or %s",
				   net_address_format(&endpoint->remote, text));
	if (endpoint->remote.length)
		to = &endpoint->remote;
	endpoint->users++;
	rc = send_one(here, endpoint, data, size, to);
	leave(endpoint);
	return rc;
}

/* The bytes received, or a negative errno. */
static ssize_t try_receive(const struct net_endpoint *endpoint, void *buffer, size_t size,
			   struct net_datagram *info)
{
	struct iovec whole = { buffer, size };
	struct msghdr message = {
		.msg_name = &info->from.any,
		.msg_namelen = sizeof info->from.v6,
		.msg_iov = &whole,
		.msg_iovlen = 1,
	};
	ssize_t n = recvmsg(endpoint->fd, &message, 0);

	if (n < 0)
		return -errno;
	info->from.length = message.msg_namelen;
	info->truncated = message.msg_flags & MSG_TRUNC;
	return n;
}

ASYNC_SUSPENDS
static ssize_t receive_one(const char *here, struct net_endpoint *endpoint, void *buffer,
			   size_t size, struct net_datagram *info)
{
	ssize_t n;

	for (;;) {
		n = get_ready(here, endpoint, FD_READ);
		if (n < 0)
			return n;
		if (endpoint->error) {
			n = endpoint->error;
			endpoint->error = 0;
			return n;
		}
		n = try_receive(endpoint, buffer, size, info);
		if (n == -EAGAIN || n == -EWOULDBLOCK)
			fd_clear(endpoint->fd, FD_READ);
		else if (n != -EINTR)
			return n;
	}
}

ASYNC_SUSPENDS
ssize_t net_datagram_receive_at(const char *here, struct net_endpoint *endpoint, void *buffer,
				size_t size, struct net_datagram *info)
{
	struct net_datagram unwanted;
	ssize_t n;

	endpoint->users++;
	n = receive_one(here, endpoint, buffer, size, info ? info : &unwanted);
	leave(endpoint);
	return n;
}

/* ---- The rest ---------------------------------------------------------------------------------- */

const struct net_address *net_endpoint_address(const struct net_endpoint *endpoint)
{
	return &endpoint->own;
}

const struct net_address *net_endpoint_peer(const struct net_endpoint *endpoint)
{
	return endpoint->remote.length ? &endpoint->remote : NULL;
}

int net_endpoint_port(const struct net_endpoint *endpoint)
{
	return address_port(&endpoint->own);
}

int net_endpoint_fd(const struct net_endpoint *endpoint)
{
	return endpoint->fd;
}

void net_endpoint_close(struct net_endpoint *endpoint)
{
	if (!endpoint)
		return;
	must(!endpoint->closed, "net_endpoint_close: the endpoint is closed already");
	endpoint->closed = true;
	fd_close(ASYNC_HERE, endpoint->fd);
	if (endpoint->users == 0)
		free(endpoint);
}
