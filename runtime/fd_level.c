/* SPDX-License-Identifier: MIT */
/*
 * fd_level.c - level-triggered waits on fds that belong to others: async_wait_readable, _writable.
 *
 * Whether the fd is ready poll(2) says, now; an edge only ends the wait. The fd may be closed with
 * close(2) by its owner at any time, so it is known to the loop only while it is waited for.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "runtime/fd_slot.h"
#include "runtime/task.h"

/* 1: ready, 0: not, or a negative errno. */
static int ready_now(int fd, enum fd_direction direction)
{
	struct pollfd look = { .fd = fd, .events = direction == FD_READ ? POLLIN : POLLOUT };
	int count = poll(&look, 1, 0);

	return count < 0 ? -errno : count == 0 ? 0 : look.revents & POLLNVAL ? -EBADF : 1;
}

static int wait_registered(const char *here, struct async_loop *loop, int fd,
			   enum fd_direction direction)
{
	int rc = fd_borrow(here, loop, fd);

	if (rc < 0)
		return rc;
	fd_clear(fd, direction);
	rc = fd_wait_slot(here, fd, direction);
	fd_return(loop, fd);
	return rc;
}

/* A callback has this direction already, and would take what the task waits for. */
static int refuse_watched(struct async_loop *loop, int fd, enum fd_direction direction)
{
	const struct fd_slot *slot = fd_find(loop, fd);
	const char *place = slot && slot->watch ? watch_place(slot->watch, direction) : NULL;

	return place ? async_raise(ASYNC_EBUSY, "fd %d has a callback already, added at %s", fd,
				   place)
		     : 0;
}

int async_wait_fd_at(const char *here, int fd, bool write)
{
	struct task *task = task_here(here, "async_wait_readable or _writable");
	enum fd_direction direction = write ? FD_WRITE : FD_READ;
	int rc = refuse_watched(task->loop, fd, direction);

	if (rc < 0)
		return rc;
	while ((rc = ready_now(fd, direction)) == 0) {
		rc = wait_registered(here, task->loop, fd, direction);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : fd_budget(here);
}

int async_close_at(const char *here, int fd)
{
	struct async_loop *loop = loop_current;

	if (loop && fd_find(loop, fd))
		return fd_close(here, fd);
	return close(fd) < 0 ? -errno : 0;
}
