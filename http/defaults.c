/* SPDX-License-Identifier: MIT */
/*
 * defaults.c - headers of the session that the request does not have, and who asks: the first of an
 * Authorization header, the options, the URL, and .netrc. All of it is for the first origin: what
 * redirects do to headers they do to these.
 */
#include "http/defaults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/headers.h"
#include "http/netrc.h"
#include "http/target.h"

static int no_memory(void)
{
	return async_raise(ASYNC_ENOMEM, "no memory for a request");
}

static int make_bearer(struct call *call)
{
	if (asprintf(&call->bearer, "Bearer %s", call->options->bearer) >= 0)
		return 0;
	call->bearer = NULL;
	return no_memory();
}

/* The request's own come first, then those that it does not have. */
static int merge_headers(struct call *call)
{
	const struct http_session_options *session = &call->session->options;
	size_t count = call->header_count;

	if (session->header_count == 0 && !call->bearer)
		return 0;
	call->merged = malloc((count + session->header_count + 1) * sizeof(*call->merged));
	if (!call->merged)
		return no_memory();
	if (count)
		memcpy(call->merged, call->headers, count * sizeof(*call->merged));
	for (size_t i = 0; i < session->header_count; i++)
		if (!headers_find(call->headers, call->header_count,
				  call->session->headers[i].name))
			call->merged[count++] = call->session->headers[i];
	if (call->bearer)
		call->merged[count++] = (struct http_header){ "Authorization", call->bearer };
	call->headers = call->merged;
	call->header_count = count;
	return 0;
}

static int ask_netrc(struct call *call)
{
	char *login, *password;
	int line, rc = session_netrc(call->session);

	if (rc < 0)
		return rc;
	rc = netrc_find(call->session->netrc, call->session->netrc_size, call->first->host, &login,
			&password, &line);
	if (rc == HTTP_EREQUEST)
		return async_raise(rc, "%s: line %d is not a netrc's",
				   call->session->options.netrc_file, line);
	if (rc > 0 && (login || password)) {
		call->userinfo = target_userinfo(login ? login : "", password);
		rc = call->userinfo ? 0 : ASYNC_ENOMEM;
	}
	free(login);
	free(password);
	return rc < 0 ? no_memory() : 0;
}

static int find_user(struct call *call)
{
	const struct http_options *options = call->options;

	if (options->user) {
		call->userinfo = target_userinfo(options->user, options->password);
		return call->userinfo ? 0 : no_memory();
	}
	if (call->first->userinfo || !call->session->options.netrc_file)
		return 0;
	return ask_netrc(call);
}

ASYNC_SUSPENDS
int defaults_apply(struct call *call)
{
	bool named = headers_find(call->headers, call->header_count, "Authorization");
	int rc = 0;

	if (!named && call->options->bearer)
		rc = make_bearer(call);
	if (rc == 0)
		rc = merge_headers(call);
	named = headers_find(call->headers, call->header_count, "Authorization");
	return rc < 0 || named ? rc : find_user(call);
}

void defaults_drop(struct call *call)
{
	free(call->merged);
	free(call->bearer);
	free(call->userinfo);
}
