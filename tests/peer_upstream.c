/* SPDX-License-Identifier: MIT */
/* peer_upstream.c - see peer_upstream.h. */
#include "tests/peer_upstream.h"

#include <signal.h>

/* ---- Upstream -------------------------------------------------------------------------------- */

static struct program upstream;
static char origins[12][64]; /* "http://127.0.0.1:PORT", without a slash at the end */

void start_upstream(int apis, const char *option, const char *value)
{
	upstream = (struct program){ .argv = ARGV(built("upstream"), "--apis", format("%d", apis),
						  option, value),
				     .limit = 60,
				     .talks = true };
	program_start(&upstream);
	for (int i = 0; i < apis; i++) {
		char *slash;

		CHECK(program_read_line(&upstream, origins[i], sizeof origins[i]));
		slash = strrchr(origins[i], '/');
		CHECK(slash && slash > origins[i] + 7);
		*slash = '\0';
	}
}

void stop_upstream(void)
{
	program_stop(&upstream, SIGTERM);
}

const char *at(int api, const char *path)
{
	return format("%s%s", origins[api], path);
}

/* ---- What collect wrote ---------------------------------------------------------------------- */

struct program collect;

void run_collect(const char *input, const char *const *argv)
{
	collect = (struct program){ .argv = argv, .input = input, .limit = 20 };
	run_program(&collect);
	if (collect.timed_out)
		FAIL("collect hangs; stderr: %s", collect.err);
}

/* Each line has to be valid JSON by itself. The array is the caller's. */
json_t *records(const char *text)
{
	json_t *all = json_array();

	while (*text) {
		const char *end = strchr(text, '\n');
		json_error_t error;
		json_t *one;

		if (!end)
			FAIL("a line without an end: %.200s", text);
		one = json_loadb(text, (size_t)(end - text),
				 JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
		if (!one)
			FAIL("%s: %.*s", error.text, (int)(end - text), text);
		json_array_append_new(all, one);
		text = end + 1;
	}
	return all;
}

size_t count_records(const char *path)
{
	json_t *all = records(read_file(path, NULL));
	size_t count = json_array_size(all);

	json_decref(all);
	return count;
}

const char *string_in(json_t *record, const char *name)
{
	return json_string_value(json_object_get(record, name));
}

const char *code_of(json_t *record)
{
	json_t *error = json_object_get(record, "error");

	return error ? string_in(error, "code") : "none";
}

json_t *by_line(json_t *all, int line)
{
	size_t i;
	json_t *record;

	json_array_foreach(all, i, record) if (json_integer_value(json_object_get(record, "seq")) ==
					       line) return record;
	FAIL("no record of line %d in %s", line, collect.out);
}

long long number_in(const char *json_text, const char *name)
{
	json_t *json = json_loads(json_text, 0, NULL);
	long long value;

	if (!json)
		FAIL("not JSON: %s", json_text);
	value = json_integer_value(json_object_get(json, name));
	json_decref(json);
	return value;
}
