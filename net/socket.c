/* SPDX-License-Identifier: MIT */
/*
 * socket.c - sockets that are made, connected and bound; always non-blocking and close-on-exec.
 */
#include "net/socket.h"

#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "net/address.h"
#include "net/peer.h"
#include "runtime/fd.h"
#include "runtime/portable.h"

#define BACKLOG 4096

void socket_no_delay(int fd)
{
	int on = 1;

	/* Can only fail on a connection that has died, which the next operation says better. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/*
 * A connect to an unused port of this machine may get that very port as its own end, and then the
 * socket talks to itself. That is a refusal.
 */
static bool is_own_peer(int fd, const struct net_address *address)
{
	struct net_address own = { .length = sizeof own.v6 }, peer = { .length = sizeof peer.v6 };
	char texts[2][NET_ADDRESS_TEXT];

	if (net_address_kind(address) != NET_KIND_LOOPBACK)
		return false;
	if (getsockname(fd, &own.any, &own.length) < 0 ||
	    getpeername(fd, &peer.any, &peer.length) < 0 ||
	    address_port(&own) != address_port(&peer))
		return false;
	return strcmp(net_address_format(&own, texts[0]), net_address_format(&peer, texts[1])) == 0;
}

/* The fd must be known to the poller only from here on: one that was never connected is "hung up". */
ASYNC_SUSPENDS
static int finish(const char *here, int fd, const struct net_address *address, bool connected)
{
	socklen_t size = sizeof(int);
	int error = 0, rc;

	/* Nothing to read yet: data, when it comes, is an edge, and the first read waits for it. */
	fd_clear(fd, FD_READ);
	if (!connected) {
		fd_clear(fd, FD_WRITE);
		rc = fd_wait(here, fd, FD_WRITE);
		if (rc < 0)
			return rc;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
			error = errno;
		if (error == 0)
			error = fd_error(fd);
	}
	if (error == 0 && is_own_peer(fd, address))
		error = ECONNREFUSED;
	return -error;
}

ASYNC_SUSPENDS
int socket_connect(const char *here, const struct net_address *address)
{
	int fd = portable_socket(address->any.sa_family);
	int error = 0, rc;

	if (fd < 0)
		return -errno;
	peer_enable_reports();
	socket_no_delay(fd);
	if (connect(fd, &address->any, address->length) < 0)
		error = errno;
	/* An interrupted connect goes on by itself. */
	if (error != 0 && error != EINPROGRESS && error != EINTR) {
		close(fd);
		return -error;
	}
	rc = fd_open(here, fd);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	rc = finish(here, fd, address, error == 0);
	if (rc < 0) {
		fd_close(here, fd);
		return rc;
	}
	return fd;
}

int socket_listen(const char *here, const struct net_address *address)
{
	int fd = portable_socket(address->any.sa_family);
	int on = 1, rc = 0;

	if (fd < 0)
		return -errno;
	peer_enable_reports();
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(fd, &address->any, address->length) < 0 || listen(fd, BACKLOG) < 0)
		rc = -errno;
	if (rc == 0)
		rc = fd_open(here, fd);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}
