/* SPDX-License-Identifier: MIT */
/*
 * writer.c - asyncio's StreamWriter: what the socket does not take at once is queued and sent by the
 * loop; drain waits between the high and the low water mark.
 */
#include <stdio.h>
#include <string.h>

#include "net/channel.h"
#include "runtime/base.h"
#include "runtime/list.h"
#include "runtime/loop.h"

#define HIGH_WATER ((ssize_t)64 * 1024)
#define CONN_LOST_WRITES 5 /* asyncio's LOG_THRESHOLD_FOR_CONNLOST_WRITES */

static const struct async_future_kind drain = { &drain, "drain", NULL, channel_describe };
static const struct async_future_kind wait_closed = { &wait_closed, "wait_closed", NULL,
						      channel_describe };

/* Sends as much as goes now: the count, -EAGAIN for none, or a code. */
static ssize_t send_now(struct net_stream *stream, const char *data, size_t size)
{
	size_t sent = 0;
	ssize_t n = 0;

	while (sent < size && (n = stream_try_write(stream, data + sent, size - sent)) > 0)
		sent += (size_t)n;
	return n < 0 && n != -EAGAIN ? n : (ssize_t)sent;
}

static void pause_writing(struct net_writer *writer)
{
	if (bytes_size(&writer->queue) > writer->high)
		writer->paused = true;
}

static void resume_writing(struct net_writer *writer)
{
	if (!writer->paused || bytes_size(&writer->queue) > writer->low)
		return;
	writer->paused = false;
	channel_wake_all(&writer->drainers, 0);
}

static void fail(struct channel *channel, int code)
{
	channel->conn_lost += channel->kind == CHANNEL_WRITE_PIPE;
	channel_doom(channel, code);
}

bool writer_flush(struct channel *channel)
{
	struct net_writer *writer = &channel->writer;
	ssize_t n =
		send_now(channel->stream, bytes_first(&writer->queue), bytes_size(&writer->queue));

	if (n >= 0) {
		bytes_take(&writer->queue, (size_t)n);
		resume_writing(writer);
		if (bytes_size(&writer->queue))
			n = channel_watch(channel, channel->stream->wants);
	}
	if (n < 0) {
		fail(channel, (int)n);
		return false;
	}
	if (bytes_size(&writer->queue) == 0) {
		channel_wake_all(&writer->flushers, 0);
		if (writer->eof && !channel->closing)
			shutdown(channel->stream->fd, SHUT_WR);
	}
	return true;
}

void writer_lost(struct net_writer *writer, int code)
{
	channel_wake_all(&writer->closers, code);
	channel_wake_all(&writer->drainers, code);
	channel_wake_all(&writer->flushers, code);
}

/* ---- Writing ---------------------------------------------------------------------------------- */

/* Is the data to go nowhere? asyncio drops what is written to a connection that is lost. */
static bool is_deaf(const struct channel *channel)
{
	return channel->doomed || (channel->closing && channel->kind == CHANNEL_WRITE_PIPE);
}

/* A program that writes on and on without a drain is told, as by asyncio. */
static void drop(struct channel *channel)
{
	if (channel->conn_lost++ >= CONN_LOST_WRITES)
		debug_warn(loop_current, channel->kind == CHANNEL_WRITE_PIPE
						 ? "pipe closed by peer or os.write(pipe, data) "
						   "raised exception."
						 : "socket.send() raised exception.");
}

/* Part of it may have left, so what cannot be kept is the connection's end. */
static int enqueue(struct channel *channel, const char *data, size_t size)
{
	bool watched = bytes_size(&channel->writer.queue) > 0;
	int rc = bytes_append(&channel->writer.queue, data, size) ? 0 : ASYNC_ENOMEM;

	if (rc == 0 && !watched && !channel->upgrading)
		rc = channel_watch(channel, channel->stream->wants);
	if (rc < 0)
		channel_doom(channel, rc);
	else
		pause_writing(&channel->writer);
	return rc;
}

int net_writer_write(struct net_writer *writer, const void *data, size_t size)
{
	struct channel *channel = channel_of_writer(writer);
	ssize_t n = 0;

	if (writer->eof)
		return async_raise(ASYNC_ERUNTIME, "Cannot call write() after write_eof()");
	if (size == 0)
		return 0;
	if (is_deaf(channel)) {
		drop(channel);
		return 0;
	}
	if (bytes_size(&writer->queue) == 0 && !channel->upgrading) {
		n = send_now(channel->stream, data, size);
		if (n < 0) {
			fail(channel, (int)n);
			return 0;
		}
	}
	if ((size_t)n == size)
		return 0;
	return enqueue(channel, (const char *)data + n, size - (size_t)n);
}

int net_writer_writelines(struct net_writer *writer, const struct net_span *lines, size_t count)
{
	struct channel *channel = channel_of_writer(writer);

	if (writer->eof)
		return async_raise(ASYNC_ERUNTIME, "Cannot call writelines() after write_eof()");
	if (is_deaf(channel))
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (bytes_append(&writer->queue, lines[i].ptr, lines[i].len))
			continue;
		channel_doom(channel, ASYNC_ENOMEM);
		return ASYNC_ENOMEM;
	}
	if (bytes_size(&writer->queue) == 0)
		return 0;
	if (!channel->upgrading)
		writer_flush(channel);
	pause_writing(writer);
	return 0;
}

ASYNC_SUSPENDS
int net_writer_drain_at(const char *here, struct net_writer *writer)
{
	struct channel *channel = channel_of_writer(writer);
	int rc;

	if (channel->reader.error && channel->kind == CHANNEL_BOTH)
		return channel->reader.error;
	if (channel->closing) {
		/* Else a loop of writes and drains would never see the connection's end. */
		rc = async_sleep_at(here, 0);
		if (rc < 0)
			return rc;
	}
	if (channel->lost)
		return async_raise(-ECONNRESET, "Connection lost");
	return writer->paused ? channel_wait_in(here, channel, &writer->drainers, &drain) : 0;
}

int net_writer_set_write_buffer_limits(struct net_writer *writer, ssize_t high, ssize_t low)
{
	if (high < 0)
		high = low < 0 ? HIGH_WATER : 4 * low;
	if (low < 0)
		low = high / 4;
	if (low > high)
		return async_raise(ASYNC_EINVAL, "high (%zd) must be >= low (%zd) must be >= 0",
				   high, low);
	writer->high = (size_t)high;
	writer->low = (size_t)low;
	pause_writing(writer);
	return 0;
}

size_t net_writer_get_write_buffer_size(const struct net_writer *writer)
{
	return bytes_size(&writer->queue);
}

/* ---- Ending ----------------------------------------------------------------------------------- */

bool net_writer_can_write_eof(const struct net_writer *writer)
{
	const struct channel *channel = channel_of_writer(writer);

	return !channel->stream || !channel->stream->tls;
}

int net_writer_write_eof(struct net_writer *writer)
{
	struct channel *channel = channel_of_writer(writer);

	if (!net_writer_can_write_eof(writer))
		return async_raise(-EOPNOTSUPP, "TLS cannot end one direction alone");
	if (channel->kind == CHANNEL_WRITE_PIPE) {
		channel_close(channel);
		return 0;
	}
	if (channel->closing || writer->eof)
		return 0;
	writer->eof = true;
	if (bytes_size(&writer->queue) == 0 && shutdown(channel->stream->fd, SHUT_WR) < 0)
		return -errno;
	return 0;
}

void net_writer_close(struct net_writer *writer)
{
	channel_close(channel_of_writer(writer));
}

bool net_writer_is_closing(const struct net_writer *writer)
{
	return channel_of_writer(writer)->closing;
}

void net_writer_abort(struct net_writer *writer)
{
	channel_doom(channel_of_writer(writer), 0);
}

ASYNC_SUSPENDS
int net_writer_wait_closed_at(const char *here, struct net_writer *writer)
{
	struct channel *channel = channel_of_writer(writer);
	int rc;

	if (channel->lost)
		return channel->code;
	if (channel->kind != CHANNEL_WRITE_PIPE)
		return channel_wait_in(here, channel, &writer->closers, &wait_closed);
	/* The other end may close it. */
	fd_count_watch(1);
	rc = channel_wait_in(here, channel, &writer->closers, &wait_closed);
	fd_count_watch(-1);
	return rc;
}

void net_writer_free_at(const char *here, struct net_writer *writer)
{
	if (!writer)
		return;
	must(!channel_of_writer(writer)->task,
	     "%s: net_writer_free: a handler's writer is freed by its server", here);
	channel_free(here, channel_of_writer(writer));
}

/* ---- get_extra_info ---------------------------------------------------------------------------- */

const struct net_address *net_writer_peer(const struct net_writer *writer)
{
	static const struct net_address none;
	const struct net_stream *stream = channel_of_writer(writer)->stream;

	return stream ? &stream->peer : &none;
}

int net_writer_sockname(const struct net_writer *writer, struct net_address *address)
{
	const struct net_stream *stream = channel_of_writer(writer)->stream;
	struct net_address own = { .length = sizeof own.v6 };

	*address = (struct net_address){ 0 };
	if (!stream)
		return -EBADF;
	if (getsockname(stream->fd, &own.any, &own.length) < 0)
		return -errno;
	if (own.any.sa_family == AF_INET || own.any.sa_family == AF_INET6)
		*address = own;
	return 0;
}

const char *net_writer_tls_version(const struct net_writer *writer)
{
	const struct net_stream *stream = channel_of_writer(writer)->stream;

	return stream ? net_tls_version(stream) : NULL;
}

int net_writer_fd(const struct net_writer *writer)
{
	const struct net_stream *stream = channel_of_writer(writer)->stream;

	return stream ? stream->fd : -1;
}
