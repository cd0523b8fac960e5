/* SPDX-License-Identifier: MIT */
/* sink.c - a task that writes one batch after another. */
#include "app/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#define LONGEST_WAIT 0.1

struct sink {
	struct sink_options options;
	enum sink_kind kind;
	int fd;	   /* the caller's, or for a pipe one of our own */
	int flags; /* to give back; -1: none */
	struct batches batches;
	atomic_size_t pending;
	bool closing;
	int error;
	struct async_event more, written;
	struct async_task *writer;
};

struct batches *sink_batches(struct sink *sink)
{
	return &sink->batches;
}

size_t sink_pending(const struct sink *sink)
{
	return atomic_load_explicit(&sink->pending, memory_order_relaxed);
}

int sink_error(const struct sink *sink)
{
	return sink->error;
}

static void on_record(void *arg)
{
	struct sink *sink = arg;

	async_event_set(&sink->more);
}

/* Lets records gather as long as each turn of the loop brings new ones, within reason. */
static void gather(struct sink *sink)
{
	double end = async_time() + LONGEST_WAIT;
	size_t before;

	do {
		before = sink->batches.queued;
		if (async_sleep(0) < 0)
			return;
	} while (sink->batches.queued != before && before < BATCHES_SIZE && !sink->closing &&
		 async_time() < end);
}

static void tell(struct sink *sink)
{
	async_event_set(&sink->written);
	async_event_clear(&sink->written);
	if (sink->options.changed)
		sink->options.changed(sink->options.arg);
}

static void give_up(struct sink *sink, int rc)
{
	sink->error = rc;
	batches_refuse(&sink->batches);
}

/* Off the list, so that new records do not land in a buffer that is being written. */
static int write_first(struct sink *sink)
{
	struct batch *batch = batches_first(&sink->batches);
	int rc = sink_write(sink->fd, &sink->kind, batch->text.data, batch->text.length);

	batches_done(&sink->batches, batch);
	if (rc < 0)
		give_up(sink, rc);
	tell(sink);
	return rc;
}

static int write_all(void *arg)
{
	struct sink *sink = arg;
	int rc = 0;

	while (!rc) {
		if (!sink->batches.queued) {
			if (sink->closing)
				return 0;
			async_event_clear(&sink->more);
			rc = async_event_wait(&sink->more);
			continue;
		}
		if (sink->batches.queued < BATCHES_SIZE && !sink->closing)
			gather(sink);
		rc = write_first(sink);
	}
	if (!sink->error) {
		give_up(sink, rc);
		tell(sink);
	}
	return 0;
}

/*
 * Where a write would block it must say so instead. A pipe is opened once more, since O_NONBLOCK is
 * shared by all who have inherited it and any of them may take it away; what else there is, and a
 * pipe of another user, gets the flag, to be given back.
 */
static void make_nonblocking(struct sink *sink)
{
	char path[32];
	int flags, fd = -1;

	if (sink->kind == SINK_PIPE) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", sink->fd);
		fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	}
	if (fd >= 0) {
		sink->fd = fd;
		return;
	}
	flags = sink->kind == SINK_FILE ? -1 : fcntl(sink->fd, F_GETFL);
	if (flags < 0 || flags & O_NONBLOCK)
		return;
	if (fcntl(sink->fd, F_SETFL, flags | O_NONBLOCK) == 0)
		sink->flags = flags;
}

void sink_restore(struct sink *sink)
{
	if (sink->flags >= 0)
		(void)fcntl(sink->fd, F_SETFL, sink->flags);
	sink->flags = -1;
}

int sink_open(struct sink **out, const struct sink_options *options)
{
	struct sink *sink = calloc(1, sizeof *sink);

	if (!sink)
		return ASYNC_ENOMEM;
	sink->options = *options;
	sink->fd = options->fd;
	sink->kind = sink_kind(options->fd);
	sink->flags = -1;
	sink->batches =
		(struct batches){ .pending = &sink->pending, .added = on_record, .arg = sink };
	sink->writer = async_create_task_with(write_all, sink,
					      &(struct async_task_options){ .name = "output" });
	if (!sink->writer) {
		free(sink);
		return async_last_error();
	}
	make_nonblocking(sink);
	*out = sink;
	return 0;
}

ASYNC_SUSPENDS
int sink_wait(struct sink *sink, size_t pending)
{
	while (sink_pending(sink) > pending && !sink->error) {
		int rc = async_event_wait(&sink->written);

		if (rc < 0)
			return rc;
	}
	return 0;
}

ASYNC_SUSPENDS
int sink_close(struct sink *sink, double limit)
{
	int rc;

	sink->closing = true;
	async_event_set(&sink->more);
	rc = limit < 0 ? async_await(sink->writer) : async_wait_for(sink->writer, limit);
	if (!sink->error && rc < 0)
		sink->error = rc;
	rc = sink->error == ASYNC_ETIMEOUT || sink->error == ASYNC_ECANCELED ? -ETIMEDOUT
									     : sink->error;
	async_task_release(sink->writer);
	sink_restore(sink);
	if (sink->fd != sink->options.fd)
		(void)async_close(sink->fd);
	batches_free(&sink->batches);
	free(sink);
	return rc;
}
