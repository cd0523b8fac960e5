/* SPDX-License-Identifier: MIT */
/* test_reader_waiting.c - a reader that has to wait: cancelled, limited, or never, since data is always there. */
#include <unistd.h>

#include "net/channel.h"
#include "tests/harness.h"
#include "tests/stream_ends.h"

#define RUN(body) CHECK_INT(async_run(body, NULL), 0)

static void expect(int rc, const struct net_span *span, const char *want)
{
	CHECK_INT(rc, 0);
	CHECK_MEM(span->ptr, span->len, want, strlen(want));
}

static int lend(void *arg)
{
	struct stream_ends e = stream_pair(0);
	struct net_span span;

	(void)arg;
	stream_tell(&e, "one\n");
	CHECK_INT(net_reader_readline(e.reader, &span), 0);
	stream_tell(&e, "two\n");
	async_sleep(0.001);
	CHECK_MEM(span.ptr, span.len, "one\n", 4);
	stream_end(&e);
	return 0;
}

TEST(a_line_stays_until_the_next_call)
{
	RUN(lend);
}

static int run_late(void *arg)
{
	struct stream_ends e = stream_pair(0);
	struct async_timeout limit;
	struct net_span span;

	(void)arg;
	stream_tell(&e, "ha");
	async_timeout_begin(&limit, 0.001);
	CHECK_INT(async_timeout_end(&limit, net_reader_readline(e.reader, &span)), ASYNC_ETIMEOUT);
	stream_tell(&e, "lf\n");
	expect(net_reader_readline(e.reader, &span), &span, "half\n");
	stream_end(&e);
	return 0;
}

TEST(a_timeout_loses_no_byte)
{
	RUN(run_late);
}

static int see_end(void *arg)
{
	struct stream_ends e = stream_pair(0);

	(void)arg;
	CHECK(!net_reader_at_eof(e.reader));
	stream_tell(&e, "x");
	stream_hang_up(&e);
	async_sleep(0.001);
	CHECK(!net_reader_at_eof(e.reader));
	CHECK_INT(net_reader_read(e.reader, &(char){ 0 }, 1), 1);
	CHECK(net_reader_at_eof(e.reader));
	stream_end(&e);
	return 0;
}

TEST(at_eof_looks_before_it_answers)
{
	RUN(see_end);
}

static int count_turns(void *arg)
{
	int *turns = arg;

	while (async_sleep(0) == 0)
		(*turns)++;
	return 0;
}

static int share(void *arg)
{
	static char chunk[4096];
	struct stream_ends e = stream_pair(0);
	int turns = 0;
	struct async_task *other = async_create_task(count_turns, &turns);

	(void)arg;
	while (turns == 0)
		async_sleep(0);
	turns = 0;
	for (ssize_t i = 0, left = 0; i < 200; i++) {
		if (left == 0)
			left = send(e.peer, chunk, sizeof chunk, 0);
		left -= net_reader_read(e.reader, chunk, sizeof chunk);
	}
	CHECK(turns >= 2);
	async_cancel(other);
	async_await(other);
	stream_end(&e);
	return 0;
}

TEST(others_run_while_data_is_always_there)
{
	RUN(share);
}

static int wait_for_line(void *reader)
{
	struct net_span span;

	return net_reader_readline((struct net_reader *)reader, &span);
}

static int wait_for_nobody(void *arg)
{
	struct stream_ends e = stream_pair(0);
	struct async_task *task = async_create_task(wait_for_line, e.reader);
	struct async_future never;
	int rc;

	(void)arg;
	async_sleep(0);
	async_sleep(0);
	async_cancel(task);
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	/* Nobody waits on the socket any more, so this is a deadlock and no wait for ever. */
	async_future_init(&never);
	rc = async_future_await(&never);
	stream_end(&e);
	return rc;
}

TEST(a_cancelled_read_leaves_nothing_that_waits)
{
	CHECK_INT(async_run(wait_for_nobody, NULL), ASYNC_EDEADLOCK);
}

static int search_again(void *arg)
{
	struct stream_ends e = stream_pair(0);
	struct async_task *task;
	char buffer[8];

	(void)arg;
	stream_tell(&e, "abcd");
	task = async_create_task(wait_for_line, e.reader);
	while (bytes_size(&e.reader->buffer) < 4)
		async_sleep(0);
	/* Allowed, since it need not wait: and what was searched is gone. */
	CHECK_INT(net_reader_read(e.reader, buffer, sizeof buffer), 4);
	stream_tell(&e, "x\ny");
	CHECK_INT(async_await(task), 0);
	CHECK_INT(net_reader_read(e.reader, buffer, sizeof buffer), 1);
	CHECK_INT(buffer[0], 'y');
	stream_end(&e);
	return 0;
}

TEST(a_separator_is_found_though_another_took_what_was_searched)
{
	RUN(search_again);
}
