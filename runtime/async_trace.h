/* SPDX-License-Identifier: MIT */
/*
 * async_trace.h - the flight recorder: what a loop did in its last seconds. A chapter of the manual.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_TRACE_H
#define LOOPHOUND_RUNTIME_ASYNC_TRACE_H

#include <stddef.h>

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Each loop writes what happens on it into a ring of 24-byte events: tasks created, woken and by
 * whom, resumed, suspended and why, ended; polls, timers, jobs for threads, stalls. It is off unless
 * asked for, here or in the environment, which is stronger:
 *
 *     LOOPHOUND_TRACE=run.json          for Perfetto (ui.perfetto.dev), chrome://tracing, speedscope
 *     LOOPHOUND_TRACE=run.txt           as prose, a paragraph for each turn of the loop
 *     LOOPHOUND_TRACE=text              the same on stderr
 *     LOOPHOUND_TRACE=file=run.json,size=64M,on=stall+crash
 *     LOOPHOUND_TRACE=off
 *
 * A file's name has a dot or a slash in it, or file= before it; %p in it becomes the process's id,
 * so that programs started by the traced one do not write over its file. Words that are not
 * understood are said on stderr, and nothing is recorded. "text" and "chrome" choose the format
 * where the name does not: .txt is prose.
 *
 * All loops of a process go into one file, each as a process of its own in the picture. The file is
 * complete after each piece that is written.
 */
enum async_trace_format { ASYNC_TRACE_CHROME, ASYNC_TRACE_TEXT };

/* When a loop's ring is written out. on=end, on=stall, on=crash; with + between. */
enum {
	ASYNC_TRACE_ON_END = 1, /* when the loop is closed; the default, if nothing else is said */
	ASYNC_TRACE_ON_STALL = 2, /* when a stall that the watchdog reported has ended */
	/*
	 * On SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT: all loops of the process, with write(2) alone.
	 * Then whoever handled the signal before has his turn, by default the end of the process.
	 */
	ASYNC_TRACE_ON_CRASH = 4,
};

struct async_trace_options {
	const char *file; /* copied; "-": stderr; NULL: none, for async_trace_write() */
	enum async_trace_format format; /* of that file */
	size_t size; /* of the ring in bytes; 0: 6 MiB, some 260,000 events. Rounded down */
	unsigned on; /* ASYNC_TRACE_ON_*; 0: at the end */
};

/*
 * For loops that start from now on; NULL: none is recorded. A file is created when the first of them
 * starts. 0, or ASYNC_EINVAL: the name is longer than 255 bytes, or chrome is to go to stderr.
 */
int async_trace_configure(const struct async_trace_options *options);

/*
 * For a program's option --trace FILE: at the end and at a crash, in prose on stderr for "-" and into
 * a file whose name ends in .txt, else in the Chrome format. 0, or the negative errno for which the
 * file cannot be written.
 */
int async_trace_to(const char *file);

/*
 * Writes what the running loop has in its ring to this file, which is replaced; "-" is stderr, for
 * prose alone (ASYNC_EINVAL). It blocks the thread, like any write to a file. 0,
 * ASYNC_EINVALIDSTATE when no loop runs here or it is not recorded, or a negative errno.
 */
int async_trace_write(const char *file, enum async_trace_format format);

#ifdef __cplusplus
}
#endif
#endif
