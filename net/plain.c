/* SPDX-License-Identifier: MIT */
/* plain.c - the transport that is the socket itself. Nothing is allocated or copied. */
#include "net/stream.h"

ASYNC_SUSPENDS
static ssize_t read_plain(const char *here, struct net_stream *stream, void *buffer, size_t size)
{
	ssize_t n;
	int rc;

	do {
		rc = stream_wait(here, stream, FD_READ);
		if (rc < 0)
			return rc;
		n = stream_receive(stream, buffer, size);
	} while (n == -EAGAIN);
	return n;
}

ASYNC_SUSPENDS
static int write_plain(const char *here, struct net_stream *stream, const void *data, size_t size)
{
	const char *at = data, *end = at + size;
	ssize_t n;
	int rc;

	while (at < end) {
		rc = stream_wait(here, stream, FD_WRITE);
		if (rc < 0)
			return rc;
		n = stream_send(stream, at, (size_t)(end - at));
		if (n < 0 && n != -EAGAIN)
			return (int)n;
		if (n > 0)
			at += n;
	}
	return 0;
}

static void nothing(struct net_stream *stream)
{
	(void)stream;
}

const struct net_stream_ops plain_ops = {
	.read = read_plain,
	.write = write_plain,
	.is_quiet = stream_is_empty,
	.farewell = nothing,
	.free = nothing,
};
