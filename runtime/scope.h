/* SPDX-License-Identifier: MIT */
/* scope.h - scopes, shielded sections and clean-ups as the files of runtime/ use them. */
#ifndef LOOPHOUND_RUNTIME_SCOPE_H
#define LOOPHOUND_RUNTIME_SCOPE_H

#include "runtime/task.h"

/* How many shielded sections the task is in: the depth of what it begins now. */
unsigned scope_depth(const struct task *task);

/* A request to cancel from that depth meets a section: it waits there. False: nothing in its way. */
bool scope_defer(struct task *task, unsigned depth, struct error_record *record);
/* The requests that wait. */
int scope_deferred(const struct task *task);

/* After a delivery, and whenever the count of cancellations fell: the next wait fails again, or not. */
void scope_refresh(struct task *task);

/* Requests that the task has got already, those of scopes included; what came before is not ours. */
int scope_saved_cancelling(const struct task *task);

/*
 * Between these two, cancellation is edge-triggered whatever scopes there are: for waits that must
 * be repeated until they succeed and would otherwise spin.
 */
void scope_edges_begin(struct task *task);
void scope_edges_end(struct task *task);

/* cleanup.c: at the end of the task, on its stack; and when it will never run again. */
struct cleanup;
void cleanup_run(struct task *task);
void cleanup_drop(struct cleanup *cleanups);

#endif
