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
 * loop.add_reader() and add_writer(): run(arg) on the loop, once in each turn in which the fd is
 * readable or writable (level-triggered; an error or a hang-up counts as both), before the timers of
 * that turn. It must not suspend. A second callback for the same fd and direction replaces the first.
 * The fd stays the caller's; while it has a callback, close it with async_close(), which drops them.
 * 0, ASYNC_EBUSY (a task waits for the same), ASYNC_ENOMEM, or a negative errno: -EPERM for what
 * cannot be polled, such as a regular file.
 */
#define async_add_reader(fd, run, arg) \
	async_add_fd_callback_at(ASYNC_HERE, (fd), false, (run), (arg))
#define async_add_writer(fd, run, arg) \
	async_add_fd_callback_at(ASYNC_HERE, (fd), true, (run), (arg))
int async_add_fd_callback_at(const char *here, int fd, bool write, void (*run)(void *arg),
			     void *arg);
/* False when there is none. One that is due in this turn and has not run yet does not run. */
#define async_remove_reader(fd) async_remove_fd_callback_at(ASYNC_HERE, (fd), false)
#define async_remove_writer(fd) async_remove_fd_callback_at(ASYNC_HERE, (fd), true)
bool async_remove_fd_callback_at(const char *here, int fd, bool write);

/*
 * close(2) for an fd that tasks may wait on: they get ASYNC_ECLOSED. A raw close(2) under a waiter
 * is misuse and aborts as soon as it is noticed. Any fd may be given. 0 or a negative errno:
 * -EBADF for one that is not open.
 */
#define async_close(fd) async_close_at(ASYNC_HERE, (fd))
int async_close_at(const char *here, int fd);

#ifdef __cplusplus
}
#endif
#endif
