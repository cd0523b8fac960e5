/* SPDX-License-Identifier: MIT */
/*
 * sync.h - waiting for an event or a condition in the name of something built upon it: reports then
 * say "Barrier" and not "Condition". kind describes the waiter, whose owner is given.
 */
#ifndef LOOPHOUND_RUNTIME_SYNC_H
#define LOOPHOUND_RUNTIME_SYNC_H

#include "runtime/wait.h"

ASYNC_SUSPENDS int sync_event_wait(const char *here, struct async_event *event,
				   const struct async_future_kind *kind, const void *owner);
ASYNC_SUSPENDS int sync_condition_wait_for(const char *here, struct async_condition *condition,
					   int (*predicate)(void *arg), void *arg,
					   const struct async_future_kind *kind, const void *owner);

#endif
