/* SPDX-License-Identifier: MIT */
/*
 * loop_handle.c - the memory of loops, and what other threads know of one.
 *
 * Other threads may keep a loop's pointer for longer than the loop lives. So the memory of loops is
 * never unmapped, and outside runtime/ a loop is a handle: the address with a generation in the upper
 * 16 bits, which changes when the loop closes. Whoever comes too late is told so, also when another
 * loop lives at that address by then.
 */
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/list.h"
#include "runtime/loop.h"

#define HANDLE_SHIFT 48

static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;
static struct async_loop *spare;

/* All there are, open or not. Only debuggers read it (gdb/), which is why it is not static. */
__attribute__((used)) struct async_loop *loop_blocks;

static struct async_loop *take_spare(void)
{
	struct async_loop *loop;

	pthread_mutex_lock(&spare_lock);
	loop = spare;
	if (loop)
		spare = loop->next_spare;
	pthread_mutex_unlock(&spare_lock);
	return loop;
}

static struct async_loop *map_new(void)
{
	struct async_loop *loop = mmap(NULL, sizeof *loop, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (loop == MAP_FAILED)
		return NULL;
	/* What a loop owns hangs off this block; a leak checker must look here too. */
	context_add_region(loop, sizeof *loop);
	pthread_mutex_init(&loop->lock, NULL);
	loop->generation = 1;
	loop->closed = true;
	pthread_mutex_lock(&spare_lock);
	loop->next_block = loop_blocks;
	loop_blocks = loop;
	pthread_mutex_unlock(&spare_lock);
	return loop;
}

struct async_loop *loop_get_block(void)
{
	struct async_loop *loop = take_spare();

	if (!loop)
		return map_new();
	memset(loop, 0, offsetof(struct async_loop, lock));
	return loop;
}

void loop_put_block(struct async_loop *loop)
{
	pthread_mutex_lock(&spare_lock);
	loop->next_spare = spare;
	spare = loop;
	pthread_mutex_unlock(&spare_lock);
}

void loop_open_to_others(struct async_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	loop->closed = false;
	pthread_mutex_unlock(&loop->lock);
}

void loop_close_to_others(struct async_loop *loop, struct async_list *left)
{
	pthread_mutex_lock(&loop->lock);
	loop->closed = true;
	if (!++loop->generation)
		loop->generation = 1;
	list_splice(left, &loop->posted);
	pthread_mutex_unlock(&loop->lock);
}

/* ---- Handles --------------------------------------------------------------------------------- */

struct async_loop *loop_handle(const struct async_loop *loop)
{
	return (struct async_loop *)((uintptr_t)loop | (uintptr_t)loop->generation << HANDLE_SHIFT);
}

static struct async_loop *address_of(const char *what, const struct async_loop *handle)
{
	uintptr_t bits = (uintptr_t)handle & (((uintptr_t)1 << HANDLE_SHIFT) - 1);

	must(bits, "%s: the loop is NULL", what);
	return (struct async_loop *)bits;
}

/* 0 is for the files of runtime/, which have the address of a loop that is open. */
static bool is_current(const struct async_loop *loop, const struct async_loop *handle)
{
	uintptr_t generation = (uintptr_t)handle >> HANDLE_SHIFT;

	return !loop->closed && (!generation || generation == loop->generation);
}

struct async_loop *loop_lock(const char *what, struct async_loop *handle)
{
	struct async_loop *loop = address_of(what, handle);

	pthread_mutex_lock(&loop->lock);
	if (is_current(loop, handle))
		return loop;
	pthread_mutex_unlock(&loop->lock);
	return NULL;
}

bool async_loop_is_closed(struct async_loop *handle)
{
	struct async_loop *loop = loop_lock("async_loop_is_closed", handle);

	if (loop)
		pthread_mutex_unlock(&loop->lock);
	return !loop;
}

struct async_loop *loop_of(const char *what, const struct async_loop *handle)
{
	struct async_loop *loop = address_of(what, handle);
	bool open, ours;

	pthread_mutex_lock(&loop->lock);
	open = is_current(loop, handle);
	ours = open && pthread_equal(loop->thread, pthread_self());
	pthread_mutex_unlock(&loop->lock);
	must(open, "%s: Event loop is closed", what);
	must(ours, LOOP_OTHER_THREAD, what);
	return loop;
}

/* ---- Calls from other threads ---------------------------------------------------------------- */

void loop_post_locked(struct async_loop *loop, struct async_handle *handle, void (*run)(void *arg),
		      void *arg)
{
	must(run, "a callable object was expected, got NULL");
	must(!list_linked(&handle->node), "a handle was scheduled while it is scheduled already");
	handle->run = run;
	handle->arg = arg;
	list_append(&loop->posted, &handle->node);
	atomic_store(&loop->has_posted, true);
	/* Under the lock, for the poller goes as soon as the loop is closed to others. */
	poller_wake(loop->poller);
}

int async_call_soon_threadsafe(struct async_loop *loop, struct async_handle *handle,
			       void (*run)(void *arg), void *arg)
{
	struct async_loop *open = loop_lock("async_call_soon_threadsafe", loop);

	if (!open)
		return ASYNC_ESHUTDOWN;
	loop_post_locked(open, handle, run, arg);
	pthread_mutex_unlock(&open->lock);
	return 0;
}
