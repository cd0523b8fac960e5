/* SPDX-License-Identifier: MIT */
/*
 * listener.c - a listening socket and the connections that come out of it, plain.
 *
 * Accepting is a try, as all else that a socket does: net_accept() waits around it, a server is called
 * back. A listener may be of another family than the internet's; then it has no port and its peers no
 * address.
 */
#include <stdlib.h>
#include <unistd.h>

#include "net/address.h"
#include "net/listener.h"
#include "net/socket.h"
#include "net/stream.h"
#include "runtime/base.h"
#include "runtime/portable.h"

struct net_listener {
	int fd;
	struct net_address address; /* length 0: not of the internet */
	int users;		    /* tasks in net_accept */
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
				      listener->fd, net_listener_port(listener));
		shut(listener);
	}
	free_listener(listener);
}

int net_listen_at(const char *here, struct net_listener **out, const char *address, int port)
{
	struct net_address at;
	int fd, rc;

	if (port < 0 || port > 65535 || net_address_parse(&at, address, 1) < 0)
		return async_raise(NET_EADDRESS, "cannot listen on %.100s port %d: not an address",
				   address, port);
	address_set_port(&at, port);
	fd = socket_listen(here, &at);
	if (fd < 0)
		return async_raise(fd, "cannot listen on %s port %d: %s", address, port,
				   async_strerror(fd));
	rc = listener_new(here, out, fd);
	if (rc < 0)
		return rc;
	(*out)->opened_at = here;
	async_on_close(&(*out)->unclosed, loop_closes, *out);
	return 0;
}

int listener_new(const char *here, struct net_listener **out, int fd)
{
	struct net_listener *listener = calloc(1, sizeof *listener);
	struct net_address at = { .length = sizeof at.v6 };

	if (!listener || getsockname(fd, &at.any, &at.length) < 0) {
		int rc = listener ? -errno : ASYNC_ENOMEM;

		free(listener);
		fd_close(here, fd);
		return rc;
	}
	listener->fd = fd;
	if (at.any.sa_family == AF_INET || at.any.sa_family == AF_INET6)
		listener->address = at;
	*out = listener;
	return 0;
}

void listener_own(struct net_listener *listener)
{
	async_handle_cancel(&listener->unclosed);
}

int listener_fd(const struct net_listener *listener)
{
	return listener->fd;
}

const struct net_address *listener_address(const struct net_listener *listener)
{
	return &listener->address;
}

int net_listener_port(const struct net_listener *listener)
{
	return listener->address.length ? address_port(&listener->address) : 0;
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

int listener_try_accept(const char *here, struct net_listener *listener, struct net_stream **out)
{
	struct net_address peer;
	int fd, rc;

	do {
		peer = (struct net_address){ .length = sizeof peer.v6 };
		fd = portable_accept(listener->fd, &peer.any, &peer.length);
	} while (fd < 0 && is_about_one_connection(errno));
	if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		fd_clear(listener->fd, FD_READ);
		return -EAGAIN;
	}
	if (fd < 0)
		return -errno;
	if (listener->address.length)
		socket_no_delay(fd);
	else
		peer.length = 0;
	rc = fd_open(here, fd);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return stream_new(out, here, fd, &peer);
}

ASYNC_SUSPENDS
static int accept_next(const char *here, struct net_listener *listener, struct net_stream **out)
{
	int rc;

	do {
		rc = fd_ready(listener->fd, FD_READ) ? fd_budget(here)
						     : fd_wait(here, listener->fd, FD_READ);
		if (listener->closed)
			return ASYNC_ECLOSED;
		if (rc == 0)
			rc = listener_try_accept(here, listener, out);
	} while (rc == -EAGAIN);
	return rc;
}

ASYNC_SUSPENDS
int net_accept_at(const char *here, struct net_listener *listener, struct net_stream **out)
{
	int rc;

	listener->users++;
	rc = accept_next(here, listener, out);
	if (--listener->users == 0 && listener->closed)
		free_listener(listener);
	return rc;
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
