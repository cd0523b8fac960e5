/* SPDX-License-Identifier: MIT */
/* stream_ends.c - see stream_ends.h. */
#include "tests/stream_ends.h"

#include <unistd.h>

#include "tests/harness.h"

struct stream_ends stream_pair(size_t limit)
{
	struct stream_ends ends;
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	CHECK_INT(net_open_socket(&ends.reader, &ends.writer, fds[0],
				  &(struct net_stream_options){ .limit = limit }),
		  0);
	ends.peer = fds[1];
	return ends;
}

void stream_tell(const struct stream_ends *ends, const char *text)
{
	CHECK_INT(send(ends->peer, text, strlen(text), 0), strlen(text));
}

void stream_hang_up(struct stream_ends *ends)
{
	if (ends->peer >= 0)
		close(ends->peer);
	ends->peer = -1;
}

void stream_end(struct stream_ends *ends)
{
	net_writer_close(ends->writer);
	stream_hang_up(ends);
	net_writer_wait_closed(ends->writer);
	net_writer_free(ends->writer);
}

size_t stream_drink(int peer, bool *eof)
{
	static char sink[1 << 20];
	size_t total = 0;
	ssize_t n;

	while ((n = recv(peer, sink, sizeof sink, 0)) > 0)
		total += (size_t)n;
	*eof = n == 0;
	return total;
}

size_t stream_drink_until(int peer, size_t total, bool *eof)
{
	size_t got = 0;

	for (int i = 0; i < 1000; i++) {
		got += stream_drink(peer, eof);
		if (*eof || got >= total)
			break;
		async_sleep(0.001);
	}
	return got;
}

void stream_write_big(struct net_writer *writer)
{
	static const char zeroes[BIG];

	CHECK_INT(net_writer_write(writer, zeroes, sizeof zeroes), 0);
}
