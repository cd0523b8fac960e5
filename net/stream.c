/* SPDX-License-Identifier: MIT */
/*
 * stream.c - connected sockets as try-then-wait, whatever speaks over them.
 *
 * The public calls go through the transport's table and count who is inside, so that net_close()
 * from another task may take the fd away at once and the memory when the last one has left.
 */
#include "net/stream.h"

#include <stdlib.h>

#include "runtime/base.h"
#include "runtime/portable.h"

/* Turns of the loop after which an empty socket is looked at again rather than believed. */
#define FRESH_TURNS 2

static void loop_closes(void *arg);

struct net_stream *stream_make(int fd, const struct net_address *peer)
{
	struct net_stream *stream = calloc(1, sizeof *stream);

	if (!stream)
		return NULL;
	stream->ops = &plain_ops;
	stream->fd = fd;
	stream->peer = *peer;
	return stream;
}

int stream_new(struct net_stream **out, const char *here, int fd, const struct net_address *peer)
{
	struct net_stream *stream = stream_make(fd, peer);

	if (!stream) {
		fd_close(here, fd);
		return ASYNC_ENOMEM;
	}
	stream->opened_at = here;
	async_on_close(&stream->unclosed, loop_closes, stream);
	*out = stream;
	return 0;
}

ASYNC_SUSPENDS
int stream_wait(const char *here, struct net_stream *stream, enum fd_direction direction)
{
	int rc = fd_ready(stream->fd, direction) ? fd_budget(here)
						 : fd_wait(here, stream->fd, direction);

	return stream->closed ? ASYNC_ECLOSED : rc;
}

ssize_t stream_receive(struct net_stream *stream, void *buffer, size_t size)
{
	ssize_t n;

	do
		n = recv(stream->fd, buffer, size, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		n = errno == EWOULDBLOCK ? -EAGAIN : -errno;
		if (n == -EAGAIN)
			fd_clear(stream->fd, FD_READ);
	} else if (n > 0 && (size_t)n < size && !fd_hangup(stream->fd)) {
		/* Whatever comes from now on is a new edge, so the next read can wait first. */
		fd_clear(stream->fd, FD_READ);
		stream->looked_turn = async_loop_turns();
	}
	return n == 0 ? -fd_error(stream->fd) : n;
}

ssize_t stream_send(struct net_stream *stream, const void *data, size_t size)
{
	ssize_t n;

	do
		n = send(stream->fd, data, size, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		n = errno == EWOULDBLOCK ? -EAGAIN : -errno;
		if (n == -EAGAIN)
			fd_clear(stream->fd, FD_WRITE);
		if (n == -EPIPE && fd_error(stream->fd))
			n = -fd_error(stream->fd);
	}
	return n;
}

/*
 * A connection that goes from one request to the next within a turn or two need not be asked: its
 * bit is clear because its last read emptied it. One that has been idle is looked at, for the bit
 * knows only what the poller has seen.
 */
bool stream_is_empty(struct net_stream *stream)
{
	char byte;

	if (fd_hangup(stream->fd))
		return false;
	if (!fd_ready(stream->fd, FD_READ) &&
	    async_loop_turns() - stream->looked_turn <= FRESH_TURNS)
		return true;
	return recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       (errno == EAGAIN || errno == EWOULDBLOCK);
}

ssize_t stream_try_read(struct net_stream *stream, void *buffer, size_t size)
{
	stream->wants = FD_READ;
	if (!fd_ready(stream->fd, FD_READ) && !stream->ops->has_pending(stream))
		return -EAGAIN;
	return stream->ops->try_read(stream, buffer, size);
}

ssize_t stream_try_write(struct net_stream *stream, const void *data, size_t size)
{
	stream->wants = FD_WRITE;
	if (!fd_ready(stream->fd, FD_WRITE))
		return -EAGAIN;
	return stream->ops->try_write(stream, data, size);
}

static void free_stream(struct net_stream *stream)
{
	async_handle_cancel(&stream->unclosed);
	stream->ops->free(stream);
	free(stream->early);
	free(stream);
}

static void shut(struct net_stream *stream)
{
	stream->ops->farewell(stream);
	stream->closed = true;
	fd_close(ASYNC_HERE, stream->fd);
}

/* Whoever was inside an operation was destroyed with its task. */
static void loop_closes(void *arg)
{
	struct net_stream *stream = arg;
	char peer[NET_ADDRESS_TEXT];

	if (!stream->closed) {
		async_report_unclosed(stream->opened_at,
				      "unclosed transport <net_stream fd=%d peer=%s>", stream->fd,
				      net_address_format(&stream->peer, peer));
		shut(stream);
	}
	free_stream(stream);
}

void stream_leave(struct net_stream *stream)
{
	if (--stream->users == 0 && stream->closed)
		free_stream(stream);
}

ASYNC_SUSPENDS
static ssize_t read_some(const char *here, struct net_stream *stream, void *buffer, size_t size)
{
	/* What the transport has in hand is tried first; else the socket decides whether to wait. */
	int rc = fd_ready(stream->fd, FD_READ) || stream->ops->has_pending(stream)
			 ? fd_budget(here)
			 : fd_wait(here, stream->fd, FD_READ);
	ssize_t n;

	if (stream->closed)
		return ASYNC_ECLOSED;
	while (rc == 0) {
		n = stream->ops->try_read(stream, buffer, size);
		if (n != -EAGAIN)
			return n;
		rc = stream_wait(here, stream, stream->wants);
	}
	return rc;
}

ASYNC_SUSPENDS
ssize_t net_read_at(const char *here, struct net_stream *stream, void *buffer, size_t size)
{
	ssize_t n;

	must(size > 0, "%s: net_read of no bytes: 0 would look like the end", here);
	stream->users++;
	n = read_some(here, stream, buffer, size);
	stream_leave(stream);
	return n;
}

ASYNC_SUSPENDS
static int write_all(const char *here, struct net_stream *stream, const char *data, size_t size)
{
	const char *end = data + size;
	enum fd_direction wants = FD_WRITE;
	ssize_t n;
	int rc;

	while (data < end) {
		rc = stream_wait(here, stream, wants);
		if (rc < 0)
			return rc;
		n = stream->ops->try_write(stream, data, (size_t)(end - data));
		wants = n == -EAGAIN ? stream->wants : FD_WRITE;
		if (n < 0 && n != -EAGAIN)
			return (int)n;
		if (n > 0)
			data += n;
	}
	return 0;
}

ASYNC_SUSPENDS
int net_write_at(const char *here, struct net_stream *stream, const void *data, size_t size)
{
	int rc;

	stream->users++;
	rc = write_all(here, stream, data, size);
	stream_leave(stream);
	return rc;
}

bool net_is_quiet(struct net_stream *stream)
{
	return stream->ops->is_quiet(stream);
}

void net_close(struct net_stream *stream)
{
	if (!stream)
		return;
	must(!stream->closed, "net_close: the stream is closed already");
	shut(stream);
	if (stream->users == 0)
		free_stream(stream);
}

const struct net_address *net_peer(const struct net_stream *stream)
{
	return &stream->peer;
}

int net_fd(const struct net_stream *stream)
{
	return stream->fd;
}
