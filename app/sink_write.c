/* SPDX-License-Identifier: MIT */
/*
 * sink_write.c - one batch to one fd. A regular file is never "not ready": it blocks, so a thread
 * writes it. When a batch does not go in as a whole, what did go in of its last record is cut off.
 */
#include "app/sink.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/aside.h"

enum sink_kind sink_kind(int fd)
{
	struct stat about;

	if (fstat(fd, &about) < 0)
		return SINK_FILE;
	if (S_ISFIFO(about.st_mode))
		return SINK_PIPE;
	if (S_ISSOCK(about.st_mode))
		return SINK_STREAM;
	return S_ISCHR(about.st_mode) && isatty(fd) ? SINK_STREAM : SINK_FILE;
}

struct portion {
	int fd;
	const char *data;
	size_t size, done;
};

/* Cuts the file behind the last whole record, unless somebody else has appended since. */
static void cut_back(const struct portion *portion)
{
	const char *last = memrchr(portion->data, '\n', portion->done);
	size_t torn = last ? (size_t)(portion->data + portion->done - (last + 1)) : portion->done;
	off_t at = lseek(portion->fd, 0, SEEK_CUR);
	struct stat about;

	if (!torn || at < (off_t)torn || fstat(portion->fd, &about) < 0)
		return;
	if (!S_ISREG(about.st_mode) || about.st_size != at)
		return;
	if (ftruncate(portion->fd, at - (off_t)torn) == 0)
		(void)lseek(portion->fd, at - (off_t)torn, SEEK_SET);
}

/* On a thread. */
static int write_blocking(void *arg)
{
	struct portion *portion = arg;

	while (portion->done < portion->size) {
		ssize_t n = write(portion->fd, portion->data + portion->done,
				  portion->size - portion->done);
		int error = errno;

		if (n >= 0) {
			portion->done += (size_t)n;
		} else if (error == EAGAIN) {
			/* A device that somebody made non-blocking. */
			(void)poll(&(struct pollfd){ .fd = portion->fd, .events = POLLOUT }, 1, -1);
		} else if (error != EINTR) {
			cut_back(portion);
			return -error;
		}
	}
	return 0;
}

/*
 * How much to write at once. What is no larger than PIPE_BUF goes into a pipe as a whole, whoever
 * else writes to it: so each piece ends where a record does, and a larger record is one by itself.
 */
static size_t piece(const struct portion *portion, enum sink_kind kind)
{
	const char *from = portion->data + portion->done, *end;
	size_t left = portion->size - portion->done;

	if (kind != SINK_PIPE || left <= PIPE_BUF)
		return left;
	end = memrchr(from, '\n', PIPE_BUF);
	if (!end)
		end = memchr(from + PIPE_BUF, '\n', left - PIPE_BUF);
	return end ? (size_t)(end + 1 - from) : left;
}

static int write_when_ready(struct portion *portion, enum sink_kind kind)
{
	while (portion->done < portion->size) {
		ssize_t n = write(portion->fd, portion->data + portion->done, piece(portion, kind));
		int error = errno;

		if (n >= 0)
			portion->done += (size_t)n;
		else if (error == EAGAIN)
			error = -async_wait_writable(portion->fd);
		if (n < 0 && error && error != EINTR)
			return -error;
	}
	return 0;
}

ASYNC_SUSPENDS
int sink_write(int fd, enum sink_kind *kind, const char *data, size_t size)
{
	struct portion portion = { .fd = fd, .data = data, .size = size };

	if (*kind != SINK_FILE) {
		int rc = write_when_ready(&portion, *kind);

		if (rc != -EPERM)
			return rc;
		/* It cannot be polled after all. */
		*kind = SINK_FILE;
	}
	return aside_do(write_blocking, &portion);
}
