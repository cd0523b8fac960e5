/* SPDX-License-Identifier: MIT */
/*
 * tunnel.c - CONNECT (RFC 9110 9.3.6): one head to the proxy, one head back.
 *
 * A 2xx has no body whatever it announces; any other answer is read up to its head, and the
 * connection goes. A proxy that sends more than its head is not to be trusted with what follows:
 * servers behind a tunnel speak only when they are spoken to.
 */
#include "http/tunnel.h"

#include <stdlib.h>
#include <string.h>

#include "http/http.h"
#include "http/parser.h"
#include "http/userinfo.h"

#define PIECE 1024

/* "host:port" of a URL, brackets and all. */
static const char *place_of(const struct url *url)
{
	return strchr(url->origin, ':') + 3;
}

int tunnel_lost(const struct tunnel *tunnel, int rc)
{
	if (rc == ASYNC_ECANCELED)
		return rc;
	if (rc == 0)
		return async_raise(HTTP_EPROXY_PROTOCOL, "proxy %s closed the connection",
				   place_of(tunnel->proxy->url));
	return async_raise(rc, "proxy %s: %s", tunnel->proxy->url->authority, async_strerror(rc));
}

static void put_request(struct writer *writer, const struct tunnel *tunnel)
{
	const char *place = place_of(tunnel->url);
	const char *userinfo = tunnel->proxy->url->userinfo;

	put(writer, "CONNECT ");
	put(writer, place);
	put(writer, " HTTP/1.1\r\n");
	put_header(writer, "Host", place);
	put_header(writer, "User-Agent", tunnel->user_agent);
	if (userinfo)
		userinfo_put_basic(writer, "Proxy-Authorization", userinfo);
	put(writer, "\r\n");
}

ASYNC_SUSPENDS
static int ask(const struct tunnel *tunnel, struct net_stream *stream)
{
	struct writer count = { NULL, 0 }, writer = { NULL, 0 };
	char *head;
	int rc;

	put_request(&count, tunnel);
	writer.at = head = malloc(count.size);
	if (!head)
		return async_raise(ASYNC_ENOMEM, "no memory for a request to a proxy");
	put_request(&writer, tunnel);
	rc = net_write(stream, head, count.size);
	free(head);
	return rc < 0 ? tunnel_lost(tunnel, rc) : 0;
}

static int judge(const struct tunnel *tunnel, int status)
{
	const char *proxy = tunnel->proxy->url->authority;

	if (status >= 200 && status < 300)
		return 0;
	/* To CONNECT nobody but the proxy answers, so 401 means the same: tinyproxy's word for it. */
	if (status == 407 || status == 401)
		return async_raise(
			HTTP_EPROXY_AUTH, "proxy %s wants %s (%d)", proxy,
			tunnel->proxy->url->userinfo ? "other credentials" : "credentials", status);
	return async_raise(HTTP_EPROXY_REFUSED, "proxy %s does not connect to %s: %d %s", proxy,
			   place_of(tunnel->url), status, parser_reason(status));
}

/* The head, and nothing behind it. */
ASYNC_SUSPENDS
static int hear(const struct tunnel *tunnel, struct net_stream *stream, struct parser *parser)
{
	int event = PARSER_MORE, rc;
	size_t at = 0, end = 0, used;
	struct json_span body;
	char piece[PIECE];

	while (event == PARSER_MORE || event == PARSER_HEAD) {
		if (at == end) {
			ssize_t n = net_read(stream, piece, sizeof(piece));

			if (n <= 0)
				return tunnel_lost(tunnel, (int)n);
			at = 0;
			end = (size_t)n;
		}
		event = parser_feed(parser, piece + at, end - at, &used, &body);
		at += used;
	}
	if (event < 0)
		return async_raise(HTTP_EPROXY_PROTOCOL, "proxy %s: %s",
				   tunnel->proxy->url->authority, parser_why(parser));
	rc = judge(tunnel, parser_head(parser)->status);
	if (rc == 0 && at < end)
		return async_raise(HTTP_EPROXY_PROTOCOL,
				   "proxy %s sent more than a head when it was asked to connect",
				   tunnel->proxy->url->authority);
	return rc;
}

ASYNC_SUSPENDS
static int connect_on(const struct tunnel *tunnel, struct net_stream *stream)
{
	struct parser *parser;
	int rc = ask(tunnel, stream);

	if (rc < 0)
		return rc;
	parser = parser_new();
	if (!parser)
		return async_raise(ASYNC_ENOMEM, "no memory for a parser");
	parser_begin(parser, &(struct parser_options){ .head_request = true });
	rc = hear(tunnel, stream, parser);
	parser_free(parser);
	return rc;
}

ASYNC_SUSPENDS
int tunnel_open(void *arg, struct net_stream *stream)
{
	const struct tunnel *tunnel = arg;

	return tunnel->proxy->kind == PROXY_HTTP ? connect_on(tunnel, stream)
						 : socks_open(tunnel, stream);
}
