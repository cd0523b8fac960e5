/* SPDX-License-Identifier: MIT */
/* opened.h - one response after the other whose body is read as it is asked for, in a CLIENT_TEST. */
#ifndef LOOPHOUND_TESTS_OPENED_H
#define LOOPHOUND_TESTS_OPENED_H

#include "tests/raw_client.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define GZIP_HEAD "\x1f\x8b\x08\0\0\0\0\0\0\x03"
#define GZIP_DATA "\xcb\x48\xcd\xc9\xc9\x07\0"
#define GZIP_HELLO GZIP_HEAD GZIP_DATA "\x86\xa6\x10\x36\5\0\0\0"

/* Of the last opened_open(), until opened_end(). */
extern struct http_response *opened;

/* http_open() for path at the server; the session is made with the first. */
ASYNC_SUSPENDS int opened_open(const char *path, const struct http_options *options);
void opened_end(void);

/* All that is left of the body, by so many bytes a read: its length, or the failure. */
ASYNC_SUSPENDS int opened_rest(char text[256], size_t step);

/* How many the session has. */
unsigned opened_connections(void);

#endif
