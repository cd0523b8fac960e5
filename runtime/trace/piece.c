/* SPDX-License-Identifier: MIT */
/*
 * piece.c - a piece of a loop's life goes into a file.
 *
 * The file is whole after every piece: the next one begins where the end of the JSON stands, and
 * writes a new end behind itself. size counts what is whole. A piece that a crash interrupts is
 * therefore simply written over by the piece that the crash's handler writes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/trace/clock.h"
#include "runtime/trace/piece.h"

static const char head[] = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
static const char tail[] = "\n]}\n";

/* %p becomes the process's id. */
int piece_name(char to[PIECE_NAME], const char *pattern)
{
	const char *place = strstr(pattern, "%p");
	int length = place ? snprintf(to, PIECE_NAME, "%.*s%d%s", (int)(place - pattern), pattern,
				      (int)getpid(), place + 2)
			   : snprintf(to, PIECE_NAME, "%s", pattern);

	return length < PIECE_NAME ? 0 : -ENAMETOOLONG;
}

int piece_open(struct piece_file *to, const char *name, enum async_trace_format format, bool again)
{
	int64_t end;

	if (to->name != name)
		strcpy(to->name, name);
	to->chrome = format == ASYNC_TRACE_CHROME;
	to->fd = STDERR_FILENO;
	if (!strcmp(name, "-"))
		return 0;
	to->fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC | (again ? 0 : O_TRUNC), 0666);
	if (to->fd < 0)
		return -errno;
	/* A pipe has no place to come back to; and somebody may have removed the file since. */
	end = lseek(to->fd, 0, SEEK_END);
	if (to->chrome && end < 0) {
		piece_close(to);
		return -ESPIPE;
	}
	if (!again || end < to->size) {
		to->size = 0;
		to->first = true;
	}
	return 0;
}

int piece_close(struct piece_file *to)
{
	int rc = to->fd > STDERR_FILENO && close(to->fd) < 0 ? -errno : 0;

	to->fd = -1;
	return rc;
}

static int flush(struct trace_out *out)
{
	const char *at = out->buffer;

	while (out->used) {
		ssize_t count = out->offset < 0 ? write(out->fd, at, out->used)
						: pwrite(out->fd, at, out->used, out->offset);

		if (count < 0 && errno != EINTR)
			return -errno;
		count = count < 0 ? 0 : count;
		at += count;
		out->used -= (size_t)count;
		out->offset += out->offset < 0 ? 0 : count;
	}
	return 0;
}

static void write_chrome(struct piece_file *to, struct trace_out *out,
			 const struct trace_record *record)
{
	if (to->first)
		out_text(out, head);
	trace_chrome(out, record, to->first);
	out_flush(out);
	if (out->error)
		return;
	to->size = out->offset;
	to->first = false;
	out_text(out, tail);
	out_flush(out);
}

int piece_write(struct piece_file *to, struct trace *trace, int64_t origin)
{
	struct trace_out out = {
		.buffer = to->buffer,
		.size = sizeof to->buffer,
		.flush = flush,
		.fd = to->fd,
		.offset = to->chrome ? to->size : -1,
	};
	struct trace_record record;

	trace_copy(trace, &record);
	record.origin = trace->loop->virtual_clock ? trace->opened : origin;
	if (to->chrome)
		write_chrome(to, &out, &record);
	else
		trace_prose(&out, &record);
	out_flush(&out);
	trace->written = record.first + record.count;
	if (record.stall_count)
		trace->stalls_written = record.stalls[record.stall_count - 1].begin;
	return out.error;
}
