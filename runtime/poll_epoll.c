/* SPDX-License-Identifier: MIT */
/*
 * poll_epoll.c - the reactor of Linux; the only file that knows epoll.
 *
 * Every fd is registered once, for both directions, edge-triggered. The fd's number and generation
 * travel in the event's data.
 *
 * The wake-up is an eventfd, edge-triggered too, so it is written but never read. It is written
 * only when somebody sleeps: state says so. Whoever wakes sets WOKEN, and writes if it was ASLEEP
 * before; the poller goes from AWAKE to ASLEEP before it blocks, and does not block when it finds
 * WOKEN instead. All three are exchanges of one variable, so none can slip in between. A write can
 * come late, after the sleeper woke for another reason: then a later wait returns early once.
 */
#include "runtime/poll.h"
#include "runtime/async.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 128 };

enum state { AWAKE, ASLEEP, WOKEN };

static const uint64_t wake_mark = UINT64_MAX;
static const int64_t second = 1000000000;

struct poller {
	int epoll_fd, wake_fd;
	bool coarse; /* the kernel has no epoll_pwait2: milliseconds it is */
	_Atomic int state;
	struct epoll_event batch[BATCH];
};

static int add_mark(struct poller *poller, int fd, unsigned events, uint64_t mark)
{
	struct epoll_event event = { .events = events | EPOLLET, .data.u64 = mark };

	return epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int poller_open(struct poller **out)
{
	struct poller *poller = calloc(1, sizeof(*poller));
	int rc;

	if (!poller)
		return ASYNC_ENOMEM;
	poller->wake_fd = -1;
	poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (poller->epoll_fd < 0) {
		rc = -errno;
		goto fail;
	}
	poller->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (poller->wake_fd < 0) {
		rc = -errno;
		goto fail;
	}
	rc = add_mark(poller, poller->wake_fd, EPOLLIN, wake_mark);
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
	if (poller->epoll_fd >= 0)
		close(poller->epoll_fd);
	if (poller->wake_fd >= 0)
		close(poller->wake_fd);
	free(poller);
}

int poller_add(struct poller *poller, int fd, uint32_t generation)
{
	return add_mark(poller, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP,
			(uint64_t)generation << 32 | (uint32_t)fd);
}

void poller_remove(struct poller *poller, int fd)
{
	struct epoll_event unused = { 0 }; /* old kernels want the pointer */

	epoll_ctl(poller->epoll_fd, EPOLL_CTL_DEL, fd, &unused);
}

bool poller_holds(struct poller *poller, int fd, uint32_t generation)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.u64 = (uint64_t)generation << 32 | (uint32_t)fd,
	};

	/* It may fail for other reasons, which say nothing about the fd. */
	return epoll_ctl(poller->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0 ||
	       (errno != ENOENT && errno != EBADF);
}

/* Rounded up: waking before the deadline would make the loop spin until it comes. */
static int milliseconds(int64_t timeout)
{
	int64_t ms;

	if (timeout < 0)
		return -1;
	ms = timeout / 1000000 + (timeout % 1000000 != 0);
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* A filter of system calls, as containers have, says EPERM for those it has not heard of. */
static int wait_kernel(struct poller *poller, int64_t timeout, int max)
{
	int n;

	if (!poller->coarse && timeout > 0) {
		struct timespec time = { .tv_sec = timeout / second, .tv_nsec = timeout % second };

		n = epoll_pwait2(poller->epoll_fd, poller->batch, max, &time, NULL);
		if (n >= 0 || (errno != ENOSYS && errno != EPERM))
			return n;
		poller->coarse = true;
	}
	return epoll_wait(poller->epoll_fd, poller->batch, max, milliseconds(timeout));
}

static struct poll_event translate(const struct epoll_event *event)
{
	struct poll_event out = {
		.fd = (int)(uint32_t)event->data.u64,
		.generation = (uint32_t)(event->data.u64 >> 32),
	};

	if (event->events & EPOLLIN)
		out.bits |= POLLER_READ;
	if (event->events & EPOLLOUT)
		out.bits |= POLLER_WRITE;
	if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		out.bits |= POLLER_HANGUP;
	return out;
}

/* Again until the kernel has no more or there is no more room: the wake-up takes a place, too. */
static int collect(struct poller *poller, int64_t timeout, struct poll_event *events, int max)
{
	int filled = 0, asked, n;

	do {
		asked = max - filled < BATCH ? max - filled : BATCH;
		n = wait_kernel(poller, timeout, asked);
		if (n < 0 && errno != EINTR)
			abort();
		for (int i = 0; i < n; i++)
			if (poller->batch[i].data.u64 != wake_mark)
				events[filled++] = translate(&poller->batch[i]);
		timeout = 0;
	} while (n == asked && filled < max);
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
	uint64_t one = 1;

	/* It has no reason to fail but EINTR; a wake-up that got lost would be a hang, so insist. */
	if (atomic_exchange(&poller->state, WOKEN) == ASLEEP)
		for (int tries = 0; tries < 3; tries++)
			if (write(poller->wake_fd, &one, sizeof(one)) > 0)
				break;
	errno = saved;
}
