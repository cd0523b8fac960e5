/* SPDX-License-Identifier: MIT */
/*
 * userinfo.h - the "user:password" of a URL, percent-decoded, and what it becomes in a request.
 * Pure. url.h vouches for the form of the escapes.
 */
#ifndef LOOPHOUND_HTTP_USERINFO_H
#define LOOPHOUND_HTTP_USERINFO_H

#include <stddef.h>

#include "http/writer.h"

/* The next byte, and *text moves on; -1 at the end. */
int userinfo_next(const char **text);

/*
 * User and password, decoded, of which no more than 255 bytes each fit, as RFC 1929 has it. The
 * bytes written into each; -1: one is longer. An absent password is empty.
 */
int userinfo_split(const char *userinfo, char user[255], size_t *user_size, char password[255],
		   size_t *password_size);

/* A header "NAME: Basic ..." (RFC 7617). A user alone has an empty password. */
void userinfo_put_basic(struct writer *writer, const char *name, const char *userinfo);

#endif
