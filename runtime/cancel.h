/* SPDX-License-Identifier: MIT */
/*
 * cancel.h - cancelling tasks, as the other files of runtime/ use it.
 *
 * A message travels as an error record: with the future that is cancelled, or as a note on the task
 * that waits. The depth of a request is how many shielded sections its author was inside of: it
 * passes those and waits at the next (scope.h).
 */
#ifndef LOOPHOUND_RUNTIME_CANCEL_H
#define LOOPHOUND_RUNTIME_CANCEL_H

#include "runtime/task.h"

/* task.cancel(), from outside and, with a depth, from something that the task itself began. */
bool task_cancel(struct task *task, const char *message);
bool cancel_from_depth(struct task *task, unsigned depth);
int task_uncancel(struct task *task);

/* A future with waiters ends cancelled: who waits on it gets the message on its way, if any. */
void cancel_note_waiters(struct async_future *future);

/* A cancellation was asked for before this wait: it ends the wait as soon as it has begun. */
void cancel_at_wait(struct task *task);

/* Sets the note, from which the next delivery takes the message; record may be NULL. */
void cancel_note(struct task *task, struct error_record *record);
/* The note becomes the record of the task, which ends cancelled. */
void cancel_take_note(struct task *task);

/*
 * What an await returns that did not just succeed: the future's failure, or a cancellation that
 * came after the wake-up and still wins. future NULL: a bare yield.
 */
int cancel_deliver(struct task *task, struct async_future *future);

/*
 * What a task that has swallowed a cancellation would have ended with: asyncio's _cancel_message. NULL:
 * nothing, or no task.
 */
struct error_record *cancel_asked(struct async_future *future);

#endif
