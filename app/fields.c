/* SPDX-License-Identifier: MIT */
/* fields.c - see fields.h. */
#include "app/fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/headers.h"
#include "http/request.h"
#include "runtime/base.h"

bool fields_is_credential(const char *name)
{
	static const char *const parts[] = { "auth",   "cookie",   "token",  "key",
					     "secret", "password", "passwd", "session" };

	if (!strcasecmp(name, "idempotency-key"))
		return false;
	for (size_t i = 0; i < array_size(parts); i++)
		if (strcasestr(name, parts[i]))
			return true;
	return false;
}

const char *fields_credential(const struct fields *fields)
{
	for (size_t i = 0; i < fields->count; i++)
		if (fields_is_credential(fields->items[i].name))
			return fields->items[i].name;
	return NULL;
}

/* Name and value share one block, which the name points to. */
static int append(struct fields *fields, const char *name, size_t name_size, const char *value)
{
	struct http_header *items = reallocarray(fields->items, fields->count + 1, sizeof *items);
	size_t value_size = strlen(value);
	char *block;

	if (!items)
		return ASYNC_ENOMEM;
	fields->items = items;
	block = malloc(name_size + value_size + 2);
	if (!block)
		return ASYNC_ENOMEM;
	memcpy(block, name, name_size);
	block[name_size] = '\0';
	memcpy(block + name_size + 1, value, value_size + 1);
	items[fields->count++] = (struct http_header){ block, block + name_size + 1 };
	return 0;
}

/* Better said now than in the record of each item. */
static bool is_reserved(const char *name, size_t size, const char *value)
{
	char copy[32];

	if (size >= sizeof copy)
		return false;
	memcpy(copy, name, size);
	copy[size] = '\0';
	return request_reserves(copy, value);
}

static int add_line(struct fields *fields, const char *line, char why[FIELDS_WHY])
{
	const char *colon = strchr(line, ':'), *value;
	size_t name_size = colon ? (size_t)(colon - line) : 0;

	if (!colon || !headers_is_token(line, name_size)) {
		/* The text may be a secret with a slip of the pen: it is not repeated. */
		snprintf(why, FIELDS_WHY, "a header is written 'Name: value'");
		return -EINVAL;
	}
	value = colon + 1 + strspn(colon + 1, " \t");
	if (!headers_is_value(value)) {
		snprintf(why, FIELDS_WHY, "the value of %.*s holds a control character",
			 (int)(name_size < 80 ? name_size : 80), line);
		return -EINVAL;
	}
	if (is_reserved(line, name_size, value)) {
		snprintf(why, FIELDS_WHY, "%.*s is not for -H: collect sets it", (int)name_size,
			 line);
		return -EINVAL;
	}
	if (fields->count >= FIELDS_MOST) {
		snprintf(why, FIELDS_WHY, "more than %d headers", FIELDS_MOST);
		return -EINVAL;
	}
	return append(fields, line, name_size, value);
}

static int add_file(struct fields *fields, const char *path, char why[FIELDS_WHY])
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int rc = 0;

	while (file && !rc && (size = getline(&line, &room, file)) >= 0) {
		while (size && strchr(" \t\r\n", line[size - 1]))
			line[--size] = '\0';
		if (size && *line != '#')
			rc = add_line(fields, line, why);
	}
	if (!file || ferror(file)) {
		rc = -errno;
		snprintf(why, FIELDS_WHY, "%.150s: %s", path, strerror(-rc));
	}
	free(line);
	if (file)
		(void)fclose(file);
	return rc;
}

int fields_add(struct fields *fields, const char *text, char why[FIELDS_WHY])
{
	int rc = *text == '@' ? add_file(fields, text + 1, why) : add_line(fields, text, why);

	if (rc == ASYNC_ENOMEM)
		snprintf(why, FIELDS_WHY, "out of memory");
	return rc;
}

void fields_free(struct fields *fields)
{
	for (size_t i = 0; i < fields->count; i++)
		free((void *)fields->items[i].name);
	free(fields->items);
	*fields = (struct fields){ 0 };
}
