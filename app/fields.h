/* SPDX-License-Identifier: MIT */
/*
 * fields.h - the headers that -H adds to every request, and which of them are credentials.
 *
 * The strings are the list's own. Whatever looks like a secret is one: it is better to ask once too
 * often for --header-to-all than to show a token to a second origin.
 */
#ifndef LOOPHOUND_APP_FIELDS_H
#define LOOPHOUND_APP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "http/http.h"

struct fields {
	struct http_header *items;
	size_t count;
};

#define FIELDS_MOST 64
#define FIELDS_WHY 256

/*
 * "Name: value", or "@FILE" with such lines, blank ones and '#' comments. The file is read at once,
 * so this is for the time before the loop runs. 0, or a negative code, and why says it in words.
 */
int fields_add(struct fields *fields, const char *text, char why[FIELDS_WHY]);
void fields_free(struct fields *fields);

/* Authorization, Cookie, and what has token, key, secret, auth, password or session in its name. */
bool fields_is_credential(const char *name);
/* The name of the first credential; NULL: there is none. */
const char *fields_credential(const struct fields *fields);

#endif
