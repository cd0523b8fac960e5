/* SPDX-License-Identifier: MIT */
/*
 * print.c - the groups of stacks as text, in Go's manner: a line that says what the task waits for,
 * the program's own functions, where the task was created, and who else stands there.
 */
#include "runtime/dump/dump.h"

#include <string.h>

#define RANGES_SHOWN 8

/* ---- Frames ---------------------------------------------------------------------------------- */

static bool same(const struct symbol_frame *a, const struct symbol_frame *b)
{
	return a->line == b->line && a->offset == b->offset && a->owner == b->owner &&
	       strcmp(a->function, b->function) == 0;
}

/* Recursion: how many frames from here on are one and the same. */
static size_t count_same(const struct symbol_frame *frames, size_t count)
{
	size_t times = 1;

	while (times < count && same(&frames[0], &frames[times]))
		times++;
	return times;
}

static void say_frame(struct dump *dump, const struct symbol_frame *frame, size_t times)
{
	dump_say(dump, "    %-24s ", frame->function[0] ? frame->function : "?");
	if (frame->line > 0)
		dump_say(dump, "%s:%d%s", frame->file, frame->line,
			 frame->gap ? " (a tail call)" : "");
	else if (frame->gap)
		dump_say(dump, "(a tail call: frames are missing)");
	else
		dump_say(dump, "%s+0x%lx", frame->module, (unsigned long)frame->offset);
	dump_say(dump, times > 1 ? " (%zu times)\n" : "\n", times);
}

/* The one that the program has called stands for all that are above it. */
static void say_folded(struct dump *dump, const struct symbol_frame *frame, size_t count)
{
	const char *function = frame->function[0] ? frame->function : frame->module;
	size_t length = strlen(function);

	/* async_sleep() is a macro for async_sleep_at(). */
	if (length > 3 && strcmp(function + length - 3, "_at") == 0)
		length -= 3;
	dump_say(dump, "    %.*s", (int)length, function);
	dump_say(dump, count > 1 ? "  (and %zu more above it)\n" : "\n", count - 1);
}

/* net/ and http/ have tasks of their own, whose functions are then what one wants to see. */
static bool is_own(const struct symbol_frame *frame, bool library)
{
	return frame->owner == SYMBOL_PROGRAM ||
	       (library && frame->owner == SYMBOL_RUNTIME && frame->line > 0 &&
		!strstr(frame->file, "runtime/"));
}

/* How many frames are not below the task's outermost function, which are the same for all. */
static size_t count_own(const struct dump *dump, size_t count, bool library)
{
	while (count > 0 && !is_own(&dump->frames[count - 1], library))
		count--;
	return count;
}

/* True when a place is among them. The last of the frames is the task's own. */
static bool say_frames(struct dump *dump, size_t count, bool library)
{
	const struct symbol_frame *frames = dump->frames;
	bool placed = false;

	for (size_t i = 0, from = 0; i < count; from = i) {
		while (!is_own(&frames[i], library))
			i++;
		if (i > from)
			say_folded(dump, &frames[i - 1], i - from);
		from = i;
		i += count_same(&frames[i], count - i);
		say_frame(dump, &frames[from], i - from);
		placed |= frames[from].line > 0;
	}
	return placed;
}

/* The place of the wait is known even where the stack does not tell. */
static void say_stack(struct dump *dump, const struct task *task)
{
	size_t all = dump_unwind(dump, task), own = count_own(dump, all, false);
	bool library = own == 0;
	char place[DUMP_LINE];

	if (library)
		own = count_own(dump, all, true);
	if (say_frames(dump, own, library) || task->state != TASK_WAITING)
		return;
	dump_copy_text(dump, task->waiting_at, place);
	dump_say(dump, "    waits at %s%s\n", place,
		 own   ? ""
		 : all ? " (a tail call has erased its frames)"
		       : " (its stack cannot be read)");
}

static void say_created(struct dump *dump, const struct task *task)
{
	char text[DUMP_LINE];

	dump_copy_text(dump, task->label, text);
	dump_say(dump, "    created to run %s", text);
	dump_copy_text(dump, task->created_at, text);
	dump_say(dump, " %s %s", strchr(text, ':') ? "at" : "by", text);
	if (task->created_by) {
		dump_describe_name(dump, task->created_by, text);
		dump_say(dump, " by %s", text);
	}
	dump_say(dump, "\n");
}

void dump_print_task(struct dump *dump, size_t index)
{
	char text[DUMP_LINE];
	struct task task;

	if (!dump_task(dump, index, &task))
		return;
	dump_describe_name(dump, task.id, text);
	dump_say(dump, "%s ", text);
	dump_describe(dump, &task, text);
	dump_say(dump, "[%s]:\n", text);
	say_stack(dump, &task);
	say_created(dump, &task);
}

/* ---- Groups ---------------------------------------------------------------------------------- */

/* "tasks 18-21, 30" */
static void say_others(struct dump *dump, int32_t group)
{
	uint64_t first = 0, last = 0;
	size_t ranges = 0, i = (size_t)dump->groups[group].first + 1;

	dump_say(dump, "    and %u more with this stack:", dump->groups[group].count - 1);
	for (;; i++) {
		const struct dump_entry *entry = &dump->entries[i];

		if (i < dump->count && entry->group != group)
			continue;
		if (i < dump->count && first && entry->id == last + 1) {
			last = entry->id;
			continue;
		}
		if (first && ++ranges > RANGES_SHOWN)
			break;
		if (first && last > first)
			dump_say(dump, " %llu-%llu", (unsigned long long)first,
				 (unsigned long long)last);
		else if (first)
			dump_say(dump, " %llu", (unsigned long long)first);
		if (i == dump->count)
			break;
		first = last = entry->id;
	}
	dump_say(dump, ranges > RANGES_SHOWN ? " ...\n" : "\n");
}

void dump_print_groups(struct dump *dump)
{
	size_t shown = dump->group_count < DUMP_GROUPS ? dump->group_count : DUMP_GROUPS;
	size_t hidden = dump->skipped;

	for (size_t i = 0; i < shown && !dump_moved(dump); i++) {
		dump_say(dump, "\n");
		dump_print_task(dump, (size_t)dump->groups[i].first);
		if (dump->groups[i].count > 1)
			say_others(dump, (int32_t)i);
	}
	for (size_t i = shown; i < dump->group_count; i++)
		hidden += dump->groups[i].count;
	if (hidden && !dump->moved)
		dump_say(dump, "\nand %zu tasks more, on other stacks\n", hidden);
}
