/* SPDX-License-Identifier: MIT */
/*
 * maps_bsd.c - memory where nothing but read() and write() say that there is none: it is written into a
 * pipe and read back. A pipe of its own each time: another thread, or a handler on this one, may be at
 * it as well. It is non-blocking, so that the strict guard has nothing to say about it.
 */
#include "runtime/symbol/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool maps_find(uintptr_t address, struct maps_place *place)
{
	(void)address, (void)place;
	return false;
}

size_t maps_code(struct maps_range *ranges, size_t max)
{
	(void)ranges, (void)max;
	return 0;
}

/* No more than all pipes take at once, and within a page: it is there, or it is not. */
static size_t step(uintptr_t at, size_t left)
{
	size_t most = 512 - at % 512;

	return left < most ? left : most;
}

size_t maps_read(void *bytes, size_t size, uintptr_t from)
{
	int ends[2], saved = errno;
	size_t done = 0;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		errno = saved;
		return 0;
	}
	while (done < size) {
		size_t part = step(from + done, size - done);

		if (write(ends[1], (const void *)(from + done), part) != (ssize_t)part ||
		    read(ends[0], (char *)bytes + done, part) != (ssize_t)part)
			break;
		done += part;
	}
	close(ends[0]);
	close(ends[1]);
	errno = saved;
	return done;
}
