/* SPDX-License-Identifier: MIT */
/*
 * slab.c - the tasks' control blocks: memory that is never unmapped.
 *
 * That is what makes a stale handle, and a look from the watchdog's thread, safe: the address always
 * holds a control block, old or new. A loop takes chunks, and leaves them for the next loop when it
 * closes; the generations in the blocks go on counting. Names are kept in such memory too.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "runtime/list.h"
#include "runtime/task.h"

#define CHUNK_BYTES (64u << 10)

union name_block {
	union name_block *next; /* in the free list */
	char text[TASK_NAME];
};

#define CHUNK_TASKS ((CHUNK_BYTES - sizeof(max_align_t)) / sizeof(struct task))

/* How many they are is a part of the type, for debuggers. */
struct slab_chunk {
	struct slab_chunk *next;
	struct task tasks[CHUNK_TASKS];
};

_Static_assert(sizeof(struct slab_chunk) <= CHUNK_BYTES, "a chunk holds its tasks");

static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;
static struct slab_chunk *spare;
static union name_block *spare_names;

static struct slab_chunk *take_spare(void)
{
	struct slab_chunk *chunk;

	pthread_mutex_lock(&spare_lock);
	chunk = spare;
	if (chunk)
		spare = chunk->next;
	pthread_mutex_unlock(&spare_lock);
	return chunk;
}

static bool grow(struct async_loop *loop)
{
	struct slab_chunk *chunk = take_spare();

	if (!chunk) {
		chunk = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
		if (chunk == MAP_FAILED)
			return false;
		/* Error records hang off these blocks; a leak checker must look here too. */
		context_add_region(chunk, CHUNK_BYTES);
	}
	chunk->next = loop->chunks;
	loop->chunks = chunk;
	for (size_t i = 0; i < CHUNK_TASKS; i++)
		list_append(&loop->free_blocks, &chunk->tasks[i].all);
	return true;
}

struct task *slab_get(struct async_loop *loop)
{
	struct task *task;
	uint16_t generation;
	const char *released_at;

	if (list_empty(&loop->free_blocks) && !grow(loop))
		return NULL;
	task = container_of(list_take(&loop->free_blocks), struct task, all);
	generation = task->generation ? task->generation : 1;
	released_at = task->released_at;
	*task = (struct task){ .generation = generation, .released_at = released_at, .loop = loop };
	loop->handle_count++;
	return task;
}

void slab_put(struct async_loop *loop, struct task *task)
{
	task->state = TASK_FREE;
	list_prepend(&loop->free_blocks, &task->all);
	loop->handle_count--;
}

void slab_close(struct async_loop *loop)
{
	struct slab_chunk *chunk;

	while ((chunk = loop->chunks)) {
		for (size_t i = 0; i < CHUNK_TASKS; i++) {
			chunk->tasks[i].state = TASK_FREE;
			chunk->tasks[i].all = (struct async_list){ 0 };
		}
		loop->chunks = chunk->next;
		pthread_mutex_lock(&spare_lock);
		chunk->next = spare;
		spare = chunk;
		pthread_mutex_unlock(&spare_lock);
	}
}

/* A chunk at a time cannot be copied on a small stack: the links are, the blocks are the visitor's. */
void slab_visit(const struct async_loop *loop,
		bool (*peek)(void *arg, void *copy, const void *from, size_t size),
		bool (*visit)(void *arg, const struct task *task), void *arg)
{
	const struct slab_chunk *chunk;

	if (!peek(arg, &chunk, &loop->chunks, sizeof chunk))
		return;
	while (chunk) {
		for (size_t i = 0; i < CHUNK_TASKS; i++)
			if (!visit(arg, &chunk->tasks[i]))
				return;
		if (!peek(arg, &chunk, &chunk->next, sizeof chunk))
			return;
	}
}

/* ---- Names ----------------------------------------------------------------------------------- */

/* Lock held. */
static bool grow_names(void)
{
	union name_block *names =
		mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (names == MAP_FAILED)
		return false;
	for (size_t i = 0; i < CHUNK_BYTES / sizeof *names; i++) {
		names[i].next = spare_names;
		spare_names = &names[i];
	}
	return true;
}

char *slab_get_name(const char *text)
{
	union name_block *name = NULL;

	pthread_mutex_lock(&spare_lock);
	if (spare_names || grow_names()) {
		name = spare_names;
		spare_names = name->next;
	}
	pthread_mutex_unlock(&spare_lock);
	if (!name)
		return NULL;
	snprintf(name->text, sizeof name->text, "%s", text);
	return name->text;
}

void slab_put_name(char *text)
{
	union name_block *name = container_of(text, union name_block, text);

	if (!text)
		return;
	pthread_mutex_lock(&spare_lock);
	name->next = spare_names;
	spare_names = name;
	pthread_mutex_unlock(&spare_lock);
}
