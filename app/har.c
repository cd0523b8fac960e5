/* SPDX-License-Identifier: MIT */
/* har.c - the file: entries are gathered, and a task writes them on a thread. */
#include "app/har.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/aside.h"
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
	struct har_desk desk;
	struct text writing;
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

	while (rc == 0 && !(har->closing && har->desk.entries.length == 0)) {
		if (har->desk.entries.length == 0) {
			rc = async_event_wait(&har->more);
			async_event_clear(&har->more);
			continue;
		}
		har->writing = har->desk.entries;
		har->desk.entries = (struct text){ 0 };
		/* Nothing is before the first one that a comma could part it from. */
		if (!har->any)
			text_remove(&har->writing, 0, 1);
		har->any = true;
		text_string(&har->writing, TAIL);
		rc = har->writing.failed ? ASYNC_ENOMEM : aside_do(write_entries, har);
		text_free(&har->writing);
		har->written(har->written_arg);
	}
	har->error = rc;
	return 0;
}

static void on_entry(void *arg)
{
	struct har *har = arg;

	if (har->error)
		text_free(&har->desk.entries);
	async_event_set(&har->more);
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
	har->written = written;
	har->written_arg = arg;
	har->end = sizeof HEAD - 1;
	har->desk = (struct har_desk){
		.added = on_entry, .arg = har, .body_limit = body_limit, .step = 1
	};
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
	return har ? har->desk.entries.length + har->writing.length : 0;
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
	text_free(&har->desk.entries);
	rc = har->error;
	free(har);
	return rc;
}

/* ---- Requests -------------------------------------------------------------------------------- */

struct har_desk *har_desk(struct har *har)
{
	return har ? &har->desk : NULL;
}

void har_receive(struct har *har, struct text *entries)
{
	if (!entries->length)
		return;
	text_bytes(&har->desk.entries, entries->data, entries->length);
	har->desk.entries.failed = false;
	text_free(entries);
	on_entry(har);
}

static void add(struct har_desk *desk, const struct har_entry *entry)
{
	size_t before = desk->entries.length;

	text_string(&desk->entries, ",\n");
	har_entry_write(entry, &desk->entries);
	/* An entry that there is no memory for is left out. */
	if (desk->entries.failed) {
		desk->entries.length = before;
		desk->entries.failed = false;
		return;
	}
	desk->added(desk->arg);
}

void har_trace(void *arg, const struct http_trace *trace)
{
	struct har_desk *desk = arg;
	struct har_entry *entry = *trace->context;
	struct http_trace numbered = *trace;

	if (numbered.connection)
		numbered.connection = numbered.connection * desk->step - desk->offset;
	if (!entry)
		*trace->context = entry = har_entry_new(desk->body_limit);
	if (entry && har_entry_note(entry, &numbered))
		add(desk, entry);
	if (trace->event == HTTP_TRACE_REQUEST_END || trace->event == HTTP_TRACE_EXCEPTION)
		har_entry_free(entry);
}
