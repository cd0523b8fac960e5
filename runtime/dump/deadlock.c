/* SPDX-License-Identifier: MIT */
/*
 * deadlock.c - the loop can never wake up again: who waits for what, and in which circles.
 */
#include "runtime/dump/dump.h"

#include <unistd.h>

#define LISTED_MAX 50

static void say_waiting(struct dump *dump, size_t index)
{
	char name[DUMP_LINE], text[DUMP_LINE], waiting_at[DUMP_LINE], created_at[DUMP_LINE];
	struct task task;

	if (!dump_task(dump, index, &task))
		return;
	dump_describe_name(dump, task.id, name);
	dump_describe_wait(dump, &task, text);
	dump_copy_text(dump, task.waiting_at, waiting_at);
	dump_copy_text(dump, task.created_at, created_at);
	dump_say(dump, "  %s waits at %s: %s (created at %s)\n", name, waiting_at, text,
		 created_at);
}

void report_deadlock(struct async_loop *loop)
{
	struct dump_request request = { .loop = loop, .fd = STDERR_FILENO };
	struct dump *dump = dump_open(&request);

	fprintf(stderr,
		"deadlock: nothing is ready, no timer pends, and nothing outside can wake the loop; "
		"%zu task%s wait%s for ever%s\n",
		loop->task_count, loop->task_count == 1 ? "" : "s",
		loop->task_count == 1 ? "s" : "",
		dump ? ":" : ", and there is no memory to say which");
	if (!dump)
		return;
	for (size_t i = 0; i < dump->count && i < LISTED_MAX; i++)
		say_waiting(dump, i);
	if (dump->count > LISTED_MAX)
		dump_say(dump, "  and %zu more\n", dump->count - LISTED_MAX);
	dump_tree(dump, false);
	dump_cycles(dump);
	dump_close(dump);
}
