/* SPDX-License-Identifier: MIT */
/*
 * async_scope.h - cancellation where nothing unwinds by itself: a chapter of the manual.
 *
 * asyncio's cancellation is an edge: one wait fails, the next ones work again. Python unwinds from
 * the first; in C a function that overlooks the code goes on to its next wait and hangs there. Three
 * helpers beyond asyncio: a scope in which a cancellation stays, a section that none gets into, and
 * clean-ups that run however the task ends.
 *
 *     async_scope_enter(&scope);
 *     rc = several_waits();                     // cancelled once, all of them fail
 *     async_shielded_begin(&section);
 *     say_goodbye(connection);                  // these waits work
 *     async_shielded_end(&section);
 *     rc = async_scope_exit(&scope, rc);
 *
 * Rules for users:
 *  - Scopes and sections are the caller's memory, begin and end in one function, and nest.
 *  - Whoever has entered must leave: a task that ends inside one aborts.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_SCOPE_H
#define LOOPHOUND_RUNTIME_ASYNC_SCOPE_H

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Private but for its size. */
struct async_scope {
	struct async_scope *outer;
	const char *entered_at;
	void *task;
	int saved_cancelling;
	unsigned depth; /* shielded sections around it */
	bool section;	/* a shielded section, not a scope */
	bool cancelled; /* by async_scope_cancel() */
	bool pending;	/* a section: a cancellation had not been delivered when it began */
	int deferred;	/* a section: cancellations that wait for its end */
};

/*
 * A cancel scope in level mode: once the task has been cancelled, by whomever, each further wait in
 * the scope that would suspend returns ASYNC_ECANCELED until the scope ends. What a timeout or a
 * task group inside of it takes back with its end (ASYNC_ETIMEOUT) does not stay.
 */
#define async_scope_enter(scope) async_scope_enter_at(ASYNC_HERE, (scope))
void async_scope_enter_at(const char *here, struct async_scope *scope);
/* Cancels what is in the scope, from this or another task of the loop. Once is enough. */
void async_scope_cancel(struct async_scope *scope);
bool async_scope_cancelled(const struct async_scope *scope);
/*
 * rc, or 0 in place of ASYNC_ECANCELED if async_scope_cancel() was the only reason for that.
 */
int async_scope_exit(struct async_scope *scope, int rc);

/*
 * A shielded section: cancellations of the task wait until it ends, then its next wait fails. What
 * is begun inside, a timeout, a task group, a scope, can still cancel it: give clean-up a limit.
 */
#define async_shielded_begin(section) async_shielded_begin_at(ASYNC_HERE, (section))
void async_shielded_begin_at(const char *here, struct async_scope *section);
void async_shielded_end(struct async_scope *section);

/*
 * Clean-ups of the running task: run(arg) when its function has returned, whatever it returned, the
 * latest first, on its stack, in a shielded section; they may wait. Whoever awaits the task gets its
 * outcome when they have run. They do not run for a task that was cancelled before it began.
 * push: 0 or ASYNC_ENOMEM.
 */
int async_cleanup_push(void (*run)(void *arg), void *arg);
/* Takes the latest back; and_run: runs it now. Aborts when there is none. */
void async_cleanup_pop(bool and_run);

#ifdef __cplusplus
}
#endif
#endif
