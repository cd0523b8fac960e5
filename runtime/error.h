/* SPDX-License-Identifier: MIT */
/* error.h - a failure's record, shared by the tasks that it passes through. */
#ifndef LOOPHOUND_RUNTIME_ERROR_H
#define LOOPHOUND_RUNTIME_ERROR_H

#include <stdarg.h>

#include "runtime/async.h"

struct error_record {
	int references; /* -1: static */
	bool made_up;	/* a text for who asks, not one that came with the failure */
	struct async_error error;
	struct async_error_member *members; /* whose errors are records too, each taken once */
	char text[];
};

/* Never NULL: without memory it is a static record that says so. */
struct error_record *error_record_make(int code, const char *function, const char *file, int line,
				       const char *format, va_list arguments)
	__attribute__((nonnull(5), format(printf, 5, 0)));
struct error_record *error_record_text(int code, const char *function, const char *file, int line,
				       const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* The record if it is for this code, else NULL. */
struct error_record *error_record_for(struct error_record *record, int code);
/* record may be NULL for both. */
struct error_record *error_record_take(struct error_record *record);
void error_record_drop(struct error_record *record);

#endif
