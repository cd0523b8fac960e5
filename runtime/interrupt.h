/* SPDX-License-Identifier: MIT */
/* interrupt.h - SIGINT and SIGTERM during async_run, for runtime/ only. */
#ifndef LOOPHOUND_RUNTIME_INTERRUPT_H
#define LOOPHOUND_RUNTIME_INTERRUPT_H

#include "runtime/task.h"

struct interrupt {
	struct async_loop *loop;
	struct task *main;
	int count;
};

/* Signals cancel main from here on; main has not ended and stays valid until end. */
void interrupt_begin(struct interrupt *interrupt, struct async_loop *loop, struct task *main,
		     enum async_signals signals);
/*
 * The dispositions are as before. rc is how running main ended, 0 when main has an outcome:
 * ASYNC_EINTERRUPTED if a signal was the reason, else rc.
 */
int interrupt_end(struct interrupt *interrupt, int rc);

#endif
