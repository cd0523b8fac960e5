/* SPDX-License-Identifier: MIT */
/*
 * fd_readers.c - loop.add_reader() and add_writer(): callbacks in each turn in which an fd is ready.
 *
 * The poller below tells of edges only. So a watched fd is hot from an edge, or from its first
 * moment, until poll(2) finds it ready for nothing that it is watched for: then the next edge is
 * sure to come, and it costs nothing until then. Each turn looks at the hot ones, in the order in
 * which they became so, and does not sleep while one of them is ready.
 *
 * Rules:
 *  - A watch is on the heap, since its handles are in the ready queue while its slot may move.
 *  - A callback that is taken back or replaced leaves the ready queue at once: it does not run.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "runtime/chain.h"
#include "runtime/fd_slot.h"
#include "runtime/list.h"

struct watch {
	struct async_list hot; /* in loop->hot */
	int fd;
	short ready; /* what poll(2) has just said */
	struct async_handle handles[2];
	const char *added_at[2]; /* NULL: nothing in this direction */
};

const char *watch_place(const struct watch *watch, enum fd_direction direction)
{
	return watch->added_at[direction];
}

void watch_touch(struct async_loop *loop, struct watch *watch)
{
	if (!list_linked(&watch->hot))
		list_append(&loop->hot, &watch->hot);
}

/* ---- In the turn ----------------------------------------------------------------------------- */

static short wanted(const struct watch *watch)
{
	return (short)((watch->added_at[FD_READ] ? POLLIN : 0) |
		       (watch->added_at[FD_WRITE] ? POLLOUT : 0));
}

/* An error or a hang-up is for both, as in CPython's selectors. */
static bool ready_for(const struct watch *watch, enum fd_direction direction)
{
	short event = direction == FD_READ ? POLLIN : POLLOUT;

	return watch->added_at[direction] && watch->ready & (event | POLLERR | POLLHUP);
}

bool watch_look(struct async_loop *loop)
{
	bool any = false;

	list_for_each(node, &loop->hot) {
		struct watch *watch = container_of(node, struct watch, hot);
		struct pollfd look = { .fd = watch->fd, .events = wanted(watch) };
		int count = poll(&look, 1, 0);

		must(!(count > 0 && look.revents & POLLNVAL),
		     "fd %d was closed with close(2) while it has a callback, added at %s. Use "
		     "async_close(), or async_remove_reader() and _writer() first",
		     watch->fd, watch->added_at[watch->added_at[FD_READ] ? FD_READ : FD_WRITE]);
		watch->ready = count > 0 ? look.revents : 0;
		if (count == 0)
			list_remove(&watch->hot);
		any |= count > 0;
	}
	return any;
}

void watch_schedule(struct async_loop *loop)
{
	list_for_each(node, &loop->hot) {
		struct watch *watch = container_of(node, struct watch, hot);

		for (int direction = 0; direction < 2; direction++)
			if (ready_for(watch, direction) &&
			    !list_linked(&watch->handles[direction].node))
				loop_call_soon(loop, &watch->handles[direction]);
	}
}

int watch_fd(const struct async_loop *loop, const struct async_handle *handle)
{
	list_for_each(node, &loop->hot) {
		const struct watch *watch = container_of(node, struct watch, hot);

		if (handle == &watch->handles[FD_READ] || handle == &watch->handles[FD_WRITE])
			return watch->fd;
	}
	return -1;
}

bool watch_peek(const struct async_loop *loop, const void *handle, int *fd,
		enum fd_direction *direction)
{
	const struct async_list *node;
	struct async_list head;
	struct watch copy;
	int looks = 0;

	if (!chain_peek(&head, &loop->hot, sizeof head))
		return false;
	for (node = head.next; node && node != &loop->hot && looks < 1024;
	     node = copy.hot.next, looks++) {
		const struct watch *at = container_of(node, struct watch, hot);

		if (!chain_peek(&copy, at, sizeof copy))
			return false;
		if (handle != &at->handles[FD_READ] && handle != &at->handles[FD_WRITE])
			continue;
		*fd = copy.fd;
		*direction = handle == &at->handles[FD_WRITE] ? FD_WRITE : FD_READ;
		return true;
	}
	return false;
}

/* ---- Adding and removing --------------------------------------------------------------------- */

static void clear(struct async_loop *loop, struct watch *watch, enum fd_direction direction)
{
	if (!watch->added_at[direction])
		return;
	async_handle_cancel(&watch->handles[direction]);
	watch->added_at[direction] = NULL;
	loop->fd_waiters--;
}

static void free_watch(struct async_loop *loop, struct fd_slot *slot)
{
	list_remove(&slot->watch->hot);
	free(slot->watch);
	slot->watch = NULL;
	loop->watches--;
}

void watch_drop(struct async_loop *loop, struct fd_slot *slot)
{
	if (!slot->watch)
		return;
	clear(loop, slot->watch, FD_READ);
	clear(loop, slot->watch, FD_WRITE);
	free_watch(loop, slot);
}

static int get(const char *here, struct async_loop *loop, int fd)
{
	int rc = fd_borrow(here, loop, fd);
	struct watch *watch;

	if (rc < 0 || fd_find(loop, fd)->watch)
		return rc;
	watch = calloc(1, sizeof *watch);
	if (!watch) {
		fd_return(loop, fd);
		return ASYNC_ENOMEM;
	}
	watch->fd = fd;
	fd_find(loop, fd)->watch = watch;
	loop->watches++;
	return 0;
}

int async_add_fd_callback_at(const char *here, int fd, bool write, void (*run)(void *arg),
			     void *arg)
{
	struct async_loop *loop = loop_here(here, "async_add_reader or _writer");
	enum fd_direction direction = write ? FD_WRITE : FD_READ;
	const struct fd_slot *slot = fd_find(loop, fd);
	struct watch *watch;
	int rc;

	must(run, "async_add_reader or _writer at %s: a callable object was expected, got NULL",
	     here);
	if (slot && slot->waiters[direction])
		return async_raise(ASYNC_EBUSY, "fd %d is waited for already, at %s", fd,
				   slot->waiting_at[direction]);
	rc = get(here, loop, fd);
	if (rc < 0)
		return rc;
	watch = fd_find(loop, fd)->watch;
	clear(loop, watch, direction);
	watch->handles[direction].run = run;
	watch->handles[direction].arg = arg;
	watch->added_at[direction] = here;
	loop->fd_waiters++;
	watch_touch(loop, watch);
	/* The next turn asks the poller, whatever else is ready. */
	loop->turns_since_poll = LOOP_SKIP_TURNS;
	return 0;
}

bool async_remove_fd_callback_at(const char *here, int fd, bool write)
{
	struct async_loop *loop = loop_here(here, "async_remove_reader or _writer");
	enum fd_direction direction = write ? FD_WRITE : FD_READ;
	struct fd_slot *slot = fd_find(loop, fd);

	if (!slot || !slot->watch || !slot->watch->added_at[direction])
		return false;
	clear(loop, slot->watch, direction);
	if (!wanted(slot->watch)) {
		free_watch(loop, slot);
		fd_return(loop, fd);
	}
	return true;
}
