/* SPDX-License-Identifier: MIT */
/* sink.c - a queue of batches: records are appended to the last one, a task writes the first. */
#include "app/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base.h"
#include "runtime/list.h"

#define BATCH (64 * 1024)
#define LONGEST_WAIT 0.1
/* A batch that once held a large record is not kept. */
#define KEPT (2 * BATCH)

struct batch {
	struct async_list node;
	struct text text;
};

struct sink {
	struct sink_options options;
	enum sink_kind kind;
	int fd;	   /* the caller's, or for a pipe one of our own */
	int flags; /* to give back; -1: none */
	struct async_list batches;
	struct batch *spare;  /* saves an allocation a batch */
	size_t pending;	      /* in the batches, the one being written included */
	size_t record;	      /* where the record being built begins in the last batch */
	struct text nowhere;  /* where records go without memory or after a failure */
	struct text *current; /* between sink_begin() and sink_end() */
	bool closing;
	int error;
	struct async_event more, written;
	struct async_task *writer;
};

size_t sink_pending(const struct sink *sink)
{
	return sink->pending;
}

int sink_error(const struct sink *sink)
{
	return sink->error;
}

static struct batch *last(struct sink *sink)
{
	return list_empty(&sink->batches) ? NULL
					  : container_of(sink->batches.prev, struct batch, node);
}

static struct batch *add_batch(struct sink *sink)
{
	struct batch *batch = sink->spare ? sink->spare : calloc(1, sizeof *batch);

	sink->spare = NULL;
	if (batch)
		list_append(&sink->batches, &batch->node);
	return batch;
}

static void drop_batch(struct sink *sink, struct batch *batch)
{
	list_remove(&batch->node);
	if (batch->text.capacity > KEPT)
		text_free(&batch->text);
	batch->text.length = 0;
	batch->text.failed = false;
	if (!sink->spare) {
		sink->spare = batch;
		return;
	}
	text_free(&batch->text);
	free(batch);
}

struct text *sink_begin(struct sink *sink)
{
	struct batch *batch = sink->error ? NULL : last(sink);

	if (!sink->error && (!batch || batch->text.length >= BATCH))
		batch = add_batch(sink);
	if (!batch) {
		sink->nowhere.length = 0;
		sink->nowhere.failed = true;
		sink->record = 0;
		sink->current = &sink->nowhere;
		return sink->current;
	}
	sink->current = &batch->text;
	sink->record = batch->text.length;
	return sink->current;
}

static void announce(struct sink *sink, size_t size)
{
	sink->pending += size;
	async_event_set(&sink->more);
}

int sink_end(struct sink *sink)
{
	struct text *text = sink->current;

	if (sink->error)
		return 0;
	if (text->failed) {
		text->failed = false;
		text->length = sink->record;
		return ASYNC_ENOMEM;
	}
	announce(sink, text->length - sink->record);
	return 0;
}

int sink_take(struct sink *sink, struct text *text)
{
	struct batch *batch = sink->error ? NULL : calloc(1, sizeof *batch);

	if (!batch || text->failed) {
		free(batch);
		text_free(text);
		return sink->error ? 0 : ASYNC_ENOMEM;
	}
	batch->text = *text;
	*text = (struct text){ 0 };
	list_append(&sink->batches, &batch->node);
	announce(sink, batch->text.length);
	return 0;
}

/* Lets records gather as long as each turn of the loop brings new ones, within reason. */
static void gather(struct sink *sink)
{
	double end = async_time() + LONGEST_WAIT;
	size_t before;

	do {
		before = sink->pending;
		if (async_sleep(0) < 0)
			return;
	} while (sink->pending != before && sink->pending < BATCH && !sink->closing &&
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
	sink->pending = 0;
	while (!list_empty(&sink->batches))
		drop_batch(sink, last(sink));
}

/* The first batch, which no record is added to any more once another is behind it. */
static int write_first(struct sink *sink)
{
	struct batch *batch = container_of(sink->batches.next, struct batch, node);
	size_t size = batch->text.length;
	int rc;

	/* Off the list, so that new records do not land in a buffer that is being written. */
	list_remove(&batch->node);
	rc = sink_write(sink->fd, &sink->kind, batch->text.data, size);
	drop_batch(sink, batch);
	if (rc < 0)
		give_up(sink, rc);
	else
		sink->pending -= size;
	tell(sink);
	return rc;
}

static int write_all(void *arg)
{
	struct sink *sink = arg;
	int rc = 0;

	while (!rc) {
		if (!sink->pending) {
			if (sink->closing)
				return 0;
			async_event_clear(&sink->more);
			rc = async_event_wait(&sink->more);
			continue;
		}
		if (sink->pending < BATCH && !sink->closing)
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
	while (sink->pending > pending && !sink->error) {
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
	while (!list_empty(&sink->batches))
		drop_batch(sink, last(sink));
	if (sink->spare)
		text_free(&sink->spare->text);
	free(sink->spare);
	text_free(&sink->nowhere);
	free(sink);
	return rc;
}
