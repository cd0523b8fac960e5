/* SPDX-License-Identifier: MIT */
/*
 * upgrade.c - TLS that begins in the middle of a connection: asyncio's StreamWriter.start_tls().
 *
 * For as long as the handshake lasts the stream is its own: readers wait, what is written is queued.
 * Bytes that the reader has in hand came before and unprotected. They are the handshake's, as if they
 * were still in the socket; a peer cannot slip plain text under the encryption.
 */
#include "net/address.h"
#include "net/channel.h"
#include "net/tls.h"
#include "runtime/list.h"

static int lost(void)
{
	return async_raise(-ECONNRESET, "Connection lost");
}

static const struct async_future_kind start_tls = { &start_tls, "start_tls", NULL,
						    channel_describe };

/* All that is queued has left. */
ASYNC_SUSPENDS
static int flush(const char *here, struct channel *channel)
{
	int rc = 0;

	while (rc == 0 && bytes_size(&channel->writer.queue) && !channel->closing)
		rc = channel_wait_in(here, channel, &channel->writer.flushers, &start_tls);
	return rc == 0 && channel->closing ? lost() : rc;
}

static void hand_over_early_bytes(struct channel *channel)
{
	struct bytes *buffer = &channel->reader.buffer;

	if (bytes_size(buffer) == 0)
		return;
	channel->stream->early = buffer->data;
	channel->stream->early_used = buffer->start;
	channel->stream->early_size = buffer->end;
	*buffer = (struct bytes){ 0 };
}

ASYNC_SUSPENDS
static int shake_hands(const char *here, struct channel *channel, struct net_tls_context *context,
		       const char *name, int port, double timeout)
{
	struct async_timeout limit;
	int rc;

	async_timeout_begin(&limit, timeout > 0 ? timeout : NET_HANDSHAKE_TIMEOUT);
	if (tls_context_is_server(context))
		rc = net_start_tls_server_at(here, channel->stream, context);
	else
		rc = tls_start_client(here, channel->stream, context, name ? name : "", port);
	return async_timeout_end(&limit, rc);
}

/* Whoever has waited for the handshake goes on. */
static void resume(struct channel *channel)
{
	reader_wake(&channel->reader, 0);
	if (bytes_size(&channel->writer.queue))
		writer_flush(channel);
	if (channel->closing && bytes_size(&channel->writer.queue) == 0)
		channel_doom(channel, 0);
}

ASYNC_SUSPENDS
int upgrade_channel(const char *here, struct channel *channel, struct net_tls_context *context,
		    const char *name, int port, double timeout)
{
	int rc;

	channel_unwatch(channel, FD_READ);
	channel_unwatch(channel, FD_WRITE);
	hand_over_early_bytes(channel);
	channel->upgrading = true;
	rc = shake_hands(here, channel, context, name, port, timeout);
	channel->upgrading = false;
	if (channel->doomed)
		return rc < 0 ? rc : lost();
	if (rc < 0)
		channel_doom(channel, rc == ASYNC_ECANCELED ? 0 : rc);
	else
		resume(channel);
	return rc;
}

ASYNC_SUSPENDS
int net_writer_start_tls_at(const char *here, struct net_writer *writer,
			    struct net_tls_context *context, const char *name)
{
	struct channel *channel = channel_of_writer(writer);
	const struct net_address *peer;
	int rc = net_writer_drain_at(here, writer);
	if (rc == 0)
		rc = flush(here, channel);
	if (rc < 0)
		return rc;
	peer = &channel->stream->peer;
	return upgrade_channel(here, channel, context, name, peer->length ? address_port(peer) : 0,
			       0);
}
