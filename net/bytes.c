/* SPDX-License-Identifier: MIT */
/* bytes.c - see bytes.h. Grows by doubling, and moves only when there is no room at the end. */
#include "net/bytes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void move_to(struct bytes *bytes, char *data)
{
	size_t size = bytes_size(bytes);

	if (size)
		memmove(data, bytes_first(bytes), size);
	bytes->start = 0;
	bytes->end = size;
}

bool bytes_reserve(struct bytes *bytes, size_t room)
{
	size_t size = bytes_size(bytes), capacity = bytes->capacity;
	char *data;

	if (room <= capacity - bytes->end)
		return true;
	if (room > SIZE_MAX / 4 - size)
		return false;
	/* Moving is cheap beside what has been taken; one that only creeps forward would be not. */
	if (size + room <= capacity && size <= bytes->start) {
		move_to(bytes, bytes->data);
		return true;
	}
	capacity = capacity ? capacity : 256;
	while (capacity < size + room)
		capacity *= 2;
	data = malloc(capacity);
	if (!data)
		return false;
	move_to(bytes, data);
	free(bytes->data);
	bytes->data = data;
	bytes->capacity = capacity;
	return true;
}

bool bytes_append(struct bytes *bytes, const void *data, size_t size)
{
	if (!bytes_reserve(bytes, size))
		return false;
	memcpy(bytes->data + bytes->end, data, size);
	bytes->end += size;
	return true;
}

void bytes_drop(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){ 0 };
}
