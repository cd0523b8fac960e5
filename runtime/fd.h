/* SPDX-License-Identifier: MIT */
/*
 * fd.h - what net/ builds try-then-wait on: fds registered once, edge-triggered, with sticky bits.
 *
 * Each fd has a slot with a readable and a writable bit. A bit is set by the poller and cleared
 * only by whoever saw EAGAIN (or, for a stream, a short read while no hang-up was seen: data and
 * FIN can come in one edge). So an operation tries first while its bit is set, and waits first when
 * it is known to be clear:
 *
 *     for (;;) {
 *             rc = fd_wait(here, fd, FD_READ);            // returns at once while the bit is set
 *             if (rc < 0)
 *                     return rc;
 *             n = recv(fd, ...);
 *             if (n >= 0 || errno != EAGAIN)
 *                     return fd_budget(n or -errno);
 *             fd_clear(fd, FD_READ);
 *     }
 */
#ifndef LOOPHOUND_RUNTIME_FD_H
#define LOOPHOUND_RUNTIME_FD_H

#include "runtime/async.h"

enum fd_direction { FD_READ = 0, FD_WRITE = 1 };

/*
 * Takes a non-blocking fd into the running loop. Both bits start set: the first operation tries.
 * 0, -EPERM (not pollable), ASYNC_ENOMEM, or a negative errno. Aborts when the slot still has
 * waiters, for then the fd was closed behind the loop's back; says who waited where.
 */
int fd_open(const char *here, int fd);

/*
 * Waits until the bit is set. 0, ASYNC_ECANCELED, ASYNC_ECLOSED (fd_close under the waiter) or
 * ASYNC_EBUSY (another task waits in this direction already).
 */
ASYNC_SUSPENDS int fd_wait(const char *here, int fd, enum fd_direction direction);

/*
 * The same for several at once: returns when one of the bits is set. At most one task waits for a
 * direction of an fd, here as well.
 */
struct fd_want {
	int fd;
	enum fd_direction direction;
};
ASYNC_SUSPENDS int fd_wait_any(const char *here, const struct fd_want *wants, int count);

/*
 * Without a task: completes the future as fd_wait() would return, at once if the bit is set.
 * fd_unwatch() must follow, completed or not, before the future goes. 0 or ASYNC_EBUSY.
 */
int fd_watch(const char *here, int fd, enum fd_direction direction, struct async_future *future);
void fd_unwatch(int fd, enum fd_direction direction, const struct async_future *future);

/*
 * A loop in which nothing is ready, nothing due and nothing watched is a deadlock. A watch that no
 * task's wait depends on would hide one: -1 takes it out of the count, +1 brings it back.
 */
void fd_count_watch(int change);

/* Sets the bit and wakes who waits, as an event would. */
void fd_wake(int fd, enum fd_direction direction);

/* The bit, without waiting. */
bool fd_ready(int fd, enum fd_direction direction);

/* The operation said EAGAIN. */
void fd_clear(int fd, enum fd_direction direction);

/* True once RDHUP, HUP or ERR was seen: a short read then says nothing about what is left. */
bool fd_hangup(int fd);
/* The errno that came with it, for whoever finds none in the socket; 0 if none came. */
int fd_error(int fd);

/* Leaves the poller, wakes waiters with ASYNC_ECLOSED, closes the fd. 0 or a negative errno. */
int fd_close(const char *here, int fd);

/* Leaves the poller; the fd stays open. Nobody may wait on it. */
void fd_forget(int fd);

/*
 * To be called after an operation that did not have to wait: every 64th such call in a row yields
 * once, so a peer that always has data cannot hold the loop. Returns 0, or ASYNC_ECANCELED if
 * that yield was cancelled.
 */
ASYNC_SUSPENDS int fd_budget(const char *here);

/*
 * What stands behind an fd, for reports: "127.0.0.1:8080". The layer that knows sockets says it, on
 * whatever thread a report is made: no locks, no allocation. False: nothing to say.
 */
#define FD_TEXT 112
typedef bool fd_describer(int fd, char text[FD_TEXT]);
void fd_set_describer(fd_describer *describer);

#endif
