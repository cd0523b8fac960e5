/* SPDX-License-Identifier: MIT */
/* random_operations.h - what the files of operations share. */
#ifndef LOOPHOUND_TESTS_RANDOM_OPERATIONS_H
#define LOOPHOUND_TESTS_RANDOM_OPERATIONS_H

#include <stdio.h>
#include <string.h>

#include "tests/conformance/random.h"

#define MACHINE_MESSAGES ((const char *const[]){ NULL, "m", "n" })

/* A function of an operation's name. */
#define OPERATION(title)                                                          \
	static int op_##title(__attribute__((unused)) struct frame *frame,        \
			      __attribute__((unused)) const struct operation *op, \
			      __attribute__((unused)) char *text)

static inline int none(char *text)
{
	strcpy(text, "none");
	return 0;
}

/* A value of 0 or more is the operation's text. */
static inline int number(char *text, int rc)
{
	if (rc < 0)
		return rc;
	sprintf(text, "%d", rc);
	return 0;
}

struct operation_entry {
	const char *name;
	operation_run *run;
};
#define ENTRY(title)               \
	{                          \
#title, op_##title \
	}
extern const struct operation_entry operations_of_sync[];

#endif
