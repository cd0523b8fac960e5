/* SPDX-License-Identifier: MIT */
/* netrc.c - see netrc.h. */
#include "http/netrc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/http.h"

#define WORD_MAX 4096

struct reader {
	const char *at, *end;
	int line;
	char word[WORD_MAX];
};

/* ---- Words ----------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_line(struct reader *r)
{
	while (r->at < r->end && *r->at != '\n')
		r->at++;
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && (is_blank(*r->at) || *r->at == '#')) {
		if (*r->at == '#') {
			skip_line(r);
			continue;
		}
		r->line += *r->at == '\n';
		r->at++;
	}
}

static char unescaped(char c)
{
	return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

/* 1: r->word is the next word; 0: there is none; HTTP_EREQUEST: it has no end. */
static int next(struct reader *r)
{
	size_t size = 0;
	bool quoted;

	skip_blanks(r);
	if (r->at == r->end)
		return 0;
	quoted = *r->at == '"';
	r->at += quoted;
	while (r->at < r->end && (quoted ? *r->at != '"' : !is_blank(*r->at))) {
		char c = *r->at++;

		if (c == '\0' || c == '\n' || size == WORD_MAX - 1)
			return HTTP_EREQUEST;
		if (quoted && c == '\\' && r->at < r->end)
			c = unescaped(*r->at++);
		r->word[size++] = c;
	}
	if (quoted && r->at++ == r->end)
		return HTTP_EREQUEST;
	r->word[size] = '\0';
	return 1;
}

/* Up to a blank line, or the end. */
static void skip_macro(struct reader *r)
{
	bool blank = false;

	skip_line(r);
	while (r->at < r->end && !blank) {
		r->at++;
		r->line++;
		blank = r->at < r->end && (*r->at == '\n' || *r->at == '\r');
		skip_line(r);
	}
}

/* ---- Entries --------------------------------------------------------------------------------- */

struct entry {
	bool ours; /* what follows is about the host that was asked for */
	bool found;
	char *login, *password;
};

static int keep(struct entry *entry, char **place, const char *word)
{
	if (!entry->ours || *place)
		return 0;
	*place = strdup(word);
	return *place ? 0 : ASYNC_ENOMEM;
}

/* A key that has a value. */
static int read_value(struct reader *r, struct entry *entry, const char *host)
{
	char key[16];
	int rc;

	strcpy(key, r->word);
	rc = next(r);
	if (rc <= 0)
		return HTTP_EREQUEST;
	if (!strcmp(key, "machine")) {
		/* The first entry counts, and its end is where the next one begins. */
		entry->ours = !entry->found && !strcasecmp(r->word, host);
		entry->found |= entry->ours;
	} else if (!strcmp(key, "login")) {
		return keep(entry, &entry->login, r->word);
	} else if (!strcmp(key, "password")) {
		return keep(entry, &entry->password, r->word);
	} else if (!strcmp(key, "macdef")) {
		skip_macro(r);
	}
	return 0;
}

static bool has_value(const char *key)
{
	return !strcmp(key, "machine") || !strcmp(key, "login") || !strcmp(key, "password") ||
	       !strcmp(key, "account") || !strcmp(key, "macdef");
}

static int read_all(struct reader *r, struct entry *entry, const char *host)
{
	int rc;

	while ((rc = next(r)) > 0) {
		if (!strcmp(r->word, "default")) {
			entry->ours = !entry->found;
			entry->found = true;
		} else if (!has_value(r->word)) {
			return HTTP_EREQUEST;
		} else {
			rc = read_value(r, entry, host);
			if (rc < 0)
				return rc;
		}
	}
	return rc;
}

int netrc_find(const char *text, size_t size, const char *host, char **login, char **password,
	       int *line)
{
	struct reader *r = malloc(sizeof(*r));
	struct entry entry = { .ours = false };
	int rc;

	*login = *password = NULL;
	if (!r)
		return ASYNC_ENOMEM;
	r->at = text;
	r->end = text + size;
	r->line = 1;
	rc = read_all(r, &entry, host);
	*line = r->line;
	free(r);
	if (rc < 0) {
		free(entry.login);
		free(entry.password);
		return rc;
	}
	*login = entry.login;
	*password = entry.password;
	return entry.found;
}
