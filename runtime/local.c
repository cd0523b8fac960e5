/* SPDX-License-Identifier: MIT */
/*
 * local.c - task-local storage: a small table, shared by tasks until one of them sets something.
 *
 * Copying at create_task is one more reference; the copy is made by the first set.
 */
#include "runtime/local.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/async.h"
#include "runtime/task.h"

struct entry {
	const struct async_local *local;
	void *value;
};

struct local_table {
	size_t references, count;
	struct entry entries[];
};

int local_inherit(struct task *task, const struct task *creator)
{
	struct local_table *table = creator && creator->extra ? creator->extra->locals : NULL;

	if (!table)
		return 0;
	if (!extra_get(task))
		return ASYNC_ENOMEM;
	table->references++;
	task->extra->locals = table;
	return 0;
}

void local_drop(struct local_table *table)
{
	if (table && --table->references == 0)
		free(table);
}

static struct entry *find(struct local_table *table, const struct async_local *local)
{
	for (size_t i = 0; table && i < table->count; i++)
		if (table->entries[i].local == local)
			return &table->entries[i];
	return NULL;
}

void *async_local_get(const struct async_local *local)
{
	struct task *task = loop_current ? loop_current->current : NULL;
	struct entry *entry = task && task->extra ? find(task->extra->locals, local) : NULL;

	return entry ? entry->value : local->initial;
}

/* A table of the task's own, with room for one more. */
static struct local_table *grow(const struct local_table *old)
{
	size_t count = old ? old->count : 0;
	struct local_table *table = malloc(sizeof *table + (count + 1) * sizeof table->entries[0]);

	if (!table)
		return NULL;
	table->references = 1;
	table->count = count;
	if (count)
		memcpy(table->entries, old->entries, count * sizeof table->entries[0]);
	return table;
}

int async_local_set(const struct async_local *local, void *value)
{
	struct task *task = task_here("?", "async_local_set");
	struct task_extra *extra = extra_get(task);
	struct entry *entry = extra ? find(extra->locals, local) : NULL;
	struct local_table *table;

	if (entry && extra->locals->references == 1) {
		entry->value = value;
		return 0;
	}
	table = extra ? grow(extra->locals) : NULL;
	if (!table)
		return async_raise(ASYNC_ENOMEM, "no memory to set %s", local->name);
	local_drop(extra->locals);
	extra->locals = table;
	entry = find(table, local);
	if (!entry)
		entry = &table->entries[table->count++];
	*entry = (struct entry){ local, value };
	return 0;
}
