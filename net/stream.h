/* SPDX-License-Identifier: MIT */
/*
 * stream.h - the transport table, and what a stream is. For net/ only.
 *
 * Rules for a transport:
 *  - It tries once, and never waits. Whoever calls it has seen the fd's sticky bit set
 *    (stream_wait, stream_try_read); -EAGAIN means that the bit of stream->wants is clear by now.
 *    The waiting is done above it: in stream.c by tasks, in channel.c by callbacks.
 *  - After each wait the stream may have been closed by another task; stream_wait says so. The
 *    struct itself lives until the last operation under way has left.
 */
#ifndef LOOPHOUND_NET_STREAM_H
#define LOOPHOUND_NET_STREAM_H

#include "net/net.h"
#include "runtime/fd.h"

struct tls;

struct net_stream_ops {
	/*
	 * One try that never waits: the count (for a read 0 at the end of the stream), a negative code,
	 * or -EAGAIN, and then stream->wants is the direction to wait for before the next try. A write
	 * that said -EAGAIN is tried again with the same bytes; more may follow them.
	 */
	ssize_t (*try_read)(struct net_stream *stream, void *buffer, size_t size);
	ssize_t (*try_write)(struct net_stream *stream, const void *data, size_t size);
	/* Has the transport bytes in hand that the socket no longer has? */
	bool (*has_pending)(const struct net_stream *stream);
	/* Looks at what has arrived, if anything: true when it is nothing that a reader would get. */
	bool (*is_quiet)(struct net_stream *stream);
	/* Says goodbye while the fd is still open; must not wait. */
	void (*farewell)(struct net_stream *stream);
	/* Frees what is the transport's own. */
	void (*free)(struct net_stream *stream);
};

struct net_stream {
	const struct net_stream_ops *ops;
	int fd;
	int users;		 /* operations under way */
	bool closed;		 /* by net_close(); the last user frees it */
	enum fd_direction wants; /* what the try that said -EAGAIN has to wait for */
	uint64_t looked_turn;	 /* the loop's turn in which the socket was last seen empty */
	struct net_address peer;
	struct tls *tls; /* NULL: plain */
	const char *opened_at;
	struct async_handle
		unclosed; /* run when the loop closes; cancel it to report in its stead */
	/* The stream's own memory: what came off the socket before TLS began on it, for TLS to read. */
	char *early;
	size_t early_size, early_used;
};

/* A plain stream over a connected fd that the loop knows; takes the fd even when it fails. */
int stream_new(struct net_stream **out, const char *here, int fd, const struct net_address *peer);

/* The same for an fd that the loop may not know yet, which stays the caller's: NULL without memory. */
struct net_stream *stream_make(int fd, const struct net_address *peer);

/* Ends an operation that counted itself in stream->users; the stream may be gone afterwards. */
void stream_leave(struct net_stream *stream);

/*
 * Makes the direction worth a try: at once while its bit is set (then the budget counts it), else
 * after a wait. 0, ASYNC_ECANCELED, ASYNC_EBUSY, or ASYNC_ECLOSED: the fd is not to be used again.
 */
ASYNC_SUSPENDS
int stream_wait(const char *here, struct net_stream *stream, enum fd_direction direction);

/*
 * One recv or send, EINTR retried: the count or a negative errno. Both keep the sticky bits: EAGAIN
 * clears, and so does a read that got less than it asked for, since the socket is then empty.
 */
ssize_t stream_receive(struct net_stream *stream, void *buffer, size_t size);
ssize_t stream_send(struct net_stream *stream, const void *data, size_t size);

/* One try, of what may give something only: the transport's results. */
ssize_t stream_try_read(struct net_stream *stream, void *buffer, size_t size);
ssize_t stream_try_write(struct net_stream *stream, const void *data, size_t size);

/* True when the socket itself has nothing for a reader: no byte, no end, no error. */
bool stream_is_empty(struct net_stream *stream);

extern const struct net_stream_ops plain_ops;

#endif
