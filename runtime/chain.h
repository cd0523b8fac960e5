/* SPDX-License-Identifier: MIT */
/*
 * chain.h - from a future to the task that waits for it, through gather() and its kin.
 *
 * These have a callback of their own on what they look after, and a future of their own that the
 * waiter waits for. Each knows its callback, and says which future that leads to. For the watchdog's
 * thread: memory of a loop that runs on is copied through the kernel, which fails instead of
 * faulting.
 */
#ifndef LOOPHOUND_RUNTIME_CHAIN_H
#define LOOPHOUND_RUNTIME_CHAIN_H

#include "runtime/async.h"

struct task;

/* False when there is no such memory. */
bool chain_peek(void *copy, const void *from, size_t size);

/* The task that waits for the future at that address, perhaps through others. NULL: none is found. */
const struct task *chain_waiter(const struct async_future *address);
/* The task whose wake-up the handle at that address, of which this is a copy, is; NULL: another's. */
const struct task *chain_task_of(const struct async_handle *handle, const void *address);

/* The future that this callback leads to. NULL: it is none of theirs, or nobody waits. */
const struct async_future *gather_leads_to(const struct async_handle *handle);
const struct async_future *wait_leads_to(const struct async_handle *handle);
const struct async_future *completion_leads_to(const struct async_handle *handle);
const struct async_future *shield_leads_to(const struct async_handle *handle);
const struct async_future *taskgroup_leads_to(const struct async_handle *handle);

#endif
