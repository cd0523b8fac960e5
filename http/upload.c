/* SPDX-License-Identifier: MIT */
/* upload.c - see upload.h. */
#include "http/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base.h"

/* What a chunk has around its data: a length of at most five digits, and two ends of lines. */
#define FRONT 7
#define BEHIND 2

/* ---- Files: whatever may wait for a disk is done on a thread ---------------------------------- */

struct file_work {
	const char *path;
	int fd;
	int64_t length, at;
	char *piece;
	size_t size;
};

static int open_file(void *arg)
{
	struct file_work *work = arg;
	struct stat status;

	work->fd = open(work->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (work->fd < 0)
		return -errno;
	if (fstat(work->fd, &status) < 0)
		return -errno;
	work->length = status.st_size;
	return S_ISREG(status.st_mode) ? 0 : -EINVAL;
}

static int read_file(void *arg)
{
	struct file_work *work = arg;
	ssize_t n;

	do
		n = pread(work->fd, work->piece, work->size, work->at);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

static int file_failed(const struct upload *upload, int rc)
{
	const char *path = upload->options->body_file;

	if (rc == ASYNC_ECANCELED)
		return rc;
	if (rc == -EINVAL)
		return async_raise(rc, "%s is not a regular file", path);
	return async_raise(rc, "%s: %s", path, async_strerror(rc));
}

/* ---- Opening --------------------------------------------------------------------------------- */

ASYNC_SUSPENDS
int upload_open(struct upload *upload, const struct http_options *options)
{
	struct file_work work = { .path = options->body_file, .fd = -1 };
	int rc;

	*upload = (struct upload){ .options = options, .fd = -1 };
	if ((options->body_size > 0) + (options->body_file != NULL) + (options->read_body != NULL) >
	    1)
		return async_raise(HTTP_EREQUEST, "only one of body, body_file and read_body");
	if (options->read_body) {
		upload->source = UPLOAD_FUNCTION;
		upload->length = options->read_body_length ? options->read_body_length : -1;
		return 0;
	}
	upload->length = (int64_t)options->body_size;
	if (!options->body_file)
		return 0;
	upload->source = UPLOAD_FILE;
	rc = async_to_thread(open_file, &work);
	upload->fd = work.fd;
	upload->length = work.length;
	return rc < 0 ? file_failed(upload, rc) : 0;
}

void upload_drop(struct upload *upload)
{
	if (upload->fd >= 0)
		close(upload->fd);
	free(upload->piece);
	upload->fd = -1;
	upload->piece = NULL;
}

void upload_forget(struct upload *upload)
{
	upload->source = UPLOAD_MEMORY;
	upload->length = 0;
}

bool upload_can_repeat(const struct upload *upload)
{
	return upload->source != UPLOAD_FUNCTION || upload->sent == 0 ||
	       upload->options->rewind_body;
}

ASYNC_SUSPENDS
int upload_rewind(struct upload *upload)
{
	int rc = 0;

	if (upload->source == UPLOAD_FUNCTION && upload->sent > 0)
		rc = upload->options->rewind_body
			     ? upload->options->rewind_body(upload->options->read_body_arg)
			     : async_raise(HTTP_EREQUEST,
					   "the body would have to be sent again, and there is no "
					   "rewind_body");
	upload->sent = 0;
	return rc < 0 ? rc : 0;
}

/* ---- Pieces ---------------------------------------------------------------------------------- */

static int wrong_length(const struct upload *upload, const char *how)
{
	return async_raise(HTTP_EREQUEST, "the body is %s than the %lld bytes that were announced",
			   how, (long long)upload->length);
}

ASYNC_SUSPENDS
static ssize_t fetch(struct upload *upload, size_t size)
{
	const struct http_options *options = upload->options;
	struct file_work work = {
		.fd = upload->fd, .at = upload->sent, .piece = upload->piece + FRONT, .size = size
	};
	int rc;

	if (upload->source == UPLOAD_FUNCTION) {
		ssize_t n = options->read_body(options->read_body_arg, work.piece, size);

		must(n <= (ssize_t)size,
		     "http_options.read_body: more than the %zu bytes that "
		     "there was room for",
		     size);
		return n;
	}
	rc = async_to_thread(read_file, &work);
	return rc < 0 ? file_failed(upload, rc) : rc;
}

/* All of it at once: it is there already. */
static ssize_t next_of_memory(struct upload *upload, const char **piece)
{
	ssize_t size = (ssize_t)(upload->length - upload->sent);

	*piece = (const char *)upload->options->body + upload->sent;
	if (size > UPLOAD_PIECE)
		size = UPLOAD_PIECE;
	upload->sent += size;
	return size;
}

ASYNC_SUSPENDS
ssize_t upload_next(struct upload *upload, const char **piece)
{
	size_t size = UPLOAD_PIECE;
	ssize_t n;

	if (upload->source == UPLOAD_MEMORY)
		return next_of_memory(upload, piece);
	if (upload->source == UPLOAD_FILE && upload->sent == upload->length)
		return 0;
	if (!upload->piece)
		upload->piece = malloc(FRONT + UPLOAD_PIECE + BEHIND);
	if (!upload->piece)
		return async_raise(ASYNC_ENOMEM, "no memory for a body");
	if (upload->source == UPLOAD_FILE && upload->length - upload->sent < (int64_t)size)
		size = (size_t)(upload->length - upload->sent);
	n = fetch(upload, size);
	if (n < 0)
		return n;
	if (n == 0 && upload->sent < upload->length)
		return wrong_length(upload, "shorter");
	upload->sent += n;
	if (upload->length >= 0 && upload->sent > upload->length)
		return wrong_length(upload, "longer");
	*piece = upload->piece + FRONT;
	return n;
}

struct json_span upload_chunk(struct upload *upload, size_t size)
{
	char line[FRONT + 1];
	int length = snprintf(line, sizeof(line), "%zx\r\n", size);
	char *start = upload->piece + FRONT - length;

	memcpy(start, line, (size_t)length);
	memcpy(upload->piece + FRONT + size, "\r\n", BEHIND);
	return (struct json_span){ start, (size_t)length + size + BEHIND };
}
