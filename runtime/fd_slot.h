/* SPDX-License-Identifier: MIT */
/*
 * fd_slot.h - what the loop knows of an fd, for fd.c and fd_level.c and fd_readers.c.
 */
#ifndef LOOPHOUND_RUNTIME_FD_SLOT_H
#define LOOPHOUND_RUNTIME_FD_SLOT_H

#include "runtime/fd.h"
#include "runtime/loop.h"

struct watch;

struct fd_slot {
	uint32_t generation;
	unsigned char bits; /* enum poll_bits: what an operation may find */
	bool registered;
	bool temporary;			 /* known only while somebody waits or watches */
	int error;			 /* that the reactor told of; 0: none */
	struct async_future *waiters[2]; /* by direction, on the stack of who waits */
	const char *opened_at, *waiting_at[2];
	struct watch *watch; /* readers and writers, by callback; NULL: none */
};

/* The slot of a registered fd, else NULL. It moves when another fd is opened. */
struct fd_slot *fd_find(struct async_loop *loop, int fd);

/* Makes the fd known, if it is not, for as long as it is needed: 0 or a negative code. */
int fd_borrow(const char *here, struct async_loop *loop, int fd);
/* Nobody may need it any more: a borrowed fd is forgotten then. */
void fd_return(struct async_loop *loop, int fd);

/* fd_wait() but for the bit, which is known to be clear. */
ASYNC_SUSPENDS int fd_wait_slot(const char *here, int fd, enum fd_direction direction);

/* fd_readers.c: something happened to a watched fd; its callbacks go, as the fd does. */
void watch_touch(struct async_loop *loop, struct watch *watch);
void watch_drop(struct async_loop *loop, struct fd_slot *slot);
/* For the watchdog's thread, see chain.h: what the handle at that address is for. False: another's. */
bool watch_peek(const struct async_loop *loop, const void *handle, int *fd,
		enum fd_direction *direction);
/* Where the callback for this direction was added; NULL: there is none. */
const char *watch_place(const struct watch *watch, enum fd_direction direction);

#endif
