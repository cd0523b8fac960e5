/* SPDX-License-Identifier: MIT */
/* plain.c - the transport that is the socket itself. Nothing is allocated or copied. */
#include "net/stream.h"

static ssize_t try_read_plain(struct net_stream *stream, void *buffer, size_t size)
{
	stream->wants = FD_READ;
	return stream_receive(stream, buffer, size);
}

static ssize_t try_write_plain(struct net_stream *stream, const void *data, size_t size)
{
	stream->wants = FD_WRITE;
	return stream_send(stream, data, size);
}

static bool has_nothing(const struct net_stream *stream)
{
	(void)stream;
	return false;
}

static void nothing(struct net_stream *stream)
{
	(void)stream;
}

const struct net_stream_ops plain_ops = {
	.try_read = try_read_plain,
	.try_write = try_write_plain,
	.has_pending = has_nothing,
	.is_quiet = stream_is_empty,
	.farewell = nothing,
	.free = nothing,
};
