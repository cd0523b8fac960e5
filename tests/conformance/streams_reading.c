/* SPDX-License-Identifier: MIT */
/* streams_reading.c - what readers return and raise. Names as in streams_probe.py. */
#include "tests/conformance/streams_trace.h"

#define READER(ends, ...) ((struct call){ __VA_ARGS__, .reader = (ends).reader })

STREAMS(read_takes_what_is_there)
{
	struct stream_ends e = stream_pair(0);

	stream_tell(&e, "abcdef");
	attempt("read 2", READER(e, READ, .size = 2));
	attempt("read 100", READER(e, READ, .size = 100));
	attempt("read 0", READER(e, READ, .size = 0));
	stream_end(&e);
	return 0;
}

STREAMS(read_at_the_end)
{
	struct stream_ends e = stream_pair(0);

	stream_tell(&e, "ab");
	stream_hang_up(&e);
	settle();
	say("at_eof %s", truth(net_reader_at_eof(e.reader)));
	attempt("read", READER(e, READ, .size = 5));
	settle();
	say("at_eof %s", truth(net_reader_at_eof(e.reader)));
	attempt("read", READER(e, READ, .size = 5));
	attempt("readline", READER(e, LINE));
	attempt("readexactly 0", READER(e, EXACTLY, .size = 0));
	attempt("readexactly 1", READER(e, EXACTLY, .size = 1));
	stream_end(&e);
	return 0;
}

STREAMS(read_to_the_end)
{
	struct stream_ends e = stream_pair(4);
	struct call all = READER(e, READ_ALL);

	stream_tell(&e, "abcdefghijkl");
	start(&all);
	settle();
	say("done %s", truth(async_task_done(all.task)));
	stream_tell(&e, "mno");
	stream_hang_up(&e);
	finish("read -1", &all);
	attempt("read -1", READER(e, READ_ALL));
	stream_end(&e);
	return 0;
}

STREAMS(exactly)
{
	struct stream_ends e = stream_pair(4);
	struct call six = READER(e, EXACTLY, .size = 6);

	stream_tell(&e, "abc");
	start(&six);
	settle();
	say("done %s", truth(async_task_done(six.task)));
	stream_tell(&e, "defghi");
	finish("readexactly 6", &six);
	attempt("readexactly 3", READER(e, EXACTLY, .size = 3));
	stream_end(&e);
	return 0;
}

STREAMS(exactly_incomplete)
{
	struct stream_ends e = stream_pair(0);

	stream_tell(&e, "abc");
	stream_hang_up(&e);
	attempt("readexactly 5", READER(e, EXACTLY, .size = 5));
	attempt("readexactly 5", READER(e, EXACTLY, .size = 5));
	say("at_eof %s", truth(net_reader_at_eof(e.reader)));
	stream_end(&e);
	return 0;
}

STREAMS(lines)
{
	struct stream_ends e = stream_pair(0);

	stream_tell(&e, "one\n\ntwo\nthr");
	stream_hang_up(&e);
	for (int i = 0; i < 5; i++)
		attempt("readline", READER(e, LINE));
	stream_end(&e);
	return 0;
}

STREAMS(until)
{
	struct stream_ends e = stream_pair(0);
	struct call third = READER(e, UNTIL, .separator = "\r\n");

	stream_tell(&e, "a\rb\r\n\r\nc\r");
	attempt("readuntil", READER(e, UNTIL, .separator = "\r\n"));
	attempt("readuntil", READER(e, UNTIL, .separator = "\r\n"));
	start(&third);
	settle();
	say("done %s", truth(async_task_done(third.task)));
	stream_tell(&e, "\nrest");
	finish("readuntil", &third);
	stream_hang_up(&e);
	attempt("readuntil", READER(e, UNTIL, .separator = "\r\n"));
	say("at_eof %s", truth(net_reader_at_eof(e.reader)));
	attempt("readuntil", READER(e, UNTIL, .separator = ""));
	stream_end(&e);
	return 0;
}

/* ---- Limits ------------------------------------------------------------------------------------ */

STREAMS(limit_exactly)
{
	struct stream_ends e = stream_pair(4);

	stream_tell(&e, "abcd\nabcde\nab\n");
	for (int i = 0; i < 3; i++)
		attempt("readuntil", READER(e, UNTIL, .separator = "\n"));
	attempt("readexactly 6", READER(e, EXACTLY, .size = 6));
	attempt("readuntil", READER(e, UNTIL, .separator = "\n"));
	stream_end(&e);
	return 0;
}

STREAMS(limit_without_a_separator)
{
	struct stream_ends e = stream_pair(4);
	struct call until = READER(e, UNTIL, .separator = "\n");

	stream_tell(&e, "abcd");
	start(&until);
	settle();
	say("done %s", truth(async_task_done(until.task)));
	stream_tell(&e, "e");
	finish("readuntil", &until);
	attempt("read 100", READER(e, READ, .size = 100));
	stream_end(&e);
	return 0;
}

STREAMS(limit_with_a_long_separator)
{
	struct stream_ends e = stream_pair(4);
	struct call until = READER(e, UNTIL, .separator = "END");

	stream_tell(&e, "abcdEN");
	start(&until);
	settle();
	say("done %s", truth(async_task_done(until.task)));
	stream_tell(&e, "D");
	finish("readuntil", &until);
	stream_tell(&e, "abcdeEND");
	attempt("readuntil", READER(e, UNTIL, .separator = "END"));
	stream_end(&e);
	return 0;
}

STREAMS(line_over_the_limit_with_its_end)
{
	struct stream_ends e = stream_pair(4);

	stream_tell(&e, "abcdefgh\nok\n");
	attempt("readline", READER(e, LINE));
	attempt("readline", READER(e, LINE));
	stream_end(&e);
	return 0;
}

STREAMS(line_over_the_limit_without_an_end)
{
	struct stream_ends e = stream_pair(4);

	stream_tell(&e, "abcdefgh");
	attempt("readline", READER(e, LINE));
	stream_tell(&e, "ij\nok\n");
	attempt("readline", READER(e, LINE));
	attempt("readline", READER(e, LINE));
	stream_end(&e);
	return 0;
}

/* ---- Two at once, and none --------------------------------------------------------------------- */

STREAMS(second_reader)
{
	struct stream_ends e = stream_pair(0);
	struct call first = READER(e, LINE);

	start(&first);
	settle();
	attempt("readline", READER(e, LINE));
	attempt("readuntil", READER(e, UNTIL, .separator = "x"));
	attempt("readexactly", READER(e, EXACTLY, .size = 1));
	attempt("read", READER(e, READ, .size = 1));
	attempt("read -1", READER(e, READ_ALL));
	stream_tell(&e, "first\n");
	finish("first", &first);
	stream_end(&e);
	return 0;
}

STREAMS(cancelled_reads_lose_nothing)
{
	struct stream_ends e = stream_pair(0);
	struct call calls[] = { READER(e, EXACTLY, .size = 8), READER(e, LINE),
				READER(e, UNTIL, .separator = "\r\n") };
	static const char *const names[] = { "readexactly", "readline", "readuntil" };

	for (int i = 0; i < 3; i++) {
		start(&calls[i]);
		settle();
		stream_tell(&e, "ab");
		settle();
		async_cancel(calls[i].task);
		finish(names[i], &calls[i]);
	}
	attempt("read", READER(e, READ, .size = 256));
	stream_end(&e);
	return 0;
}

STREAMS(cancelled_in_the_turn_of_the_data)
{
	struct stream_ends e = stream_pair(0);
	struct call line = READER(e, LINE);

	start(&line);
	settle();
	stream_tell(&e, "line\n");
	async_cancel(line.task);
	finish("readline", &line);
	attempt("readline", READER(e, LINE));
	stream_end(&e);
	return 0;
}

STREAMS(close_wakes_the_reader)
{
	struct stream_ends e = stream_pair(0);
	struct call line = READER(e, LINE), closed = { WAIT_CLOSED, .writer = e.writer };

	start(&line);
	start(&closed);
	settle();
	net_writer_close(e.writer);
	say("closing %s", truth(net_writer_is_closing(e.writer)));
	finish("readline", &line);
	finish("wait_closed", &closed);
	say("at_eof %s", truth(net_reader_at_eof(e.reader)));
	stream_end(&e);
	return 0;
}

STREAMS(what_is_buffered_outlives_the_close)
{
	struct stream_ends e = stream_pair(0);

	stream_tell(&e, "one\ntwo\n");
	attempt("readline", READER(e, LINE));
	net_writer_close(e.writer);
	net_writer_wait_closed(e.writer);
	attempt("readline", READER(e, LINE));
	attempt("readline", READER(e, LINE));
	stream_end(&e);
	return 0;
}
