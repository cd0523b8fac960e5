/* SPDX-License-Identifier: MIT */
/* piece.h - a piece of a loop's life goes into a file. All of it may be done in a signal handler. */
#ifndef LOOPHOUND_RUNTIME_TRACE_PIECE_H
#define LOOPHOUND_RUNTIME_TRACE_PIECE_H

#include "runtime/trace/recorder.h"

enum { PIECE_NAME = 256 };

struct piece_file {
	char name[PIECE_NAME];
	int fd; /* stderr's, if the name is "-" */
	bool chrome, first;
	int64_t size; /* without the end of the JSON */
	char buffer[16 * 1024];
};

/* %p in the pattern becomes the process's id. 0 or -ENAMETOOLONG. */
int piece_name(char to[PIECE_NAME], const char *pattern);

/* Empties the file, or goes on in it. 0 or a negative errno. */
int piece_open(struct piece_file *to, const char *name, enum async_trace_format format, bool again);
int piece_close(struct piece_file *to);

/* What the recorder has not written yet. origin is the time 0 of the Chrome format. 0 or an errno. */
int piece_write(struct piece_file *to, struct trace *trace, int64_t origin);

#endif
