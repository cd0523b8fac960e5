/* SPDX-License-Identifier: MIT */
/*
 * out.c - a dump's text on its way to an fd: a buffer and write(), nothing that takes a lock.
 */
#include "runtime/dump/dump.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <unistd.h>

/* A terminal may have been made non-blocking: then it is waited for, but not for ever. */
static bool take_back(int fd)
{
	struct pollfd look = { .fd = fd, .events = POLLOUT };

	return errno == EINTR || (errno == EAGAIN && poll(&look, 1, 1000) > 0);
}

void dump_flush(struct dump *dump)
{
	const char *at = dump->text, *end = dump->text + dump->used;

	while (at < end) {
		ssize_t written = write(dump->request.fd, at, (size_t)(end - at));

		if (written < 0 && !take_back(dump->request.fd))
			break;
		at += written > 0 ? written : 0;
	}
	dump->used = 0;
}

void dump_say(struct dump *dump, const char *format, ...)
{
	size_t room = sizeof dump->text - dump->used;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(dump->text + dump->used, room, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if ((size_t)length < room) {
		dump->used += (size_t)length;
		return;
	}
	/* Once more, with all the room there is. */
	dump_flush(dump);
	va_start(arguments, format);
	length = vsnprintf(dump->text, sizeof dump->text, format, arguments);
	va_end(arguments);
	dump->used = (size_t)length < sizeof dump->text ? (size_t)length : sizeof dump->text - 1;
}
