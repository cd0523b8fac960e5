/* SPDX-License-Identifier: MIT */
/*
 * server_response.c - the bytes of a response. A body of up to 16 KiB goes behind the head, so that
 * one write sends both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "http/headers.h"
#include "http/server.h"
#include "http/writer.h"

#define SMALL_BODY (16 * 1024)

/* Framing is the server's business: a handler that sets it would be a second opinion. */
static bool is_sendable(const struct http_header *header)
{
	return header->name && header->value &&
	       headers_is_token(header->name, strlen(header->name)) &&
	       headers_is_value(header->value) && strcasecmp(header->name, "content-length") != 0 &&
	       strcasecmp(header->name, "transfer-encoding") != 0 &&
	       strcasecmp(header->name, "connection") != 0;
}

static bool has_no_body(int status)
{
	return status == 204 || status == 304;
}

static void put_connection(struct writer *writer, const struct server_reply *reply)
{
	if (!reply->keep_alive)
		put_header(writer, "Connection", "close");
	else if (reply->minor == 0)
		put_header(writer, "Connection", "keep-alive");
}

static void put_head(struct writer *writer, const struct server_reply *reply)
{
	const struct http_server_response *response = reply->response;
	size_t length = response->status == 205 ? 0 : response->body_size;
	char text[32];

	snprintf(text, sizeof(text), "HTTP/1.1 %d ", response->status);
	put(writer, text);
	put(writer, parser_reason(response->status));
	put(writer, "\r\n");
	if (reply->date && !headers_find(response->headers, response->header_count, "date"))
		put_header(writer, "Date", reply->date);
	for (size_t i = 0; i < response->header_count; i++)
		put_header(writer, response->headers[i].name, response->headers[i].value);
	if (!has_no_body(response->status)) {
		snprintf(text, sizeof(text), "%zu", length);
		put_header(writer, "Content-Length", text);
	}
	put_connection(writer, reply);
	put(writer, "\r\n");
}

int server_response_write(const struct server_reply *reply, struct server_bytes *out)
{
	const struct http_server_response *response = reply->response;
	bool body = !reply->head_request && !has_no_body(response->status) &&
		    response->status != 205 && response->body_size > 0;
	struct writer count = { NULL, 0 }, writer = { NULL, 0 };

	*out = (struct server_bytes){ 0 };
	if (response->status < 200 || response->status > 599)
		return HTTP_EREQUEST;
	for (size_t i = 0; i < response->header_count; i++)
		if (!is_sendable(&response->headers[i]))
			return HTTP_EREQUEST;
	put_head(&count, reply);
	if (body && response->body_size > SMALL_BODY) {
		out->rest = response->body;
		out->rest_size = response->body_size;
		body = false;
	}
	out->size = count.size + (body ? response->body_size : 0);
	out->data = malloc(out->size);
	if (!out->data)
		return ASYNC_ENOMEM;
	writer.at = out->data;
	put_head(&writer, reply);
	if (body)
		put_bytes(&writer, response->body, response->body_size);
	return 0;
}

void server_response_date(char out[SERVER_DATE], time_t when)
{
	/* Not strftime(): its names depend on the locale. */
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	gmtime_r(&when, &tm);
	snprintf(out, SERVER_DATE, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday % 7],
		 tm.tm_mday % 100, months[tm.tm_mon % 12], (tm.tm_year + 1900) % 10000,
		 tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
}
