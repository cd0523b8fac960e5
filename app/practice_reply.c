/* SPDX-License-Identifier: MIT */
/*
 * practice_reply.c - builds the responses of the practice APIs.
 *
 * All that a response points at lives in one block, which is freed through the body, its last
 * member, as soon as the server has written it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/practice_internal.h"
#include "runtime/base.h"

struct reply {
	struct http_header headers[2];
	char value[160]; /* of the second header */
	char body[];
};

static void free_reply(void *body)
{
	free(container_of(body, struct reply, body));
}

char *practice_reply(struct http_server_response *response, int status, const char *type,
		     size_t size)
{
	struct reply *reply = malloc(sizeof(*reply) + size + 1);

	if (reply == NULL)
		return NULL;
	reply->headers[0] = (struct http_header){ "content-type", type };
	response->status = status;
	response->headers = reply->headers;
	response->header_count = 1;
	response->body = reply->body;
	response->body_size = size;
	response->free_body = free_reply;
	/* cppcheck-suppress memleak; the response owns it now */
	return reply->body;
}

int practice_say(struct http_server_response *response, int status, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	char *body = practice_reply(response, status, "application/json", (size_t)n);
	if (body == NULL)
		return ASYNC_ENOMEM;
	memcpy(body, text, (size_t)n);
	return 0;
}

/* Only after practice_reply() or practice_say(), and once. */
static void add_header(struct http_server_response *response, const char *name, const char *value)
{
	struct reply *reply = container_of((char *)response->body, struct reply, body);

	snprintf(reply->value, sizeof(reply->value), "%s", value);
	reply->headers[1] = (struct http_header){ name, reply->value };
	response->header_count = 2;
}

int practice_refuse(struct http_server_response *response, int status, const char *why,
		    int64_t wait)
{
	char seconds[24];

	/* Retry-After knows whole seconds only: rounded up, for too early would be refused again. */
	snprintf(seconds, sizeof(seconds), "%lld", (long long)((wait + 999999999) / 1000000000));
	int rc = practice_say(response, status, "{\"error\":\"%s\",\"retry_after\":%s}", why,
			      seconds);
	if (rc == 0)
		add_header(response, "retry-after", seconds);
	return rc;
}

int practice_redirect(struct http_server_response *response, const char *format, ...)
{
	char to[160];
	va_list args;

	va_start(args, format);
	vsnprintf(to, sizeof(to), format, args);
	va_end(args);
	int rc = practice_say(response, 302, "{\"moved\":true}");
	if (rc == 0)
		add_header(response, "location", to);
	return rc;
}
