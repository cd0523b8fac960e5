/* SPDX-License-Identifier: MIT */
/*
 * async_local.h - task-local storage, as contextvars: a chapter of the manual.
 *
 *     static const struct async_local request_id = { .name = "request_id" };
 *
 *     async_local_set(&request_id, id);          // in this task, and in those it creates from now on
 *     ... async_local_get(&request_id) ...
 *
 * Rules for users:
 *  - A task starts with a copy of what its creator had at that moment; what either sets afterwards
 *    the other does not see. Values are pointers and are not owned.
 *  - The key is the variable's address: it must outlive all tasks, so make it static.
 *  - There are few of them: a look-up walks through those that are set.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_LOCAL_H
#define LOOPHOUND_RUNTIME_ASYNC_LOCAL_H

#ifdef __cplusplus
extern "C" {
#endif

struct async_local {
	const char *name;
	void *initial; /* where nothing was set, and outside a task */
};

/* ContextVar.get() */
void *async_local_get(const struct async_local *local);
/* ContextVar.set(), in the running task: 0 or ASYNC_ENOMEM. Keep what get returned, to set it back. */
int async_local_set(const struct async_local *local, void *value);

#ifdef __cplusplus
}
#endif
#endif
