/* SPDX-License-Identifier: MIT */
/*
 * listener.c - a listening socket and the connections that come out of it, plain.
 */
#include <stdlib.h>
#include <unistd.h>

#include "net/address.h"
#include "net/socket.h"
#include "net/stream.h"
#include "runtime/base.h"
#include "runtime/portable.h"

struct net_listener {
	int fd;
	int port;
	int users; /* tasks in net_accept */
	bool closed;
	const char *opened_at;
	struct async_handle unclosed;
};

static void free_listener(struct net_listener *listener)
{
	async_handle_cancel(&listener->unclosed);
	free(listener);
}

static void shut(struct net_listener *listener)
{
	listener->closed = true;
	fd_close(ASYNC_HERE, listener->fd);
}

/* Whoever was in net_accept was destroyed with its task. */
static void loop_closes(void *arg)
{
	struct net_listener *listener = arg;

	if (!listener->closed) {
		async_report_unclosed(listener->opened_at,
				      "unclosed transport <net_listener fd=%d port=%d>",
				      listener->fd, listener->port);
		shut(listener);
	}
	free_listener(listener);
}

int net_listen_at(const char *here, struct net_listener **out, const char *address, int port)
{
	struct net_listener *listener;
	struct net_address at;
	socklen_t length = sizeof at.v6;
	int fd;

	if (port < 0 || port > 65535 || net_address_parse(&at, address, 1) < 0)
		return async_raise(NET_EADDRESS, "cannot listen on %.100s port %d: not an address",
				   address, port);
	address_set_port(&at, port);
	fd = socket_listen(here, &at);
	if (fd < 0)
		return async_raise(fd, "cannot listen on %s port %d: %s", address, port,
				   async_strerror(fd));
	listener = calloc(1, sizeof *listener);
	if (!listener || getsockname(fd, &at.any, &length) < 0) {
		int rc = listener ? -errno : ASYNC_ENOMEM;

		free(listener);
		fd_close(here, fd);
		return rc;
	}
	listener->opened_at = here;
	async_on_close(&listener->unclosed, loop_closes, listener);
	listener->fd = fd;
	listener->port = address_port(&at);
	*out = listener;
	return 0;
}

int net_listener_port(const struct net_listener *listener)
{
	return listener->port;
}

/* What accept says of a connection that died in the queue, or of its network: the next, please. */
static bool is_about_one_connection(int error)
{
	switch (error) {
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case ENOPROTOOPT:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case EOPNOTSUPP:
	case ETIMEDOUT:
		return true;
	default:
		return false;
	}
}

/* The next connection's fd, already the loop's. */
ASYNC_SUSPENDS
static int take(const char *here, struct net_listener *listener, struct net_address *peer)
{
	int fd, rc;

	for (;;) {
		rc = fd_ready(listener->fd, FD_READ) ? fd_budget(here)
						     : fd_wait(here, listener->fd, FD_READ);
		if (listener->closed)
			return ASYNC_ECLOSED;
		if (rc < 0)
			return rc;
		*peer = (struct net_address){ .length = sizeof peer->v6 };
		fd = portable_accept(listener->fd, &peer->any, &peer->length);
		if (fd >= 0)
			break;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			fd_clear(listener->fd, FD_READ);
		else if (!is_about_one_connection(errno))
			return -errno;
	}
	socket_no_delay(fd);
	rc = fd_open(here, fd);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

ASYNC_SUSPENDS
int net_accept_at(const char *here, struct net_listener *listener, struct net_stream **out)
{
	struct net_address peer;
	int rc;

	listener->users++;
	rc = take(here, listener, &peer);
	if (--listener->users == 0 && listener->closed)
		free_listener(listener);
	return rc < 0 ? rc : stream_new(out, here, rc, &peer);
}

void net_listener_close(struct net_listener *listener)
{
	if (!listener)
		return;
	must(!listener->closed, "net_listener_close: the listener is closed already");
	shut(listener);
	if (listener->users == 0)
		free_listener(listener);
}
