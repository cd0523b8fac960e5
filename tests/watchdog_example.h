/* SPDX-License-Identifier: MIT */
/* watchdog_example.h - a made-up stall, for the tests of what is pure. */
#ifndef LOOPHOUND_TESTS_WATCHDOG_EXAMPLE_H
#define LOOPHOUND_TESTS_WATCHDOG_EXAMPLE_H

#include <string.h>
#include <sys/syscall.h>

#include "runtime/watchdog/internal.h"

#define MS INT64_C(1000000)

static inline void add_frame(struct watchdog_stall *stall, enum symbol_owner owner,
			     const char *function, const char *module, const char *file, int line)
{
	struct symbol_frame *frame = &stall->frames[stall->frame_count++];

	memset(frame, 0, sizeof *frame);
	frame->owner = owner;
	frame->line = line;
	frame->offset = 0x1000 + (uintptr_t)stall->frame_count;
	strcpy(frame->function, function);
	strcpy(frame->module, module);
	strcpy(frame->file, file);
}

/* The one of the design: task 17 sleeps in polite_delay, called by fetch_one. */
static inline struct watchdog_stall *example(void)
{
	static struct watchdog_stall stall;

	memset(&stall, 0, sizeof stall);
	stall.number = 4;
	stall.seen = 1;
	stall.view.id = 17;
	strcpy(stall.view.name, "fetch");
	strcpy(stall.who, "fetch");
	stall.view.created_at = "crawler.c:201";
	stall.limit = 100 * MS;
	stall.held = 104 * MS;
	stall.cpu = MS / 10;
	stall.blocked = 1037 * MS / 10;
	stall.waiting = MS / 5;
	stall.has_waiting = true;
	stall.call.state = WATCHDOG_BLOCKED;
	stall.call.number = SYS_clock_nanosleep;
	stall.sleep = stall.timeout = 0.3;
	stall.fd = -1;
	stall.view.label = "fetch_one";
	stall.view.creator = 1;
	strcpy(stall.view.creator_name, "main");
	stall.victims =
		(struct victims){ .tasks = 42, .late = 3, .worst = 287 * MS, .has_task = true };
	stall.victims.task.id = 9;
	strcpy(stall.victims.task.name, "heartbeat");
	stall.victims.task.waiting_at = "crawler.c:41";
	add_frame(&stall, SYMBOL_SYSTEM, "__GI___clock_nanosleep", "libc.so.6", "", 0);
	add_frame(&stall, SYMBOL_SYSTEM, "__nanosleep", "libc.so.6", "", 0);
	add_frame(&stall, SYMBOL_SYSTEM, "usleep", "libc.so.6", "", 0);
	add_frame(&stall, SYMBOL_PROGRAM, "polite_delay", "crawler", "crawler.c", 88);
	add_frame(&stall, SYMBOL_PROGRAM, "fetch_one", "crawler", "crawler.c", 131);
	add_frame(&stall, SYMBOL_RUNTIME, "task_main", "crawler", "runtime/task.c", 200);
	return &stall;
}

#endif
