/* SPDX-License-Identifier: MIT */
/*
 * stack.c - the part of a report that says where. Pure.
 *
 * The program's own frames are shown, innermost first; those of libraries and of the runtime above it
 * are folded into their names.
 */
#include "runtime/watchdog/internal.h"
#include "runtime/watchdog/text.h"

#include <stdio.h>
#include <string.h>

enum { MAX_SHOWN = 8 };

/* "crawler.c:88", or for loophound-decode "crawler+0x1234 (BuildId 3f..)". */
void watchdog_add_place(struct watchdog_text *text, const struct symbol_frame *frame)
{
	if (frame->line > 0)
		text_add(text, "%s:%d", frame->file, frame->line);
	else if (frame->gap)
		text_add(text, "(tail call: frames missing)");
	else
		text_add(text, "%s+0x%lx", frame->module, (unsigned long)frame->offset);
	if (frame->line == 0 && !frame->gap && frame->build_id[0] != '\0')
		text_add(text, " (BuildId %s)", frame->build_id);
}

static void add_frame(struct watchdog_text *text, const struct symbol_frame *frame)
{
	text_add(text, "%-16s ", frame->function[0] ? frame->function : "?");
	watchdog_add_place(text, frame);
	if (frame->gap && frame->line > 0)
		text_add(text, " (a tail call)");
}

/* ___pthread_mutex_lock, __GI___read or __interceptor_read, as one calls them. */
const char *watchdog_plain_name(const char *function)
{
	static const char *const prefixes[] = { "GI_", "libc_", "interceptor_", "wrap_" };
	const char *plain = function + strspn(function, "_");

	if (plain == function)
		return function;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(plain, prefixes[i], strlen(prefixes[i])) == 0) {
			plain += strlen(prefixes[i]);
			plain += strspn(plain, "_");
		}
	return *plain != '\0' ? plain : function;
}

/* "(3 libc frames above: usleep, nanosleep, clock_nanosleep)" */
static void add_folded(struct watchdog_text *text, const struct symbol_frame *frames, size_t count)
{
	size_t physical = 0, left;
	bool libc = true;

	for (size_t i = 0; i < count; i++) {
		libc = libc && strncmp(frames[i].module, "libc", 4) == 0 &&
		       (frames[i].module[4] == '.' || frames[i].module[4] == '-');
		physical += !frames[i].inlined;
	}
	text_add(text, "     (%zu %sframe%s above: ", physical, libc ? "libc " : "",
		 physical == 1 ? "" : "s");
	left = physical;
	for (size_t i = count; i-- > 0;) {
		const char *function = watchdog_plain_name(frames[i].function);

		if (!frames[i].inlined)
			text_add(text, "%s%s", function[0] ? function : frames[i].module,
				 --left > 0 ? ", " : ")");
	}
}

static bool same_place(const struct symbol_frame *a, const struct symbol_frame *b)
{
	return a->line == b->line && a->offset == b->offset &&
	       strcmp(a->function, b->function) == 0;
}

static void add_rest(struct watchdog_text *text, const struct watchdog_stall *stall,
		     const struct symbol_frame *frame)
{
	const struct symbol_frame *end = stall->frames + stall->frame_count;

	for (int shown = 0; frame < end && shown < MAX_SHOWN; frame++) {
		int times = 1;

		/* Below a callback is the loop, and below that whoever runs it. */
		if (stall->callback && frame->owner == SYMBOL_RUNTIME)
			break;
		if (frame->owner != SYMBOL_PROGRAM)
			continue;
		text_add(text, "            ");
		add_frame(text, frame);
		while (frame + 1 < end && same_place(frame, frame + 1))
			frame++, times++;
		text_add(text, times > 1 ? " (%d times)\n" : "\n", times);
		shown++;
	}
}

void watchdog_add_stack(struct watchdog_text *text, const struct watchdog_stall *stall)
{
	const struct symbol_frame *culprit = watchdog_culprit(stall);
	const struct symbol_frame *first = culprit ? culprit : stall->frames;

	text_add(text, "  where     ");
	if (stall->frame_count == 0) {
		text_add(text, "unknown: %s\n",
			 stall->failure ? stall->failure : "no symbol is known");
		return;
	}
	add_frame(text, first);
	if (culprit != NULL)
		text_add(text, "      <- your code");
	if (first > stall->frames)
		add_folded(text, stall->frames, (size_t)(first - stall->frames));
	text_add(text, "\n");
	add_rest(text, stall, first + 1);
	if (first->line == 0 && !first->gap)
		text_add(text, "            %s\n", symbol_hint);
}

size_t watchdog_report_stack(const struct watchdog_stall *stall, char *buffer, size_t size)
{
	struct watchdog_text text = text_begin(buffer, size);

	if (stall->frame_count > 0)
		watchdog_add_stack(&text, stall);
	return text.used;
}
