/* SPDX-License-Identifier: MIT */
/*
 * channel.c - the life of a connection that a reader and a writer share, from open to lost.
 *
 * Nothing here suspends: it is all callbacks of the loop, so that closing needs no task and a writer
 * is flushed without one. An fd is watched only while somebody has a use for its readiness, so that a
 * deadlock is still seen as one.
 */
#include "net/channel.h"

#include <stdlib.h>

#include "runtime/base.h"
#include "runtime/list.h"
#include "runtime/task.h"
#include "runtime/waiter.h"

struct channel *channel_of_reader(const struct net_reader *reader)
{
	return container_of(reader, struct channel, reader);
}

struct channel *channel_of_writer(const struct net_writer *writer)
{
	return container_of(writer, struct channel, writer);
}

/* ---- Who waits ------------------------------------------------------------------------------- */

void channel_wake_all(struct async_list *list, int code)
{
	list_for_each(node, list)
		async_future_set_result(&waiter_of(node)->future, code);
}

ASYNC_SUSPENDS
int channel_wait_in(const char *here, struct channel *channel, struct async_list *list,
		    const struct async_future_kind *kind)
{
	struct waiter waiter;

	return waiter_wait(&waiter, list, task_here(here, kind->what), here, kind, channel);
}

void channel_describe(struct wait_view *view, const struct async_future *future)
{
	char text[NET_ADDRESS_TEXT];
	struct channel channel;
	struct net_stream stream;

	if (!waiter_peek_owner(view, future, &channel, sizeof channel) ||
	    !wait_peek(view, &stream, channel.stream, sizeof stream))
		return;
	if (stream.peer.length)
		wait_say(view, " of %s", net_address_format(&stream.peer, text));
	else
		wait_say(view, " of fd %d", stream.fd);
	if (bytes_size(&channel.writer.queue))
		wait_say(view, ", %zu bytes queued", bytes_size(&channel.writer.queue));
}

/* ---- The end ---------------------------------------------------------------------------------- */

void channel_destroy(struct channel *channel)
{
	async_handle_cancel(&channel->on_close);
	bytes_drop(&channel->reader.buffer);
	bytes_drop(&channel->writer.queue);
	free(channel);
}

/* Takes back all that could call back. */
static void detach(struct channel *channel)
{
	channel_unwatch(channel, FD_READ);
	channel_unwatch(channel, FD_WRITE);
	async_timer_cancel(&channel->patience);
	async_handle_cancel(&channel->end);
	net_close(channel->stream);
	channel->stream = NULL;
}

/* asyncio's connection_lost(). The channel may be gone afterwards. */
static void lose(struct channel *channel)
{
	int code = channel->code;

	channel->lost = true;
	detach(channel);
	if (code < 0)
		channel->reader.error = code;
	else
		channel->reader.eof = true;
	reader_wake(&channel->reader, code);
	writer_lost(&channel->writer, code);
	server_detach(channel);
	if (channel->freed)
		channel_destroy(channel);
}

static void end(void *channel)
{
	lose(channel);
}

void channel_doom(struct channel *channel, int code)
{
	if (channel->doomed)
		return;
	channel->closing = channel->doomed = true;
	channel->code = code;
	channel->conn_lost += channel->kind == CHANNEL_BOTH;
	bytes_take(&channel->writer.queue, bytes_size(&channel->writer.queue));
	channel_unwatch(channel, FD_WRITE);
	async_call_soon(&channel->end, end, channel);
}

static void lose_patience(void *arg)
{
	channel_doom(arg, 0);
}

void channel_close(struct channel *channel)
{
	if (channel->closing)
		return;
	channel->closing = true;
	if (bytes_size(&channel->writer.queue) == 0 && !channel->upgrading)
		channel_doom(channel, 0);
	else
		async_call_later(&channel->patience, channel->close_timeout, lose_patience,
				 channel);
}

void channel_free(const char *here, struct channel *channel)
{
	must(!channel->freed, "%s: the stream of %s is freed already", here, channel->here);
	must(!channel->reader.waiter && !channel->upgrading &&
		     list_empty(&channel->writer.drainers) &&
		     list_empty(&channel->writer.flushers) && list_empty(&channel->writer.closers),
	     "%s: the stream of %s is freed while a task waits in it", here, channel->here);
	channel_close(channel);
	channel->freed = true;
	if (channel->lost)
		channel_destroy(channel);
}

static void report_unclosed(const struct channel *channel)
{
	static const char *const names[] = { "net_writer", "net_reader pipe", "net_writer pipe" };
	const struct net_address *peer = &channel->stream->peer;
	char text[NET_ADDRESS_TEXT];

	async_report_unclosed(channel->here, "unclosed transport <%s fd=%d%s%s>",
			      names[channel->kind], channel->stream->fd,
			      peer->length ? " peer=" : "",
			      peer->length ? net_address_format(peer, text) : "");
}

/* Those who waited are gone, perhaps without having left the lists or the stream: nobody is woken. */
static void loop_closes(void *arg)
{
	struct channel *channel = arg;

	if (!channel->closing && !channel->unattended)
		report_unclosed(channel);
	if (!channel->lost) {
		channel->stream->users = 0;
		detach(channel);
	}
	server_detach(channel);
	channel_destroy(channel);
}

/* ---- Readiness --------------------------------------------------------------------------------- */

/* There is nothing to read: what makes a write pipe ready for that is that the other end has gone. */
static bool is_hangup_watch(const struct channel_watch *watch)
{
	return watch->channel->kind == CHANNEL_WRITE_PIPE && watch->direction == FD_READ;
}

/* The fd is ready for one or the other; it is cheap to look at both. */
static void ready(void *arg)
{
	struct channel_watch *watch = arg;
	struct channel *channel = watch->channel;

	channel_unwatch(channel, watch->direction);
	if (channel->doomed || channel->upgrading)
		return;
	if (is_hangup_watch(watch)) {
		channel_doom(channel, bytes_size(&channel->writer.queue) ? -EPIPE : 0);
		return;
	}
	if (bytes_size(&channel->writer.queue)) {
		if (!writer_flush(channel))
			return;
		if (channel->closing && bytes_size(&channel->writer.queue) == 0) {
			lose(channel);
			return;
		}
	}
	if (!channel->closing)
		reader_wake(&channel->reader, 0);
}

int channel_watch(struct channel *channel, enum fd_direction direction)
{
	struct channel_watch *watch = &channel->watches[direction];
	int rc;

	if (watch->armed)
		return 0;
	async_future_init(&watch->future);
	rc = fd_watch(channel->here, channel->stream->fd, direction, &watch->future);
	if (rc < 0)
		return rc;
	watch->armed = true;
	watch->channel = channel;
	watch->direction = direction;
	/* What waits for the end counts itself, in wait_closed. */
	if (is_hangup_watch(watch))
		fd_count_watch(-1);
	async_future_add_done_callback(&watch->future, &watch->ready, ready, watch);
	return 0;
}

void channel_unwatch(struct channel *channel, enum fd_direction direction)
{
	struct channel_watch *watch = &channel->watches[direction];

	if (!watch->armed)
		return;
	watch->armed = false;
	async_handle_cancel(&watch->ready);
	if (is_hangup_watch(watch))
		fd_count_watch(1);
	fd_unwatch(channel->stream->fd, direction, &watch->future);
}

/* ---- The beginning ----------------------------------------------------------------------------- */

struct channel *channel_make(const char *here, enum channel_kind kind,
			     const struct net_stream_options *options)
{
	struct channel *channel = calloc(1, sizeof *channel);

	if (!channel)
		return NULL;
	channel->here = here;
	channel->kind = kind;
	channel->close_timeout =
		options && options->close_timeout > 0 ? options->close_timeout : NET_CLOSE_TIMEOUT;
	channel->reader.limit = options && options->limit ? options->limit : NET_STREAM_LIMIT;
	net_writer_set_write_buffer_limits(&channel->writer, -1, -1);
	async_on_close(&channel->on_close, loop_closes, channel);
	return channel;
}

int channel_new(struct channel **out, const char *here, struct net_stream *stream,
		enum channel_kind kind, const struct net_stream_options *options)
{
	struct channel *channel = channel_make(here, kind, options);

	if (!channel) {
		net_close(stream);
		return ASYNC_ENOMEM;
	}
	/* From here on it is the channel that is reported. */
	async_handle_cancel(&stream->unclosed);
	channel->stream = stream;
	*out = channel;
	return 0;
}
