/* SPDX-License-Identifier: MIT */
/* har.c - the file: entries are gathered, and a task writes them on a thread. */
#include "app/har.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/options.h"
#include "app/text.h"

#define HEAD                                                               \
	"{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"collect\"," \
	"\"version\":\"" OPTIONS_VERSION "\"},\"entries\":["
#define TAIL "\n]}}\n"
#define TAIL_SIZE (sizeof TAIL - 1)

struct har {
	int fd;
	off_t end; /* where the closing brackets are */
	bool any;  /* entry has been written */
	size_t body_limit;
	struct text pending, writing;
	void (*written)(void *arg);
	void *written_arg;
	struct async_event more;
	struct async_task *writer;
	bool closing;
	int error;
};

/* ---- Writing --------------------------------------------------------------------------------- */

static int put(int fd, const char *data, size_t size, off_t at)
{
	while (size > 0) {
		ssize_t n = pwrite(fd, data, size, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
		at += n;
	}
	return 0;
}

/* On a thread. What fits only in part is taken back: there was room for the brackets before. */
static int write_entries(void *arg)
{
	struct har *har = arg;
	int rc = put(har->fd, har->writing.data, har->writing.length, har->end);

	if (rc == 0) {
		har->end += (off_t)(har->writing.length - TAIL_SIZE);
		return 0;
	}
	if (ftruncate(har->fd, har->end) == 0)
		(void)put(har->fd, TAIL, TAIL_SIZE, har->end);
	return rc;
}

/* A cancelled writer finishes what the thread does: it works on our memory. */
ASYNC_SUSPENDS
static int write_all(void *arg)
{
	struct har *har = arg;
	int rc = 0;

	while (rc == 0 && !(har->closing && har->pending.length == 0)) {
		if (har->pending.length == 0) {
			rc = async_event_wait(&har->more);
			async_event_clear(&har->more);
			continue;
		}
		har->writing = har->pending;
		har->pending = (struct text){ 0 };
		text_string(&har->writing, TAIL);
		rc = har->writing.failed ? ASYNC_ENOMEM : async_to_thread(write_entries, har);
		text_free(&har->writing);
		har->written(har->written_arg);
	}
	har->error = rc;
	return 0;
}

int har_open(struct har **out, int fd, size_t body_limit, void (*written)(void *arg), void *arg)
{
	struct har *har;
	int rc = ftruncate(fd, 0) < 0 ? -errno : put(fd, HEAD TAIL, sizeof HEAD TAIL - 1, 0);

	if (rc < 0)
		return rc;
	har = calloc(1, sizeof *har);
	if (!har)
		return ASYNC_ENOMEM;
	har->fd = fd;
	har->body_limit = body_limit;
	har->written = written;
	har->written_arg = arg;
	har->end = sizeof HEAD - 1;
	har->writer = async_create_task_with(write_all, har,
					     &(struct async_task_options){ .name = "har" });
	if (!har->writer) {
		free(har);
		return async_last_error();
	}
	*out = har;
	return 0;
}

size_t har_pending(const struct har *har)
{
	return har ? har->pending.length + har->writing.length : 0;
}

ASYNC_SUSPENDS
int har_close(struct har *har)
{
	int rc;

	if (!har)
		return 0;
	har->closing = true;
	async_event_set(&har->more);
	while (!async_task_done(har->writer))
		(void)async_await(har->writer);
	async_task_release(har->writer);
	text_free(&har->pending);
	rc = har->error;
	free(har);
	return rc;
}

/* ---- Requests -------------------------------------------------------------------------------- */

static void add(struct har *har, const struct har_entry *entry)
{
	size_t before = har->pending.length;

	if (har->error)
		return;
	text_string(&har->pending, har->any ? ",\n" : "\n");
	har_entry_write(entry, &har->pending);
	/* An entry that there is no memory for is left out. */
	if (har->pending.failed) {
		har->pending.length = before;
		har->pending.failed = false;
		return;
	}
	har->any = true;
	async_event_set(&har->more);
}

void har_trace(void *arg, const struct http_trace *trace)
{
	struct har *har = arg;
	struct har_entry *entry = *trace->context;

	if (!entry)
		*trace->context = entry = har_entry_new(har->body_limit);
	if (entry && har_entry_note(entry, trace))
		add(har, entry);
	if (trace->event == HTTP_TRACE_REQUEST_END || trace->event == HTTP_TRACE_EXCEPTION)
		har_entry_free(entry);
}
