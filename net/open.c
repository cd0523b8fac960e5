/* SPDX-License-Identifier: MIT */
/*
 * open.c - connections as a reader and a writer: of what net_connect() gives, or of a socket that was
 * connected elsewhere.
 */
#include <fcntl.h>
#include <unistd.h>

#include "net/channel.h"

ASYNC_SUSPENDS
int net_open_connection_at(const char *here, struct net_reader **reader, struct net_writer **writer,
			   const char *host, int port, const struct net_stream_options *options)
{
	struct net_connect_options connect = { 0 };
	struct net_stream *stream;
	struct channel *channel;
	int rc;

	if (options && options->connect)
		connect = *options->connect;
	if (options && options->tls) {
		connect.tls = options->tls;
		connect.tls_name = options->tls_name;
		connect.tls_timeout =
			options->tls_timeout > 0 ? options->tls_timeout : NET_HANDSHAKE_TIMEOUT;
	}
	rc = net_connect_at(here, &stream, host, port, &connect);
	if (rc == 0)
		rc = channel_new(&channel, here, stream, CHANNEL_BOTH, options);
	if (rc < 0)
		return rc;
	*reader = &channel->reader;
	*writer = &channel->writer;
	return 0;
}

static int take(const char *here, int fd, struct net_address *peer)
{
	struct net_address at = { .length = sizeof at.v6 };
	int flags = fcntl(fd, F_GETFL, 0);

	*peer = (struct net_address){ 0 };
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	if (getpeername(fd, &at.any, &at.length) < 0)
		return -errno;
	if (at.any.sa_family == AF_INET || at.any.sa_family == AF_INET6)
		*peer = at;
	return fd_open(here, fd);
}

int net_open_socket_at(const char *here, struct net_reader **reader, struct net_writer **writer,
		       int fd, const struct net_stream_options *options)
{
	struct net_stream *stream;
	struct net_address peer;
	struct channel *channel;
	int rc = take(here, fd, &peer);

	if (rc < 0) {
		close(fd);
		return rc;
	}
	rc = stream_new(&stream, here, fd, &peer);
	if (rc == 0)
		rc = channel_new(&channel, here, stream, CHANNEL_BOTH, options);
	if (rc < 0)
		return rc;
	*reader = &channel->reader;
	*writer = &channel->writer;
	return 0;
}
