/* SPDX-License-Identifier: MIT */
/*
 * formats.c - the formats that are short: folded stacks and GitHub's annotations; and which format
 * says something at which moment. Pure.
 */
#include "runtime/watchdog/internal.h"
#include "runtime/watchdog/text.h"

#include <string.h>

/* ---- Folded stacks --------------------------------------------------------------------------- */

/* A frame must not hold what separates frames. */
static void add_folded(struct watchdog_text *text, const char *name)
{
	for (; *name != '\0'; name++)
		text_add(text, "%c", *name == ';' || *name == '\n' ? ':' : *name);
}

/* "task;outer;inner 312": weighted by ms, for flamegraph.pl, speedscope and the like. */
static size_t folded(const struct watchdog_stall *stall, char *buffer, size_t size)
{
	struct watchdog_text text = text_begin(buffer, size);

	add_folded(&text, stall->slices.count > 0 ? "a turn" : stall->who);
	for (size_t i = stall->frame_count; i-- > 0;) {
		const struct symbol_frame *frame = &stall->frames[i];

		text_add(&text, ";");
		if (frame->function[0] != '\0')
			add_folded(&text, watchdog_plain_name(frame->function));
		else
			text_add(&text, "%s+0x%lx", frame->module, (unsigned long)frame->offset);
	}
	text_add(&text, ";[%s] %lld\n", watchdog_verdict_name(watchdog_verdict(stall)),
		 text_whole_ms(stall->held));
	return text.used;
}

/* ---- GitHub ---------------------------------------------------------------------------------- */

/* In a property the separators of properties are escaped, too. */
static void add_escaped(struct watchdog_text *text, const char *from, bool property)
{
	for (; *from != '\0'; from++)
		if (*from == '%' || *from == '\r' || *from == '\n' ||
		    (property && (*from == ':' || *from == ',')))
			text_add(text, "%%%02X", (unsigned)*from);
		else
			text_add(text, "%c", *from);
}

static size_t github(const struct watchdog_stall *stall, char *buffer, size_t size)
{
	struct watchdog_text text = text_begin(buffer, size);
	const struct symbol_frame *culprit = watchdog_culprit(stall);
	char whole[WATCHDOG_TEXT / 2];

	text_add(&text, "::warning ");
	if (culprit != NULL && culprit->line > 0) {
		text_add(&text, "file=");
		add_escaped(&text, culprit->file, true);
		text_add(&text, ",line=%d,", culprit->line);
	}
	text_add(&text, "title=");
	watchdog_report_title(stall, whole, sizeof(whole));
	add_escaped(&text, whole, true);
	text_add(&text, "::");
	watchdog_report(stall, whole, sizeof(whole));
	whole[strlen(whole) - 1] = '\0';
	add_escaped(&text, whole, false);
	text_add(&text, "\n");
	return text.used;
}

/* ---- Which, when ----------------------------------------------------------------------------- */

static size_t as_text(enum watchdog_event event, const struct watchdog_stall *stall, char *text,
		      size_t size)
{
	switch (event) {
	case STALL_BEGAN:
		return watchdog_report(stall, text, size);
	case STALL_LASTS:
		return watchdog_report_lasts(stall, text, size);
	case STALL_ENDED:
		break;
	}
	return watchdog_report_end(stall, text, size);
}

size_t watchdog_format(enum async_report_format format, enum watchdog_event event,
		       const struct watchdog_stall *stall, bool hidden, char *text, size_t size)
{
	bool finding = watchdog_is_finding(watchdog_verdict(stall));

	switch (format) {
	case ASYNC_REPORT_TEXT:
		return hidden ? 0 : as_text(event, stall, text, size);
	case ASYNC_REPORT_JSON:
		return hidden ? 0 : watchdog_json(event, stall, text, size);
	case ASYNC_REPORT_FOLDED:
		return event == STALL_ENDED ? folded(stall, text, size) : 0;
	case ASYNC_REPORT_GITHUB:
		return event == STALL_BEGAN && !hidden && finding ? github(stall, text, size) : 0;
	}
	return 0;
}

size_t watchdog_format_total(enum async_report_format format, const struct watchdog_totals *totals,
			     char *text, size_t size)
{
	switch (format) {
	case ASYNC_REPORT_TEXT:
		return watchdog_report_total(totals, text, size);
	case ASYNC_REPORT_JSON:
		return watchdog_json_total(totals, text, size);
	case ASYNC_REPORT_FOLDED:
	case ASYNC_REPORT_GITHUB:
		break;
	}
	return 0;
}
