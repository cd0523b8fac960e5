/* SPDX-License-Identifier: MIT */
/* summary.c - the record at the end of a run, for programs and for people. */
#include "app/summary.h"

#include <string.h>

#include "runtime/base.h"

void summary_item(struct summary *summary, int outcome, bool unchanged)
{
	summary->items++;
	if (!outcome) {
		summary->ok += !unchanged;
		summary->unchanged += unchanged;
		return;
	}
	summary->failed++;
	if (outcome < 0)
		summary->by_code[codes_index(codes_find(outcome))]++;
	else if (outcome < (int)array_size(summary->by_status))
		summary->by_status[outcome]++;
}

/* Calls put for each kind of error that there was. */
static void each_error(struct text *text, const struct summary *summary,
		       void (*put)(struct text *text, const char *name, uint64_t count, bool first))
{
	char name[CODES_NAME];
	bool first = true;

	for (int i = 0; i < (int)array_size(summary->by_status); i++) {
		if (!summary->by_status[i])
			continue;
		put(text, codes_name(i, name), summary->by_status[i], first);
		first = false;
	}
	for (size_t i = 0; i < codes_count; i++) {
		if (!summary->by_code[i])
			continue;
		put(text, codes_table[i].name, summary->by_code[i], first);
		first = false;
	}
}

static void put_json(struct text *text, const char *name, uint64_t count, bool first)
{
	text_printf(text, "%s\"%s\":%llu", first ? "" : ",", name, (unsigned long long)count);
}

static void put_text(struct text *text, const char *name, uint64_t count, bool first)
{
	text_printf(text, "%s%s %llu", first ? "errors: " : ", ", name, (unsigned long long)count);
}

static void member(struct text *text, const char *name, uint64_t value)
{
	text_printf(text, "\"%s\":%llu,", name, (unsigned long long)value);
}

static void percentile(struct text *text, const char *name, const struct histogram *histogram,
		       double percent)
{
	text_printf(text, "\"%s\":", name);
	text_ms(text, histogram_percentile(histogram, percent));
}

void summary_json(struct text *text, const struct summary *summary, const char *run)
{
	text_printf(text, "{\"v\":1,\"type\":\"summary\",\"run\":\"%s\",", run);
	member(text, "items", summary->items);
	member(text, "ok", summary->ok);
	member(text, "unchanged", summary->unchanged);
	member(text, "failed", summary->failed);
	member(text, "requests", summary->requests);
	member(text, "retries", summary->retries);
	text_printf(text, "\"bytes\":{\"wire\":%llu,\"body\":%llu},\"wall_s\":%.2f,",
		    (unsigned long long)summary->wire_bytes,
		    (unsigned long long)summary->body_bytes, (double)summary->wall / 1e9);
	text_string(text, "\"latency_ms\":{");
	percentile(text, "p50", &summary->latency, 50);
	text_char(text, ',');
	percentile(text, "p95", &summary->latency, 95);
	text_char(text, ',');
	percentile(text, "p99", &summary->latency, 99);
	text_string(text, ",\"max\":");
	text_ms(text, summary->latency.largest);
	text_string(text, "},\"rate_wait_ms\":{");
	percentile(text, "p50", &summary->rate_wait, 50);
	text_char(text, ',');
	percentile(text, "p99", &summary->rate_wait, 99);
	text_string(text, "},\"by_error\":{");
	each_error(text, summary, put_json);
	text_string(text, "}}\n");
}

static const char *unit(uint64_t bytes, double *scaled)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	size_t i = 0;

	for (*scaled = (double)bytes; *scaled >= 1000 && i < array_size(units) - 1; i++)
		*scaled /= 1000;
	return units[i];
}

static void percentiles(struct text *text, const struct histogram *histogram)
{
	text_string(text, "latency: p50 ");
	text_ms(text, histogram_percentile(histogram, 50));
	text_string(text, " ms, p95 ");
	text_ms(text, histogram_percentile(histogram, 95));
	text_string(text, ", p99 ");
	text_ms(text, histogram_percentile(histogram, 99));
	text_string(text, ", max ");
	text_ms(text, histogram->largest);
	text_char(text, '\n');
}

void summary_text(struct text *text, const struct summary *summary, const char *why)
{
	double seconds = (double)summary->wall / 1e9, wire, body;
	const char *wire_unit = unit(summary->wire_bytes, &wire);
	const char *body_unit = unit(summary->body_bytes, &body);
	size_t before;

	text_printf(text, "%llu item%s: %llu ok, ", (unsigned long long)summary->items,
		    summary->items == 1 ? "" : "s", (unsigned long long)summary->ok);
	if (summary->unchanged)
		text_printf(text, "%llu unchanged, ", (unsigned long long)summary->unchanged);
	text_printf(text, "%llu failed in %.2f s (%.0f/s)\n", (unsigned long long)summary->failed,
		    seconds, seconds > 0 ? (double)summary->items / seconds : 0.0);
	text_printf(
		text,
		"requests: %llu, of them %llu retries; %.1f %s on the wire, %.1f %s of bodies\n",
		(unsigned long long)summary->requests, (unsigned long long)summary->retries, wire,
		wire_unit, body, body_unit);
	if (summary->latency.count)
		percentiles(text, &summary->latency);
	before = text->length;
	each_error(text, summary, put_text);
	if (text->length > before)
		text_char(text, '\n');
	if (why)
		text_printf(text, "%s\n", why);
}
