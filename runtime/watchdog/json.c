/* SPDX-License-Identifier: MIT */
/*
 * json.c - a report as a line of JSON. Pure. Times are milliseconds; what is unknown is left out.
 */
#include "runtime/watchdog/internal.h"
#include "runtime/watchdog/text.h"

enum { FRAME_MAX = 1024 };

/* How long the character is, by its first byte; 0: it is cut off or no UTF-8. */
static int length_of(const char *at)
{
	unsigned char c = (unsigned char)*at;
	int length = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;

	for (int i = 1; i < length; i++)
		if (((unsigned char)at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* Names come from the program, and long ones were cut anywhere. */
static void add_string(struct watchdog_text *text, const char *name, const char *value)
{
	text_add(text, ",\"%s\":\"", name);
	for (int length; *value != '\0'; value += length > 0 ? length : 1) {
		unsigned char c = (unsigned char)*value;

		length = length_of(value);
		if (c == '"' || c == '\\')
			text_add(text, "\\%c", c);
		else if (c < 0x20)
			text_add(text, "\\u%04x", c);
		else if (length == 0)
			text_add(text, "\\ufffd");
		else
			text_add(text, "%.*s", length, value);
	}
	text_add(text, "\"");
}

static void add_optional(struct watchdog_text *text, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		add_string(text, name, value);
}

static void add_ms(struct watchdog_text *text, const char *name, int64_t ns)
{
	text_add(text, ",\"%s\":%.1f", name, (double)ns / 1e6);
}

static void add_times(struct watchdog_text *text, const struct watchdog_stall *stall)
{
	add_ms(text, "held_ms", stall->held);
	add_ms(text, "limit_ms", stall->limit);
	add_ms(text, "cpu_ms", stall->cpu);
	add_ms(text, "blocked_ms", stall->blocked);
	if (stall->has_waiting)
		add_ms(text, "waiting_ms", stall->waiting);
	if (stall->late > 0)
		add_ms(text, "stopped_ms", stall->late);
	if (stall->stolen > 0)
		add_ms(text, "stolen_ms", stall->stolen);
	if (stall->throttled > 0)
		add_ms(text, "throttled_ms", stall->throttled);
}

static void add_call(struct watchdog_text *text, const struct watchdog_stall *stall)
{
	if (stall->call.state != WATCHDOG_BLOCKED || stall->frame_count == 0)
		return;
	add_optional(text, "call", watchdog_call_name(stall->call.number));
	if (stall->fd >= 0)
		text_add(text, ",\"fd\":%d", stall->fd);
	add_optional(text, "target", stall->target);
	if (stall->timeout >= 0)
		text_add(text, ",\"timeout_ms\":%.1f", stall->timeout * 1e3);
}

static void add_harm(struct watchdog_text *text, const struct victims *victims)
{
	text_add(text, ",\"ready\":%u,\"late\":%u", victims->tasks + victims->callbacks,
		 victims->late);
	if (victims->late == 0 && victims->next > 0)
		add_ms(text, "next_ms", victims->next);
	if (victims->late == 0)
		return;
	add_ms(text, "worst_ms", victims->worst);
	if (!victims->has_task)
		return;
	add_string(text, "worst_task", victims->task.name);
	add_optional(text, "worst_at", victims->task.waiting_at);
}

static void add_stack(struct watchdog_text *text, const struct watchdog_stall *stall)
{
	static const char *const owners[] = { "program", "runtime", "system" };

	text_add(text, ",\"stack\":[");
	/* A line that is cut off is no JSON: what does not fit for certain is left out. */
	for (size_t i = 0; i < stall->frame_count && text->size - text->used > FRAME_MAX; i++) {
		const struct symbol_frame *frame = &stall->frames[i];

		text_add(text, "%s{\"owner\":\"%s\"", i > 0 ? "," : "", owners[frame->owner]);
		add_optional(text, "function", watchdog_plain_name(frame->function));
		add_optional(text, "file", frame->file);
		if (frame->line > 0)
			text_add(text, ",\"line\":%d", frame->line);
		if (frame->gap)
			text_add(text, ",\"tail_call\":true");
		add_optional(text, "module", frame->module);
		text_add(text, ",\"offset\":%lu", (unsigned long)frame->offset);
		add_optional(text, "build_id", frame->build_id);
		text_add(text, "}");
	}
	text_add(text, "]");
}

static void add_slices(struct watchdog_text *text, const struct account_turn *turn)
{
	const struct account_share *most = &turn->shares[0];

	text_add(text, ",\"slices\":%u", turn->count);
	add_ms(text, "longest_slice_ms", turn->longest);
	text_add(text, ",\"most_slices\":%u", most->slices);
	add_ms(text, "most_ms", most->ns);
	add_optional(text, "runs", most->label);
	add_optional(text, "created_at", most->created_at);
}

static void add_task(struct watchdog_text *text, const struct watchdog_stall *stall)
{
	if (stall->slices.count > 0)
		add_slices(text, &stall->slices);
	else if (stall->callback)
		add_string(text, "callback", stall->who);
	if (stall->slices.count > 0 || stall->callback)
		return;
	add_string(text, "task", stall->view.name);
	text_add(text, ",\"id\":%llu", (unsigned long long)stall->view.id);
	add_optional(text, "runs", stall->view.label);
	add_optional(text, "created_at", stall->view.created_at);
	add_optional(text, "created_by", stall->view.creator_name);
	if (stall->awaiter.id != 0)
		add_string(text, "awaited_by", stall->awaiter.name);
}

size_t watchdog_json(enum watchdog_event event, const struct watchdog_stall *stall, char *buffer,
		     size_t size)
{
	static const char *const events[] = { "stall", "lasts", "end" };
	struct watchdog_text text = text_begin(buffer, size);
	const struct symbol_frame *culprit = watchdog_culprit(stall);
	char advice[256];

	text_add(&text, "{\"event\":\"%s\",\"number\":%u", events[event], stall->number);
	add_task(&text, stall);
	add_string(&text, "verdict", watchdog_verdict_name(watchdog_verdict(stall)));
	add_times(&text, stall);
	if (culprit != NULL) {
		add_optional(&text, "function", culprit->function);
		add_optional(&text, "file", culprit->file);
		text_add(&text, ",\"line\":%d", culprit->line);
	}
	if (event == STALL_BEGAN) {
		add_call(&text, stall);
		add_harm(&text, &stall->victims);
		text_add(&text, ",\"seen\":%u", stall->seen);
		if (watchdog_advise(stall, advice, sizeof(advice)) > 0)
			add_string(&text, "instead", advice);
		add_stack(&text, stall);
	} else {
		text_add(&text, ",\"looks\":%u,\"moved\":%u", stall->looks, stall->moved);
	}
	text_add(&text, "}\n");
	return text.used;
}

size_t watchdog_json_total(const struct watchdog_totals *totals, char *buffer, size_t size)
{
	struct watchdog_text text = text_begin(buffer, size);

	text_add(&text,
		 "{\"event\":\"total\",\"stalls\":%u,\"starved\":%u,\"stopped\":%u,\"hidden\":%u",
		 totals->findings, totals->starved, totals->stopped, totals->hidden);
	add_ms(&text, "held_ms", totals->held);
	add_ms(&text, "longest_ms", totals->longest);
	text_add(&text, "}\n");
	return text.used;
}
