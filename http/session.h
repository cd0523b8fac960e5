/* SPDX-License-Identifier: MIT */
/* session.h - what all requests of a session share. */
#ifndef LOOPHOUND_HTTP_SESSION_H
#define LOOPHOUND_HTTP_SESSION_H

#include "http/connection.h"
#include "http/cookies.h"
#include "http/http.h"
#include "http/pool.h"
#include "http/proxy.h"
#include "http/resolve.h"

struct call;

struct http_session {
	const char *opened_at;
	struct async_handle unclosed; /* run when the loop closes */
	struct async_list node;	      /* among the open sessions of this thread */
	struct http_session_options options;
	struct proxy_rules proxies;
	struct resolve *resolve;     /* NULL: none */
	struct cookie_jar cookies;   /* empty unless options.cookies */
	struct url *base;	     /* NULL: none */
	struct http_header *headers; /* the defaults, owned with their strings */
	char *netrc;		     /* its text, once it has been read */
	size_t netrc_size;
	struct pool pool;
	struct connection_counts counts;
	unsigned long reused, requests, surplus, call_count;

	struct async_list calls;  /* of call.node */
	struct async_list opened; /* of opened.node: responses that are still to be read */
	struct async_event drained;
	bool closing;

	struct net_tls_context *tls; /* NULL until the first https request has made it */
	struct async_semaphore tls_lock;
};

/* False for one that is closing, and for a pointer to one that has been closed. */
bool session_is_open(const struct http_session *session);

/*
 * session_options.c: takes over copies. 0, HTTP_EURL, ASYNC_ENOMEM, raised; to be dropped in any case.
 */
int session_options_take(struct http_session *session, const struct http_session_options *options);
void session_options_drop(struct http_session *session);
/* The text of netrc_file, read once, on a thread. 0, a negative errno (raised), ASYNC_ENOMEM. */
ASYNC_SUSPENDS int session_netrc(struct http_session *session);

/* The TLS settings, loaded once. 0 or the codes of net_tls_client(). */
ASYNC_SUSPENDS int session_tls(struct http_session *session, struct net_tls_context **out);

void session_enter(struct http_session *session, struct call *call);
void session_leave(struct http_session *session, struct call *call);

#endif
