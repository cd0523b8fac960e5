/* SPDX-License-Identifier: MIT */
/*
 * opened.c - http_open(): a response whose body is read as its caller asks for it.
 *
 * The call lives on the heap, and on from one read to the next, with its lease and its connection;
 * its limits are those of whichever task is reading. Between two reads nothing is received, so the
 * kernel's buffers fill up and the server has to wait: that is all the backpressure there is.
 *
 * It ends once: with the verified end of the body, with a failure, by http_response_close() or with
 * its session; from then on there is only memory left, which goes with the response.
 */
#include "http/opened.h"

#include <stdlib.h>
#include <string.h>

#include "http/client.h"
#include "http/exchange.h"
#include "http/hop.h"
#include "http/response.h"
#include "http/trace.h"
#include "runtime/base.h"
#include "runtime/list.h"

#define GOING_ON 1

struct opened {
	struct call call;
	struct http_options options; /* call.options: the caller's may be gone */
	struct content content;
	struct http_response *response;
	struct async_list node; /* in session->opened until it ends */
	const char *here;
	struct json_span rest; /* of the piece at hand: what has not been read of it */
	int code;	       /* GOING_ON; 0: the end; or what each read returns from now on */
	int64_t left;	       /* when the last read returned */
	bool busy;	       /* somebody is reading */
	char method[];
};

/* ---- The end --------------------------------------------------------------------------------- */

/* rc: how it has ended, for the connection, too. */
static void finish(struct opened *opened, int rc)
{
	struct call *call = &opened->call;

	opened->code = rc;
	opened->rest.len = 0;
	list_remove(&opened->node);
	/* Nothing of the body was kept, so that on_memory has nothing to be told. */
	content_drop(&opened->content, call);
	hop_end(call, rc);
	opened->response->timing = call->timing;
	opened->response->wire_bytes = call->body_bytes;
	trace_event(call, .event = rc < 0 ? HTTP_TRACE_EXCEPTION : HTTP_TRACE_REQUEST_END,
		    .code = rc);
}

void http_response_close(struct http_response *response)
{
	struct opened *opened = response_opened(response);

	if (!opened || opened->code != GOING_ON)
		return;
	must(!opened->busy, "http_response_close: a task is reading the response of %s",
	     opened->here);
	exchange_discard(&opened->call, opened->call.connection);
	finish(opened, 0);
	opened->code = ASYNC_ECLOSED;
}

void http_response_free(struct http_response *response)
{
	if (!response)
		return;
	http_response_close(response);
	free(response_opened(response));
	response_drop(response);
}

void opened_cut_all(struct http_session *session)
{
	list_for_each(node, &session->opened) {
		struct opened *opened = container_of(node, struct opened, node);

		if (!opened->busy)
			finish(opened, HTTP_ESESSION_CLOSED);
	}
}

/* Its lease is not given back: those who might be waiting for it are gone with their tasks. */
void opened_abandon_all(struct http_session *session)
{
	while (!list_empty(&session->opened)) {
		struct opened *opened = container_of(session->opened.next, struct opened, node);
		struct http_response *response = opened->response;

		async_report_unclosed(opened->here, "Unclosed response <%s [%d %s]>", response->url,
				      response->status, parser_reason(response->status));
		list_remove(&opened->node);
		content_drop(&opened->content, &opened->call);
		connection_close(opened->call.connection);
		free(opened);
		response_drop(response);
	}
}

/* ---- The beginning --------------------------------------------------------------------------- */

static struct opened *opened_new(const char *here, const struct http_options *options)
{
	static const struct http_options none;
	const char *method = options && options->method ? options->method : "GET";
	size_t size = strlen(method) + 1;
	struct opened *opened = calloc(1, sizeof(*opened) + size);

	if (!opened)
		return NULL;
	opened->options = options ? *options : none;
	opened->options.method = memcpy(opened->method, method, size);
	opened->here = here;
	opened->code = GOING_ON;
	return opened;
}

/* From now on the response is what is left of the call. */
static void hand_over(struct opened *opened, struct http_response *response)
{
	struct call *call = &opened->call;

	deadline_end(&call->connection->deadline);
	client_clean_up(call);
	opened->response = response;
	opened->left = async_time_ns();
	call->url = response_own(response, opened);
	response->timing = call->timing;
	list_append(&call->session->opened, &opened->node);
	if (call->session->closing)
		finish(opened, HTTP_ESESSION_CLOSED);
}

ASYNC_SUSPENDS
int http_open_at(const char *here, struct http_session *session, const char *url,
		 const struct http_options *options, struct http_response **response)
{
	struct opened *opened;
	int rc;

	must(!options || (!options->on_body && !options->on_memory),
	     "%s: http_open: a body that is read is not for on_body or on_memory", here);
	if (!session_is_open(session))
		return async_raise(HTTP_ESESSION_CLOSED, "Session is closed.");
	opened = opened_new(here, options);
	if (!opened)
		return async_raise(ASYNC_ENOMEM, "no memory for a response");
	client_begin(&opened->call, session, &opened->options);
	opened->call.stream = &opened->content;
	rc = client_run(&opened->call, url, response);
	if (rc < 0) {
		client_clean_up(&opened->call);
		free(opened);
		return rc;
	}
	hand_over(opened, *response);
	return 0;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* The next piece, within the limits of the call, which only now hold for this task. */
ASYNC_SUSPENDS
static int pull_timed(struct opened *opened)
{
	struct call *call = &opened->call;
	int64_t now = async_time_ns();
	int rc = HTTP_ETOTAL_TIMEOUT;

	pace_excuse(&call->pace, opened->left, now);
	call->task = async_current_task();
	limit_begin(&call->limit);
	deadline_begin(&call->connection->deadline, &call->limit);
	if (now < call->due)
		rc = exchange_pull(call, call->connection, &opened->content, &opened->rest);
	deadline_end(&call->connection->deadline);
	opened->left = async_time_ns();
	return client_explain(call, limit_end(&call->limit, rc));
}

/* 1: there is a piece; 0: the end; or a code. After a cancellation the next read may go on. */
ASYNC_SUSPENDS
static int pull(struct opened *opened)
{
	struct call *call = &opened->call;
	int rc;

	opened->busy = true;
	session_enter(call->session, call);
	rc = pull_timed(opened);
	if (rc > 0 && call->session->closing)
		rc = client_explain(call, HTTP_ESESSION_CLOSED);
	if (rc == ASYNC_ECANCELED && call->session->closing)
		finish(opened, HTTP_ESESSION_CLOSED);
	else if (rc <= 0 && rc != ASYNC_ECANCELED)
		finish(opened, rc);
	session_leave(call->session, call);
	opened->busy = false;
	return rc;
}

/* What there is to say of an end that has been told before. */
static int ended(const struct opened *opened)
{
	if (opened->code == 0)
		return 0;
	return async_raise(opened->code, "%s",
			   opened->code == ASYNC_ECLOSED ? "Connection closed"
							 : async_strerror(opened->code));
}

ASYNC_SUSPENDS
ssize_t http_response_read(struct http_response *response, void *buffer, size_t size)
{
	struct opened *opened = response_opened(response);
	int rc = 1;

	must(opened, "http_response_read: the response is not one of http_open()");
	must(size > 0, "http_response_read of no bytes: 0 would look like the end");
	if (opened->busy)
		return async_raise(ASYNC_ERUNTIME, "read() called while another coroutine is "
						   "already waiting for incoming data");
	if (opened->code != GOING_ON)
		return ended(opened);
	if (opened->rest.len == 0)
		rc = pull(opened);
	if (rc <= 0)
		return rc;
	if (size > opened->rest.len)
		size = opened->rest.len;
	memcpy(buffer, opened->rest.ptr, size);
	opened->rest.ptr += size;
	opened->rest.len -= size;
	return (ssize_t)size;
}
