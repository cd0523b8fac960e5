/* SPDX-License-Identifier: MIT */
/*
 * client.c - http_request(): options and defaults put together, hop after hop, and a failure put
 * into words.
 */
#include "http/client.h"

#include <stdlib.h>
#include <string.h>

#include "http/defaults.h"
#include "http/follow.h"
#include "http/hop.h"
#include "http/http.h"
#include "http/target.h"
#include "http/trace.h"

static const struct http_options no_options;

ASYNC_SUSPENDS
static int run(struct call *call, const char *text, struct http_response **out)
{
	char why[URL_WHY];
	int rc = target_url(&call->first, call->session->base, text, call->options->params,
			    call->options->param_count, why);

	if (rc < 0)
		return async_raise(rc, "%s", rc == ASYNC_ENOMEM ? async_strerror(rc) : why);
	call->url = call->first;
	rc = upload_open(&call->upload, call->options);
	if (rc == 0)
		rc = defaults_apply(call);
	if (rc < 0)
		return rc;
	do
		rc = hop_make(call, out);
	while (rc > 0);
	return rc;
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static double pick(double own, double of_session, double otherwise)
{
	return own != 0 ? own : of_session != 0 ? of_session : otherwise;
}

void client_begin(struct call *call, struct http_session *session,
		  const struct http_options *options)
{
	const struct http_session_options *defaults = &session->options;

	*call = (struct call){
		.session = session,
		.options = options,
		.number = ++session->call_count,
		.task = async_current_task(),
		.seconds = {
			.total = pick(options->timeout, defaults->timeout, 300),
			.pool = pick(options->pool_timeout, 0, -1),
			.dns = pick(options->dns_timeout, defaults->dns_timeout, 5),
			.connect = pick(options->connect_timeout, defaults->connect_timeout, 5),
			.tls = pick(options->tls_timeout, defaults->tls_timeout, 5),
			.write = pick(options->write_timeout, defaults->write_timeout, 15),
			.head = pick(options->first_byte_timeout, defaults->first_byte_timeout, 30),
			.idle = pick(options->idle_timeout, defaults->idle_timeout, 15),
		},
		.start = async_time_ns(),
		.phase = "url",
		.clock = &call->timing.queue,
		.method = options->method ? options->method : "GET",
		.headers = options->headers,
		.header_count = options->header_count,
		.content_length = -1,
		.upload.fd = -1,
		.pace = { .limit = options->low_speed_limit,
			  .seconds = pick(options->low_speed_time, 0, 30) },
	};
	call->mark = call->start;
	call->due = deadline_after(call->start, call->seconds.total);
	limit_begin(&call->limit);
	session_enter(session, call);
}

int client_explain(const struct call *call, int rc)
{
	const char *place = call->url ? strchr(call->url->origin, ':') + 3 : "?";

	switch (rc) {
	case HTTP_EPOOL_TIMEOUT:
		return async_raise(rc, "no connection to %s became free within %g s", place,
				   call->seconds.pool);
	case HTTP_EWRITE_TIMEOUT:
		return async_raise(rc, "%s takes no more of the request for %g s", place,
				   call->seconds.write);
	case HTTP_EHEADER_TIMEOUT:
		return async_raise(rc, "no complete head from %s after %g s", place,
				   call->seconds.head);
	case HTTP_EBODY_IDLE:
		if (call->content_length < 0)
			return async_raise(rc, "no byte for %g s after %llu", call->seconds.idle,
					   (unsigned long long)call->body_bytes);
		return async_raise(rc, "no byte for %g s after %llu of %lld", call->seconds.idle,
				   (unsigned long long)call->body_bytes,
				   (long long)call->content_length);
	case HTTP_EBODY_SLOW:
		return async_raise(rc, "less than %zu bytes in %g s after %llu",
				   call->options->low_speed_limit, call->pace.seconds,
				   (unsigned long long)call->pace.bytes);
	case HTTP_ETOTAL_TIMEOUT:
		return async_raise(rc, "not done after %g s, in phase %s", call->seconds.total,
				   call->phase);
	case HTTP_ESESSION_CLOSED:
		return async_raise(rc, "Session is closed.");
	default:
		return rc;
	}
}

static void describe(const struct call *call, struct http_failure *failure)
{
	*failure = (struct http_failure){
		.phase = call->phase,
		.status = call->status,
		.timing = call->timing,
		.body_bytes = call->body_bytes,
		.content_length = call->content_length,
		.url = call->redirects && call->url ? strdup(call->url->text) : NULL,
	};
	memcpy(failure->peer, call->peer, sizeof(failure->peer));
}

ASYNC_SUSPENDS
int client_run(struct call *call, const char *url, struct http_response **out)
{
	int rc;

	trace_event(call, .event = HTTP_TRACE_REQUEST_START, .url = url);
	rc = limit_end(&call->limit, run(call, url, out));
	if (rc == 0)
		return 0;
	trace_event(call, .event = HTTP_TRACE_EXCEPTION, .code = rc);
	call_enter(call, call->phase, call->clock);
	return client_explain(call, rc);
}

void client_clean_up(struct call *call)
{
	session_leave(call->session, call);
	if (call->first != call->url)
		url_free(call->first);
	url_free(call->url);
	free(call->filtered);
	follow_forget(call->history, call->redirects);
	defaults_drop(call);
	upload_drop(&call->upload);
	redirect_forget(&call->visits);
}

ASYNC_SUSPENDS
int http_request_with(struct http_session *session, const char *url,
		      const struct http_options *options, struct http_response **response,
		      struct http_failure *failure)
{
	struct call call;
	int rc;

	if (!session_is_open(session)) {
		if (failure)
			*failure = (struct http_failure){ .phase = "queue", .content_length = -1 };
		return async_raise(HTTP_ESESSION_CLOSED, "Session is closed.");
	}
	client_begin(&call, session, options ? options : &no_options);
	rc = client_run(&call, url, response);
	if (rc == 0) {
		trace_event(&call, .event = HTTP_TRACE_REQUEST_END, .url = (*response)->url);
		(*response)->timing = call.timing;
	} else if (failure) {
		describe(&call, failure);
	}
	client_clean_up(&call);
	return rc;
}

ASYNC_SUSPENDS
int http_request(struct http_session *session, const char *url, const struct http_options *options,
		 struct http_response **response)
{
	return http_request_with(session, url, options, response, NULL);
}

ASYNC_SUSPENDS
int async_http_get(struct http_session *session, const char *url,
		   const struct http_options *options, struct http_response **response)
{
	struct http_options get = options ? *options : no_options;

	get.method = "GET";
	return http_request_with(session, url, &get, response, NULL);
}
