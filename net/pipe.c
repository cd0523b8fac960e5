/* SPDX-License-Identifier: MIT */
/*
 * pipe.c - pipes and character devices as streams: read(2), and write(2) without SIGPIPE.
 *
 * A bit is cleared by EAGAIN alone: a terminal gives a line at a time, so a short read says nothing
 * about what is left. A socket among them is spoken to as a socket, which needs no signal mask.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/channel.h"
#include "runtime/base.h"
#include "runtime/sigpipe.h"

static ssize_t settle(struct net_stream *stream, ssize_t n, enum fd_direction direction)
{
	if (n != -EAGAIN && n != -EWOULDBLOCK)
		return n;
	fd_clear(stream->fd, direction);
	stream->wants = direction;
	return -EAGAIN;
}

static ssize_t try_read_pipe(struct net_stream *stream, void *buffer, size_t size)
{
	ssize_t n;

	do
		n = read(stream->fd, buffer, size);
	while (n < 0 && errno == EINTR);
	return settle(stream, n < 0 ? -errno : n, FD_READ);
}

static ssize_t try_write_pipe(struct net_stream *stream, const void *data, size_t size)
{
	ssize_t n;

	do
		n = sigpipe_write(stream->fd, data, size);
	while (n == -EINTR);
	return settle(stream, n, FD_WRITE);
}

static bool has_nothing(const struct net_stream *stream)
{
	(void)stream;
	return false;
}

static bool is_never_quiet(struct net_stream *stream)
{
	(void)stream;
	return false;
}

static void nothing(struct net_stream *stream)
{
	(void)stream;
}

const struct net_stream_ops pipe_ops = {
	.try_read = try_read_pipe,
	.try_write = try_write_pipe,
	.has_pending = has_nothing,
	.is_quiet = is_never_quiet,
	.farewell = nothing,
	.free = nothing,
};

/* What speaks over the fd; NULL: it is neither pipe nor socket nor device. */
static const struct net_stream_ops *ops_for(mode_t mode)
{
	if (S_ISSOCK(mode))
		return &plain_ops;
	return S_ISFIFO(mode) || S_ISCHR(mode) ? &pipe_ops : NULL;
}

static int prepare(int fd, const char *refusal, const struct net_stream_ops **ops)
{
	struct stat status;
	int flags;

	if (fstat(fd, &status) < 0)
		return -errno;
	*ops = ops_for(status.st_mode);
	if (!*ops)
		return async_raise(ASYNC_EINVAL, "%s", refusal);
	flags = fcntl(fd, F_GETFL, 0);
	if (flags < 0 || (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0))
		return -errno;
	return 0;
}

/* The fd is taken only when nothing can fail any more. */
static int connect_pipe(struct channel **out, const char *here, int fd, enum channel_kind kind,
			const struct net_stream_ops *ops)
{
	static const struct net_address none;
	struct channel *channel = channel_make(here, kind, NULL);
	struct net_stream *stream = stream_make(fd, &none);
	int rc = channel && stream ? fd_open(here, fd) : ASYNC_ENOMEM;

	if (rc < 0) {
		free(stream);
		if (channel)
			channel_destroy(channel);
		return rc;
	}
	stream->ops = ops;
	channel->stream = stream;
	*out = channel;
	return 0;
}

int net_connect_read_pipe_at(const char *here, struct net_reader **reader, int fd)
{
	const struct net_stream_ops *ops;
	struct channel *channel;
	int rc = prepare(fd, "Pipe transport is for pipes/sockets only.", &ops);

	if (rc == 0)
		rc = connect_pipe(&channel, here, fd, CHANNEL_READ_PIPE, ops);
	if (rc == 0)
		*reader = &channel->reader;
	return rc;
}

int net_connect_write_pipe_at(const char *here, struct net_writer **writer, int fd)
{
	const struct net_stream_ops *ops;
	struct channel *channel;
	int rc = prepare(fd, "Pipe transport is only for pipes, sockets and character devices",
			 &ops);

	if (rc == 0)
		rc = connect_pipe(&channel, here, fd, CHANNEL_WRITE_PIPE, ops);
	if (rc < 0)
		return rc;
	fd_clear(fd, FD_READ);
	channel_watch(channel, FD_READ);
	*writer = &channel->writer;
	return 0;
}
