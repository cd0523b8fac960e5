/* SPDX-License-Identifier: MIT */
/* chrome_json.c - see chrome_json.h. */
#include "runtime/trace/chrome_json.h"

static void put_key(struct chrome_json *json, const char *key)
{
	out_text(json->out, json->bare ? "\"" : ",\"");
	out_text(json->out, key);
	out_text(json->out, "\":");
	json->bare = false;
}

void chrome_int(struct chrome_json *json, const char *key, int64_t value)
{
	put_key(json, key);
	out_int(json->out, value);
}

void chrome_text(struct chrome_json *json, const char *key, const char *text)
{
	put_key(json, key);
	out_json(json->out, text);
}

void chrome_time(struct chrome_json *json, const char *key, int64_t ns)
{
	put_key(json, key);
	out_thousandths(json->out, ns);
}

void chrome_hex(struct chrome_json *json, const char *key, uint64_t value)
{
	put_key(json, key);
	out_text(json->out, "\"");
	out_hex(json->out, value);
	out_text(json->out, "\"");
}

void chrome_begin(struct chrome_json *json, const char *phase, const char *name, int64_t track,
		  int64_t when)
{
	out_text(json->out, json->first ? "{" : ",\n{");
	json->first = false;
	json->bare = true;
	chrome_text(json, "ph", phase);
	chrome_text(json, "name", name);
	chrome_int(json, "pid", json->record->loop);
	chrome_int(json, "tid", track);
	if (*phase != 'M')
		chrome_time(json, "ts", when - json->record->origin);
}

void chrome_end(struct chrome_json *json)
{
	out_text(json->out, "}");
}

void chrome_begin_args(struct chrome_json *json)
{
	put_key(json, "args");
	out_text(json->out, "{");
	json->bare = true;
}

void chrome_end_args(struct chrome_json *json)
{
	out_text(json->out, "}}");
	json->bare = false;
}

void chrome_async(struct chrome_json *json, const char *name, int64_t track, uint64_t id,
		  int64_t begin, int64_t end)
{
	for (int half = 0; half < 2; half++) {
		chrome_begin(json, half ? "e" : "b", name, track, half ? end : begin);
		chrome_text(json, "cat", "threads");
		chrome_hex(json, "id", id);
		chrome_end(json);
	}
}

void chrome_name_track(struct chrome_json *json, int64_t track, const char *name)
{
	chrome_begin(json, "M", "thread_name", track, 0);
	chrome_begin_args(json);
	chrome_text(json, "name", name);
	chrome_end_args(json);
	chrome_begin(json, "M", "thread_sort_index", track, 0);
	chrome_begin_args(json);
	chrome_int(json, "sort_index", track);
	chrome_end_args(json);
}
