/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - which tasks there are, and who waits for whom.
 *
 * Tasks are found by going through the loop's slabs, which are never unmapped, and not by its lists,
 * which may be half changed when the loop is stuck. An entry is good as long as the task's block still
 * has the same id: ids are never used twice.
 */
#include "runtime/dump/dump.h"

#include "runtime/symbol/maps.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define EDGES_PER_TASK 4
#define SPARE 256 /* tasks more than were counted, and edges for a loop of few tasks */

/* Uninstrumented, as bytes may be red zones, or just being written by a thread of the pool. */
__attribute__((no_sanitize("address", "thread"))) static void copy_bytes(void *to, const void *from,
									 size_t size)
{
	const volatile unsigned char *byte = from;
	volatile unsigned char *at = to;
	size_t i = 0;

	if (((uintptr_t)to | (uintptr_t)from) % sizeof(uintptr_t) == 0)
		for (; i + sizeof(uintptr_t) <= size; i += sizeof(uintptr_t))
			*(volatile uintptr_t *)(void *)((char *)to + i) =
				*(const volatile uintptr_t *)(const void *)((const char *)from + i);
	for (; i < size; i++)
		at[i] = byte[i];
}

static bool peek_for(const struct dump_request *request, void *copy, const void *from, size_t size)
{
	if (!from)
		return false;
	if (request->generation)
		return maps_read(copy, size, (uintptr_t)from) == size;
	copy_bytes(copy, from, size);
	return true;
}

bool dump_peek(const struct dump *dump, void *copy, const void *from, size_t size)
{
	return peek_for(&dump->request, copy, from, size);
}

void dump_copy_text(const struct dump *dump, const char *from, char line[DUMP_LINE])
{
	size_t length = 0;

	if (from && dump->request.generation)
		length = maps_read(line, DUMP_LINE - 1, (uintptr_t)from);
	else
		for (; from && length + 1 < DUMP_LINE && from[length]; length++)
			line[length] = from[length];
	line[length] = '\0';
	if (length == 0)
		strcpy(line, "?");
}

bool dump_moved(struct dump *dump)
{
	const struct heartbeat *hb = &dump->request.loop->heartbeat;

	if (dump->request.generation && atomic_load(&hb->generation) != dump->request.generation)
		dump->moved = true;
	return dump->moved;
}

bool dump_task(const struct dump *dump, size_t index, struct task *copy)
{
	const struct dump_entry *entry = &dump->entries[index];

	return dump_peek(dump, copy, entry->task, sizeof *copy) && copy->id == entry->id &&
	       copy->state != TASK_FREE && copy->state != TASK_DONE;
}

int32_t dump_find(const struct dump *dump, uint64_t id)
{
	size_t low = 0, high = dump->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dump->entries[middle].id == id)
			return (int32_t)middle;
		if (dump->entries[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return DUMP_NONE;
}

/* ---- Taking it ------------------------------------------------------------------------------- */

/* slab.c calls this with the address of each block. */
static bool take(void *arg, const struct task *task)
{
	struct dump *dump = arg;
	struct task copy;

	if (dump->count == dump->capacity || !dump_peek(dump, &copy, task, sizeof copy))
		return false;
	if (copy.state != TASK_FREE && copy.state != TASK_DONE && copy.id != 0)
		dump->entries[dump->count++] = (struct dump_entry){ .task = task, .id = copy.id };
	return true;
}

static bool peek(void *arg, void *copy, const void *from, size_t size)
{
	return dump_peek(arg, copy, from, size);
}

/* Shell's: in place, without recursion, and nearly all is in order already. */
static void sort(struct dump *dump)
{
	struct dump_entry *entries = dump->entries;

	for (size_t gap = dump->count / 2; gap > 0; gap /= 2)
		for (size_t i = gap; i < dump->count; i++) {
			struct dump_entry entry = entries[i];
			size_t j = i;

			for (; j >= gap && entries[j - gap].id > entry.id; j -= gap)
				entries[j] = entries[j - gap];
			entries[j] = entry;
		}
}

static void add_edge(struct dump *dump, uint64_t id)
{
	int32_t to = dump_find(dump, id);

	if (to == DUMP_NONE)
		return;
	if (dump->edge_count == dump->edge_capacity) {
		dump->edges_lost++;
		return;
	}
	dump->edges[dump->edge_count++] = (uint32_t)to;
	dump->entries[to].awaited = true;
}

static void connect_all(struct dump *dump)
{
	struct task task;

	for (size_t i = 0; i < dump->count && !dump_moved(dump); i++) {
		struct dump_entry *entry = &dump->entries[i];

		entry->first_edge = (uint32_t)dump->edge_count;
		if (dump_task(dump, i, &task))
			dump_edges(dump, &task, add_edge);
		entry->edges = (uint32_t)(dump->edge_count - entry->first_edge);
	}
}

static int64_t now_of(const struct dump_request *request)
{
	struct timespec now;

	if (!request->generation)
		return loop_now(request->loop);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * TIMER_SECOND + now.tv_nsec;
}

struct dump *dump_open(const struct dump_request *request)
{
	size_t tasks, size;
	struct dump *dump;

	if (!peek_for(request, &tasks, &request->loop->task_count, sizeof tasks))
		return NULL;
	tasks += SPARE;
	size = sizeof *dump + tasks * sizeof *dump->entries +
	       tasks * EDGES_PER_TASK * sizeof *dump->edges;
	dump = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (dump == MAP_FAILED)
		return NULL;
	dump->request = *request;
	dump->mapped = size;
	dump->now = now_of(request);
	dump->entries = (struct dump_entry *)(dump + 1);
	dump->capacity = tasks;
	dump->edges = (uint32_t *)(dump->entries + tasks);
	dump->edge_capacity = tasks * EDGES_PER_TASK;
	slab_visit(request->loop, peek, take, dump);
	sort(dump);
	if (request->current)
		dump_peek(dump, &dump->current_id, &request->current->id, sizeof dump->current_id);
	connect_all(dump);
	return dump;
}

void dump_close(struct dump *dump)
{
	dump_flush(dump);
	if (dump->own_symbols)
		symbol_free(dump->request.symbols);
	munmap(dump, dump->mapped);
}
