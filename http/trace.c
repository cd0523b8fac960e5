/* SPDX-License-Identifier: MIT */
/* trace.c - see trace.h. */
#include "http/trace.h"

void trace_tell(struct call *call, struct http_trace *trace)
{
	const struct http_session_options *options = &call->session->options;

	trace->request = call->number;
	trace->context = &call->trace_context;
	trace->time = async_time_ns();
	trace->method = call->method;
	if (!trace->url)
		trace->url = call->url ? call->url->text : "";
	trace->status = call->status;
	options->on_trace(options->on_trace_arg, trace);
}

void trace_tell_of(struct call *call, const struct connection *connection, struct http_trace *trace)
{
	trace->connection = connection->number;
	trace->peer = connection->peer;
	trace->tls = net_tls_version(connection->stream);
	trace_tell(call, trace);
}

void trace_connect(void *arg, enum net_connect_event event, const struct net_address *address,
		   int code)
{
	static const enum http_trace_event events[] = {
		[NET_CONNECT_DNS_START] = HTTP_TRACE_DNS_START,
		[NET_CONNECT_DNS_CACHED] = HTTP_TRACE_DNS_CACHE_HIT,
		[NET_CONNECT_DNS_END] = HTTP_TRACE_DNS_END,
		[NET_CONNECT_ADDRESS_START] = HTTP_TRACE_CONNECT_START,
		[NET_CONNECT_ADDRESS_END] = HTTP_TRACE_CONNECT_END,
		[NET_CONNECT_TLS_START] = HTTP_TRACE_TLS_START,
		[NET_CONNECT_TLS_END] = HTTP_TRACE_TLS_END,
	};
	struct call *call = arg;

	trace_event(call, .event = events[event], .address = address, .code = code);
}
