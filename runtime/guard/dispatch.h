/* SPDX-License-Identifier: MIT */
/*
 * dispatch.h - between the handler of trapped system calls and what it does about signals.
 */
#ifndef LOOPHOUND_RUNTIME_GUARD_DISPATCH_H
#define LOOPHOUND_RUNTIME_GUARD_DISPATCH_H

#include "runtime/guard/internal.h"

#include <signal.h>

/* How a call that was trapped goes on. */
enum way {
	RESUME, /* the handler returns to guard_resume() */
	DONE,	/* the call has been made, its result is in rax */
	REWIND, /* it is made where it was, and the guard is off until the next slice */
	ANEW,	/* the instruction pointer says where */
};

/* The one rt_sigreturn that is let pass: resume_x86_64.S. */
void guard_return(void);

/* Makes SIGSYS come to the handler, in this thread and for good. 0 or -errno. */
int dispatch_signals_start(void (*handler)(int number, siginfo_t *info, void *context));
/* A SIGSYS that no system call of ours has caused. */
void dispatch_pass_on(int number, siginfo_t *info, void *context);

/* rt_sigreturn, rt_sigprocmask, rt_sigaction, and the calls that wait under a mask. */
enum way dispatch_return(greg_t *registers);
enum way dispatch_mask(ucontext_t *context);
enum way dispatch_action(greg_t *registers);
enum way dispatch_wait(greg_t *registers);

#endif
