/* SPDX-License-Identifier: MIT */
/* stream_ends.h - a reader and a writer, and a plain socket as the other end. */
#ifndef LOOPHOUND_TESTS_STREAM_ENDS_H
#define LOOPHOUND_TESTS_STREAM_ENDS_H

#include "net/net.h"

/* More than any socket takes at once. */
#define BIG ((size_t)4 << 20)

/* A connection over a socket pair; the peer's end is a plain non-blocking socket. */
struct stream_ends {
	struct net_reader *reader;
	struct net_writer *writer;
	int peer; /* -1: closed */
};
struct stream_ends stream_pair(size_t limit);
void stream_tell(const struct stream_ends *ends, const char *text);
void stream_hang_up(struct stream_ends *ends);
void stream_end(struct stream_ends *ends);

/* All that the peer can read now, or until so much has come; *eof: the end was seen. */
size_t stream_drink(int peer, bool *eof);
size_t stream_drink_until(int peer, size_t total, bool *eof);
void stream_write_big(struct net_writer *writer);

#endif
