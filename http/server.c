/* SPDX-License-Identifier: MIT */
/*
 * server.c - accepts connections, counts them, and stops.
 *
 * One task accepts and each connection has its own; none is ever awaited. The server knows how many
 * there are, and the last one to end sets an event, which is what a stop waits for.
 */
#include <stdlib.h>

#include "http/errors.h"
#include "http/server.h"
#include "net/listener.h"
#include "runtime/base.h"

/* No descriptor or memory to be had: time for others to give some back. */
#define ACCEPT_PAUSE 0.05

void server_task_ended(struct http_server *server)
{
	if (--server->tasks == 0)
		async_event_set(&server->quiet);
}

ASYNC_SUSPENDS
static int accept_next(struct http_server *server)
{
	struct net_stream *stream;
	int rc = async_semaphore_acquire(&server->slots);

	if (rc < 0)
		return rc;
	if (server->stopping)
		return ASYNC_ECLOSED;
	rc = net_accept(server->listener, &stream);
	if (rc < 0) {
		async_semaphore_release(&server->slots);
		return rc;
	}
	return server_connection_start(server, stream);
}

ASYNC_SUSPENDS
static int accept_all(void *arg)
{
	struct http_server *server = arg;
	int rc = 0;

	server->acceptor = async_current_task();
	while (!server->stopping && rc != ASYNC_ECANCELED && rc != ASYNC_ECLOSED) {
		rc = accept_next(server);
		if (rc < 0 && rc != ASYNC_ECANCELED && rc != ASYNC_ECLOSED)
			rc = async_sleep(ACCEPT_PAUSE);
	}
	server->acceptor = NULL;
	server_task_ended(server);
	return 0;
}

/* What is left then was cancelled before it began, or destroyed. */
static void loop_closes(void *arg)
{
	struct http_server *server = arg;

	if (!server->stopping) {
		async_report_unclosed(server->here, "unclosed server <http_server port=%d>",
				      net_listener_port(server->listener));
		net_listener_close(server->listener);
	}
	list_for_each(node, &server->connections)
		server_connection_abandon(container_of(node, struct server_connection, node));
	free(server);
}

static void set_default(double *seconds, double value)
{
	if (*seconds == 0)
		*seconds = value;
}

int http_server_start_at(const char *here, struct http_server **out, struct net_listener *listener,
			 const struct http_server_options *options,
			 int (*handler)(void *arg, const struct http_server_request *request,
					struct http_server_response *response),
			 void *arg)
{
	struct async_task_options task = { .name = "http server" };
	struct http_server *server = calloc(1, sizeof(*server));
	int rc;

	errors_register();
	*out = NULL;
	if (!server)
		return ASYNC_ENOMEM;
	if (options)
		server->options = *options;
	set_default(&server->options.head_timeout, 10);
	set_default(&server->options.idle_timeout, 60);
	if (server->options.max_body == 0)
		server->options.max_body = 1 << 20;
	if (server->options.max_connections <= 0)
		server->options.max_connections = 1000;
	async_semaphore_init(&server->slots, server->options.max_connections);
	server->listener = listener;
	server->handler = handler;
	server->arg = arg;
	server->tasks = 1;
	rc = async_spawn_with(accept_all, server, &task);
	if (rc < 0) {
		free(server);
		return rc;
	}
	server->here = here;
	listener_own(listener);
	async_on_close(&server->unclosed, loop_closes, server);
	*out = server;
	return 0;
}

/* Those that have not begun to run see server->stopping when they do. */
static void cancel_connections(struct http_server *server, bool also_busy)
{
	list_for_each(node, &server->connections) {
		struct server_connection *c = container_of(node, struct server_connection, node);

		if (c->task && (also_busy || !c->busy))
			async_cancel(c->task);
	}
}

ASYNC_SUSPENDS
int http_server_stop(struct http_server *server, double grace)
{
	struct async_timeout limit;
	bool cancelled = false;
	int rc = 0;

	server->stopping = true;
	if (server->acceptor)
		async_cancel(server->acceptor);
	net_listener_close(server->listener);
	server->listener = NULL;
	cancel_connections(server, false);
	async_timeout_begin(&limit, grace);
	if (server->tasks)
		rc = async_event_wait(&server->quiet);
	rc = async_timeout_end(&limit, rc);
	/* From here on nobody is waited for but for cleaning up, which not even a cancel cuts short. */
	while (server->tasks) {
		cancelled |= rc == ASYNC_ECANCELED;
		cancel_connections(server, true);
		rc = async_event_wait(&server->quiet);
	}
	async_handle_cancel(&server->unclosed);
	free(server);
	return cancelled ? ASYNC_ECANCELED : 0;
}

unsigned http_server_connections(const struct http_server *server)
{
	return server->count;
}

unsigned http_server_peak_connections(const struct http_server *server)
{
	return server->peak;
}
