/* SPDX-License-Identifier: MIT */
/*
 * response.c - a response's memory: this block, the URL's, the head's, and the body's.
 */
#include "http/response.h"

#include <stdlib.h>
#include <string.h>

#include "http/follow.h"
#include "http/headers.h"
#include "runtime/base.h"

struct response {
	struct http_response public;
	struct http_header *headers;
	struct url *url;
	struct http_redirect *history;
	char *body;
	struct opened *opened;
	char peer[NET_ADDRESS_TEXT];
};

int response_make(struct http_response **out, struct call *call, struct connection *connection,
		  struct body *body)
{
	const struct parser_head *head = parser_head(connection->parser);
	struct response *response = malloc(sizeof(*response));

	if (!response)
		return async_raise(ASYNC_ENOMEM, "no memory for a response");
	response->url = call->url;
	response->body = body->data;
	response->opened = NULL;
	response->history = call->history;
	call->history = NULL;
	memcpy(response->peer, connection->peer, sizeof(response->peer));
	response->public = (struct http_response){
		.status = head->status,
		.body = { body->data ? body->data : "", body->size },
		.header_count = head->header_count,
		.url = call->url->text,
		.redirects = call->redirects,
		.history = response->history,
		.connection = connection->number,
		.reused = connection->reused,
		.peer = response->peer,
		.tls = net_tls_version(connection->stream),
		.wire_bytes = call->body_bytes,
	};
	response->headers = parser_take_headers(connection->parser);
	response->public.headers = response->headers;
	if (call->first == call->url)
		call->first = NULL;
	call->url = NULL;
	*body = (struct body){ 0 };
	*out = &response->public;
	return 0;
}

static struct response *response_of(const struct http_response *public)
{
	return container_of(public, struct response, public);
}

struct opened *response_opened(const struct http_response *public)
{
	return response_of(public)->opened;
}

struct url *response_own(struct http_response *public, struct opened *opened)
{
	response_of(public)->opened = opened;
	return response_of(public)->url;
}

void response_drop(struct http_response *public)
{
	struct response *response = response_of(public);

	follow_forget(response->history, public->redirects);
	free(response->headers);
	free(response->body);
	url_free(response->url);
	free(response);
}

const char *http_response_header(const struct http_response *response, const char *name)
{
	return headers_find(response->headers, response->header_count, name);
}
