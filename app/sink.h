/* SPDX-License-Identifier: MIT */
/*
 * sink.h - where records go: whole, in batches, without ever blocking the loop.
 *
 * A task of the sink's own writes what sink_batches() has: regular files on a thread, pipes and
 * terminals when they are ready. Several programs may share a pipe: records of up to PIPE_BUF bytes
 * stay whole in it. While records keep coming they are gathered; when the loop has nothing else to
 * do, or after 100 ms, they are written. After a failure the file is cut back to its last whole
 * record, and every record from then on is dropped: sink_error() tells.
 */
#ifndef LOOPHOUND_APP_SINK_H
#define LOOPHOUND_APP_SINK_H

#include "app/batches.h"
#include "runtime/async.h"

struct sink;

struct sink_options {
	int fd; /* stays the caller's; O_NONBLOCK is set on what is no file or pipe and taken back */
	/* After bytes were written and after a failure; must not suspend. */
	void (*changed)(void *arg);
	void *arg;
};

/* Starts the writing task. 0, ASYNC_ENOMEM or a negative errno. */
int sink_open(struct sink **out, const struct sink_options *options);

/* Where records are put, and batches of other loops received. */
struct batches *sink_batches(struct sink *sink);

/* Bytes of memory that wait to be written, those that other loops still have included. Any thread. */
size_t sink_pending(const struct sink *sink);
/* Waits until at most so many do, or the sink has failed. 0 or ASYNC_ECANCELED. */
ASYNC_SUSPENDS
int sink_wait(struct sink *sink, size_t pending);
/* 0, or the negative errno that ended it. */
int sink_error(const struct sink *sink);

/*
 * Writes what is left, for at most so many seconds (negative: no limit), and frees the sink.
 * Returns the error, -ETIMEDOUT when the reader was too slow.
 */
ASYNC_SUSPENDS
int sink_close(struct sink *sink, double limit);
/* Gives the fd its flags back; for an exit that cannot wait for sink_close(). */
void sink_restore(struct sink *sink);

/* sink_write.c: writes all of it, whatever fd is. 0 or a negative code. */
enum sink_kind { SINK_FILE, SINK_STREAM, SINK_PIPE };
enum sink_kind sink_kind(int fd);
ASYNC_SUSPENDS
int sink_write(int fd, enum sink_kind *kind, const char *data, size_t size);

#endif
