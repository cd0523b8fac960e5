/* SPDX-License-Identifier: MIT */
/*
 * json.c - a path, and behind a line feed a text: what is valid stays so on one line, and what is found
 * in it is a part of it.
 */
#include "http/json.h"
#include "tests/fuzz/fuzz.h"

static void check_line(struct json_span text)
{
	char *line = malloc(text.len + 1);
	struct json_span whole = { line, 0 };

	must(line, "no memory");
	whole.len = json_one_line(text, line);
	must(whole.len <= text.len, "longer than it was");
	must(!memchr(line, '\n', whole.len) && !memchr(line, '\r', whole.len), "two lines");
	must(json_validate(whole, NULL) == JSON_VALID, "no longer valid");
	free(line);
}

static void check_string(struct json_span text)
{
	char *string = malloc(JSON_STRING_ROOM(text.len));
	struct json_span whole = { string, 0 };

	must(string, "no memory");
	whole.len = json_write_string(string, text);
	must(whole.len <= JSON_STRING_ROOM(text.len), "longer than promised");
	must(json_validate(whole, NULL) == JSON_VALID, "a string that is none");
	free(string);
}

FUZZ(json)
{
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	size_t skip = line ? (size_t)(line - data) + 1 : 0, offset = 0;
	char *path = fuzz_string(data, skip ? skip - 1 : 0);
	char *copy = fuzz_copy(data + skip, size - skip);
	struct json_span text = { copy, size - skip }, value;
	bool valid = json_validate(text, &offset) == JSON_VALID;

	must(offset <= text.len, "offset %zu of %zu", offset, text.len);
	if (json_get(text, path, &value) == 0) {
		must(value.ptr >= copy && value.ptr + value.len <= copy + text.len, "elsewhere");
		must(valid, "found in what is not JSON");
	}
	if (valid) {
		must(json_is_utf8(text), "JSON that is not UTF-8");
		check_line(text);
	}
	check_string(text);
	free(copy);
	free(path);
}
