/* SPDX-License-Identifier: MIT */
/*
 * async_dump.h - every task at a glance: who awaits whom, and where each of them is. A chapter of the
 * manual.
 *
 *     task 1 "main" [gather of 2, 0 done, 3.2 s] at crawler.c:201
 *       task 2 "fetch" [readable fd 9, 127.0.0.1:8080, 3.2 s, deadline in 6.8 s] at crawler.c:88
 *       task 3 "store" [Lock held by task 4 "audit", 1.0 s] at store.c:40
 *         task 4 "audit" [awaiting task 3 "store", 0.9 s] at audit.c:17
 *           task 3 "store" (above: this is a cycle)
 *     cycle: task 3 "store" waits for Lock held by task 4 "audit", which awaits task 3 "store"
 *
 *     task 2 "fetch" [readable fd 9, 127.0.0.1:8080, 3.2 s, deadline in 6.8 s]:
 *         net_read  (and 4 more above it)
 *         read_response            crawler.c:88
 *         fetch_one                crawler.c:131
 *         created to run fetch_one at crawler.c:199 by task 1 "main"
 *         and 998 more with this stack: 5-1002
 *
 * How to read it: below a task stand those it waits for; in brackets is what it waits for, for how
 * long (as the loop's clock was when the wait began, which is coarse), and the first limit that is in
 * force. "ready": it will run in the next turn. A lock is held by the task that took it last.
 * Tasks that look alike are folded, and what is printed is bounded however many there are.
 *
 * While async_run() runs in the process's main thread, SIGQUIT (Ctrl-\) prints all this on stderr and
 * the program goes on; a second one within 2 s does what it does by default. It is so only if SIGQUIT
 * had its default disposition, and unless async_run_options says ASYNC_NO_SIGNALS. The loop prints
 * between two turns. If it does not get there within the watchdog's limit, the watchdog prints, and
 * says where the loop is stuck. As any signal does, it ends a sleep(3) that the loop may be in.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_DUMP_H
#define LOOPHOUND_RUNTIME_ASYNC_DUMP_H

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * All write to fd and wait, without suspending, until it has taken the text. The time that it takes is
 * not held against the task by the watchdog; names are looked up anew each time, which takes tens of
 * milliseconds. 0, or ASYNC_ENOMEM. They abort outside of a loop.
 */

/* The tree and its cycles: `python -m asyncio pstree`. */
int async_pstree(int fd);

/* The tree, the cycles and all stacks: what SIGQUIT prints. */
int async_print_tasks(int fd);

/* Task.print_stack(): the stack of one task; of one that has ended only that it has. */
#define async_task_print_stack(task, fd) async_task_print_stack_at(ASYNC_HERE, (task), (fd))
int async_task_print_stack_at(const char *here, struct async_task *task, int fd);

#ifdef __cplusplus
}
#endif
#endif
