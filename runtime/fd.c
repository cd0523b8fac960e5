/* SPDX-License-Identifier: MIT */
/*
 * fd.c - which fds the loop knows, what is known of them, and who waits on them.
 *
 * A slot per fd number: registered once, edge-triggered, with sticky bits that only the user of the
 * fd clears. A generation per slot tells events of an fd that was closed from those of the one
 * that got its number next.
 */
#include "runtime/fd_slot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/future.h"
#include "runtime/list.h"
#include "runtime/task.h"
#include "runtime/trace/trace.h"
#include "runtime/wait.h"

#define BUDGET 64
#define SLOTS_MIN 64

static struct fd_slot *slot_of(int fd)
{
	struct async_loop *loop = loop_here("?", "fd");

	must(fd >= 0 && fd < loop->fd_capacity && loop->fds[fd].registered,
	     "fd %d is not known to the loop: closed already, or never opened with fd_open", fd);
	return &loop->fds[fd];
}

struct fd_slot *fd_find(struct async_loop *loop, int fd)
{
	bool known = fd >= 0 && fd < loop->fd_capacity && loop->fds[fd].registered;

	return known ? &loop->fds[fd] : NULL;
}

static int grow(struct async_loop *loop, int fd)
{
	int capacity = loop->fd_capacity ? loop->fd_capacity : SLOTS_MIN;
	struct fd_slot *fds;

	if (fd < loop->fd_capacity)
		return 0;
	while (capacity <= fd)
		capacity *= 2;
	fds = realloc(loop->fds, (size_t)capacity * sizeof *fds);
	if (!fds)
		return ASYNC_ENOMEM;
	memset(fds + loop->fd_capacity, 0, (size_t)(capacity - loop->fd_capacity) * sizeof *fds);
	loop->fds = fds;
	loop->fd_capacity = capacity;
	return 0;
}

static void check_not_waited_for(const char *here, int fd, const struct fd_slot *slot)
{
	must(!slot->watch,
	     "fd %d was closed with close(2) while it has a reader or writer, and its number given to "
	     "another one at %s; or a stream was made of it. Use async_close(), or "
	     "async_remove_reader() and _writer() first",
	     fd, here);
	for (int direction = 0; direction < 2; direction++)
		must(!slot->waiters[direction],
		     "fd %d was closed with close(2) while a task waits on it at %s; its number was "
		     "given to another one at %s. Use async_close()",
		     fd, slot->waiting_at[direction], here);
}

int fd_open(const char *here, int fd)
{
	struct async_loop *loop = loop_here(here, "fd_open");
	struct fd_slot *slot;
	int rc;

	if (fd < 0)
		return -EBADF;
	rc = grow(loop, fd);
	if (rc < 0)
		return rc;
	slot = &loop->fds[fd];
	check_not_waited_for(here, fd, slot);
	/* Registered already: that fd was closed raw, which took it out of the poller, too. */
	if (slot->registered)
		loop->fd_count--;
	slot->registered = false;
	slot->generation++;
	rc = poller_add(loop->poller, fd, slot->generation);
	if (rc < 0)
		return rc;
	slot->registered = true;
	slot->temporary = false;
	slot->bits = POLLER_READ | POLLER_WRITE;
	slot->error = 0;
	slot->opened_at = here;
	loop->fd_count++;
	return 0;
}

static void complete(struct fd_slot *slot, enum fd_direction direction, int code)
{
	if (slot->waiters[direction])
		async_future_set_result(slot->waiters[direction], code);
}

void fd_deliver(struct async_loop *loop, const struct poll_event *event)
{
	struct fd_slot *slot = &loop->fds[event->fd];

	/* An event of an fd that is closed by now: its number may have a new owner. */
	if (!slot->registered || slot->generation != event->generation)
		return;
	slot->bits |= (unsigned char)event->bits;
	if (event->bits & POLLER_HANGUP)
		slot->bits |= POLLER_READ | POLLER_WRITE;
	if (event->error)
		slot->error = event->error;
	if (slot->bits & POLLER_READ)
		complete(slot, FD_READ, 0);
	if (slot->bits & POLLER_WRITE)
		complete(slot, FD_WRITE, 0);
	if (slot->watch)
		watch_touch(loop, slot->watch);
}

void fd_wake(int fd, enum fd_direction direction)
{
	struct fd_slot *slot = slot_of(fd);

	slot->bits |= direction == FD_READ ? POLLER_READ : POLLER_WRITE;
	complete(slot, direction, 0);
}

bool fd_ready(int fd, enum fd_direction direction)
{
	return slot_of(fd)->bits & (direction == FD_READ ? POLLER_READ : POLLER_WRITE);
}

void fd_clear(int fd, enum fd_direction direction)
{
	slot_of(fd)->bits &= (unsigned char)~(direction == FD_READ ? POLLER_READ : POLLER_WRITE);
}

bool fd_hangup(int fd)
{
	return slot_of(fd)->bits & POLLER_HANGUP;
}

int fd_error(int fd)
{
	return slot_of(fd)->error;
}

/* ---- Waiting --------------------------------------------------------------------------------- */

struct fd_waiter {
	struct async_future future;
	const struct fd_want *wants;
	int count;
};

static _Atomic(fd_describer *) describer;

void fd_set_describer(fd_describer *function)
{
	atomic_store_explicit(&describer, function, memory_order_relaxed);
}

/* "readable fd 9, 127.0.0.1:8080 or writable fd 7" */
static void describe(struct wait_view *view, const struct async_future *future)
{
	fd_describer *more = atomic_load_explicit(&describer, memory_order_relaxed);
	struct fd_waiter waiter;
	struct fd_want want;
	char text[FD_TEXT];

	if (!wait_peek_around(view, &waiter, future, future))
		return;
	for (int i = 0; i < waiter.count && wait_peek(view, &want, &waiter.wants[i], sizeof want);
	     i++) {
		wait_say(view, "%s%s fd %d", i ? " or " : "",
			 want.direction == FD_READ ? "readable" : "writable", want.fd);
		if (more && more(want.fd, text))
			wait_say(view, ", %s", text);
	}
}

static const struct async_future_kind kind = { &kind, "", NULL, describe };

int fd_watch(const char *here, int fd, enum fd_direction direction, struct async_future *future)
{
	struct fd_slot *slot = slot_of(fd);

	if (slot->waiters[direction])
		return async_raise(ASYNC_EBUSY, "fd %d is waited for already, at %s", fd,
				   slot->waiting_at[direction]);
	if (slot->watch && watch_place(slot->watch, direction))
		return async_raise(ASYNC_EBUSY, "fd %d has a callback already, added at %s", fd,
				   watch_place(slot->watch, direction));
	slot->waiters[direction] = future;
	slot->waiting_at[direction] = here;
	loop_current->fd_waiters++;
	if (slot->bits & (direction == FD_READ ? POLLER_READ : POLLER_WRITE))
		complete(slot, direction, 0);
	return 0;
}

void fd_unwatch(int fd, enum fd_direction direction, const struct async_future *future)
{
	struct async_loop *loop = loop_current;

	loop->fd_waiters--;
	/* The fd may be another one by now, with a waiter of its own. */
	if (loop->fds[fd].waiters[direction] == future)
		loop->fds[fd].waiters[direction] = NULL;
}

void fd_count_watch(int change)
{
	loop_current->fd_waiters += (size_t)change;
}

static int wait_watched(const char *here, const struct fd_want *wants, int count)
{
	struct task *task = task_here(here, "waiting on an fd");
	struct fd_waiter waiter = { .future.kind = &kind, .wants = wants, .count = count };
	int watched = 0, rc = 0;

	for (; watched < count && rc == 0; watched += rc == 0)
		rc = fd_watch(here, wants[watched].fd, wants[watched].direction, &waiter.future);
	trace_waits_for_fds(task->loop, wants, count);
	if (rc == 0)
		rc = future_wait(task, here, &waiter.future);
	while (watched-- > 0)
		fd_unwatch(wants[watched].fd, wants[watched].direction, &waiter.future);
	return rc;
}

int fd_wait_slot(const char *here, int fd, enum fd_direction direction)
{
	return wait_watched(here, &(struct fd_want){ fd, direction }, 1);
}

int fd_wait_any(const char *here, const struct fd_want *wants, int count)
{
	for (int i = 0; i < count; i++)
		if (fd_ready(wants[i].fd, wants[i].direction))
			return 0;
	return wait_watched(here, wants, count);
}

int fd_wait(const char *here, int fd, enum fd_direction direction)
{
	if (fd_ready(fd, direction))
		return 0;
	return fd_wait_slot(here, fd, direction);
}

static void forget(struct async_loop *loop, int fd)
{
	struct fd_slot *slot = &loop->fds[fd];

	slot->generation++;
	slot->registered = false;
	loop->fd_count--;
	poller_remove(loop->poller, fd);
}

void fd_forget(int fd)
{
	const struct fd_slot *slot = slot_of(fd);

	must(!slot->waiters[FD_READ] && !slot->waiters[FD_WRITE],
	     "fd %d was taken from the loop while a task waits on it", fd);
	watch_drop(loop_current, &loop_current->fds[fd]);
	forget(loop_current, fd);
}

int fd_borrow(const char *here, struct async_loop *loop, int fd)
{
	int rc;

	if (fd_find(loop, fd))
		return 0;
	rc = fd_open(here, fd);
	if (rc == 0)
		loop->fds[fd].temporary = true;
	return rc;
}

void fd_return(struct async_loop *loop, int fd)
{
	struct fd_slot *slot = fd_find(loop, fd);

	if (slot && slot->temporary && !slot->watch && !slot->waiters[FD_READ] &&
	    !slot->waiters[FD_WRITE])
		forget(loop, fd);
}

int fd_close(const char *here, int fd)
{
	struct async_loop *loop = loop_here(here, "fd_close");
	struct fd_slot *slot = slot_of(fd);

	for (int direction = 0; direction < 2; direction++) {
		complete(slot, direction, ASYNC_ECLOSED);
		slot->waiters[direction] = NULL;
	}
	watch_drop(loop, slot);
	forget(loop, fd);
	return close(fd) < 0 ? -errno : 0;
}

int fd_budget(const char *here)
{
	struct async_loop *loop = loop_here(here, "fd_budget");

	if (++loop->budget < BUDGET)
		return 0;
	loop->budget = 0;
	return async_sleep_at(here, 0);
}

/* ---- For the loop ---------------------------------------------------------------------------- */

void fd_check_waiters(struct async_loop *loop)
{
	for (int fd = 0; fd < loop->fd_capacity; fd++) {
		const struct fd_slot *slot = &loop->fds[fd];
		int direction = slot->waiters[FD_READ] ? FD_READ : FD_WRITE;

		if (!slot->registered)
			continue;
		must(!slot->watch || poller_holds(loop->poller, fd, slot->generation),
		     "fd %d was closed with close(2) while it has a reader or writer, added at %s. "
		     "Use async_close(), or async_remove_reader() and _writer() first",
		     fd, slot->opened_at);
		if (!slot->waiters[direction])
			continue;
		must(poller_holds(loop->poller, fd, slot->generation),
		     "fd %d, opened at %s, was closed with close(2) while a task waits on it at %s. "
		     "Use async_close()",
		     fd, slot->opened_at, slot->waiting_at[direction]);
	}
}

void fd_forget_waiters(struct async_loop *loop)
{
	for (int fd = 0; fd < loop->fd_capacity; fd++)
		loop->fds[fd].waiters[FD_READ] = loop->fds[fd].waiters[FD_WRITE] = NULL;
}

void fd_close_all(struct async_loop *loop)
{
	for (int fd = 0; fd < loop->fd_capacity && loop->watches; fd++)
		watch_drop(loop, &loop->fds[fd]);
	free(loop->fds);
	loop->fds = NULL;
	loop->fd_capacity = 0;
}
