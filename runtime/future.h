/* SPDX-License-Identifier: MIT */
/* future.h - the suspension point as the other files of runtime/ use it. */
#ifndef LOOPHOUND_RUNTIME_FUTURE_H
#define LOOPHOUND_RUNTIME_FUTURE_H

#include "runtime/async.h"

struct task;

/* await future in the running task: its code, or ASYNC_ECANCELED. */
ASYNC_SUSPENDS int future_wait(struct task *task, const char *here, struct async_future *future);

/* Ends a pending future whatever its cancel hook says. */
void future_complete(struct async_future *future, enum async_state state, int code);

#endif
