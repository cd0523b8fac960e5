/* SPDX-License-Identifier: MIT */
/*
 * async_fd.h - files and sockets that become ready. A chapter of the manual.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_FD_H
#define LOOPHOUND_RUNTIME_ASYNC_FD_H

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Waits until the fd is readable or writable (level-triggered, as loop.add_reader): 0,
 * ASYNC_ECANCELED, ASYNC_ECLOSED (async_close() under the waiter), ASYNC_EBUSY (another task waits
 * for the same), or a negative errno: -EPERM for regular files, which go through async_to_thread.
 */
#define async_wait_readable(fd) async_wait_fd_at(ASYNC_HERE, (fd), false)
#define async_wait_writable(fd) async_wait_fd_at(ASYNC_HERE, (fd), true)
ASYNC_SUSPENDS int async_wait_fd_at(const char *here, int fd, bool write);

/*
 * close(2) for an fd that tasks may wait on: they get ASYNC_ECLOSED. A raw close(2) under a waiter
 * is misuse and aborts as soon as it is noticed. Any fd may be given. 0 or a negative errno.
 */
#define async_close(fd) async_close_at(ASYNC_HERE, (fd))
int async_close_at(const char *here, int fd);

#ifdef __cplusplus
}
#endif
#endif
