/* SPDX-License-Identifier: MIT */
/*
 * poll.h - the reactor's contract: which fds became ready, and a wake-up from elsewhere.
 *
 * Two backends: poll_epoll.c and poll_kqueue.c (POLLER= in the Makefile). Both are edge-triggered:
 * an fd is added once, for both directions, and reported when its state changes. The generation
 * travels with each event, so an event of an fd that was closed and reused in the meantime can be
 * told from one of its successor.
 */
#ifndef LOOPHOUND_RUNTIME_POLL_H
#define LOOPHOUND_RUNTIME_POLL_H

#include <stdbool.h>
#include <stdint.h>

enum poll_bits {
	POLLER_READ = 1,
	POLLER_WRITE = 2,
	POLLER_HANGUP = 4, /* RDHUP, HUP, ERR or EV_EOF: both directions are worth a try */
};

struct poll_event {
	int fd;
	uint32_t generation;
	unsigned bits;
	int error; /* with a hang-up, where the reactor says why: an errno, which SO_ERROR may lack */
};

struct poller;

/* 0, ASYNC_ENOMEM or a negative errno. */
int poller_open(struct poller **out);
void poller_close(struct poller *poller);

/* 0 or a negative errno; -EPERM when the fd is of a kind that cannot be polled. */
int poller_add(struct poller *poller, int fd, uint32_t generation);
/* For an fd that is still open. Unknown fds are fine. */
void poller_remove(struct poller *poller, int fd);

/* False when the fd was closed since, whatever has its number now. It may cause one more event. */
bool poller_holds(struct poller *poller, int fd, uint32_t generation);

/*
 * Waits at most timeout nanoseconds (0: a look, negative: for ever) and fills at most max events.
 * Returns their number, which is 0 after the timeout, a wake-up or a signal; never an error:
 * misuse of the poller's own fd aborts. When it returned max, there may be more: call again.
 */
int poller_wait(struct poller *poller, int64_t timeout, struct poll_event *events, int max);

/* Makes the current or next poller_wait return. From any thread and from signal handlers. */
void poller_wake(struct poller *poller);

#endif
