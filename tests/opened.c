/* SPDX-License-Identifier: MIT */
/* opened.c - see opened.h. */
#include "tests/opened.h"

#include <stdio.h>

struct http_response *opened;

ASYNC_SUSPENDS
int opened_open(const char *path, const struct http_options *options)
{
	char url[256];

	if (!session)
		session = http_session_new(NULL);
	if (!session)
		return ASYNC_ENOMEM;
	snprintf(url, sizeof url, "%s%s", server.url, path);
	return http_open(session, url, options, &opened);
}

void opened_end(void)
{
	http_response_free(opened);
	opened = NULL;
}

ASYNC_SUSPENDS
int opened_rest(char text[256], size_t step)
{
	size_t size = 0;
	ssize_t n;

	while ((n = http_response_read(opened, text + size, step)) > 0) {
		CHECK((size_t)n <= step);
		size += (size_t)n;
		CHECK(size + step < 256);
	}
	text[size] = '\0';
	return n < 0 ? (int)n : (int)size;
}

unsigned opened_connections(void)
{
	struct http_session_stats stats;

	http_session_stats(session, &stats);
	return stats.connections;
}
