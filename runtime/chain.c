/* SPDX-License-Identifier: MIT */
/* chain.c - see chain.h. */
#include "runtime/chain.h"

#include "runtime/base.h"
#include "runtime/symbol/maps.h"
#include "runtime/task.h"

enum { LINKS = 16, CALLBACKS = 8 };

bool chain_peek(void *copy, const void *from, size_t size)
{
	return from != NULL && maps_read(copy, size, (uintptr_t)from) == size;
}

const struct task *chain_task_of(const struct async_handle *handle, const void *address)
{
	const struct task *task = handle->arg;

	return handle->run == task_step && &task->step == address ? task : NULL;
}

static const struct async_future *next_of(const struct async_handle *handle)
{
	static const struct async_future *(*const kinds[])(const struct async_handle *handle) = {
		gather_leads_to, wait_leads_to,	     completion_leads_to,
		shield_leads_to, taskgroup_leads_to,
	};
	const struct async_future *next = NULL;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && next == NULL; i++)
		next = kinds[i](handle);
	return next;
}

/* Of several who wait, the first task; else the first that leads further. */
static const struct task *follow(const struct async_future *address,
				 const struct async_future **next)
{
	const struct async_list *head = &address->callbacks, *node;
	struct async_future future;
	struct async_handle handle;
	int looks = 0;

	*next = NULL;
	if (!chain_peek(&future, address, sizeof future))
		return NULL;
	for (node = future.callbacks.next; node != NULL && node != head && looks < CALLBACKS;
	     node = handle.node.next, looks++) {
		const void *at = container_of(node, struct async_handle, node);
		const struct task *task;

		if (!chain_peek(&handle, at, sizeof handle))
			return NULL;
		task = chain_task_of(&handle, at);
		if (task != NULL)
			return task;
		if (*next == NULL)
			*next = next_of(&handle);
	}
	return NULL;
}

/* Links are counted: while the loop runs on, a chain may be read as a ring. */
const struct task *chain_waiter(const struct async_future *address)
{
	const struct async_future *next = address;
	const struct task *task = NULL;

	for (int i = 0; i < LINKS && task == NULL && next != NULL; i++)
		task = follow(next, &next);
	return task;
}
