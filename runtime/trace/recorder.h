/* SPDX-License-Identifier: MIT */
/*
 * recorder.h - a loop's recorder from the inside, for the files of this folder.
 *
 *     record.c   the loop's side: events go into the ring
 *     ring.c     memory, the clock, and copies of what is in the ring
 *     stall.c    the watchdog's side: its last reports
 *     replay.c   what a format has to remember while it walks over a copy
 *     chrome.c chrome_json.c prose.c wrap.c   the formats, pure: a record in, characters out
 *     out.c      characters, without stdio: also for a signal handler
 *     options.c  what is asked for
 *     piece.c file.c  where it goes; crash.c on a fatal signal
 */
#ifndef LOOPHOUND_RUNTIME_TRACE_RECORDER_H
#define LOOPHOUND_RUNTIME_TRACE_RECORDER_H

#include <stdatomic.h>
#include <sys/types.h>

#include "runtime/async.h"
#include "runtime/trace/event.h"
#include "runtime/trace/out.h"

struct async_loop;

/* Its last stalls, written by the watchdog's thread alone; version is odd while it writes. */
enum { TRACE_STALLS = 8 };
struct trace_stalls {
	struct {
		_Atomic(uint32_t) version;
		_Atomic(int64_t) end;
		struct trace_stall stall;
	} slots[TRACE_STALLS];
	_Atomic(uint32_t) count; /* since the beginning */
};

struct trace {
	/* The writer's: the loop's thread. */
	_Atomic(uint64_t) *words; /* three an event */
	uint64_t mask;		  /* events in the ring, less 1 */
	_Atomic(uint64_t) head;	  /* events since the beginning */
	const struct async_loop *loop;
	int clock; /* enum trace_clock */
	uint8_t cause;
	int64_t cause_value;
	uint8_t wait; /* enum trace_wait of the wait that begins, if it is said */
	int64_t wait_value;

	/* For turning ticks into ns: both read at the same moment. */
	int64_t opened, opened_ticks;

	/* Where copies go: one reader at a time, see file.c. */
	struct trace_event *copy;
	struct trace_task *tasks;
	size_t slots;
	struct trace_stall stall_copy[TRACE_STALLS];
	uint64_t written;	/* events that have been written out, or were lost before */
	int64_t stalls_written; /* the begin of the last one */
	unsigned number, on;
	bool ended, to_file;

	struct trace_stalls stalls;
};

/* ring.c: NULL without memory. bytes is rounded down to what holds a power of two of events. */
struct trace *trace_new(const struct async_loop *loop, size_t bytes);
void trace_free(struct trace *trace);
int64_t trace_ticks(const struct trace *trace);
/* What has not been written yet, as far as it is still there. From any thread and signal handlers. */
void trace_copy(struct trace *trace, struct trace_record *record);
/* stall.c: the part of it that comes from the watchdog. */
size_t trace_copy_stalls(struct trace *trace);

/* replay.c */
void trace_replay_begin(const struct trace_record *record);
/* The task's slot, made if need be; NULL when there is no room. */
struct trace_task *trace_replay_task(const struct trace_record *record, uint32_t id);
/* Takes notice of the event at index; formats look at the slot before. */
void trace_replay_note(const struct trace_record *record, size_t index);
/* "fetch-1", or "Task-7" for a task without a name of its own. */
enum { TRACE_NAME_SIZE = 8 * TRACE_NAME_PARTS + 1 };
void trace_replay_name(const struct trace_record *record, uint32_t id, char name[TRACE_NAME_SIZE]);
/* What it runs, and where it was created; NULL: unknown. */
const char *trace_replay_label(const struct trace_record *record, uint32_t id);
const char *trace_replay_place(const struct trace_record *record, uint32_t id);

/* The formats. Chrome's: a list of objects, each with a comma before it but for the very first. */
void trace_chrome(struct trace_out *out, const struct trace_record *record, bool first);
void trace_prose(struct trace_out *out, const struct trace_record *record);

/* options.c: false when nothing is asked for. Says what it does not understand, once. */
struct trace_options {
	enum async_trace_format format;
	size_t size;
	unsigned on;	/* ASYNC_TRACE_ON_* */
	char file[256]; /* "-": stderr; "": none */
};
enum { TRACE_SIZE_DEFAULT = 6 << 20, TRACE_SIZE_LEAST = 64 * 24, TRACE_SIZE_MOST = 1 << 30 };
bool trace_options_get(struct trace_options *options);
/* NULL, or the first word that is not understood. */
const char *trace_options_parse(const char *text, struct trace_options *options);

/* file.c: the process's file, and the list of recorders. Says what goes wrong with the file. */
enum { TRACE_RECORDERS = 64 };
/* 0 or a negative code: then the recorder is still the caller's. */
int trace_file_enter(struct trace *trace, const struct trace_options *options);
/* Frees it, too. */
void trace_file_leave(struct trace *trace);
void trace_file_write(struct trace *trace);
/* After a stall, on the watchdog's thread. */
void trace_file_stalled(struct trace *trace);

/* In a signal handler. False: it is at work already, and failed itself. */
bool trace_file_crash_begin(void);
void trace_file_crash_write(size_t index);
/* Somebody knew what to do about the signal: the process lives on. */
void trace_file_crash_end(void);

/* crash.c: idempotent. 0 or a negative errno. */
int trace_crash_install(void);

#endif
