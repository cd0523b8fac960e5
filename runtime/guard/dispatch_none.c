/* SPDX-License-Identifier: MIT */
/*
 * dispatch_none.c - where the kernel does not hand system calls over: libc's functions stand in.
 */
#include "runtime/guard/internal.h"

#include <errno.h>

const char guard_backend[] = "interpose";

int guard_dispatch_start(struct guard *guard)
{
	(void)guard;
	return -ENOSYS;
}

void guard_dispatch_stop(void)
{
}
