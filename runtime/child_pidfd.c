/* SPDX-License-Identifier: MIT */
/*
 * child_pidfd.c - waiting for a child with a pidfd in the poller: Linux 5.3 and later. The only file
 * that knows pidfds. By number, since glibc has had the calls only since 2.36.
 */
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/child.h"
#include "runtime/fd.h"

static void watch(struct child *child);

/* Somebody who traces the child may have to let it go first: then its end comes once more. */
static void look(void *arg)
{
	struct child *child = arg;

	fd_unwatch(child->pidfd, FD_READ, &child->exit);
	if (!child_reap(child, WNOHANG)) {
		watch(child);
		return;
	}
	fd_close(ASYNC_HERE, child->pidfd);
	child->pidfd = -1;
	child->has_ended(child);
}

static void watch(struct child *child)
{
	fd_clear(child->pidfd, FD_READ);
	async_future_init(&child->exit);
	async_future_add_done_callback(&child->exit, &child->noticed, look, child);
	(void)fd_watch(ASYNC_HERE, child->pidfd, FD_READ, &child->exit); /* nobody else knows it */
}

int child_pidfd_watch(struct child *child)
{
	int fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = fd_open(ASYNC_HERE, fd);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	child->pidfd = fd;
	watch(child);
	return 0;
}

void child_pidfd_unwatch(struct child *child)
{
	fd_unwatch(child->pidfd, FD_READ, &child->exit);
	async_handle_cancel(&child->noticed);
	fd_close(ASYNC_HERE, child->pidfd);
	child->pidfd = -1;
}

int child_pidfd_signal(const struct child *child, int signo)
{
	return syscall(SYS_pidfd_send_signal, child->pidfd, signo, NULL, 0) < 0 ? -errno : 0;
}
