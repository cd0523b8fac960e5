/* SPDX-License-Identifier: MIT */
/* transfer.c - two tasks that write a known sequence of bytes, two that read and compare it. */
#include "tests/transfer.h"

#include <stdlib.h>

#include "tests/harness.h"

struct transfer {
	struct net_stream *stream;
	size_t size;
	uint32_t seed;
};

static unsigned char next_byte(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return (unsigned char)(*state >> 24);
}

static int produce(void *arg)
{
	struct transfer *t = arg;
	size_t room = 100000, left = t->size;
	unsigned char *block = malloc(room);
	uint32_t state = t->seed;
	int rc = block ? 0 : ASYNC_ENOMEM;

	while (rc == 0 && left > 0) {
		size_t part = left < room ? left : room - left % 977;

		for (size_t i = 0; i < part; i++)
			block[i] = next_byte(&state);
		rc = net_write(t->stream, block, part);
		left -= part;
	}
	free(block);
	return rc;
}

static int consume(void *arg)
{
	struct transfer *t = arg;
	size_t room = 65536, done = 0;
	unsigned char *block = malloc(room);
	uint32_t state = t->seed;
	ssize_t n = block ? 1 : ASYNC_ENOMEM;

	while (n > 0 && done < t->size) {
		n = net_read(t->stream, block, done % 3 ? room : 1000);
		for (ssize_t i = 0; i < n; i++)
			if (block[i] != next_byte(&state))
				FAIL("byte %zu is wrong", done + (size_t)i);
		done += n > 0 ? (size_t)n : 0;
	}
	free(block);
	CHECK_INT(n > 0 ? 0 : n, 0);
	CHECK_INT(done, t->size);
	return 0;
}

ASYNC_SUSPENDS
void transfer_both_ways(struct net_stream *one, struct net_stream *other, size_t size)
{
	struct transfer there = { one, size, 1 }, taken = { other, size, 1 };
	struct transfer back = { other, size, 2 }, received = { one, size, 2 };
	struct async_task *tasks[] = {
		async_create_task(produce, &there),
		async_create_task(consume, &taken),
		async_create_task(produce, &back),
		async_create_task(consume, &received),
	};

	CHECK_INT(async_gather(tasks, 4, ASYNC_RAISE, NULL), 0);
	for (int i = 0; i < 4; i++)
		async_task_release(tasks[i]);
}
