/* SPDX-License-Identifier: MIT */
/*
 * call.h - one http_request() while it runs: the state that its attempts and redirects share.
 *
 * The call is in one phase at any time, and every nanosecond since start is added to the phase that
 * it passed in: so they are disjoint and add up to the whole.
 */
#ifndef LOOPHOUND_HTTP_CALL_H
#define LOOPHOUND_HTTP_CALL_H

#include "http/deadline.h"
#include "http/http.h"
#include "http/pace.h"
#include "http/redirect.h"
#include "http/request.h"
#include "http/session.h"
#include "http/upload.h"
#include "http/url.h"

struct content;

struct call {
	struct http_session *session;
	const struct http_options *options; /* never NULL */
	void *trace_context;		    /* of whoever traces the session */
	unsigned long number;		    /* of the session's calls, from 1 */
	struct async_list node;		    /* in session->calls */
	struct async_task *task;
	struct limit limit;

	/* Options and the session's defaults, put together. Seconds; negative: none. */
	struct {
		double total, pool, dns, connect, tls, write, head, idle;
	} seconds;
	int64_t start, due; /* of the whole */
	struct http_timing timing;
	const char *phase; /* as in struct http_failure */
	int64_t *clock;	   /* in timing: where the time goes to now */
	int64_t mark;	   /* it has been added up to here */

	/* The request at hand; a redirect changes it. */
	struct url *first, *url;   /* the same at first */
	const struct proxy *proxy; /* the session's, for url; NULL: none */
	const char *method;
	const struct http_header *headers;
	size_t header_count;
	struct upload upload;
	struct pace pace; /* of the body of its response */
	unsigned pulls;	  /* of pieces of it that were decoded */
	/* What the hop at hand has to give back; both NULL between two hops. */
	struct pool_origin *origin; /* the lease's */
	struct connection *connection;
	struct content *stream; /* the caller reads the body through this; NULL: it is kept */
	struct request_bytes bytes;
	/* What defaults.c has made for it; owned. */
	char *userinfo, *bearer;
	struct http_header *merged;
	bool conditional;  /* its headers ask for a 304 */
	const char *range; /* the value of Range, the caller's; NULL: none */

	/* Redirects so far. */
	int redirects;
	struct http_redirect *history; /* so many; owned, with its strings */
	bool crossed;		       /* one led to another origin */
	unsigned deny_kinds;	       /* of addresses, because of that */
	struct http_header *filtered;  /* owned; headers points here once some are left out */
	struct redirect_visit *visits;

	/* For the record of a failure. */
	int status;
	int64_t content_length;
	uint64_t body_bytes;
	char peer[NET_ADDRESS_TEXT];
};

/* The proxy is asked for the URL itself, and not for a tunnel to its host. */
static inline bool call_is_forwarded(const struct call *call)
{
	return call->proxy && call->proxy->kind == PROXY_HTTP && !call->url->secure;
}

/* The next phase begins; its time goes to clock. Returns the present, in nanoseconds. */
static inline int64_t call_enter(struct call *call, const char *phase, int64_t *clock)
{
	int64_t now = async_time_ns();

	*call->clock += now - call->mark;
	call->mark = now;
	call->phase = phase;
	call->clock = clock;
	return now;
}

#endif
