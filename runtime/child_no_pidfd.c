/* SPDX-License-Identifier: MIT */
/* child_no_pidfd.c - for systems without pidfds: each child has a thread that waits for it. */
#include <errno.h>

#include "runtime/child.h"

int child_pidfd_watch(struct child *child)
{
	(void)child;
	return -ENOSYS;
}

void child_pidfd_unwatch(struct child *child)
{
	(void)child;
}

int child_pidfd_signal(const struct child *child, int signo)
{
	(void)child;
	(void)signo;
	return -ENOSYS;
}
