/* SPDX-License-Identifier: MIT */
/* set_cookie.h - what a Set-Cookie header says, before anybody asks whether it may. */
#ifndef LOOPHOUND_HTTP_SET_COOKIE_H
#define LOOPHOUND_HTTP_SET_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SET_COOKIE_NEVER INT64_MAX

/* Spans of the header's text. */
struct span {
	const char *at;
	size_t size;
};
struct wish {
	struct span name, value, domain, path;
	bool has_path, secure;
	int64_t expires; /* seconds since 1970 */
	bool has_max_age;
};

/* now is in seconds since 1970. False: not a cookie. */
bool set_cookie_read(struct wish *wish, const char *text, int64_t now);

#endif
