/* SPDX-License-Identifier: MIT */
/*
 * server.c - asyncio's Server: listening sockets that are accepted from by callbacks, and who
 * waits for its end. What becomes of a connection is in server_client.c.
 *
 * The server is no task itself, as in asyncio: all_tasks() has only the handlers, and cancelling them
 * all leaves it open. Its memory goes when the user has freed it, or with the loop.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/address.h"
#include "net/listener.h"
#include "net/server.h"
#include "net/socket.h"
#include "runtime/base.h"
#include "runtime/list.h"
#include "runtime/task.h"
#include "runtime/waiter.h"

#define ACCEPTS_PER_TURN 100 /* asyncio's backlog: so many before others run */
#define ACCEPT_RETRY_DELAY 1.0

static struct channel *client_of(struct async_list *node)
{
	return container_of(node, struct channel, node);
}

static void destroy(struct net_server *server)
{
	async_handle_cancel(&server->on_close);
	free(server->path);
	free(server);
}

/* Nobody needs it any more. */
static void destroy_if_unused(struct net_server *server)
{
	if (server->freed && server->handlers == 0 && list_empty(&server->clients))
		destroy(server);
}

void server_leave(struct net_server *server)
{
	server->handlers--;
	destroy_if_unused(server);
}

static void wake_closers(struct net_server *server)
{
	if (server->closed && list_empty(&server->clients))
		channel_wake_all(&server->closers, 0);
}

void server_detach(struct channel *channel)
{
	if (!list_linked(&channel->node))
		return;
	list_remove(&channel->node);
	channel->server->connections--;
	wake_closers(channel->server);
	destroy_if_unused(channel->server);
}

/* ---- Accepting --------------------------------------------------------------------------------- */

static void watch(struct socket_watch *watch);

static void retry(void *arg)
{
	watch(arg);
}

static void pause_accepting(struct socket_watch *socket, int code)
{
	struct async_error error = { .code = code,
				     .message = async_strerror(code),
				     .function = "net_start_server",
				     .file = socket->server->here };

	async_call_later(&socket->retry, ACCEPT_RETRY_DELAY, retry, socket);
	async_call_exception_handler(&(struct async_context){
		.message = "socket.accept() out of system resource", .error = &error });
}

static void unwatch(struct socket_watch *socket)
{
	if (!socket->armed)
		return;
	socket->armed = false;
	async_handle_cancel(&socket->ready);
	fd_unwatch(listener_fd(socket->listener), FD_READ, &socket->future);
}

static void accept_some(void *arg)
{
	struct socket_watch *socket = arg;
	struct net_stream *stream;
	int rc = 0;

	unwatch(socket);
	for (int i = 0; i < ACCEPTS_PER_TURN && rc == 0; i++) {
		rc = listener_try_accept(socket->server->here, socket->listener, &stream);
		if (rc == 0)
			rc = server_client_start(socket->server, stream);
	}
	if (rc == 0 || rc == -EAGAIN)
		watch(socket);
	else
		pause_accepting(socket, rc);
}

static void watch(struct socket_watch *socket)
{
	async_future_init(&socket->future);
	must(fd_watch(socket->server->here, listener_fd(socket->listener), FD_READ,
		      &socket->future) == 0,
	     "the listening socket of the server of %s is waited for by another",
	     socket->server->here);
	socket->armed = true;
	async_future_add_done_callback(&socket->future, &socket->ready, accept_some, socket);
}

/* ---- Closing ----------------------------------------------------------------------------------- */

static void stop_serving(struct net_server *server)
{
	for (int i = 0; i < server->count; i++) {
		unwatch(&server->sockets[i]);
		async_timer_cancel(&server->sockets[i].retry);
		net_listener_close(server->sockets[i].listener);
	}
	server->count = 0;
	if (server->path)
		unix_remove(server->path, server->inode);
	server->closed = true;
}

void net_server_close(struct net_server *server)
{
	if (server->closed)
		return;
	stop_serving(server);
	if (server->forever)
		async_future_cancel(server->forever);
	wake_closers(server);
}

void net_server_close_clients(struct net_server *server)
{
	list_for_each(node, &server->clients)
		channel_close(client_of(node));
}

void net_server_abort_clients(struct net_server *server)
{
	list_for_each(node, &server->clients)
		channel_doom(client_of(node), 0);
}

static void describe(struct wait_view *view, const struct async_future *future)
{
	char text[NET_ADDRESS_TEXT];
	struct net_server server;

	if (!waiter_peek_owner(view, future, &server, sizeof server))
		return;
	if (server.path)
		wait_say_text(view, server.path);
	else
		wait_say(view, "%s", net_address_format(&server.address, text));
	wait_say(view, ", %d connection%s", server.connections, server.connections == 1 ? "" : "s");
}

static const struct async_future_kind ending = { &ending, "wait_closed of server ", NULL,
						 describe };
static const struct async_future_kind serving = { &serving, "serve_forever of server ", NULL,
						  describe };

ASYNC_SUSPENDS
int net_server_wait_closed_at(const char *here, struct net_server *server)
{
	struct waiter waiter;

	if (server->closed && list_empty(&server->clients))
		return 0;
	return waiter_wait(&waiter, &server->closers, task_here(here, "net_server_wait_closed"),
			   here, &ending, server);
}

ASYNC_SUSPENDS
int net_server_serve_forever_at(const char *here, struct net_server *server)
{
	struct waiter forever = { .future.kind = &serving, .owner = server };
	int rc;

	if (server->forever)
		return async_raise(ASYNC_ERUNTIME,
				   "server <Server port=%d> is already being awaited on "
				   "serve_forever()",
				   net_server_port(server, 0, NULL));
	if (server->closed)
		return async_raise(ASYNC_ERUNTIME, "server <Server sockets=()> is closed");
	server->forever = &forever.future;
	rc = async_future_await_at(here, &forever.future);
	server->forever = NULL;
	net_server_close(server);
	/* Cancelled or closed: asyncio waits for the connections either way. */
	(void)net_server_wait_closed_at(here, server);
	return rc;
}

void net_server_free_at(const char *here, struct net_server *server)
{
	if (!server)
		return;
	must(list_empty(&server->closers) && !server->forever,
	     "%s: the server of %s is freed while a task waits for it", here, server->here);
	if (!server->closed)
		stop_serving(server);
	server->freed = true;
	destroy_if_unused(server);
}

/* Its connections find themselves in no list. */
static void loop_closes(void *arg)
{
	struct net_server *server = arg;
	char address[NET_ADDRESS_TEXT];

	if (!server->closed) {
		async_report_unclosed(server->here, "unclosed server <Server sockets=%s>",
				      server->path ? server->path
						   : net_address_format(&server->address, address));
		stop_serving(server);
	}
	list_for_each(node, &server->clients)
		list_remove(node);
	destroy(server);
}

/* ---- Starting ---------------------------------------------------------------------------------- */

static struct net_server *make(const char *here, net_client_handler *handler, void *arg,
			       const struct net_stream_options *options)
{
	struct net_server *server = calloc(1, sizeof *server);

	if (!server)
		return NULL;
	server->here = here;
	server->handler = handler;
	server->arg = arg;
	if (options)
		server->options = *options;
	async_on_close(&server->on_close, loop_closes, server);
	return server;
}

/* Takes the listening fd. */
static int add_socket(struct net_server *server, int fd)
{
	struct socket_watch *socket = &server->sockets[server->count];
	int rc = listener_new(server->here, &socket->listener, fd);

	if (rc < 0)
		return rc;
	if (server->count == 0)
		server->address = *listener_address(socket->listener);
	socket->server = server;
	server->count++;
	watch(socket);
	return 0;
}

static int listen_on(struct net_server *server, struct net_address *addresses, int count, int port)
{
	char text[NET_ADDRESS_TEXT];

	for (int i = 0; i < count; i++) {
		int rc;

		address_set_port(&addresses[i], port);
		rc = socket_listen(server->here, &addresses[i]);
		if (rc < 0)
			return async_raise(rc, "error while attempting to bind on address %s: %s",
					   net_address_format(&addresses[i], text),
					   async_strerror(rc));
		rc = add_socket(server, rc);
		if (rc < 0)
			return rc;
	}
	return 0;
}

ASYNC_SUSPENDS
int net_start_server_at(const char *here, struct net_server **out, net_client_handler *handler,
			void *arg, const char *host, int port,
			const struct net_stream_options *options)
{
	struct net_address addresses[SERVER_SOCKETS];
	struct net_server *server;
	int rc;

	if (port < 0 || port > 65535)
		return async_raise(NET_EADDRESS, "cannot listen on port %d", port);
	rc = net_resolve_at(here, host, 1, AF_UNSPEC, addresses, SERVER_SOCKETS);
	if (rc < 0)
		return rc;
	server = make(here, handler, arg, options);
	if (!server)
		return ASYNC_ENOMEM;
	rc = listen_on(server, addresses, rc, port);
	if (rc < 0) {
		net_server_free_at(here, server);
		return rc;
	}
	*out = server;
	return 0;
}

int net_start_unix_server_at(const char *here, struct net_server **out, net_client_handler *handler,
			     void *arg, const char *path, const struct net_stream_options *options)
{
	struct net_server *server = make(here, handler, arg, options);
	int rc = server ? unix_listen(here, path) : ASYNC_ENOMEM;

	if (rc >= 0) {
		server->inode = unix_inode(path);
		server->path = strdup(path);
		rc = add_socket(server, rc);
	}
	if (rc == 0 && !server->path)
		rc = ASYNC_ENOMEM;
	if (rc < 0) {
		net_server_free_at(here, server);
		return rc;
	}
	*out = server;
	return 0;
}

int net_server_sockets(const struct net_server *server)
{
	return server->count;
}

int net_server_port(const struct net_server *server, int i, struct net_address *address)
{
	static const struct net_address none;
	const struct net_address *at =
		i < server->count ? listener_address(server->sockets[i].listener) : &none;

	if (address)
		*address = *at;
	return at->length ? address_port(at) : 0;
}

bool net_server_is_serving(const struct net_server *server)
{
	return !server->closed;
}
