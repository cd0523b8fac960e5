/* SPDX-License-Identifier: MIT */
/* local.h - task-local storage as the files of runtime/ use it. */
#ifndef LOOPHOUND_RUNTIME_LOCAL_H
#define LOOPHOUND_RUNTIME_LOCAL_H

struct local_table;
struct task;

/* A new task gets what its creator, if any, has. 0 or ASYNC_ENOMEM. */
int local_inherit(struct task *task, const struct task *creator);
/* table may be NULL. */
void local_drop(struct local_table *table);

#endif
