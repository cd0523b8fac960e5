/* SPDX-License-Identifier: MIT */
/*
 * test_reader.c - what a reader does beyond what asyncio's scenarios show: cuts, limits, memory, misuse.
 */
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

/* ---- Cuts -------------------------------------------------------------------------------------- */

struct feed {
	int fd;
	const char *text;
	size_t size, step;
};

/* In pieces, each once the last one has been looked at. */
static int feed_slowly(void *arg)
{
	const struct feed *feed = arg;

	for (size_t at = 0; at < feed->size;) {
		size_t size = feed->step < feed->size - at ? feed->step : feed->size - at;
		ssize_t n = send(feed->fd, feed->text + at, size, 0);

		if (n > 0)
			at += (size_t)n;
		async_sleep(0);
		async_sleep(0);
	}
	shutdown(feed->fd, SHUT_WR);
	return 0;
}

static int read_in_pieces(void *arg)
{
	static const char text[] = "line\nab\r\ncd\rexact!tail";
	char buffer[8];
	struct net_span span;

	(void)arg;
	for (size_t step = 1; step < sizeof text; step++) {
		struct stream_ends e = stream_pair(0);
		struct feed feed = { e.peer, text, sizeof text - 1, step };

		CHECK_INT(async_spawn(feed_slowly, &feed), 0);
		expect(net_reader_readline(e.reader, &span), &span, "line\n");
		expect(net_reader_readuntil(e.reader, "\r\n", 2, &span), &span, "ab\r\n");
		expect(net_reader_readuntil(e.reader, "\rex", 3, &span), &span, "cd\rex");
		expect(net_reader_readexactly(e.reader, 4, &span), &span, "act!");
		CHECK_INT(net_reader_read(e.reader, buffer, 1), 1);
		CHECK_INT(buffer[0], 't');
		expect(net_reader_readall(e.reader, &span), &span, "ail");
		CHECK(net_reader_at_eof(e.reader));
		stream_end(&e);
	}
	return 0;
}

TEST(where_the_bytes_are_cut_does_not_show)
{
	RUN(read_in_pieces);
}

static int read_at_once(void *arg)
{
	static char text[3 << 20], buffer[1 << 20];
	struct stream_ends e = stream_pair(0);
	struct feed feed = { e.peer, text, sizeof text, sizeof text };
	size_t got = 0;
	ssize_t n;

	(void)arg;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)(i * 7 + i / 253);
	CHECK_INT(async_spawn(feed_slowly, &feed), 0);
	/* Small and large in turn: through the buffer and past it. */
	while ((n = net_reader_read(e.reader, buffer, got % 3 ? 100 : sizeof buffer)) > 0) {
		CHECK(memcmp(buffer, text + got, (size_t)n) == 0);
		got += (size_t)n;
	}
	CHECK_INT(n, 0);
	CHECK_INT(got, sizeof text);
	stream_end(&e);
	return 0;
}

TEST(large_and_small_reads_give_the_same_bytes)
{
	RUN(read_at_once);
}

static int read_beyond(void *arg)
{
	static char text[1 << 20];
	struct stream_ends e = stream_pair(16);
	struct feed feed = { e.peer, text, sizeof text, sizeof text };
	struct net_span span;

	(void)arg;
	memset(text, 'x', sizeof text);
	CHECK_INT(async_spawn(feed_slowly, &feed), 0);
	CHECK_INT(net_reader_readexactly(e.reader, sizeof text, &span), 0);
	CHECK_MEM(span.ptr, span.len, text, sizeof text);
	stream_end(&e);
	return 0;
}

TEST(readexactly_knows_no_limit)
{
	RUN(read_beyond);
}

/* ---- Limits ------------------------------------------------------------------------------------ */

static int meet_limit(void *arg)
{
	static char text[NET_STREAM_LIMIT + 2];
	struct net_span span;

	(void)arg;
	memset(text, 'x', sizeof text);
	for (int over = 0; over < 2; over++) {
		struct stream_ends e = stream_pair(0);
		size_t size = NET_STREAM_LIMIT + (size_t)over;
		struct feed feed = { e.peer, text, size + 1, 1000 };

		text[size] = '\n';
		CHECK_INT(async_spawn(feed_slowly, &feed), 0);
		CHECK_INT(net_reader_readline(e.reader, &span), over ? ASYNC_EINVAL : 0);
		CHECK_INT(span.len, over ? 0 : size + 1);
		text[size] = 'x';
		/* Drained, so that who feeds comes to an end. */
		CHECK_INT(net_reader_readall(e.reader, &span), 0);
		stream_end(&e);
	}
	return 0;
}

TEST(a_line_of_64_KiB_passes_and_one_byte_more_does_not)
{
	RUN(meet_limit);
}

static int overrun(void *arg)
{
	struct stream_ends e = stream_pair(4);
	struct net_span span;

	(void)arg;
	stream_tell(&e, "abcdefgh");
	CHECK_INT(net_reader_readuntil(e.reader, "\n", 1, &span), NET_ELIMITOVERRUN);
	CHECK(span.len > 4);
	CHECK_MEM(span.ptr, span.len, "abcdefgh", span.len);
	CHECK_STR(async_strerror(NET_ELIMITOVERRUN), "no separator within the limit");
	expect(net_reader_readexactly(e.reader, 8, &span), &span, "abcdefgh");
	stream_end(&e);
	return 0;
}

TEST(what_overran_the_limit_can_be_read_again)
{
	RUN(overrun);
}

static int hold_back(void *arg)
{
	static char text[1 << 20];
	struct stream_ends e = stream_pair(8192);
	struct net_span span;

	(void)arg;
	memset(text, '\n', sizeof text);
	while (send(e.peer, text, sizeof text, 0) > 0)
		;
	CHECK_INT(net_reader_readline(e.reader, &span), 0);
	for (int i = 0; i < 100; i++)
		async_sleep(0);
	CHECK(bytes_size(&e.reader->buffer) <= 2 * 8192);
	stream_end(&e);
	return 0;
}

TEST(no_more_than_twice_the_limit_is_read_ahead)
{
	RUN(hold_back);
}

static int wait_for_line(void *reader)
{
	struct net_span span;

	return net_reader_readline((struct net_reader *)reader, &span);
}

/* ---- Misuse ------------------------------------------------------------------------------------ */

static int free_reader(void *arg)
{
	struct stream_ends e = stream_pair(0);

	(void)arg;
	net_reader_free(e.reader);
	return 0;
}

static int free_under_reader(void *arg)
{
	struct stream_ends e = stream_pair(0);

	(void)arg;
	CHECK_INT(async_spawn(wait_for_line, e.reader), 0);
	async_sleep(0);
	async_sleep(0);
	net_writer_free(e.writer);
	return 0;
}

TEST(freeing_what_is_in_use_aborts_and_names_both_places)
{
	EXPECT_ABORT(async_run(free_reader, NULL), "a connection's reader ends with its writer");
	EXPECT_ABORT(async_run(free_under_reader, NULL), "freed while a task waits in it",
		     "test_reader.c", "stream_ends.c");
}

/* ---- Failures ---------------------------------------------------------------------------------- */

static int read_anyhow(void *arg)
{
	struct net_reader *reader;
	struct net_writer *writer;
	struct net_span span;
	int fds[2];

	(void)arg;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0)
		return 0;
	if (net_open_socket(&reader, &writer, fds[0], NULL) == 0) {
		char buffer[5000];

		if (send(fds[1], "one\ntwo\nthree", 13, 0) == 13) {
			net_reader_readline(reader, &span);
			net_reader_readuntil(reader, "o\n", 2, &span);
		}
		close(fds[1]);
		fds[1] = -1;
		net_reader_readexactly(reader, 10000, &span);
		net_reader_read(reader, buffer, sizeof buffer);
		net_writer_free(writer);
	}
	if (fds[1] >= 0)
		close(fds[1]);
	return 0;
}

static void run_anyhow(void)
{
	async_run(read_anyhow, NULL);
}

TEST(every_allocation_and_system_call_may_fail)
{
	for_each_failing_allocation(run_anyhow);
	for_each_failing_syscall(run_anyhow);
}
