/* SPDX-License-Identifier: MIT */
/*
 * writer.h - writes a head by one sequence of puts, done twice: once to nowhere, which measures it,
 * and once into memory of exactly that size. So the two cannot disagree.
 */
#ifndef LOOPHOUND_HTTP_WRITER_H
#define LOOPHOUND_HTTP_WRITER_H

#include <string.h>

struct writer {
	char *at; /* NULL: only counts */
	size_t size;
};

static inline void put_bytes(struct writer *writer, const void *data, size_t size)
{
	if (writer->at && size) {
		memcpy(writer->at, data, size);
		writer->at += size;
	}
	writer->size += size;
}

static inline void put(struct writer *writer, const char *text)
{
	put_bytes(writer, text, strlen(text));
}

static inline void put_header(struct writer *writer, const char *name, const char *value)
{
	put(writer, name);
	put(writer, ": ");
	put(writer, value);
	put(writer, "\r\n");
}

#endif
