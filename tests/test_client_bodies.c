/* SPDX-License-Identifier: MIT */
/* test_client_bodies.c - what becomes of a response's body: codings, large ones, limits, chunks. */
#include "tests/raw_client.h"

#define OK "HTTP/1.1 200 OK\r\n"

static char large[300 * 1024];

static const struct raw_step *serve_large(const char *head)
{
	static struct raw_step script[4];

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)('a' + i % 23);
	script[0] = (struct raw_step)RAW_REQUEST;
	script[1] = (struct raw_step)RAW_SEND_BYTES(head, strlen(head));
	script[2] = (struct raw_step)RAW_SEND_BYTES(large, sizeof(large));
	script[3].verb = strstr(head, "Length") ? RAW_VERB_AGAIN : RAW_VERB_END;
	return script;
}

struct memory {
	ptrdiff_t held, peak;
	int changes;
};

static int remember(void *arg, ptrdiff_t change)
{
	struct memory *memory = arg;

	memory->held += change;
	memory->changes++;
	if (memory->held > memory->peak)
		memory->peak = memory->held;
	return async_sleep(0);
}

CLIENT_TEST(a_large_body_arrives_whole_and_its_memory_is_accounted_for)
{
	struct memory memory = { 0 };
	struct http_options options = { .on_memory = remember, .on_memory_arg = &memory };

	serve(serve_large(OK "Content-Length: 307200\r\n\r\n"));
	CHECK_INT(ask("/", &options), 0);
	CHECK_MEM(answer->body.ptr, answer->body.len, large, sizeof(large));
	CHECK_INT(answer->body.ptr[answer->body.len], 0);
	CHECK_INT(memory.held, sizeof(large) + 1);
	CHECK_INT(memory.peak, sizeof(large) + 1);
	CHECK_INT(answer->wire_bytes, sizeof(large));
	client_test_end();

	memory = (struct memory){ 0 };
	serve(serve_large(OK "\r\n"));
	CHECK_INT(ask("/", &options), 0);
	CHECK_MEM(answer->body.ptr, answer->body.len, large, sizeof(large));
	CHECK(memory.held >= (ptrdiff_t)sizeof(large) &&
	      memory.held <= 2 * (ptrdiff_t)sizeof(large));
	client_test_end();

	memory = (struct memory){ 0 };
	options.max_body = sizeof(large) - 1;
	serve(serve_large(OK "\r\n"));
	CHECK_INT(ask("/", &options), HTTP_EBODY_TOO_LARGE);
	CHECK_INT(memory.held, 0);
}

CLIENT_TEST(an_announced_length_is_asked_for_in_one_step_and_given_back)
{
	static const struct raw_step boast[] = { RAW_REQUEST,
						 RAW_SEND(OK "Content-Length: 60000000\r\n\r\nhi"),
						 RAW_END };
	struct memory memory = { 0 };
	struct http_options options = { .on_memory = remember, .on_memory_arg = &memory };

	serve(boast);
	CHECK_INT(ask("/", &options), HTTP_EBODY_TRUNCATED);
	CHECK_INT(memory.peak, 60000001);
	CHECK_INT(memory.changes, 2);
	CHECK_INT(memory.held, 0);
}

struct sink {
	size_t size;
	int pieces, stop_at;
};

static int swallow(void *arg, const void *data, size_t size)
{
	struct sink *sink = arg;

	CHECK(memcmp(data, large + sink->size, size) == 0);
	sink->size += size;
	if (++sink->pieces == sink->stop_at)
		return -EIO;
	return async_sleep(0);
}

CLIENT_TEST(a_streamed_body_is_not_kept_and_its_reader_may_stop_it)
{
	struct memory memory = { 0 };
	struct sink sink = { 0 };
	struct http_options options = { .on_body = swallow,
					.on_body_arg = &sink,
					.on_memory = remember,
					.on_memory_arg = &memory };

	serve(serve_large(OK "Content-Length: 307200\r\n\r\n"));
	CHECK_INT(ask("/", &options), 0);
	CHECK_INT(sink.size, sizeof(large));
	CHECK_INT(answer->body.len, 0);
	CHECK_INT(answer->wire_bytes, sizeof(large));
	CHECK_INT(memory.peak, 0);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(server.accepted, 1);

	sink = (struct sink){ .stop_at = 2 };
	CHECK_INT(ask("/", &options), -EIO);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(server.accepted, 2);
}
