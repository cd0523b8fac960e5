/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - bytes that arrive at the end of a buffer and leave at its start.
 *
 * Taking bytes only moves the start: they stay where they are until more room is asked for, so that a
 * span of them may be lent until then.
 */
#ifndef LOOPHOUND_NET_BYTES_H
#define LOOPHOUND_NET_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct bytes {
	char *data;
	size_t start, end, capacity;
};

static inline size_t bytes_size(const struct bytes *bytes)
{
	return bytes->end - bytes->start;
}

static inline const char *bytes_first(const struct bytes *bytes)
{
	return bytes->data ? bytes->data + bytes->start : "";
}

static inline void bytes_take(struct bytes *bytes, size_t size)
{
	bytes->start += size;
}

/* Room for so many more at data + end; moves what there is. False without memory. */
bool bytes_reserve(struct bytes *bytes, size_t room);
/* A copy at the end. False without memory. */
bool bytes_append(struct bytes *bytes, const void *data, size_t size);
/* Frees the memory; the buffer is empty and may be used again. */
void bytes_drop(struct bytes *bytes);

#endif
