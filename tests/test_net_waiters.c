/* SPDX-License-Identifier: MIT */
/* test_net_waiters.c - wake-ups meet cancellations (see waiters.h) at what streams and servers wait for. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "net/channel.h"
#include "net/datagram.h"
#include "runtime/base.h"
#include "tests/harness.h"
#include "tests/stream_ends.h"
#include "tests/waiters.h"

struct world {
	struct stream_ends ends;
	struct net_endpoint *endpoint;
	struct net_server *server;
	struct net_reader *reader;
	struct net_writer *writer;
	struct async_event leave;
};

static void ends_prepare(struct world *world)
{
	world->ends = stream_pair(0);
}

static void ends_cleanup(struct world *world)
{
	stream_end(&world->ends);
}

/* ---- A byte that is read: whoever got it has it ---------------------------------------------- */

static int read_wait(struct world *world)
{
	struct net_span span;

	return net_reader_readexactly(world->ends.reader, 1, &span);
}

static void read_wake(struct world *world)
{
	stream_tell(&world->ends, "x");
	waiters_yield(2);
}

static int read_spare(struct world *world)
{
	int bytes = -1;

	CHECK_INT(ioctl(net_writer_fd(world->ends.writer), FIONREAD, &bytes), 0);
	return bytes + (int)bytes_size(&world->ends.reader->buffer);
}

/* ---- A datagram, likewise --------------------------------------------------------------------- */

static void datagram_prepare(struct world *world)
{
	struct net_datagram_options options = { .local_host = "127.0.0.1" };

	CHECK_INT(net_create_datagram_endpoint(&world->endpoint, &options), 0);
}

static int datagram_wait(struct world *world)
{
	char byte;

	return (int)net_datagram_receive(world->endpoint, &byte, 1, NULL);
}

static void datagram_wake(struct world *world)
{
	CHECK_INT(net_datagram_send(world->endpoint, "x", 1, net_endpoint_address(world->endpoint)),
		  0);
	waiters_yield(1);
}

/* Of one byte each, and never more than one at a time. */
static int datagram_spare(struct world *world)
{
	int bytes = -1;

	CHECK_INT(ioctl(net_endpoint_fd(world->endpoint), FIONREAD, &bytes), 0);
	return bytes;
}

static void datagram_cleanup(struct world *world)
{
	net_endpoint_close(world->endpoint);
}

/* ---- Room in a writer, and its end: for all who wait ------------------------------------------ */

static void drain_prepare(struct world *world)
{
	ends_prepare(world);
	stream_write_big(world->ends.writer);
}

static int drain_wait(struct world *world)
{
	return net_writer_drain(world->ends.writer);
}

/* Until the buffer is below the mark, which wakes them. */
static void drain_wake(struct world *world)
{
	bool eof;

	while (net_writer_get_write_buffer_size(world->ends.writer) > 0) {
		stream_drink(world->ends.peer, &eof);
		waiters_yield(1);
	}
}

static void drain_again(struct world *world)
{
	stream_write_big(world->ends.writer);
}

static int closed_wait(struct world *world)
{
	return net_writer_wait_closed(world->ends.writer);
}

static void closed_wake(struct world *world)
{
	net_writer_close(world->ends.writer);
	waiters_yield(1);
}

/* ---- The end of a server and of its connections ----------------------------------------------- */

static int stay(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	(void)reader, (void)writer;
	return async_event_wait(&((struct world *)arg)->leave);
}

static void server_prepare(struct world *world)
{
	CHECK_INT(net_start_server(&world->server, stay, world, "127.0.0.1", 0, NULL), 0);
	CHECK_INT(net_open_connection(&world->reader, &world->writer, "127.0.0.1",
				      net_server_port(world->server, 0, NULL), NULL),
		  0);
	waiters_yield(8);
	net_server_close(world->server);
}

static int server_wait(struct world *world)
{
	return net_server_wait_closed(world->server);
}

static void server_wake(struct world *world)
{
	async_event_set(&world->leave);
	waiters_yield(2);
}

static void server_cleanup(struct world *world)
{
	net_writer_free(world->writer);
	net_server_free(world->server);
}

/* clang-format off */
static const struct primitive primitives[] = {
	/* A second reader that would have to wait is refused. */
	{ "read", "ccgc", NULL, .prepare = ends_prepare, .wait = read_wait, .wake = read_wake,
	  .spare = read_spare, .cleanup = ends_cleanup },
	{ "datagram", "ccgc", NULL, .prepare = datagram_prepare, .wait = datagram_wait,
	  .wake = datagram_wake, .spare = datagram_spare, .cleanup = datagram_cleanup },
	{ "drain", "ccgc", "gggg", .prepare = drain_prepare, .wait = drain_wait,
	  .wake = drain_wake, .again = drain_again, .cleanup = ends_cleanup },
	{ "wait_closed", "ccgc", "gggg", .prepare = ends_prepare, .wait = closed_wait,
	  .wake = closed_wake, .cleanup = ends_cleanup },
	{ "a server's wait_closed", "ccgc", "gggg", .prepare = server_prepare,
	  .wait = server_wait, .wake = server_wake, .cleanup = server_cleanup },
};
/* clang-format on */

TEST(a_wake_up_and_a_cancel_meet_in_every_order_on_streams_and_servers)
{
	waiters_meet_in_order(primitives, array_size(primitives), sizeof(struct world));
}

TEST_WITH_LIMIT(whatever_the_order_of_the_ready_queue_no_wake_up_of_a_stream_is_lost, 30)
{
	waiters_meet_shuffled(primitives, array_size(primitives), sizeof(struct world));
}
