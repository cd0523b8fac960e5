/* SPDX-License-Identifier: MIT */
/*
 * test_writer_closing.c - a writer's end: peers that never read, what is still queued, who waits, and
 * what is left open.
 */
#include <unistd.h>

#include "tests/harness.h"
#include "tests/stream_ends.h"

#define RUN(body) CHECK_INT(async_run(body, NULL), 0)

static int close_on_a_deaf_peer(void *arg)
{
	const double *timeout = arg;
	struct net_reader *reader;
	struct net_writer *writer;
	double start = async_time();
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_INT(net_open_socket(&reader, &writer, fds[0],
				  &(struct net_stream_options){ .close_timeout = *timeout }),
		  0);
	stream_write_big(writer);
	net_writer_close(writer);
	CHECK_NEAR(async_time() - start, 0, 1e-9);
	CHECK(net_writer_get_write_buffer_size(writer) > 0);
	CHECK_INT(net_writer_wait_closed(writer), 0);
	CHECK_NEAR(async_time() - start, *timeout > 0 ? *timeout : 30, 1e-6);
	CHECK_INT(net_writer_fd(writer), -1);
	net_writer_free(writer);
	close(fds[1]);
	return 0;
}

TEST(a_peer_that_never_reads_holds_a_close_no_longer_than_its_timeout)
{
	struct async_run_options options = { .virtual_clock = true };

	CHECK_INT(async_run_with(close_on_a_deaf_peer, &(double){ 0 }, &options), 0);
	CHECK_INT(async_run_with(close_on_a_deaf_peer, &(double){ 2.5 }, &options), 0);
}

static int free_at_once(void *arg)
{
	struct stream_ends e = stream_pair(0);
	bool eof;

	(void)arg;
	stream_write_big(e.writer);
	net_writer_free(e.writer);
	CHECK_INT(stream_drink_until(e.peer, BIG + 1, &eof), BIG);
	CHECK(eof);
	close(e.peer);
	return 0;
}

TEST(what_is_queued_is_sent_after_the_writer_was_freed)
{
	RUN(free_at_once);
}

static int wait_closed(void *writer)
{
	return net_writer_wait_closed((struct net_writer *)writer);
}

static int wait_in_two(void *arg)
{
	struct stream_ends e = stream_pair(0);
	struct async_task *first = async_create_task(wait_closed, e.writer);
	struct async_task *second = async_create_task(wait_closed, e.writer);

	(void)arg;
	async_sleep(0);
	async_sleep(0);
	async_cancel(first);
	CHECK_INT(async_await(first), ASYNC_ECANCELED);
	net_writer_close(e.writer);
	CHECK_INT(async_await(second), 0);
	stream_end(&e);
	return 0;
}

TEST(one_who_no_longer_waits_for_the_close_does_not_end_it_for_others)
{
	RUN(wait_in_two);
}

static int warnings;

static void count_warning(const char *text, void *expected)
{
	CHECK_STR(text, expected);
	warnings++;
}

static int write_in_vain(void *arg)
{
	struct stream_ends ends = stream_pair(0);
	struct net_writer *pipe_writer;
	int fds[2];

	(void)arg;
	async_set_warning_handler(count_warning, "socket.send() raised exception.");
	net_writer_abort(ends.writer);
	for (int i = 1; i <= 7; i++) {
		CHECK_INT(net_writer_write(ends.writer, "x", 1), 0);
		CHECK_INT(warnings, i < 5 ? 0 : i - 4);
	}
	stream_end(&ends);

	warnings = 0;
	async_set_warning_handler(count_warning,
				  "pipe closed by peer or os.write(pipe, data) raised exception.");
	CHECK_INT(pipe(fds), 0);
	CHECK_INT(net_connect_write_pipe(&pipe_writer, fds[1]), 0);
	close(fds[0]);
	for (int i = 1; i <= 7; i++) {
		CHECK_INT(net_writer_write(pipe_writer, "x", 1), 0);
		CHECK_INT(warnings, i < 6 ? 0 : i - 5);
	}
	net_writer_free(pipe_writer);
	return 0;
}

TEST(writes_in_vain_are_warned_of_after_as_many_as_in_asyncio)
{
	RUN(write_in_vain);
}

static char heard[512];

static void hear(const struct async_context *context, void *arg)
{
	(void)arg;
	strncat(heard, context->message, sizeof heard - strlen(heard) - 2);
	strcat(heard, "\n");
}

/* The peer of the open one stays: a broken connection would be closed, not open. */
static int leave_open(void *peer)
{
	struct stream_ends open = stream_pair(0), closing = stream_pair(0), freed = stream_pair(0);

	async_set_exception_handler(hear, NULL);
	stream_write_big(open.writer);
	stream_write_big(closing.writer);
	stream_write_big(freed.writer);
	net_writer_close(closing.writer);
	net_writer_free(freed.writer);
	*(int *)peer = open.peer;
	close(closing.peer);
	close(freed.peer);
	return net_writer_fd(open.writer);
}

TEST(only_what_is_still_open_is_reported_when_the_loop_closes)
{
	int peer = -1, fd = async_run(leave_open, &peer);

	close(peer);
	CHECK_STR(heard, format("unclosed transport <net_writer fd=%d>\n", fd));
}
