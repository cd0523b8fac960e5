/* SPDX-License-Identifier: MIT */
/*
 * reader.c - asyncio's StreamReader: bytes come off the stream when somebody asks, and what readuntil
 * and readexactly find is lent out of the buffer.
 *
 * A wait never holds bytes: they are in the buffer or still in the socket, so a cancellation loses
 * none. Nothing is asked of the socket once the writer was closed; the end comes with the close.
 */
#include <string.h>

#include "net/channel.h"
#include "runtime/base.h"
#include "runtime/waiter.h"

/* The least to ask the socket for: what is small with small limits is the limit, not the read. */
#define CHUNK 4096

void reader_wake(struct net_reader *reader, int code)
{
	struct async_future *waiter = reader->waiter;

	reader->waiter = NULL;
	if (waiter)
		async_future_set_result(waiter, code);
}

/* In asyncio's words, where readline is a readuntil. */
static const struct async_future_kind reading = { &reading, "read", NULL, channel_describe };
static const struct async_future_kind readexactly = { &readexactly, "readexactly", NULL,
						      channel_describe };
static const struct async_future_kind readuntil = { &readuntil, "readuntil", NULL,
						    channel_describe };

ASYNC_SUSPENDS
static int wait_for_data(const char *here, struct net_reader *reader,
			 const struct async_future_kind *kind)
{
	struct channel *channel = channel_of_reader(reader);
	struct waiter waiter = { .future.kind = kind, .owner = channel };
	int rc;

	if (reader->waiter)
		return async_raise(ASYNC_ERUNTIME,
				   "%s() called while another coroutine is already waiting for "
				   "incoming data",
				   kind->what);
	if (!channel->closing && !channel->upgrading) {
		rc = channel_watch(channel, channel->stream->wants);
		if (rc < 0)
			return rc;
	}
	reader->waiter = &waiter.future;
	rc = async_future_await_at(here, &waiter.future);
	if (reader->waiter == &waiter.future) {
		reader->waiter = NULL;
		channel_unwatch(channel, FD_READ);
	}
	return rc;
}

/* One try: the count, 0 at the end, -EAGAIN, or a code, which is the connection's end. */
static ssize_t receive(struct net_reader *reader, void *buffer, size_t size)
{
	struct channel *channel = channel_of_reader(reader);
	ssize_t n;

	if (reader->error)
		return reader->error;
	if (reader->eof)
		return 0;
	if (channel->closing || channel->upgrading)
		return -EAGAIN;
	n = stream_try_read(channel->stream, buffer, size);
	if (n == 0) {
		reader->eof = true;
		if (channel->kind == CHANNEL_READ_PIPE)
			channel_close(channel);
	} else if (n < 0 && n != -EAGAIN) {
		reader->error = (int)n;
		channel_doom(channel, (int)n);
	}
	return n;
}

/* The same into the buffer, which doubles as long as it has to. */
static ssize_t fill(struct net_reader *reader)
{
	struct bytes *buffer = &reader->buffer;
	size_t room = bytes_size(buffer) < CHUNK ? CHUNK : bytes_size(buffer);
	ssize_t n;

	if (!bytes_reserve(buffer, room))
		return ASYNC_ENOMEM;
	n = receive(reader, buffer->data + buffer->end, buffer->capacity - buffer->end);
	if (n > 0)
		buffer->end += (size_t)n;
	return n;
}

/* A peer that always has data must not hold the loop. */
ASYNC_SUSPENDS
static int spend(const char *here, const struct net_reader *reader)
{
	const struct channel *channel = channel_of_reader(reader);

	if (channel->closing || !fd_ready(channel->stream->fd, FD_READ))
		return 0;
	return fd_budget(here);
}

/* More in the buffer than before: 1; 0 at the end, or a code. */
ASYNC_SUSPENDS
static int more(const char *here, struct net_reader *reader, const struct async_future_kind *kind)
{
	size_t size = bytes_size(&reader->buffer);
	int rc = spend(here, reader);
	ssize_t n;

	while (rc == 0) {
		/* Another task may have read meanwhile, or found something. */
		if (bytes_size(&reader->buffer) != size)
			return 1;
		n = fill(reader);
		if (n != -EAGAIN)
			return n > 0 ? 1 : (int)n;
		rc = wait_for_data(here, reader, kind);
	}
	return rc;
}

static void take(struct net_reader *reader, size_t size)
{
	bytes_take(&reader->buffer, size);
	reader->takes++;
}

static void lend(struct net_reader *reader, size_t size, struct net_span *span)
{
	*span = (struct net_span){ bytes_first(&reader->buffer), size };
	take(reader, size);
}

/* expected is asyncio's word: a number, or "undefined". */
static int incomplete(struct net_reader *reader, struct net_span *span, const char *expected)
{
	lend(reader, bytes_size(&reader->buffer), span);
	return async_raise(NET_EINCOMPLETE, "%zu bytes read on a total of %s expected bytes",
			   span->len, expected);
}

/* ---- Public ----------------------------------------------------------------------------------- */

ASYNC_SUSPENDS
ssize_t net_reader_read_at(const char *here, struct net_reader *reader, void *buffer, size_t size)
{
	size_t have;
	ssize_t n;
	int rc;

	if (reader->error)
		return reader->error;
	if (size == 0)
		return 0;
	while (bytes_size(&reader->buffer) == 0) {
		/* A large read needs no copy, a small one would cost a system call each. */
		rc = spend(here, reader);
		if (rc < 0)
			return rc;
		if (bytes_size(&reader->buffer))
			break;
		n = size < CHUNK ? fill(reader) : receive(reader, buffer, size);
		if (n == 0 || (n < 0 && n != -EAGAIN) || (n > 0 && size >= CHUNK))
			return n;
		if (n == -EAGAIN && (rc = wait_for_data(here, reader, &reading)) < 0)
			return rc;
	}
	have = bytes_size(&reader->buffer);
	size = size < have ? size : have;
	memcpy(buffer, bytes_first(&reader->buffer), size);
	take(reader, size);
	return (ssize_t)size;
}

ASYNC_SUSPENDS
int net_reader_readall_at(const char *here, struct net_reader *reader, struct net_span *span)
{
	int rc;

	*span = (struct net_span){ "", 0 };
	while ((rc = more(here, reader, &reading)) > 0)
		;
	if (rc == 0)
		lend(reader, bytes_size(&reader->buffer), span);
	return rc;
}

ASYNC_SUSPENDS
int net_reader_readexactly_at(const char *here, struct net_reader *reader, size_t size,
			      struct net_span *span)
{
	char expected[32];
	int rc;

	*span = (struct net_span){ "", 0 };
	if (reader->error)
		return reader->error;
	while (bytes_size(&reader->buffer) < size) {
		rc = more(here, reader, &readexactly);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			snprintf(expected, sizeof expected, "%zu", size);
			return incomplete(reader, span, expected);
		}
	}
	lend(reader, size, span);
	return 0;
}

/* LimitOverrunError: span has what asyncio calls consumed, which stays in the buffer. */
static int overrun(const struct net_reader *reader, struct net_span *span, size_t size,
		   const char *message)
{
	*span = (struct net_span){ bytes_first(&reader->buffer), size };
	return async_raise(NET_ELIMITOVERRUN, "%s", message);
}

ASYNC_SUSPENDS
int net_reader_readuntil_at(const char *here, struct net_reader *reader, const void *separator,
			    size_t size, struct net_span *span)
{
	size_t searched = 0, have; /* bytes at the start in which no separator begins */
	const char *found;
	unsigned takes;
	int rc;

	*span = (struct net_span){ "", 0 };
	if (size == 0)
		return async_raise(ASYNC_EINVAL, "Separator should be at least one-byte string");
	if (reader->error)
		return reader->error;
	for (;;) {
		have = bytes_size(&reader->buffer);
		found = memmem(bytes_first(&reader->buffer) + searched, have - searched, separator,
			       size);
		if (found)
			break;
		if (have - searched >= size)
			searched = have + 1 - size;
		if (searched > reader->limit)
			return overrun(reader, span, searched,
				       "Separator is not found, and chunk exceed the limit");
		takes = reader->takes;
		rc = more(here, reader, &readuntil);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return incomplete(reader, span, "undefined");
		if (reader->takes != takes)
			searched = 0;
	}
	have = (size_t)(found - bytes_first(&reader->buffer));
	if (have > reader->limit)
		return overrun(reader, span, have,
			       "Separator is found, but chunk is longer than limit");
	lend(reader, have + size, span);
	return 0;
}

/* What asyncio does with a line that is too long: it goes, with its end if that is there. */
static int too_long(struct net_reader *reader, struct net_span *span)
{
	const struct async_error *why = async_raised(NET_ELIMITOVERRUN);
	const char *text = why ? why->message : "chunk exceed the limit";
	size_t have = bytes_size(&reader->buffer);
	bool ended = span->len < have && span->ptr[span->len] == '\n';

	take(reader, ended ? span->len + 1 : have);
	*span = (struct net_span){ "", 0 };
	return async_raise(ASYNC_EINVAL, "%s", text);
}

ASYNC_SUSPENDS
int net_reader_readline_at(const char *here, struct net_reader *reader, struct net_span *span)
{
	int rc = net_reader_readuntil_at(here, reader, "\n", 1, span);

	if (rc == NET_EINCOMPLETE)
		return 0;
	return rc == NET_ELIMITOVERRUN ? too_long(reader, span) : rc;
}

bool net_reader_at_eof(struct net_reader *reader)
{
	if (bytes_size(&reader->buffer))
		return false;
	if (!reader->eof && !reader->error)
		(void)fill(reader);
	return reader->eof && bytes_size(&reader->buffer) == 0;
}

int net_reader_exception(const struct net_reader *reader)
{
	return reader->error;
}

void net_reader_free_at(const char *here, struct net_reader *reader)
{
	if (!reader)
		return;
	must(channel_of_reader(reader)->kind == CHANNEL_READ_PIPE,
	     "%s: a connection's reader ends with its writer: net_writer_free()", here);
	channel_free(here, channel_of_reader(reader));
}
