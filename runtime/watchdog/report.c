/* SPDX-License-Identifier: MIT */
/*
 * report.c - the report of a stall as text. Pure: a stall in, characters out.
 *
 * The numbers come first, then the word for them. The program's own frames are shown, innermost
 * first; those of libraries and of the runtime above it are folded into their names.
 */
#include "runtime/watchdog/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_SHOWN = 8 };

struct text {
	char *at;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	if (text->used + 1 >= text->size)
		return;
	va_start(arguments, format);
	length = vsnprintf(text->at + text->used, text->size - text->used, format, arguments);
	va_end(arguments);
	if (length > 0)
		text->used += (size_t)length;
	if (text->used >= text->size)
		text->used = text->size - 1;
}

static struct text begin(char *buffer, size_t size)
{
	buffer[0] = '\0';
	return (struct text){ .at = buffer, .size = size };
}

static void add_ms(struct text *text, int64_t ns)
{
	int64_t tenths = (ns + 50000) / 100000;

	add(text, "%lld.%d ms", (long long)(tenths / 10), (int)(tenths % 10));
}

static long long whole_ms(int64_t ns)
{
	return (long long)((ns + 500000) / 1000000);
}

/* Of the time that is the code's own. Waiting for a CPU is nobody's fault and not counted. */
enum watchdog_verdict watchdog_verdict(const struct watchdog_stall *stall)
{
	int64_t own = stall->cpu + stall->blocked;
	bool blocked = stall->call.state == WATCHDOG_BLOCKED;

	if (stall->cpu * 10 >= own * 7)
		return VERDICT_CPU;
	if (stall->blocked * 10 < own * 7 || !blocked)
		return VERDICT_MIXED;
	const char *name = watchdog_call_name(stall->call.number);
	return name != NULL && strcmp(name, "futex") == 0 ? VERDICT_LOCK : VERDICT_BLOCKED;
}

const struct symbol_frame *watchdog_culprit(const struct watchdog_stall *stall)
{
	for (size_t i = 0; i < stall->frame_count; i++)
		if (stall->frames[i].owner == SYMBOL_PROGRAM)
			return &stall->frames[i];
	return NULL;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static void add_task(struct text *text, const struct watchdog_stall *stall)
{
	add(text, "[stall #%u] ", stall->number);
	if (stall->callback)
		add(text, "a callback");
	else
		add(text, "task %llu \"%s\"", (unsigned long long)stall->view.id, stall->view.name);
}

static void add_call(struct text *text, const struct watchdog_stall *stall)
{
	const char *name = watchdog_call_name(stall->call.number);

	if (stall->call.state != WATCHDOG_BLOCKED)
		return;
	if (stall->call.number < 0)
		add(text, " in a page fault");
	else if (name == NULL)
		add(text, " in system call %ld", stall->call.number);
	else if (stall->target[0] != '\0')
		add(text, " in %s(%d = %s)", name, (int)stall->call.arguments[0], stall->target);
	else
		add(text, " in %s", name);
}

static void add_verdict(struct text *text, const struct watchdog_stall *stall)
{
	static const char *const words[] = {
		[VERDICT_CPU] = "CPU",
		[VERDICT_BLOCKED] = "BLOCKED",
		[VERDICT_LOCK] = "LOCK",
		[VERDICT_MIXED] = "MIXED",
	};
	enum watchdog_verdict verdict = watchdog_verdict(stall);

	add(text, "  verdict   %s", words[verdict]);
	if (verdict == VERDICT_CPU && stall->user + stall->kernel > 0)
		add(text, stall->user >= stall->kernel ? " in user code" : " in the kernel");
	if (verdict == VERDICT_CPU && stall->kernel > stall->user && stall->faults >= 1000)
		add(text, ", %llu page faults", (unsigned long long)stall->faults);
	if (verdict != VERDICT_CPU)
		add_call(text, stall);
	add(text, "   cpu ");
	add_ms(text, stall->cpu);
	add(text, " | blocked ");
	add_ms(text, stall->blocked);
	if (stall->has_waiting) {
		add(text, " | waiting for a CPU ");
		add_ms(text, stall->waiting);
	}
	add(text, "\n");
}

/* ---- The stack ------------------------------------------------------------------------------- */

static void add_frame(struct text *text, const struct symbol_frame *frame)
{
	char place[160];

	if (frame->line > 0)
		snprintf(place, sizeof(place), "%s:%d", frame->file, frame->line);
	else if (frame->gap)
		snprintf(place, sizeof(place), "(tail call: frames missing)");
	else
		snprintf(place, sizeof(place), "%s+0x%lx", frame->module,
			 (unsigned long)frame->offset);
	add(text, "%-16s %s", frame->function[0] ? frame->function : "?", place);
	if (frame->gap && frame->line > 0)
		add(text, " (a tail call)");
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
static void add_folded(struct text *text, const struct symbol_frame *frames, size_t count)
{
	size_t physical = 0, left;
	bool libc = true;

	for (size_t i = 0; i < count; i++) {
		libc = libc && strncmp(frames[i].module, "libc", 4) == 0 &&
		       (frames[i].module[4] == '.' || frames[i].module[4] == '-');
		physical += !frames[i].inlined;
	}
	add(text, "     (%zu %sframe%s above: ", physical, libc ? "libc " : "",
	    physical == 1 ? "" : "s");
	left = physical;
	for (size_t i = count; i-- > 0;) {
		const char *function = watchdog_plain_name(frames[i].function);

		if (!frames[i].inlined)
			add(text, "%s%s", function[0] ? function : frames[i].module,
			    --left > 0 ? ", " : ")");
	}
}

static bool same_place(const struct symbol_frame *a, const struct symbol_frame *b)
{
	return a->line == b->line && a->offset == b->offset &&
	       strcmp(a->function, b->function) == 0;
}

static void add_rest(struct text *text, const struct watchdog_stall *stall,
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
		add(text, "            ");
		add_frame(text, frame);
		while (frame + 1 < end && same_place(frame, frame + 1))
			frame++, times++;
		add(text, times > 1 ? " (%d times)\n" : "\n", times);
		shown++;
	}
}

static void add_stack(struct text *text, const struct watchdog_stall *stall)
{
	const struct symbol_frame *culprit = watchdog_culprit(stall);
	const struct symbol_frame *first = culprit ? culprit : stall->frames;

	add(text, "  where     ");
	if (stall->frame_count == 0) {
		add(text, "unknown: %s\n", stall->failure ? stall->failure : "no symbol is known");
		return;
	}
	add_frame(text, first);
	if (culprit != NULL)
		add(text, "      <- your code");
	if (first > stall->frames)
		add_folded(text, stall->frames, (size_t)(first - stall->frames));
	add(text, "\n");
	add_rest(text, stall, first + 1);
	if (first->line == 0 && !first->gap)
		add(text, "            %s\n", symbol_hint);
}

size_t watchdog_report_stack(const struct watchdog_stall *stall, char *buffer, size_t size)
{
	struct text text = begin(buffer, size);

	if (stall->frame_count > 0)
		add_stack(&text, stall);
	return text.used;
}

size_t watchdog_report(const struct watchdog_stall *stall, char *buffer, size_t size)
{
	struct text text = begin(buffer, size);
	char advice[256];

	add_task(&text, stall);
	add(&text, " has held the loop %lld ms and still does (limit %lld ms",
	    whole_ms(stall->held), whole_ms(stall->limit));
	if (stall->seen > 1)
		add(&text, "; this stack for the %u%s time", stall->seen,
		    stall->seen == 2 ? "nd" : "th");
	add(&text, ")\n");
	add_verdict(&text, stall);
	add_stack(&text, stall);
	if (!stall->callback && stall->view.created_at != NULL)
		add(&text, "            created %s %s\n",
		    strchr(stall->view.created_at, ':') ? "at" : "by", stall->view.created_at);
	if (watchdog_advise(stall, advice, sizeof(advice)) > 0)
		add(&text, "  instead   %s\n", advice);
	return text.used;
}

size_t watchdog_report_end(const struct watchdog_stall *stall, char *buffer, size_t size)
{
	struct text text = begin(buffer, size);

	add_task(&text, stall);
	add(&text, " held the loop %lld ms (limit %lld ms)\n", whole_ms(stall->held),
	    whole_ms(stall->limit));
	return text.used;
}
