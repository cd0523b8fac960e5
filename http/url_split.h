/* SPDX-License-Identifier: MIT */
/*
 * url_split.h - the parts of a URL, each checked. Internal to url.c and url_split.c.
 */
#ifndef LOOPHOUND_HTTP_URL_SPLIT_H
#define LOOPHOUND_HTTP_URL_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#define URL_HOST_MAX 253

struct url_span {
	const char *ptr;
	size_t len;
};

struct url_parts {
	bool secure, ipv6;
	int port;
	struct url_span userinfo;    /* ptr NULL: none */
	struct url_span path, query; /* as written; query with its '?' */
	char host[URL_HOST_MAX + 1]; /* in normal form */
};

/* 0, or HTTP_EURL and why has the reason. The spans point into text. */
int url_split(struct url_parts *parts, struct url_span text, char *why);

/* Writes a reason, at most URL_WHY bytes, without anything unprintable. Returns HTTP_EURL. */
int url_fail(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The length of the scheme in front of ':', or 0. */
size_t url_scheme_length(struct url_span text);
bool url_is_web_scheme(struct url_span text, size_t length);

/* May stand in a path segment as it is; and "%41". */
bool url_is_pchar(char c);
bool url_is_triplet(const char *at, const char *end);

#endif
