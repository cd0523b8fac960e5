/* SPDX-License-Identifier: MIT */
/* chrome_trace.c - see chrome_trace.h. */
#include "tests/chrome_trace.h"

#include <stdlib.h>

/* Times have three decimals, which doubles carry that far with an error much smaller than this. */
#define LITTLE 0.0004

struct span {
	long long process, track;
	double begin, end;
};

static const char *text_of(json_t *event, const char *name)
{
	return json_string_value(json_object_get(event, name));
}

static double number_of(json_t *event, const char *name)
{
	CHECK(json_is_number(json_object_get(event, name)));
	return json_number_value(json_object_get(event, name));
}

static bool is_phase(json_t *event, const char *phase)
{
	return !strcmp(text_of(event, "ph"), phase);
}

static struct span span_of(json_t *event)
{
	double begin = is_phase(event, "M") ? 0 : number_of(event, "ts");

	return (struct span){ json_integer_value(json_object_get(event, "pid")),
			      json_integer_value(json_object_get(event, "tid")), begin,
			      begin + (is_phase(event, "X") ? number_of(event, "dur") : 0) };
}

/* By track, then as they open: of those that begin together the longest is the outermost. */
static int compare(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	if (x->track != y->track)
		return x->track < y->track ? -1 : 1;
	if (x->begin < y->begin - LITTLE || x->begin > y->begin + LITTLE)
		return x->begin < y->begin ? -1 : 1;
	return x->end > y->end ? -1 : x->end < y->end;
}

/* Replays begins and ends with a stack for each track. */
static void check_nesting(struct span *spans, size_t count)
{
	struct span *open = calloc(count + 1, sizeof *open);
	size_t depth = 0;

	qsort(spans, count, sizeof *spans, compare);
	for (size_t i = 0; i < count; i++) {
		struct span *span = &spans[i];

		if (depth && (open[0].process != span->process || open[0].track != span->track))
			depth = 0;
		CHECK(span->end >= span->begin);
		while (depth && open[depth - 1].end <= span->begin + LITTLE)
			depth--;
		if (depth && span->end > open[depth - 1].end + LITTLE)
			FAIL("track %lld: %.3f to %.3f reaches over %.3f to %.3f", span->track,
			     span->begin, span->end, open[depth - 1].begin, open[depth - 1].end);
		open[depth++] = *span;
	}
	free(open);
}

/* Of the sorted spans those before it are looked at from the last to the first: what holds it is near. */
static bool is_within(const struct span *point, const struct span *spans, size_t count)
{
	/* Behind all that begin together with it. */
	struct span probe = { point->process, point->track, point->begin, -1 };
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare(&spans[middle], &probe) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low-- > 0 && spans[low].process == point->process &&
	       spans[low].track == point->track)
		if (spans[low].end >= point->begin - LITTLE)
			return true;
	return false;
}

/* ---- Pairs ----------------------------------------------------------------------------------- */

static const char *const pairs[][2] = { { "s", "f" }, { "b", "e" } };

/* By this the other half of a pair is found. Lives until the next call. */
static const char *key_of(json_t *event, const char *phase)
{
	static char key[128];

	snprintf(key, sizeof key, "%s %s %s", phase, text_of(event, "cat"), text_of(event, "id"));
	return key;
}

/* The halves of all pairs, by their keys. */
static json_t *index_halves(const struct chrome_trace *trace)
{
	json_t *halves = json_object(), *event;
	const char *key;
	size_t i;

	json_array_foreach(trace->events, i, event)
	{
		if (!strchr("sfbe", *text_of(event, "ph")))
			continue;
		key = key_of(event, text_of(event, "ph"));
		if (json_object_get(halves, key))
			FAIL("two of %s", key);
		json_object_set(halves, key, event);
	}
	return halves;
}

/* Same category and id, the other phase. */
static json_t *other_half(const json_t *halves, json_t *event, const char *phase)
{
	json_t *found = json_object_get(halves, key_of(event, phase));

	if (!found)
		FAIL("%s has no %s", text_of(event, "ph"), key_of(event, phase));
	return found;
}

static void check_pair(struct chrome_trace *trace, json_t *event, const struct span *spans,
		       const json_t *halves)
{
	for (size_t i = 0; i < 2; i++) {
		struct span here = span_of(event);

		if (!is_phase(event, pairs[i][0]) && !is_phase(event, pairs[i][1]))
			continue;
		if (i == 0 && !is_within(&here, spans, trace->spans))
			FAIL("%s at %.3f is in no span of track %lld", text_of(event, "ph"),
			     here.begin, here.track);
		if (is_phase(event, pairs[i][0])) {
			json_t *end = other_half(halves, event, pairs[i][1]);

			CHECK(number_of(end, "ts") >= number_of(event, "ts"));
			*(i ? &trace->jobs : &trace->arrows) += 1;
		} else {
			other_half(halves, event, pairs[i][0]);
		}
	}
}

void chrome_trace_check(struct chrome_trace *trace, const char *text)
{
	json_error_t error;
	struct span *spans;
	json_t *event, *halves;
	size_t i;

	*trace = (struct chrome_trace){ .root = json_loads(text, JSON_REJECT_DUPLICATES, &error) };
	if (!trace->root)
		FAIL("no JSON at line %d: %s\n%.300s", error.line, error.text, text);
	trace->events = json_object_get(trace->root, "traceEvents");
	CHECK(json_is_array(trace->events));
	spans = calloc(json_array_size(trace->events) + 1, sizeof *spans);
	json_array_foreach(trace->events, i, event)
	{
		CHECK(text_of(event, "ph") && text_of(event, "name"));
		CHECK(json_is_integer(json_object_get(event, "pid")) &&
		      json_is_integer(json_object_get(event, "tid")));
		if (is_phase(event, "X"))
			spans[trace->spans++] = span_of(event);
	}
	trace->processes = chrome_trace_count(trace, "M", "process_name");
	check_nesting(spans, trace->spans);
	halves = index_halves(trace);
	json_array_foreach(trace->events, i, event) check_pair(trace, event, spans, halves);
	json_decref(halves);
	free(spans);
}

void chrome_trace_check_file(struct chrome_trace *trace, const char *path)
{
	chrome_trace_check(trace, read_file(path, NULL));
}

void chrome_trace_free(struct chrome_trace *trace)
{
	json_decref(trace->root);
}

json_t *chrome_trace_find(const struct chrome_trace *trace, const char *phase, const char *name)
{
	json_t *event;
	size_t i;

	json_array_foreach(trace->events, i, event) if (is_phase(event, phase) &&
							!strncmp(text_of(event, "name"), name,
								 strlen(name))) return event;
	return NULL;
}

size_t chrome_trace_count(const struct chrome_trace *trace, const char *phase, const char *name)
{
	json_t *event;
	size_t i, count = 0;

	json_array_foreach(trace->events, i, event) count +=
		is_phase(event, phase) && !strncmp(text_of(event, "name"), name, strlen(name));
	return count;
}

const char *chrome_trace_arg(json_t *event, const char *name)
{
	return json_string_value(json_object_get(json_object_get(event, "args"), name));
}
