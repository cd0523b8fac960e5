/* SPDX-License-Identifier: MIT */
/*
 * request.h - the bytes of a request, from values that have all been checked.
 *
 * Every name, value and method that cannot be sent is refused here, before anything is connected.
 * The head has Host, Accept, Accept-Encoding, User-Agent, and Content-Length where a body may be
 * expected; a header of the caller's with one of the first four names takes its place.
 */
#ifndef LOOPHOUND_HTTP_REQUEST_H
#define LOOPHOUND_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "http/http.h"
#include "http/upload.h"
#include "http/url.h"

#define REQUEST_USER_AGENT "loophound/0.1"

struct request {
	const char *method;    /* NULL: "GET" */
	const struct url *url; /* its user information becomes Authorization: Basic */
	const struct http_header *headers;
	size_t header_count;
	const char *user_agent;	     /* NULL: REQUEST_USER_AGENT */
	const struct upload *upload; /* NULL: no body */
	bool expect_continue;	     /* if there is one */
	bool keep_encoding;	     /* no coding is asked for */
	/* For a proxy that is asked itself: the whole URL goes on the request line (RFC 9112 3.2.2). */
	bool absolute;
	const char *cookies;	    /* the value of Cookie; NULL: none */
	const char *proxy_userinfo; /* becomes Proxy-Authorization; NULL: none */
};

struct request_bytes {
	char *data; /* the caller's to free() */
	size_t size;
	bool has_body; /* none is left to send: it was small and is in data already */
};

/* A body up to this size is copied behind the head. */
#define REQUEST_SMALL_BODY (16 * 1024)
#define REQUEST_WHY 160

/* 0 and *out is filled; HTTP_EREQUEST and why has the reason; ASYNC_ENOMEM. */
int request_write(const struct request *request, struct request_bytes *out, char why[REQUEST_WHY]);

/* These decide where messages begin and end, which is not for the caller to say. */
bool request_reserves(const char *name, const char *value);

/* May be sent again without harm: GET, HEAD, OPTIONS, TRACE, PUT, DELETE (RFC 9110 9.2.2). */
bool request_is_idempotent(const char *method);

#endif
