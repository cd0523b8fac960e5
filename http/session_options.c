/* SPDX-License-Identifier: MIT */
/*
 * session_options.c - what a session was made with: its strings copied, its texts parsed, its files
 * read once.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/session.h"
#include "runtime/base.h"

static bool copy_string(const char **string)
{
	if (*string)
		*string = strdup(*string);
	return *string != NULL;
}

/* Those that are kept as they are. */
static const size_t strings[] = {
	offsetof(struct http_session_options, user_agent),
	offsetof(struct http_session_options, netrc_file),
	offsetof(struct http_session_options, unix_socket),
	offsetof(struct http_session_options, ca_file),
	offsetof(struct http_session_options, ca_dir),
	offsetof(struct http_session_options, cert_file),
	offsetof(struct http_session_options, key_file),
	offsetof(struct http_session_options, tls_pins),
};

static const char **string_at(struct http_session_options *options, size_t which)
{
	return (const char **)((char *)options + strings[which]);
}

static int copy_options(struct http_session_options *copy,
			const struct http_session_options *options)
{
	bool copied = true;

	*copy = *options;
	for (size_t i = 0; i < array_size(strings); i++) {
		const char **string = string_at(copy, i);

		/* What could not be copied is NULL then, and the others are copies nevertheless. */
		if (*string)
			copied = copy_string(string) && copied;
	}
	/* They become something else. */
	copy->proxy = copy->no_proxy = copy->base_url = NULL;
	copy->headers = NULL;
	copy->header_count = 0;
	copy->resolve = NULL;
	return copied ? 0 : ASYNC_ENOMEM;
}

static int make_proxies(struct http_session *session, const struct http_session_options *options)
{
	char why[URL_WHY] = "no memory";
	int rc = proxy_rules_make(&session->proxies, options->proxy, options->no_proxy,
				  options->trust_env, why);

	return rc < 0 ? async_raise(rc, "proxy: %s", why) : 0;
}

static int make_base(struct http_session *session, const char *text)
{
	char why[URL_WHY] = "no memory";
	int rc = text ? url_parse(&session->base, text, strlen(text), why) : 0;

	return rc < 0 ? async_raise(rc, "base URL: %s", why) : 0;
}

static int make_resolve(struct http_session *session, const struct http_session_options *options)
{
	char why[RESOLVE_WHY] = "no memory";

	for (size_t i = 0; i < options->resolve_count; i++) {
		int rc = resolve_add(&session->resolve, options->resolve[i], why);

		if (rc < 0)
			return async_raise(rc, "resolve: %s", why);
	}
	return 0;
}

static int copy_headers(struct http_session *session, const struct http_session_options *options)
{
	struct http_header *copy;

	if (options->header_count == 0)
		return 0;
	session->headers = copy = calloc(options->header_count, sizeof(*copy));
	if (!copy)
		return ASYNC_ENOMEM;
	for (size_t i = 0; i < options->header_count; i++, session->options.header_count++) {
		copy[i] = options->headers[i];
		if (!copy[i].name || !copy[i].value)
			return async_raise(HTTP_EREQUEST, "a header without a name or a value");
		if (!copy_string(&copy[i].name))
			return ASYNC_ENOMEM;
		if (!copy_string(&copy[i].value)) {
			free((char *)copy[i].name);
			return ASYNC_ENOMEM;
		}
	}
	return 0;
}

int session_options_take(struct http_session *session, const struct http_session_options *options)
{
	int rc = copy_options(&session->options, options);

	if (rc == 0)
		rc = make_proxies(session, options);
	if (rc == 0)
		rc = make_base(session, options->base_url);
	if (rc == 0)
		rc = make_resolve(session, options);
	return rc < 0 ? rc : copy_headers(session, options);
}

void session_options_drop(struct http_session *session)
{
	for (size_t i = 0; i < session->options.header_count; i++) {
		free((char *)session->headers[i].name);
		free((char *)session->headers[i].value);
	}
	free(session->headers);
	for (size_t i = 0; i < array_size(strings); i++)
		free((char *)*string_at(&session->options, i));
	free(session->netrc);
	cookies_clear(&session->cookies);
	url_free(session->base);
	proxy_rules_free(&session->proxies);
	resolve_free(session->resolve);
}

/* ---- .netrc ---------------------------------------------------------------------------------- */

struct netrc_reading {
	const char *path;
	char *text;
	size_t size;
};

#define NETRC_MAX (1 << 20)

static int read_netrc(void *arg)
{
	struct netrc_reading *reading = arg;
	FILE *file = fopen(reading->path, "re");
	int rc = 0;

	if (!file)
		return -errno;
	reading->text = malloc(NETRC_MAX);
	if (reading->text)
		reading->size = fread(reading->text, 1, NETRC_MAX, file);
	if (!reading->text)
		rc = ASYNC_ENOMEM;
	else if (ferror(file))
		rc = -EIO;
	else if (reading->size == NETRC_MAX)
		rc = -EFBIG;
	fclose(file);
	return rc;
}

ASYNC_SUSPENDS
int session_netrc(struct http_session *session)
{
	struct netrc_reading reading = { .path = session->options.netrc_file };
	int rc;

	if (session->netrc)
		return 0;
	rc = async_to_thread(read_netrc, &reading);
	/* Whoever was faster has it already. */
	if (rc < 0 || session->netrc) {
		free(reading.text);
		return rc < 0 ? async_raise(rc, "%s: %s", reading.path, async_strerror(rc)) : 0;
	}
	session->netrc = reading.text;
	session->netrc_size = reading.size;
	return 0;
}
