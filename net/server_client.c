/* SPDX-License-Identifier: MIT */
/*
 * server_client.c - a connection of a server: its handler's task, from the handshake to the report of
 * a failure.
 *
 * A task that is cancelled before it begins never runs, so what frees the connection is a callback of
 * the task and not the task itself.
 */
#include "net/server.h"
#include "runtime/list.h"

static void report_handler(int code)
{
	const struct async_error *raised = async_raised(code);
	struct async_error bare = { .code = code,
				    .message = async_strerror(code),
				    .function = "client_connected_cb",
				    .file = "?" };

	async_call_exception_handler(&(struct async_context){
		.message = "Unhandled exception in client_connected_cb",
		.task = async_current_task(),
		.error = raised ? raised : &bare,
	});
}

/* What a handler's task runs. A failed handshake is the peer's affair, as in asyncio. */
ASYNC_SUSPENDS
static int serve(void *arg)
{
	struct channel *channel = arg;
	struct net_server *server = channel->server;
	int rc = 0;

	if (server->options.tls)
		rc = upgrade_channel(server->here, channel, server->options.tls, NULL, 0,
				     server->options.tls_timeout);
	channel->unattended = false;
	if (rc == 0) {
		rc = server->handler(&channel->reader, &channel->writer, server->arg);
		if (rc < 0 && rc != ASYNC_ECANCELED)
			report_handler(rc);
	}
	channel_close(channel);
	return rc == ASYNC_ECANCELED ? rc : 0;
}

/* Also of one that was cancelled before it began, which has closed nothing. */
static void handler_done(void *arg)
{
	struct channel *channel = arg;
	struct net_server *server = channel->server;

	async_task_release(channel->task);
	channel->task = NULL;
	channel_free(server->here, channel);
	server_leave(server);
}

int server_client_start(struct net_server *server, struct net_stream *stream)
{
	struct async_task_options options = { .stack_size = server->options.stack_size };
	struct channel *channel;
	int rc = channel_new(&channel, server->here, stream, CHANNEL_BOTH, &server->options);

	if (rc < 0)
		return rc;
	channel->server = server;
	channel->unattended = true;
	list_append(&server->clients, &channel->node);
	server->connections++;
	channel->task =
		async_create_task_at(server->here, "client_connected_cb", serve, channel, &options);
	if (!channel->task) {
		channel_free(server->here, channel);
		return async_last_error();
	}
	server->handlers++;
	async_task_add_done_callback(channel->task, &channel->task_done, handler_done, channel);
	return 0;
}
