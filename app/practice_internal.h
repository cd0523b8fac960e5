/* SPDX-License-Identifier: MIT */
/* practice_internal.h - what the files of the practice APIs share. */
#ifndef LOOPHOUND_APP_PRACTICE_INTERNAL_H
#define LOOPHOUND_APP_PRACTICE_INTERNAL_H

#include "app/practice.h"
#include "app/practice_data.h"
#include "http/http.h"

struct practice_rude;

/* One API on one port, or all of them. */
struct practice_origin {
	struct practice *practice;
	const struct practice_api *api; /* NULL: all */
	struct http_server *server;
	int64_t rate_due; /* of practice_rate_take() */
	unsigned long requests;
	int port;
	bool tls;
};

struct practice_stats {
	unsigned long requests; /* of the APIs; /stats does not count itself */
	unsigned long limited;	/* answered 429 */
	unsigned long failed;	/* answered with the error that error_rate asks for */
	unsigned in_flight, peak_in_flight;
	unsigned peak_connections; /* see practice_peak.c */
};

struct practice_peak {
	struct async_timer timer;
	bool looking;
	int looks;
	unsigned lowest;
};

struct practice {
	struct practice_options options;
	char host[64]; /* the address as it stands in a URL */
	struct practice_stats stats;
	struct practice_peak peak;
	struct net_tls_context *tls;
	struct practice_rude *rude;
	int count;
	struct practice_origin origins[2 * PRACTICE_APIS];
};

/* The handler for http_server_start(); arg is the origin. */
ASYNC_SUSPENDS
int practice_handle(void *arg, const struct http_server_request *request,
		    struct http_server_response *response);

/* The address as it stands in a URL. */
const char *practice_host(const struct practice *practice);

/* To be called when a request comes: there may be more connections than ever. */
void practice_look(struct practice *practice);
void practice_peak_stop(struct practice *practice);

/* A response with room for so many bytes of body (NULL without memory), which are to be filled. */
char *practice_reply(struct http_server_response *response, int status, const char *type,
		     size_t size);
/* A response of JSON, at most 511 bytes. 0 or ASYNC_ENOMEM, as the next two. */
int practice_say(struct http_server_response *response, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* One that says when to come back; wait is in nanoseconds. */
int practice_refuse(struct http_server_response *response, int status, const char *why,
		    int64_t wait);
/* 302 to there, at most 159 bytes. */
int practice_redirect(struct http_server_response *response, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The rude origin speaks raw bytes: broken framing, silence, an early end. The other origins
 * redirect to it. 0 or a negative code.
 */
int practice_rude_start(struct practice_rude **out, const char *address);
int practice_rude_port(const struct practice_rude *rude);
/* Is it a path that it has? */
bool practice_rude_knows(const char *path, size_t length);
ASYNC_SUSPENDS
void practice_rude_stop(struct practice_rude *rude);

#endif
