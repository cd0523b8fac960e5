/* SPDX-License-Identifier: MIT */
/* dumped.c - see dumped.h. */
#include "tests/dumped.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/harness.h"

struct async_task *dumped_start(int (*fn)(void *arg), void *arg, const char *name)
{
	struct async_task *task =
		async_create_task_with(fn, arg, &(struct async_task_options){ .name = name });

	CHECK(task != NULL);
	return task;
}

const char *dumped(int (*print)(int fd))
{
	const char *path = temp_path("dump");
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	CHECK_INT(print(fd), 0);
	close(fd);
	return read_file(path, NULL);
}
