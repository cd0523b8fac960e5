/* SPDX-License-Identifier: MIT */
/*
 * tree.c - who awaits whom: first the tasks that nobody awaits, below each the ones it waits for.
 *
 * A walk in depth without recursion: the way back is in the entries. A task that is awaited by several
 * is shown below the first; one that is found on the way from the root to itself closes a cycle.
 * Cycles that nobody outside waits for have no root, and are entered where they are oldest. Siblings
 * that wait for nobody and look alike are folded.
 */
#include "runtime/dump/dump.h"

#include <string.h>

#define FOLD_AFTER 3
#define INDENT_MAX 20

struct walk {
	struct dump *dump;
	bool print;
	size_t lines;
	unsigned depth;
	/* The siblings that look alike, up to here. */
	const char *label, *waiting_at;
	size_t alike, folded;
};

static int indent(unsigned depth)
{
	return 2 * (int)(depth < INDENT_MAX ? depth : INDENT_MAX);
}

static bool may_print(struct walk *walk)
{
	return walk->print && walk->lines < DUMP_TREE_LINES;
}

static void end_fold(struct walk *walk)
{
	if (walk->folded && may_print(walk)) {
		dump_say(walk->dump, "%*sand %zu more like it\n", indent(walk->depth), "",
			 walk->folded);
		walk->lines++;
	}
	walk->alike = walk->folded = 0;
}

/* True when it is one of many that look the same, and goes without a line of its own. */
static bool fold(struct walk *walk, const struct dump_entry *entry, const struct task *task)
{
	bool same = entry->edges == 0 && walk->alike && walk->label == task->label &&
		    walk->waiting_at == task->waiting_at;

	if (!same)
		end_fold(walk);
	if (entry->edges)
		return false;
	walk->label = task->label;
	walk->waiting_at = task->waiting_at;
	if (++walk->alike <= FOLD_AFTER)
		return false;
	walk->folded++;
	return true;
}

static void show(struct walk *walk, size_t index)
{
	struct dump *dump = walk->dump;
	char name[DUMP_LINE], text[DUMP_LINE], place[DUMP_LINE];
	struct task task;

	if (!walk->print || dump_moved(dump) || !dump_task(dump, index, &task))
		return;
	dump->entries[index].shown = fold(walk, &dump->entries[index], &task) || may_print(walk);
	if (walk->folded || !may_print(walk))
		return;
	dump_describe_name(dump, task.id, name);
	dump_describe(dump, &task, text);
	dump_copy_text(dump, task.state == TASK_WAITING ? task.waiting_at : task.created_at, place);
	dump_say(dump, "%*s%s [%s] %s %s\n", indent(walk->depth), "", name, text,
		 task.state == TASK_WAITING ? "at" : "created at", place);
	walk->lines++;
}

static void refer(struct walk *walk, size_t index)
{
	bool cycle = walk->dump->entries[index].visit == DUMP_ON_PATH;
	char name[DUMP_LINE];

	end_fold(walk);
	if (!may_print(walk))
		return;
	dump_describe_name(walk->dump, walk->dump->entries[index].id, name);
	dump_say(walk->dump, "%*s%s %s\n", indent(walk->depth), "", name,
		 cycle ? "(above: this is a cycle)" : "(shown above)");
	walk->lines++;
}

static void note_cycle(struct dump *dump, int32_t from, int32_t to)
{
	if (dump->cycle_count == DUMP_CYCLES)
		return;
	dump->cycles[dump->cycle_count].from = from;
	dump->cycles[dump->cycle_count++].to = to;
}

static void enter(struct walk *walk, int32_t index, int32_t parent)
{
	struct dump_entry *entry = &walk->dump->entries[index];

	entry->visit = DUMP_ON_PATH;
	entry->parent = parent;
	entry->next_edge = 0;
	show(walk, (size_t)index);
}

static void walk_from(struct walk *walk, int32_t root)
{
	struct dump *dump = walk->dump;
	int32_t at = root;

	enter(walk, root, DUMP_NONE);
	while (at != DUMP_NONE) {
		struct dump_entry *entry = &dump->entries[at];
		int32_t next;

		if (entry->next_edge == entry->edges) {
			if (entry->edges) {
				end_fold(walk);
				walk->depth--;
			}
			entry->visit = DUMP_LEFT;
			at = entry->parent;
			continue;
		}
		walk->depth += entry->next_edge == 0;
		next = (int32_t)dump->edges[entry->first_edge + entry->next_edge++];
		if (dump->entries[next].visit == DUMP_NEW) {
			enter(walk, next, at);
			at = next;
			continue;
		}
		refer(walk, (size_t)next);
		if (dump->entries[next].visit == DUMP_ON_PATH)
			note_cycle(dump, at, next);
	}
}

void dump_tree(struct dump *dump, bool print)
{
	struct walk walk = { .dump = dump, .print = print };
	size_t hidden = 0;

	for (size_t i = 0; i < dump->count; i++)
		if (!dump->entries[i].awaited)
			walk_from(&walk, (int32_t)i);
	end_fold(&walk);
	for (size_t i = 0; i < dump->count; i++)
		if (dump->entries[i].visit == DUMP_NEW)
			walk_from(&walk, (int32_t)i);
	end_fold(&walk);
	for (size_t i = 0; i < dump->count; i++)
		hidden += !dump->entries[i].shown;
	if (print && hidden && !dump->moved)
		dump_say(dump, "and %zu tasks more, which would make this too long\n", hidden);
	if (print && dump->edges_lost)
		dump_say(dump, "%zu waits for tasks are left out\n", dump->edges_lost);
}

/* ---- Cycles ---------------------------------------------------------------------------------- */

/* The way from one task of a cycle to the next one, as the entries' parents have it. */
static int32_t step(const struct dump *dump, int32_t at, int32_t from, int32_t to)
{
	int32_t next = from;

	if (at == from)
		return to;
	while (dump->entries[next].parent != at)
		next = dump->entries[next].parent;
	return next;
}

/* `waits for Lock held by task 3 "b"`, `awaits task 2 "a"`, `waits for gather of 2 with task 3 "b"` */
static void say_link(struct dump *dump, int32_t at, const char *target)
{
	static const char awaiting[] = "awaiting ";
	char text[DUMP_LINE] = "?";
	struct task task;

	if (dump_task(dump, (size_t)at, &task))
		dump_describe_wait(dump, &task, text);
	if (strncmp(text, awaiting, sizeof awaiting - 1) == 0)
		dump_say(dump, "awaits %s", text + sizeof awaiting - 1);
	else if (strstr(text, target))
		dump_say(dump, "waits for %s", text);
	else
		dump_say(dump, "waits for %s with %s", text, target);
}

static void say_cycle(struct dump *dump, int32_t from, int32_t to)
{
	char name[DUMP_LINE];
	int32_t at = to;
	int shown = 0;

	dump_describe_name(dump, dump->entries[to].id, name);
	dump_say(dump, "cycle: %s ", name);
	do {
		int32_t next = step(dump, at, from, to);

		dump_describe_name(dump, dump->entries[next].id, name);
		say_link(dump, at, name);
		at = next;
		dump_say(dump, at == to ? "\n" : ++shown < 12 ? ", which " : ", and so on\n");
	} while (at != to && shown < 12);
}

void dump_cycles(struct dump *dump)
{
	for (size_t i = 0; i < dump->cycle_count && !dump_moved(dump); i++)
		say_cycle(dump, dump->cycles[i].from, dump->cycles[i].to);
}
