/* SPDX-License-Identifier: MIT */
/* dumped.h - tasks with names, and what a call has printed of them. */
#ifndef LOOPHOUND_TESTS_DUMPED_H
#define LOOPHOUND_TESTS_DUMPED_H

#include "runtime/async.h"

/* A task of that name. */
struct async_task *dumped_start(int (*fn)(void *arg), void *arg, const char *name);

/* What print has written to its fd. */
const char *dumped(int (*print)(int fd));

#endif
