/* SPDX-License-Identifier: MIT */
/*
 * poll_kqueue.c - the reactor of macOS and the BSDs; the only file that knows kqueue.
 *
 * Every fd has two filters, for reading and for writing, both EV_CLEAR, kqueue's word for
 * edge-triggered. The generation travels in udata. A hang-up is EV_EOF, and comes with its filter.
 *
 * The wake-up is a user event. It is triggered only when somebody sleeps: state says so, as in
 * poll_epoll.c, where the protocol is told.
 *
 *  - Regular files and directories would be accepted and always ready; the contract wants -EPERM.
 *  - One of the two filters may be refused, on an end of a pipe: then the other one does.
 *  - kevent() is a system call and so may be called by a signal handler.
 *
 * A library that imitates kqueue on Linux may know less. libkqueue takes locks, so that there a
 * handler may wake a loop only with luck; it forgets events that find no room, hence the large
 * batch; it watches for hang-ups only if the reading filter is added last; and it reads SO_ERROR
 * away, which therefore travels with the event.
 */
#include "runtime/poll.h"
#include "runtime/async.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/event.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* More than a caller takes at once; the rest is kept for its next call. */
enum { BATCH = 512 };

enum state { AWAKE, ASLEEP, WOKEN };

static const uintptr_t wake_ident = 0;
static const int64_t second = 1000000000;

struct poller {
	int kqueue_fd;
	_Atomic int state;
	int taken, held; /* of the batch */
	struct kevent batch[BATCH];
};

/* Returns 0 or a negative errno. */
static int change(struct poller *poller, uintptr_t ident, int filter, int flags, unsigned fflags,
		  uintptr_t mark)
{
	struct kevent event;

	EV_SET(&event, ident, filter, flags, fflags, 0, (void *)mark);
	if (kevent(poller->kqueue_fd, &event, 1, NULL, 0, NULL) < 0)
		return -errno;
	return 0;
}

int poller_open(struct poller **out)
{
	struct poller *poller = calloc(1, sizeof(*poller));
	int rc;

	if (!poller)
		return ASYNC_ENOMEM;
	poller->kqueue_fd = kqueue();
	if (poller->kqueue_fd < 0) {
		rc = -errno;
		goto fail;
	}
	fcntl(poller->kqueue_fd, F_SETFD, FD_CLOEXEC);
	rc = change(poller, wake_ident, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0);
	if (rc < 0)
		goto fail;
	*out = poller;
	return 0;
fail:
	poller_close(poller);
	return rc;
}

void poller_close(struct poller *poller)
{
	if (!poller)
		return;
	if (poller->kqueue_fd >= 0)
		close(poller->kqueue_fd);
	free(poller);
}

/* Devices say in various ways that they cannot be polled. */
static int refusal(int rc)
{
	return rc == -EINVAL || rc == -ENODEV || rc == -EOPNOTSUPP ? -EPERM : rc;
}

int poller_add(struct poller *poller, int fd, uint32_t generation)
{
	struct stat status;
	int write_rc, read_rc;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
		return -EPERM;
	write_rc = change(poller, fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, generation);
	read_rc = change(poller, fd, EVFILT_READ, EV_ADD | EV_CLEAR, 0, generation);
	return read_rc < 0 && write_rc < 0 ? refusal(read_rc) : 0;
}

void poller_remove(struct poller *poller, int fd)
{
	change(poller, fd, EVFILT_READ, EV_DELETE, 0, 0);
	change(poller, fd, EVFILT_WRITE, EV_DELETE, 0, 0);
}

bool poller_holds(struct poller *poller, int fd, uint32_t generation)
{
	/* Both are for filters that are there, and together change nothing. */
	return (change(poller, fd, EVFILT_READ, EV_DISABLE, 0, generation) == 0 &&
		change(poller, fd, EVFILT_READ, EV_ENABLE, 0, generation) == 0) ||
	       (change(poller, fd, EVFILT_WRITE, EV_DISABLE, 0, generation) == 0 &&
		change(poller, fd, EVFILT_WRITE, EV_ENABLE, 0, generation) == 0);
}

static struct poll_event translate(const struct kevent *event)
{
	struct poll_event out = {
		.fd = (int)event->ident,
		.generation = (uint32_t)(uintptr_t)event->udata,
		.bits = event->filter == EVFILT_READ ? POLLER_READ : POLLER_WRITE,
	};

	if (event->flags & (EV_EOF | EV_ERROR))
		out.bits |= POLLER_HANGUP;
	if (event->flags & EV_EOF)
		out.error = (int)event->fflags;
	return out;
}

/* Hands out what the batch still holds; the wake-up is not for the caller. */
static int take(struct poller *poller, struct poll_event *events, int max)
{
	int filled = 0;

	while (poller->taken < poller->held && filled < max) {
		const struct kevent *event = &poller->batch[poller->taken++];

		if (event->filter != EVFILT_USER)
			events[filled++] = translate(event);
	}
	return filled;
}

/* Asks the kernel once the batch is empty. */
static int refill(struct poller *poller, int64_t timeout)
{
	struct timespec time = { .tv_sec = timeout / second, .tv_nsec = timeout % second };
	int n = kevent(poller->kqueue_fd, NULL, 0, poller->batch, BATCH,
		       timeout < 0 ? NULL : &time);

	if (n < 0 && errno != EINTR)
		abort();
	poller->taken = 0;
	poller->held = n < 0 ? 0 : n;
	return n;
}

/* Again until the kernel has no more or there is no more room. */
static int collect(struct poller *poller, int64_t timeout, struct poll_event *events, int max)
{
	int filled = take(poller, events, max);
	int n;

	if (filled == max)
		return filled;
	do {
		n = refill(poller, filled > 0 ? 0 : timeout);
		filled += take(poller, events + filled, max - filled);
	} while (n == BATCH && filled < max);
	return filled;
}

int poller_wait(struct poller *poller, int64_t timeout, struct poll_event *events, int max)
{
	int expected = AWAKE;
	int n;

	if (timeout != 0 && !atomic_compare_exchange_strong(&poller->state, &expected, ASLEEP))
		timeout = 0;
	n = collect(poller, timeout, events, max);
	atomic_exchange(&poller->state, AWAKE);
	return n;
}

void poller_wake(struct poller *poller)
{
	int saved = errno;

	if (atomic_exchange(&poller->state, WOKEN) == ASLEEP)
		change(poller, wake_ident, EVFILT_USER, 0, NOTE_TRIGGER, 0);
	errno = saved;
}
