/* SPDX-License-Identifier: MIT */
/*
 * file.c - the one file of the process, into which all its loops write, and the list of their
 * recorders, which a fatal signal goes through.
 *
 * The file is open while there is a loop that writes to it. Writers take turns by a lock; a signal
 * handler takes none, and whoever writes at that moment gets a tenth of a second to finish.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/say.h"
#include "runtime/loop.h"
#include "runtime/trace/piece.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* The lock's. */
static struct piece_file file;
static pid_t process; /* whose file it is; 0: there is none yet */
static unsigned users;
static bool broken; /* which was said */

static _Atomic(struct trace *) recorders[TRACE_RECORDERS];
static atomic_bool crashing, writing;
static atomic_uint opened;
static _Atomic(int64_t) origin;

static void say(const char *name, const char *what)
{
	char text[400];
	int length = snprintf(text, sizeof text, "loophound: trace: %s: %s\n", name, what);

	say_all(text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

/* ---- Opening and closing --------------------------------------------------------------------- */

static int open_for(const char *name, enum async_trace_format format)
{
	bool again = process == getpid() && !strcmp(name, file.name);
	int rc;

	/* A forked child leaves its parent's file alone. */
	if (process && process != getpid() && !strcmp(name, file.name))
		return ASYNC_EBUSY;
	/* One file at a time: a loop that asks for another one goes unrecorded. */
	if (users && process == getpid()) {
		if (!again)
			say(name, "not recorded: this process writes to another file already");
		return again ? 0 : ASYNC_EBUSY;
	}
	rc = piece_open(&file, name, format, again);
	process = getpid();
	users = 0;
	broken = rc < 0;
	if (rc < 0)
		say(name, async_strerror(rc));
	return rc;
}

/* 0 or a negative code. Then the recorder is to be closed. */
static int enter_file(const struct trace_options *options)
{
	char name[PIECE_NAME];
	int rc = piece_name(name, options->file);

	pthread_mutex_lock(&lock);
	if (rc == 0)
		rc = open_for(name, options->format);
	users += rc == 0;
	pthread_mutex_unlock(&lock);
	return rc;
}

static void leave_file(void)
{
	pthread_mutex_lock(&lock);
	if (process == getpid() && --users == 0 && !atomic_load(&crashing))
		piece_close(&file);
	pthread_mutex_unlock(&lock);
}

static int enter_list(struct trace *trace)
{
	for (size_t i = 0; i < TRACE_RECORDERS; i++) {
		struct trace *nobody = NULL;

		if (atomic_compare_exchange_strong(&recorders[i], &nobody, trace))
			return 0;
	}
	return ASYNC_ENOMEM;
}

static void leave_list(struct trace *trace)
{
	for (size_t i = 0; i < TRACE_RECORDERS; i++) {
		struct trace *mine = trace;

		atomic_compare_exchange_strong(&recorders[i], &mine, NULL);
	}
}

int trace_file_enter(struct trace *trace, const struct trace_options *options)
{
	int64_t none = 0;
	int rc = options->file[0] ? enter_file(options) : 0;

	if (rc < 0)
		return rc;
	trace->to_file = options->file[0];
	trace->number = atomic_fetch_add(&opened, 1) + 1;
	atomic_compare_exchange_strong(&origin, &none, trace->opened);
	rc = enter_list(trace);
	if (rc < 0 && trace->to_file)
		leave_file();
	return rc;
}

void trace_file_leave(struct trace *trace)
{
	leave_list(trace);
	if (trace->to_file)
		leave_file();
	/* A handler that has begun to read it never returns. */
	if (!atomic_load(&crashing))
		trace_free(trace);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static void write_locked(struct trace *trace)
{
	int rc;

	if (!trace->to_file || broken || process != getpid() || atomic_load(&crashing))
		return;
	atomic_store(&writing, true);
	rc = piece_write(&file, trace, atomic_load(&origin));
	atomic_store(&writing, false);
	broken = rc < 0;
	if (rc < 0)
		say(file.name, async_strerror(rc));
}

void trace_file_write(struct trace *trace)
{
	pthread_mutex_lock(&lock);
	write_locked(trace);
	pthread_mutex_unlock(&lock);
}

/* The watchdog waits for nobody: a loop may be held up because it is writing. */
void trace_file_stalled(struct trace *trace)
{
	if (!(trace->on & ASYNC_TRACE_ON_STALL) || pthread_mutex_trylock(&lock) != 0)
		return;
	write_locked(trace);
	pthread_mutex_unlock(&lock);
}

/* All that is in the ring, to a file of its own; the process's file does not miss it. */
static int write_all(struct trace *trace, const char *name, enum async_trace_format format)
{
	static struct piece_file to;
	uint64_t written = trace->written;
	int64_t stalls_written = trace->stalls_written;
	int rc = piece_open(&to, name, format, false), closed;

	if (rc < 0)
		return rc;
	trace->written = 0;
	trace->stalls_written = 0;
	rc = piece_write(&to, trace, trace->opened);
	trace->written = written;
	trace->stalls_written = stalls_written;
	closed = piece_close(&to);
	return rc < 0 ? rc : closed;
}

int async_trace_write(const char *file_name, enum async_trace_format format)
{
	struct trace *trace = loop_current ? loop_current->trace : NULL;
	char name[PIECE_NAME];
	int rc = piece_name(name, file_name);

	if (!trace)
		return ASYNC_EINVALIDSTATE;
	if (rc < 0 || (format == ASYNC_TRACE_CHROME && !strcmp(name, "-")))
		return rc < 0 ? rc : ASYNC_EINVAL;
	pthread_mutex_lock(&lock);
	rc = write_all(trace, name, format);
	pthread_mutex_unlock(&lock);
	return rc;
}

/* ---- In a signal handler --------------------------------------------------------------------- */

bool trace_file_crash_begin(void)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	if (atomic_exchange(&crashing, true))
		return false;
	for (int i = 0; i < 100 && atomic_load(&writing); i++)
		nanosleep(&moment, NULL);
	return true;
}

void trace_file_crash_write(size_t index)
{
	struct trace *trace = atomic_load(&recorders[index]);

	if (trace && trace->to_file && (trace->on & ASYNC_TRACE_ON_CRASH) && !broken &&
	    process == getpid())
		broken = piece_write(&file, trace, atomic_load(&origin)) < 0;
}

void trace_file_crash_end(void)
{
	atomic_store(&crashing, false);
}
