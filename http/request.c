/* SPDX-License-Identifier: MIT */
/*
 * request.c - checks a request, then writes its head, and a small body behind it, into one block.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/decode.h"
#include "http/headers.h"
#include "http/request.h"
#include "http/userinfo.h"
#include "http/writer.h"

static int fail(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int fail(char *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, REQUEST_WHY, format, arguments);
	va_end(arguments);
	return HTTP_EREQUEST;
}

bool request_is_idempotent(const char *method)
{
	static const char *const methods[] = { "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(method, methods[i]) == 0)
			return true;
	return false;
}

/* ---- Checking -------------------------------------------------------------------------------- */

bool request_reserves(const char *name, const char *value)
{
	static const char *const names[] = { "content-length", "transfer-encoding",
					     "upgrade",	       "expect",
					     "trailer",	       "te",
					     "keep-alive",     "proxy-authorization" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return strcasecmp(name, "connection") == 0 && strcasecmp(value, "close") != 0 &&
	       strcasecmp(value, "keep-alive") != 0;
}

static int check_header(const struct http_header *header, char *why)
{
	if (!header->name || !headers_is_token(header->name, strlen(header->name)))
		return fail(why, "a header name that is empty or not a token");
	if (!header->value || !headers_is_value(header->value))
		return fail(why, "the value of %.60s has a control byte (CR, LF, ...)",
			    header->name);
	if (strlen(header->name) + strlen(header->value) > HEADERS_MAX_FIELD)
		return fail(why, "header %.60s is longer than 16 KiB", header->name);
	if (request_reserves(header->name, header->value))
		return fail(why, "%.60s is set by the library", header->name);
	return 0;
}

static int check(const struct request *request, char *why)
{
	const char *method = request->method ? request->method : "GET";
	int rc = 0;

	if (!headers_is_token(method, strlen(method)) || strlen(method) > 32)
		return fail(why, "the method is not a token of at most 32 characters");
	if (strcasecmp(method, "CONNECT") == 0)
		return fail(why, "CONNECT is for proxies");
	if (request->user_agent && !headers_is_value(request->user_agent))
		return fail(why, "the user agent has a control byte (CR, LF, ...)");
	for (size_t i = 0; i < request->header_count && rc == 0; i++)
		rc = check_header(&request->headers[i], why);
	if (rc == 0 && headers_count(request->headers, request->header_count, "host") > 1)
		return fail(why, "two Host headers");
	return rc;
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* RFC 9110 8.6: also 0, where the method gives a body a meaning. */
static bool wants_length(const char *method, int64_t length)
{
	return length > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
	       strcmp(method, "PATCH") == 0;
}

static void put_default(struct writer *writer, const struct request *request, const char *name,
			const char *value)
{
	if (!headers_find(request->headers, request->header_count, name))
		put_header(writer, name, value);
}

/* A part of an encoded body cannot be decoded; without the header a server may choose any coding. */
static const char *accepted(const struct request *request)
{
	bool range = headers_find(request->headers, request->header_count, "Range");

	return range || request->keep_encoding ? "identity" : decode_accepted();
}

static void put_head(struct writer *writer, const struct request *request)
{
	const char *method = request->method ? request->method : "GET";
	const char *agent = request->user_agent ? request->user_agent : REQUEST_USER_AGENT;
	int64_t size = request->upload ? request->upload->length : 0;
	char length[24];

	put(writer, method);
	put(writer, " ");
	put(writer, request->absolute ? request->url->text : request->url->target);
	put(writer, " HTTP/1.1\r\n");
	put_default(writer, request, "Host", request->url->authority);
	put_default(writer, request, "Accept", "*/*");
	put_default(writer, request, "Accept-Encoding", accepted(request));
	put_default(writer, request, "User-Agent", agent);
	if (request->url->userinfo &&
	    !headers_find(request->headers, request->header_count, "Authorization"))
		userinfo_put_basic(writer, "Authorization", request->url->userinfo);
	if (request->proxy_userinfo)
		userinfo_put_basic(writer, "Proxy-Authorization", request->proxy_userinfo);
	if (request->cookies)
		put_header(writer, "Cookie", request->cookies);
	for (size_t i = 0; i < request->header_count; i++)
		put_header(writer, request->headers[i].name, request->headers[i].value);
	if (size < 0) {
		put_header(writer, "Transfer-Encoding", "chunked");
	} else if (wants_length(method, size)) {
		snprintf(length, sizeof(length), "%lld", (long long)size);
		put_header(writer, "Content-Length", length);
	}
	if (request->expect_continue && size != 0)
		put_header(writer, "Expect", "100-continue");
	put(writer, "\r\n");
}

static bool is_small(const struct request *request)
{
	const struct upload *upload = request->upload;

	if (!upload || upload->length == 0)
		return true;
	return upload->source == UPLOAD_MEMORY && upload->length <= REQUEST_SMALL_BODY &&
	       !request->expect_continue;
}

static void put_small_body(struct writer *writer, const struct request *request,
			   const struct request_bytes *bytes)
{
	if (bytes->has_body && request->upload)
		put_bytes(writer, request->upload->options->body, (size_t)request->upload->length);
}

int request_write(const struct request *request, struct request_bytes *out, char why[REQUEST_WHY])
{
	struct writer count = { NULL, 0 }, writer = { NULL, 0 };
	int rc;

	*out = (struct request_bytes){ .has_body = is_small(request) };
	why[0] = '\0';
	rc = check(request, why);
	if (rc < 0)
		return rc;
	put_head(&count, request);
	put_small_body(&count, request, out);
	out->data = malloc(count.size);
	if (!out->data)
		return ASYNC_ENOMEM;
	writer.at = out->data;
	put_head(&writer, request);
	put_small_body(&writer, request, out);
	out->size = count.size;
	return 0;
}
