/* SPDX-License-Identifier: MIT */
/* fatal.h - a fatal signal, once it has been told of, goes to whoever handled it before. */
#ifndef LOOPHOUND_RUNTIME_FATAL_H
#define LOOPHOUND_RUNTIME_FATAL_H

#include <signal.h>

/* In a handler: what handled the signal before has its turn; by default the process ends with it. */
void fatal_pass_on(const struct sigaction *before, int number, siginfo_t *info, void *context);

#endif
