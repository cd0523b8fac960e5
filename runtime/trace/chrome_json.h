/* SPDX-License-Identifier: MIT */
/* chrome_json.h - the objects of the Chrome trace format: one event each, "args" within it if need be. */
#ifndef LOOPHOUND_RUNTIME_TRACE_CHROME_JSON_H
#define LOOPHOUND_RUNTIME_TRACE_CHROME_JSON_H

#include "runtime/trace/event.h"
#include "runtime/trace/out.h"

struct chrome_json {
	struct trace_out *out;
	const struct trace_record *record;
	bool first; /* nothing stands before the next object */
	bool bare;  /* nothing stands before the next key */
};

/* phase: "X", "i"...; when: ns, not for "M". Then keys; then chrome_end(). */
void chrome_begin(struct chrome_json *json, const char *phase, const char *name, int64_t track,
		  int64_t when);
void chrome_end(struct chrome_json *json);

void chrome_int(struct chrome_json *json, const char *key, int64_t value);
void chrome_text(struct chrome_json *json, const char *key, const char *text);
/* ns, as µs with three decimals. */
void chrome_time(struct chrome_json *json, const char *key, int64_t ns);
void chrome_hex(struct chrome_json *json, const char *key, uint64_t value);

/* The keys that follow are in "args", until chrome_end_args(), which ends the object, too. */
void chrome_begin_args(struct chrome_json *json);
void chrome_end_args(struct chrome_json *json);

/* Both halves of a span that may overlap others. ns. */
void chrome_async(struct chrome_json *json, const char *name, int64_t track, uint64_t id,
		  int64_t begin, int64_t end);

/* How a track is called; tracks are shown in the order of their numbers. */
void chrome_name_track(struct chrome_json *json, int64_t track, const char *name);

#endif
