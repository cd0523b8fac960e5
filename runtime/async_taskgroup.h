/* SPDX-License-Identifier: MIT */
/*
 * async_taskgroup.h - asyncio.TaskGroup: tasks that end together. A chapter of the manual.
 *
 *     struct async_task_group group = { 0 };
 *
 *     async_task_group_enter(&group);
 *     if (!async_task_group_create_task(&group, fetch, &left) ||
 *         !async_task_group_create_task(&group, fetch, &right))
 *             rc = async_last_error();
 *     rc = async_task_group_exit(&group, rc);          // waits for both; rc is the body's outcome
 *
 * The first task that fails ends the group: its siblings and the body are cancelled, and exit waits
 * for all of them. (async_gather() lets the siblings of a failed task run on.) So arguments on the
 * stack are safe here.
 *
 * Rules for users:
 *  - The group is the caller's memory. Whoever has entered must call exit, in the same task, whatever
 *    happened in between; a group is used once.
 *  - A task that is merely cancelled does not end the group.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_TASKGROUP_H
#define LOOPHOUND_RUNTIME_ASYNC_TASKGROUP_H

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct async_task_options;

/* Private but for its size; zeroed is new. */
struct async_task_group {
	struct async_list members, failed;
	void *parent;
	struct async_future *completed;
	unsigned depth;
	bool entered, exiting, aborting, parent_cancelled, cancel_on_enter;
};

/*
 * async with TaskGroup(): the calling task is the parent. 0, or ASYNC_ERUNTIME ("TaskGroup has
 * already been entered").
 */
#define async_task_group_enter(group) async_task_group_enter_at(ASYNC_HERE, (group))
int async_task_group_enter_at(const char *here, struct async_task_group *group);

/*
 * group.create_task(): as async_create_task(). NULL with async_last_error(): ASYNC_ENOMEM,
 * ASYNC_ENOGUARD, or ASYNC_ERUNTIME: "TaskGroup has not been entered", "is finished", "is shutting
 * down" (async_raised() has the text). A failure counts as read: exit reports it.
 */
#define async_task_group_create_task(group, fn, arg) \
	async_task_group_create_task_at(ASYNC_HERE, #fn, (group), (fn), (arg), NULL)
#define async_task_group_create_task_with(group, fn, arg, options) \
	async_task_group_create_task_at(ASYNC_HERE, #fn, (group), (fn), (arg), (options))
#define async_task_group_create_task_copy(group, fn, arg, size)                \
	async_task_group_create_task_at(ASYNC_HERE, #fn, (group), (fn), (arg), \
					&(struct async_task_options){ .copy = (size) })
struct async_task *async_task_group_create_task_at(const char *here, const char *label,
						   struct async_task_group *group,
						   int (*fn)(void *arg), void *arg,
						   const struct async_task_options *options);

/*
 * The end of the async with: rc is the body's outcome. A negative one cancels the tasks. Waits for
 * all of them, also when it is cancelled meanwhile, and returns
 *  - the first failure's code when there were any, the body's counting as the last. Then
 *    async_raised(code) is the group of them: member_count and members, in the order in which they
 *    failed. Cancellations are never among them;
 *  - ASYNC_ECANCELED when somebody else cancelled the parent;
 *  - else rc, or 0 in place of a cancellation that was the group's own doing.
 */
#define async_task_group_exit(group, rc) async_task_group_exit_at(ASYNC_HERE, (group), (rc))
ASYNC_SUSPENDS int async_task_group_exit_at(const char *here, struct async_task_group *group,
					    int rc);

/*
 * group.cancel(): ends the group without an error: its tasks and its body are cancelled. Before
 * enter: as soon as it is entered. May be called again, and after the end.
 */
void async_task_group_cancel(struct async_task_group *group);

#ifdef __cplusplus
}
#endif
#endif
