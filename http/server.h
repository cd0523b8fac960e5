/* SPDX-License-Identifier: MIT */
/* server.h - what server.c, server_connection.c and server_response.c share. Internal. */
#ifndef LOOPHOUND_HTTP_SERVER_H
#define LOOPHOUND_HTTP_SERVER_H

#include <time.h>

#include "http/http.h"
#include "http/parser.h"
#include "runtime/list.h"

#define SERVER_DATE 40

struct http_server {
	struct http_server_options options; /* with the defaults filled in */
	int (*handler)(void *arg, const struct http_server_request *request,
		       struct http_server_response *response);
	void *arg;
	struct net_listener *listener; /* NULL once stopping */
	struct async_semaphore slots;  /* connections that may still be accepted */
	struct async_list connections; /* struct server_connection */
	struct async_task *acceptor;   /* NULL before it runs and after it ended */
	unsigned tasks;		       /* the acceptor and the connections' */
	struct async_event quiet;      /* set when tasks is 0 */
	unsigned count, peak;
	bool stopping;
	const char *here;	      /* where it was started */
	struct async_handle unclosed; /* run when the loop closes */
	char date[SERVER_DATE];	      /* the Date header of second date_at */
	time_t date_at;
};

/* Called by each task as the last thing it does. */
void server_task_ended(struct http_server *server);

/* ---- Connections ----------------------------------------------------------------------------- */

struct server_connection {
	struct async_list node;
	struct http_server *server;
	struct net_stream *stream;
	struct async_task *task; /* NULL before it runs */
	bool busy;		 /* a request is under way, which a stop lets finish */
	bool first;		 /* no request yet */
	struct parser *parser;
	size_t from, to; /* what is in buffer and not used yet */
	char *body;	 /* of the request being read */
	size_t body_size, body_room;
	char buffer[8192];
};

/* Takes over the stream and a slot; gives both back when it fails. 0 or a negative code. */
int server_connection_start(struct http_server *server, struct net_stream *stream);
/* The loop closes, and its task will not run any more. */
void server_connection_abandon(struct server_connection *connection);

/* ---- Responses ------------------------------------------------------------------------------- */

/* What the bytes of a response depend on besides the handler's answer. */
struct server_reply {
	const struct http_server_response *response;
	const char *date; /* NULL: no Date header */
	bool head_request;
	bool keep_alive;
	int minor; /* of the request's HTTP/1.minor */
};

struct server_bytes {
	char *data; /* to be freed */
	size_t size;
	const void *rest; /* a large body, to be written after data; NULL: there is nothing more */
	size_t rest_size;
};

/*
 * Pure. 0; HTTP_EREQUEST when the answer cannot be sent: a status outside 200 to 599, a header that
 * is broken or that the server sets itself; ASYNC_ENOMEM.
 */
int server_response_write(const struct server_reply *reply, struct server_bytes *out);

/* RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". */
void server_response_date(char out[SERVER_DATE], time_t when);

#endif
