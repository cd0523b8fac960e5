/* SPDX-License-Identifier: MIT */
/*
 * say.h - all of a text to stderr or a file, in however many pieces it takes them; async-signal-safe, so a
 * handler of SIGSEGV may use it where stdio may not be touched.
 */
#ifndef LOOPHOUND_RUNTIME_SAY_H
#define LOOPHOUND_RUNTIME_SAY_H

#include <errno.h>
#include <unistd.h>

static inline void say_all_to(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno != EINTR)
			return;
		text += written > 0 ? written : 0;
		length -= written > 0 ? (size_t)written : 0;
	}
}

static inline void say_all(const char *text, size_t length)
{
	say_all_to(STDERR_FILENO, text, length);
}

#endif
