/* SPDX-License-Identifier: MIT */
/* test_dump_streams.c - what a report says of tasks that wait for readers, writers and servers. */
#include <unistd.h>

#include "tests/dumped.h"
#include "tests/harness.h"
#include "tests/stream_ends.h"

static void stop(struct async_task *task)
{
	async_cancel(task);
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	async_task_release(task);
}

static int read_byte(void *reader)
{
	return (int)net_reader_read(reader, &(char){ 0 }, 1);
}

static int read_line(void *reader)
{
	struct net_span span;

	return net_reader_readline(reader, &span);
}

static int drain(void *writer)
{
	return net_writer_drain(writer);
}

static int wait_closed(void *writer)
{
	return net_writer_wait_closed(writer);
}

static int serve_nothing(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	struct net_span span;

	(void)writer;
	(void)arg;
	return net_reader_readexactly(reader, 5, &span);
}

static int serve(void *server)
{
	return net_server_serve_forever(server);
}

/* What is peeked at is the connection as it is now, which has its peer's address. */
static int wait_on_the_internet(void *arg)
{
	struct async_task *reading, *serving;
	struct net_address peer, own;
	struct net_server *server;
	struct net_reader *reader;
	struct net_writer *writer;
	char text[2][NET_ADDRESS_TEXT];
	const char *said;

	(void)arg;
	CHECK_INT(net_start_server(&server, serve_nothing, NULL, "127.0.0.1", 0, NULL), 0);
	CHECK_INT(net_open_connection(&reader, &writer, "127.0.0.1",
				      net_server_port(server, 0, NULL), NULL),
		  0);
	peer = *net_writer_peer(writer);
	CHECK_INT(net_writer_sockname(writer, &own), 0);
	net_address_format(&peer, text[0]);
	net_address_format(&own, text[1]);
	serving = dumped_start(serve, server, "serving");
	reading = dumped_start(read_line, reader, "reading");
	while (!strstr(said = dumped(async_pstree), "1 connection,") ||
	       !strstr(said, "readexactly of"))
		async_sleep(0.001);
	CHECK_CONTAINS(said,
		       format("\"serving\" [serve_forever of server %s, 1 connection,", text[0]));
	CHECK_CONTAINS(said, format("\"reading\" [readuntil of %s,", text[0]));
	CHECK_CONTAINS(said, format("[readexactly of %s,", text[1]));
	stop(reading);
	net_writer_free(writer);
	stop(serving);
	net_server_free(server);
	return 0;
}

TEST(a_wait_for_a_connection_names_its_peer_and_one_for_a_server_its_address)
{
	CHECK_INT(async_run(wait_on_the_internet, NULL), 0);
}

static int wait_without_addresses(void *arg)
{
	struct stream_ends full = stream_pair(0), quiet = stream_pair(0);
	const char *path = temp_path("socket");
	int fd = net_writer_fd(full.writer);
	struct async_task *waiting[4];
	struct net_server *server;
	const char *said;

	(void)arg;
	CHECK_INT(net_start_unix_server(&server, serve_nothing, NULL, path, NULL), 0);
	stream_write_big(full.writer);
	waiting[0] = dumped_start(drain, full.writer, "draining");
	waiting[1] = dumped_start(wait_closed, full.writer, "ending");
	waiting[2] = dumped_start(read_byte, quiet.reader, "reading");
	waiting[3] = dumped_start(serve, server, "serving");
	async_sleep(0);
	said = dumped(async_pstree);
	CHECK_CONTAINS(said, format("\"draining\" [drain of fd %d, %zu bytes queued,", fd,
				    net_writer_get_write_buffer_size(full.writer)));
	CHECK_CONTAINS(said, format("\"ending\" [wait_closed of fd %d, ", fd));
	CHECK_CONTAINS(said, format("\"reading\" [read of fd %d,", net_writer_fd(quiet.writer)));
	CHECK_CONTAINS(said,
		       format("\"serving\" [serve_forever of server %s, 0 connections,", path));
	for (int i = 0; i < 4; i++)
		stop(waiting[i]);
	stream_end(&full);
	stream_end(&quiet);
	net_server_free(server);
	return 0;
}

TEST(where_there_is_no_address_it_is_the_fd_or_the_path)
{
	CHECK_INT(async_run(wait_without_addresses, NULL), 0);
}
