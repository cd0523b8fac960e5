/* SPDX-License-Identifier: MIT */
/*
 * guard.h - the loop's side of the strict guard: every call that may block, made in a slice, is
 * noted at the call, however short it turns out to be. async_watchdog.h tells users about it.
 *
 * Rules for the loop:
 *  - All on the loop's own thread; the heartbeat outlives the guard. NULL is a guard that is off.
 *  - A thread is guarded while its loop runs, from guard_enter() to guard_leave(), and in that time
 *    a slice is, from heartbeat_begin() to heartbeat_end(), which store a byte each.
 *  - guard_report() between two turns, when heartbeat.noted says so.
 */
#ifndef LOOPHOUND_RUNTIME_GUARD_H
#define LOOPHOUND_RUNTIME_GUARD_H

#include "runtime/heartbeat.h"

struct guard;

/* How this build catches calls: "dispatch", "interpose", or "none". */
extern const char guard_backend[];

/* NULL unless LOOPHOUND_WATCHDOG asks for it, and where there is none: the loop runs all the same. */
struct guard *guard_start(struct heartbeat *hb);
void guard_enter(struct guard *guard);
void guard_leave(struct guard *guard);
/* Names, prints and counts what was noted. */
void guard_report(struct guard *guard);
/* Reports what is left, and gives all back. */
void guard_stop(struct guard *guard);

#endif
