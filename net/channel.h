/* SPDX-License-Identifier: MIT */
/*
 * channel.h - what a reader and a writer share: the stream below, its end, and who waits. Net's own.
 *
 * States, each once and in this order:
 *
 *     open       bytes go both ways
 *     closing    no more reading; what is queued still goes out, for a while
 *     doomed     channel_end is in the ready queue: nothing goes out any more
 *     lost       the fd is closed; readers are at their end, or have the code
 *
 * asyncio's words for them are _closing, _conn_lost, connection_lost(). The memory goes with whichever
 * comes last, lost or channel_free(), or when the loop closes.
 */
#ifndef LOOPHOUND_NET_CHANNEL_H
#define LOOPHOUND_NET_CHANNEL_H

#include "net/bytes.h"
#include "net/stream.h"
#include "runtime/wait.h"

struct net_reader {
	struct bytes buffer;
	size_t limit;
	unsigned
		takes; /* how often bytes were taken: what was searched may not be there any more */
	bool eof;
	int error;		     /* what each read returns from now on; 0: none */
	struct async_future *waiter; /* on the stack of the task that waits for data */
};

struct net_writer {
	struct bytes queue;
	size_t high, low;
	bool paused; /* more than high was queued, and not yet so little as low */
	bool eof;    /* write_eof was called */
	struct async_list drainers;
	struct async_list flushers; /* until the queue is empty */
	struct async_list closers;  /* in wait_closed */
};

/* What is to be done once the fd is ready. */
struct channel_watch {
	struct async_future future;
	struct async_handle ready;
	struct channel *channel;
	enum fd_direction direction;
	bool armed;
};

enum channel_kind { CHANNEL_BOTH, CHANNEL_READ_PIPE, CHANNEL_WRITE_PIPE };

struct net_server;

struct channel {
	struct net_reader reader;
	struct net_writer writer;
	struct net_stream *stream; /* NULL: lost */
	enum channel_kind kind;
	bool closing, doomed, lost, freed;
	bool upgrading;	 /* a handshake has the stream: nobody reads, what is written is queued */
	bool unattended; /* its handler has not started: nobody to be told that it is still open */
	int code;	 /* that it was lost with */
	int conn_lost;	 /* asyncio's: writes in vain, and one more for the loss itself */
	double close_timeout;
	const char *here; /* where it was made */
	struct channel_watch watches[2];
	struct async_timer patience; /* of a close with a queue */
	struct async_handle end;
	struct async_handle on_close;

	/* Of a server's connection only. */
	struct net_server *server;
	struct async_list node;	 /* in its list until it is lost */
	struct async_task *task; /* of its handler; NULL: has ended */
	struct async_handle task_done;
};

/* Takes the stream, also when it fails. options may be NULL. 0 or ASYNC_ENOMEM. */
int channel_new(struct channel **out, const char *here, struct net_stream *stream,
		enum channel_kind kind, const struct net_stream_options *options);
/* The same in parts, for a stream that is not there yet: NULL without memory; unmade as long as none. */
struct channel *channel_make(const char *here, enum channel_kind kind,
			     const struct net_stream_options *options);
void channel_destroy(struct channel *channel);
struct channel *channel_of_reader(const struct net_reader *reader);
struct channel *channel_of_writer(const struct net_writer *writer);

/* Calls back when the direction is ready; once, and again only when asked again. 0 or a code. */
int channel_watch(struct channel *channel, enum fd_direction direction);
void channel_unwatch(struct channel *channel, enum fd_direction direction);

/* asyncio's close(), _force_close() (code 0: abort), and the end of the user's interest. */
void channel_close(struct channel *channel);
void channel_doom(struct channel *channel, int code);
void channel_free(const char *here, struct channel *channel);

/* Completes the futures of all who wait in the list, which has struct waiter. */
void channel_wake_all(struct async_list *list, int code);
/* Waits in the list of one of the writer's: the code that it is woken with, or ASYNC_ECANCELED. */
ASYNC_SUSPENDS
int channel_wait_in(const char *here, struct channel *channel, struct async_list *list,
		    const struct async_future_kind *kind);
/* What a wait whose owner is a channel says of itself: " of 127.0.0.1:80, 70000 bytes queued". */
void channel_describe(struct wait_view *view, const struct async_future *future);

/* reader.c: data may have come, or the end: whoever waits shall look. */
void reader_wake(struct net_reader *reader, int code);

/* writer.c: sends what is queued; false: the connection is doomed now. */
bool writer_flush(struct channel *channel);
void writer_lost(struct net_writer *writer, int code);

/* upgrade.c */
ASYNC_SUSPENDS
int upgrade_channel(const char *here, struct channel *channel, struct net_tls_context *context,
		    const char *name, int port, double timeout);

/* server.c: the connection is gone. */
void server_detach(struct channel *channel);

/* unix.c: a listening fd that the loop knows, a connected one; or a negative code. */
int unix_listen(const char *here, const char *path);
int unix_connect(const char *here, const char *path);
/* Removes the socket at path, if it is the one with that inode. */
void unix_remove(const char *path, uint64_t inode);
uint64_t unix_inode(const char *path);

/* pipe.c */
extern const struct net_stream_ops pipe_ops;

#endif
