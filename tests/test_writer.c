/* SPDX-License-Identifier: MIT */
/*
 * test_writer.c - what a writer does beyond what asyncio's scenarios show: water marks to the byte, what
 * it knows of its ends, memory, misuse.
 */
#include <unistd.h>

#include "runtime/base.h"
#include "tests/harness.h"
#include "tests/stream_ends.h"

#define RUN(body) CHECK_INT(async_run(body, NULL), 0)

/* ---- Order and water marks --------------------------------------------------------------------- */

static char pattern(size_t i)
{
	return (char)(i * 31 + i / 127);
}

struct taking {
	int fd;
	size_t want, got;
};

/* A peer that reads odd portions. */
static int take_slowly(void *arg)
{
	struct taking *taking = arg;
	static char buffer[70000];

	while (taking->got < taking->want) {
		ssize_t n = recv(taking->fd, buffer, 1 + taking->got % sizeof buffer, 0);

		for (ssize_t i = 0; i < n; i++)
			CHECK_INT(buffer[i], pattern(taking->got++));
		CHECK_INT(async_sleep(0), 0);
	}
	return 0;
}

static int write_odd_portions(void *arg)
{
	struct stream_ends e = stream_pair(0);
	static char data[100000];
	struct taking taking = { .fd = e.peer, .want = (size_t)2 << 20 };
	struct async_task *peer = async_create_task(take_slowly, &taking);
	size_t at = 0;

	(void)arg;
	while (at < taking.want) {
		size_t size = (at * 13 + 7) % sizeof data;

		size = size < taking.want - at ? size : taking.want - at;
		for (size_t i = 0; i < size; i++)
			data[i] = pattern(at + i);
		CHECK_INT(net_writer_write(e.writer, data, size), 0);
		at += size;
		CHECK_INT(net_writer_drain(e.writer), 0);
	}
	CHECK_INT(async_await(peer), 0);
	stream_end(&e);
	return 0;
}

TEST(bytes_arrive_in_order_whatever_the_portions)
{
	RUN(write_odd_portions);
}

static int drain(void *writer)
{
	return net_writer_drain((struct net_writer *)writer);
}

static int measure(void *arg)
{
	struct stream_ends e = stream_pair(0);
	struct async_task *task;
	ssize_t queued;

	(void)arg;
	stream_write_big(e.writer);
	task = async_create_task(drain, e.writer);
	async_sleep(0);
	async_sleep(0);
	CHECK(!async_task_done(task));
	async_cancel(task);
	async_await(task);
	stream_end(&e);

	/* The mark is where the buffer ends, however much the socket has taken. */
	e = stream_pair(0);
	CHECK_INT(net_writer_set_write_buffer_limits(e.writer, 1 << 30, 0), 0);
	stream_write_big(e.writer);
	queued = (ssize_t)net_writer_get_write_buffer_size(e.writer);
	CHECK_INT(net_writer_set_write_buffer_limits(e.writer, queued, 0), 0);
	CHECK_INT(net_writer_drain(e.writer), 0); /* exactly high is not above it */
	CHECK_INT(net_writer_write(e.writer, "x", 1), 0);
	task = async_create_task(drain, e.writer);
	async_sleep(0);
	async_sleep(0);
	CHECK(!async_task_done(task));
	async_cancel(task);
	async_await(task);
	stream_end(&e);
	return 0;
}

TEST(drain_waits_above_the_high_water_mark_and_not_at_it)
{
	RUN(measure);
}

static int stop_at_low(void *arg)
{
	struct stream_ends e = stream_pair(0);
	const ssize_t low = 1 << 20;
	struct async_task *task;
	static char sink[4096];

	(void)arg;
	stream_write_big(e.writer);
	CHECK_INT(net_writer_set_write_buffer_limits(e.writer, 2 * low, low), 0);
	task = async_create_task(drain, e.writer);
	while (!async_task_done(task)) {
		recv(e.peer, sink, sizeof sink, 0);
		async_sleep(0);
	}
	CHECK_INT(async_await(task), 0);
	/* As soon as it was so: there may have been room for a little more since. */
	CHECK(net_writer_get_write_buffer_size(e.writer) <= (size_t)low);
	CHECK(net_writer_get_write_buffer_size(e.writer) > (size_t)low / 2);
	stream_end(&e);
	return 0;
}

TEST(drain_goes_on_at_the_low_water_mark)
{
	RUN(stop_at_low);
}

static int write_lines(void *arg)
{
	struct net_span lines[] = { { "GET ", 4 }, { "", 0 }, { "/\r\n", 3 } };
	struct stream_ends e = stream_pair(0);
	char buffer[16];

	(void)arg;
	CHECK_INT(net_writer_writelines(e.writer, lines, array_size(lines)), 0);
	CHECK_INT(recv(e.peer, buffer, sizeof buffer, 0), 7);
	CHECK_MEM(buffer, 7, "GET /\r\n", 7);
	CHECK_INT(net_writer_writelines(e.writer, lines, 0), 0);
	CHECK_INT(net_writer_write(e.writer, NULL, 0), 0);
	CHECK_INT(net_writer_get_write_buffer_size(e.writer), 0);
	stream_end(&e);
	return 0;
}

TEST(lines_leave_together)
{
	RUN(write_lines);
}

/* ---- What it knows ----------------------------------------------------------------------------- */

static int serve_nothing(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	char text[NET_ADDRESS_TEXT];

	(void)reader;
	(void)arg;
	CHECK_CONTAINS(net_address_format(net_writer_peer(writer), text), "127.0.0.1:");
	return 0;
}

static int ask(void *arg)
{
	struct net_address own, listening;
	struct net_reader *reader;
	struct net_writer *writer;
	struct net_server *server;
	char texts[2][NET_ADDRESS_TEXT];

	(void)arg;
	CHECK_INT(net_start_server(&server, serve_nothing, NULL, "127.0.0.1", 0, NULL), 0);
	CHECK_INT(net_open_connection(&reader, &writer, "127.0.0.1",
				      net_server_port(server, 0, &listening), NULL),
		  0);
	CHECK_STR(net_address_format(net_writer_peer(writer), texts[0]),
		  net_address_format(&listening, texts[1]));
	CHECK_INT(net_writer_sockname(writer, &own), 0);
	CHECK_CONTAINS(net_address_format(&own, texts[0]), "127.0.0.1:");
	CHECK(net_writer_fd(writer) > 2);
	CHECK_STR(net_writer_tls_version(writer), NULL);
	CHECK_INT(net_reader_read(reader, texts[0], 1), 0);
	net_writer_close(writer);
	CHECK_INT(net_writer_wait_closed(writer), 0);
	CHECK_INT(net_writer_sockname(writer, &own), -EBADF);
	CHECK_INT(net_writer_peer(writer)->length, 0);
	net_writer_free(writer);
	net_server_free(server);
	return 0;
}

TEST(a_writer_knows_both_ends_until_it_is_closed)
{
	RUN(ask);
}

/* ---- Misuse and failures ----------------------------------------------------------------------- */

static int free_under_drain(void *arg)
{
	struct stream_ends e = stream_pair(0);

	(void)arg;
	stream_write_big(e.writer);
	CHECK_INT(async_spawn(drain, e.writer), 0);
	async_sleep(0);
	async_sleep(0);
	net_writer_free(e.writer);
	return 0;
}

TEST(freeing_a_writer_that_somebody_drains_aborts)
{
	EXPECT_ABORT(async_run(free_under_drain, NULL), "freed while a task waits in it");
}

static int write_without_memory(void *arg)
{
	struct stream_ends e = stream_pair(0);
	static char data[BIG];

	(void)arg;
	fail_call("malloc", 1, 0);
	CHECK_INT(net_writer_write(e.writer, data, sizeof data), ASYNC_ENOMEM);
	fail_none();
	CHECK(net_writer_is_closing(e.writer));
	CHECK_INT(net_writer_wait_closed(e.writer), ASYNC_ENOMEM);
	CHECK_INT(net_writer_drain(e.writer), ASYNC_ENOMEM);
	stream_end(&e);
	return 0;
}

TEST(what_can_neither_be_sent_nor_kept_ends_the_connection)
{
	RUN(write_without_memory);
}

static int write_anyhow(void *arg)
{
	static const char data[300000];
	struct net_reader *reader;
	struct net_writer *writer;
	struct net_span lines[] = { { "a", 1 }, { "b", 1 } };
	struct async_timeout limit;
	int fds[2];
	bool eof;

	(void)arg;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0)
		return 0;
	if (net_open_socket(&reader, &writer, fds[0], NULL) == 0) {
		net_writer_write(writer, data, sizeof data);
		net_writer_writelines(writer, lines, 2);
		async_timeout_begin(&limit, 0.001);
		async_timeout_end(&limit, net_writer_drain(writer));
		stream_drink_until(fds[1], sizeof data + 2, &eof);
		net_writer_write_eof(writer);
		net_writer_close(writer);
		net_writer_wait_closed(writer);
		net_writer_free(writer);
	}
	close(fds[1]);
	return 0;
}

static void run_anyhow(void)
{
	async_run(write_anyhow, NULL);
}

TEST_WITH_LIMIT(every_allocation_and_system_call_may_fail, 60)
{
	for_each_failing_allocation(run_anyhow);
	for_each_failing_syscall(run_anyhow);
}
