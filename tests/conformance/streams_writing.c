/* SPDX-License-Identifier: MIT */
/* streams_writing.c - what writers and drains do. Names as in streams_probe.py. */
#include "tests/conformance/streams_trace.h"

#define READER(ends, ...) ((struct call){ __VA_ARGS__, .reader = (ends).reader })
#define WRITER(ends, what) ((struct call){ what, .writer = (ends).writer })

static void say_write(const char *what, int rc)
{
	if (rc < 0)
		say("%s -> RuntimeError: %s", what, async_raised(rc)->message);
	else
		say("%s -> None", what);
}

static void say_peer(const struct stream_ends *e, size_t total)
{
	bool eof;
	size_t n = total ? stream_drink_until(e->peer, total, &eof) : stream_drink(e->peer, &eof);

	say("peer %zu %s", n, truth(eof));
}

STREAMS(write_after_write_eof)
{
	struct stream_ends e = stream_pair(0);
	struct net_span line = { "y", 1 };

	net_writer_write(e.writer, "x", 1);
	say("can %s", truth(net_writer_can_write_eof(e.writer)));
	CHECK_INT(net_writer_write_eof(e.writer), 0);
	CHECK_INT(net_writer_write_eof(e.writer), 0);
	say_write("write", net_writer_write(e.writer, "y", 1));
	say_write("write nothing", net_writer_write(e.writer, "", 0));
	say_write("writelines", net_writer_writelines(e.writer, &line, 1));
	settle();
	say_peer(&e, 0);
	stream_tell(&e, "answer\n");
	attempt("readline", READER(e, LINE));
	attempt("drain", WRITER(e, DRAIN));
	stream_end(&e);
	return 0;
}

STREAMS(write_after_close)
{
	struct stream_ends e = stream_pair(0);

	say("closing %s", truth(net_writer_is_closing(e.writer)));
	net_writer_close(e.writer);
	net_writer_close(e.writer);
	say("closing %s", truth(net_writer_is_closing(e.writer)));
	CHECK_INT(net_writer_write(e.writer, "x", 1), 0);
	attempt("drain", WRITER(e, DRAIN));
	attempt("wait_closed", WRITER(e, WAIT_CLOSED));
	attempt("wait_closed", WRITER(e, WAIT_CLOSED));
	CHECK_INT(net_writer_write(e.writer, "x", 1), 0);
	attempt("drain", WRITER(e, DRAIN));
	say_peer(&e, 0);
	stream_end(&e);
	return 0;
}

STREAMS(write_to_a_peer_that_is_gone)
{
	struct stream_ends e = stream_pair(0);

	stream_hang_up(&e);
	settle();
	attempt("drain", WRITER(e, DRAIN));
	CHECK_INT(net_writer_write(e.writer, "x", 1), 0);
	say("closing %s", truth(net_writer_is_closing(e.writer)));
	attempt("drain", WRITER(e, DRAIN));
	attempt("drain", WRITER(e, DRAIN));
	attempt("wait_closed", WRITER(e, WAIT_CLOSED));
	attempt("read", READER(e, READ, .size = 1));
	CHECK_INT(net_writer_write(e.writer, "y", 1), 0);
	stream_end(&e);
	return 0;
}

STREAMS(drain_waits_for_low_water)
{
	struct stream_ends e = stream_pair(0);
	struct call first = WRITER(e, DRAIN), second = WRITER(e, DRAIN);

	attempt("drain", WRITER(e, DRAIN));
	stream_write_big(e.writer);
	say("queued %s", truth(net_writer_get_write_buffer_size(e.writer) > 65536));
	start(&first);
	start(&second);
	settle();
	say("done %s %s", truth(async_task_done(first.task)), truth(async_task_done(second.task)));
	say_peer(&e, BIG);
	finish("drain", &first);
	finish("drain", &second);
	say("queued %zu", net_writer_get_write_buffer_size(e.writer));
	stream_end(&e);
	return 0;
}

STREAMS(drain_below_the_high_water_mark)
{
	struct stream_ends e = stream_pair(0);
	struct call drain = WRITER(e, DRAIN);

	CHECK_INT(net_writer_set_write_buffer_limits(e.writer, 2 * BIG, -1), 0);
	stream_write_big(e.writer);
	say("queued %s", truth(net_writer_get_write_buffer_size(e.writer) > 0));
	attempt("drain", WRITER(e, DRAIN));
	CHECK_INT(net_writer_set_write_buffer_limits(e.writer, 0, -1), 0);
	start(&drain);
	settle();
	say("done %s", truth(async_task_done(drain.task)));
	async_cancel(drain.task);
	finish("drain", &drain);
	say_peer(&e, BIG);
	settle();
	attempt("drain", WRITER(e, DRAIN));
	stream_end(&e);
	return 0;
}

/* Which of its errors the connection ends with depends on who notices first: the poller or a send. */
static const char *connection_error(int rc)
{
	return rc == -ECONNRESET || rc == -EPIPE ? "ConnectionError" : async_errname(rc);
}

static int drain_code(void *writer)
{
	return net_writer_drain((struct net_writer *)writer);
}

STREAMS(drain_when_the_peer_goes)
{
	struct stream_ends e = stream_pair(0);
	struct async_task *drain;

	stream_write_big(e.writer);
	drain = async_create_task(drain_code, e.writer);
	settle();
	say("done %s", truth(async_task_done(drain)));
	stream_hang_up(&e);
	say("drain -> %s", connection_error(async_await(drain)));
	say("wait_closed -> %s", connection_error(net_writer_wait_closed(e.writer)));
	say("closing %s", truth(net_writer_is_closing(e.writer)));
	stream_end(&e);
	return 0;
}

STREAMS(limits_that_are_none)
{
	static const struct {
		const char *text;
		ssize_t high, low;
	} limits[] = {
		{ "{'high': 1, 'low': 2}", 1, 2 },
		{ "{'high': 0}", 0, -1 },
		{ "{'low': 5}", -1, 5 },
		{ "{}", -1, -1 },
	};
	struct stream_ends e = stream_pair(0);

	for (int i = 0; i < 4; i++) {
		int rc =
			net_writer_set_write_buffer_limits(e.writer, limits[i].high, limits[i].low);

		if (rc < 0)
			say("%s -> ValueError: %s", limits[i].text, async_raised(rc)->message);
		else
			say("%s -> None", limits[i].text);
	}
	stream_end(&e);
	return 0;
}

STREAMS(close_sends_what_is_queued)
{
	struct net_span lines[] = { { "a", 1 }, { "", 0 }, { "bc", 2 } };
	struct stream_ends e = stream_pair(0);
	struct call closed = WRITER(e, WAIT_CLOSED);

	stream_write_big(e.writer);
	CHECK_INT(net_writer_writelines(e.writer, lines, 3), 0);
	net_writer_close(e.writer);
	say("closing %s", truth(net_writer_is_closing(e.writer)));
	CHECK_INT(net_writer_write(e.writer, "more", 4), 0);
	start(&closed);
	settle();
	say("done %s", truth(async_task_done(closed.task)));
	say_peer(&e, BIG + 8);
	finish("wait_closed", &closed);
	stream_end(&e);
	return 0;
}

STREAMS(abort_drops_what_is_queued)
{
	struct stream_ends e = stream_pair(0);
	struct call drain = WRITER(e, DRAIN);
	bool eof;

	stream_write_big(e.writer);
	start(&drain);
	settle();
	net_writer_abort(e.writer);
	say("closing %s %zu", truth(net_writer_is_closing(e.writer)),
	    net_writer_get_write_buffer_size(e.writer));
	finish("drain", &drain);
	attempt("wait_closed", WRITER(e, WAIT_CLOSED));
	say("all %s", truth(stream_drink_until(e.peer, BIG, &eof) == BIG));
	attempt("read", READER(e, READ, .size = 1));
	stream_end(&e);
	return 0;
}

STREAMS(write_eof_after_what_is_queued)
{
	struct stream_ends e = stream_pair(0);

	stream_write_big(e.writer);
	CHECK_INT(net_writer_write_eof(e.writer), 0);
	say_peer(&e, BIG + 1);
	stream_tell(&e, "still\n");
	attempt("readline", READER(e, LINE));
	stream_end(&e);
	return 0;
}
