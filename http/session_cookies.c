/* SPDX-License-Identifier: MIT */
/* session_cookies.c - what a program may do with a session's cookies. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/session.h"
#include "runtime/base.h"

static int parse(struct url **out, const char *text)
{
	char why[URL_WHY] = "no memory";
	int rc = url_parse(out, text, strlen(text), why);

	return rc < 0 ? async_raise(rc, "%s", why) : 0;
}

int http_session_add_cookie(struct http_session *session, const char *from, const char *text)
{
	struct url *url;
	int rc = parse(&url, from);

	must(session->options.cookies, "http_session_add_cookie: the session has no jar");
	if (rc < 0)
		return rc;
	rc = cookies_set(&session->cookies, url, text, (int64_t)time(NULL));
	url_free(url);
	if (rc == 0)
		return async_raise(HTTP_EREQUEST, "%s may not set this cookie, or it is none",
				   from);
	return rc < 0 ? rc : 0;
}

int http_session_cookies(struct http_session *session, const char *from, char **out)
{
	struct url *url;
	int rc = parse(&url, from);

	if (rc < 0)
		return rc;
	rc = cookies_get(&session->cookies, url, (int64_t)time(NULL), out);
	url_free(url);
	return rc;
}

void http_session_clear_cookies(struct http_session *session)
{
	cookies_clear(&session->cookies);
}
