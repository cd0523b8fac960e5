/* SPDX-License-Identifier: MIT */
/*
 * trace.h - events of a call, told to whoever traces its session. Without one it costs a look at a
 * pointer.
 */
#ifndef LOOPHOUND_HTTP_TRACE_H
#define LOOPHOUND_HTTP_TRACE_H

#include "http/call.h"
#include "http/connection.h"

/* trace_event(call, .event = HTTP_TRACE_..., and what belongs to it); the rest is filled in. */
#define trace_event(call, ...)                                                   \
	do {                                                                     \
		if ((call)->session->options.on_trace)                           \
			trace_tell((call), &(struct http_trace){ __VA_ARGS__ }); \
	} while (0)
/* The same with a connection, whose number, peer and version of TLS are told. */
#define trace_event_of(call, connection, ...)                                                     \
	do {                                                                                      \
		if ((call)->session->options.on_trace)                                            \
			trace_tell_of((call), (connection), &(struct http_trace){ __VA_ARGS__ }); \
	} while (0)

void trace_tell(struct call *call, struct http_trace *trace);
void trace_tell_of(struct call *call, const struct connection *connection,
		   struct http_trace *trace);
/* As net_connect_options.watch, with the call as its argument. */
void trace_connect(void *arg, enum net_connect_event event, const struct net_address *address,
		   int code);

#endif
