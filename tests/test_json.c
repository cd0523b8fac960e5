/* SPDX-License-Identifier: MIT */
/* test_json.c - what is JSON, where it stops being JSON, and what a path finds in it. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/http.h"
#include "http/json.h"
#include "tests/harness.h"

#define SPAN(text) ((struct json_span){ (text), sizeof(text) - 1 })

/* From a block of its own size, so that a sanitizer sees a read beyond the end. */
static enum json_verdict verdict_of(const char *text, size_t size, size_t *offset)
{
	char *copy = malloc(size ? size : 1);
	enum json_verdict verdict;

	memcpy(copy, text, size);
	verdict = json_validate((struct json_span){ copy, size }, offset);
	free(copy);
	return verdict;
}

TEST(json_is_valid)
{
	static const char *const texts[] = {
		"null",
		"true",
		"false",
		"0",
		"-0",
		"-1.5e+10",
		"1E400",
		"0.1e-7",
		"10",
		"123456789012345678901234567890",
		"\"\"",
		"\"a\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD834\\uDd1e\\u0000\"",
		"\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f \xe2\x80\xa8\"",
		"\"\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf\xc2\x80\xe0\xa0\x80\"",
		"[]",
		"[ ]",
		"{}",
		"{ }",
		" \t\r\n[1 , [ ] ,{ } ] \r\n",
		"{\"a\":{\"b\":[{}]},\"a\":1}",
		"[\"12345678\",\"1234567\",\"123456789\"]",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t at;

		if (verdict_of(texts[i], strlen(texts[i]), &at) != JSON_VALID)
			FAIL("%s: refused at %zu", texts[i], at);
	}
}

TEST(the_first_wrong_byte_is_told)
{
	static const struct {
		const char *text;
		size_t size, offset;
	} bad[] = {
#define BAD(text, offset) { text, sizeof(text) - 1, offset }
		BAD("", 0),
		BAD("  ", 2),
		BAD("nul", 3),
		BAD("nulx", 3),
		BAD("True", 0),
		BAD("NaN", 0),
		BAD("-Infinity", 1),
		BAD("01", 1),
		BAD("+1", 0),
		BAD("-", 1),
		BAD(".5", 0),
		BAD("1.", 2),
		BAD("1.e5", 2),
		BAD("1e", 2),
		BAD("1e+", 3),
		BAD("0x10", 1),
		BAD("1 2", 2),
		BAD("{}x", 2),
		BAD("[1,]", 3),
		BAD("[,1]", 1),
		BAD("[1 2]", 3),
		BAD("[", 1),
		BAD("[1", 2),
		BAD("]", 0),
		BAD("[}", 1),
		BAD("[1}", 2),
		BAD("{]", 1),
		BAD("{\"a\"}", 4),
		BAD("{\"a\":}", 5),
		BAD("{\"a\":1,}", 7),
		BAD("{,}", 1),
		BAD("{a:1}", 1),
		BAD("{'a':1}", 1),
		BAD("{1:1}", 1),
		BAD("{\"a\":1 \"b\":2}", 7),
		BAD("{\"a\"", 4),
		BAD("{\"a\":1", 6),
		BAD("\"a", 2),
		BAD("\"\\", 2),
		BAD("\"\\x\"", 2),
		BAD("\"\\\0\"", 2),
		BAD("\"\\u12g4\"", 5),
		BAD("\"\\u12", 5),
		BAD("\"\\ud800\"", 7),
		BAD("\"\\ud800\\u0041\"", 13),
		BAD("\"\\udc00\"", 7),
		BAD("\"a\nb\"", 2),
		BAD("\"a\rb\"", 2),
		BAD("\"a\tb\"", 2),
		BAD("\"12345678\1\"", 9),
		BAD("\"a\0b\"", 2),
		BAD("[\0]", 1),
		BAD("\"\x80\"", 1),
		BAD("\"\xc0\xaf\"", 1),
		BAD("\"\xc1\xbf\"", 1),
		BAD("\"\xe0\x80\xaf\"", 1),
		BAD("\"\xe0\x9f\xbf\"", 1),
		BAD("\"\xed\xa0\x80\"", 1),
		BAD("\"\xed\xbf\xbf\"", 1),
		BAD("\"\xf0\x8f\xbf\xbf\"", 1),
		BAD("\"\xf4\x90\x80\x80\"", 1),
		BAD("\"\xf5\x80\x80\x80\"", 1),
		BAD("\"\xff\"", 1),
		BAD("\"\xc3", 1),
		BAD("\"\xe2\x82", 1),
		BAD("\"\xe2\x82\"", 1),
		BAD("\"12345678\xc3(\"", 9),
		BAD("\xef\xbb\xbf{}", 0),
		BAD("\xc3\xa4", 0),
		BAD("<html>", 0),
		BAD("[1]//x", 3),
		BAD("/**/1", 0),
		BAD("\f1", 0),
		BAD("\xa0"
		    "1",
		    0),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t at = 12345;

		if (verdict_of(bad[i].text, bad[i].size, &at) != JSON_INVALID)
			FAIL("%s: not refused", bad[i].text);
		if (at != bad[i].offset)
			FAIL("%s: refused at %zu instead of %zu", bad[i].text, at, bad[i].offset);
	}
	CHECK_INT(json_validate((struct json_span){ NULL, 0 }, NULL), JSON_INVALID);
}

TEST(each_prefix_of_a_text_is_refused_where_it_ends)
{
	static const char text[] = "{\"a\": [1.5e3, true, \"\\u00e4\\n\", {}], \"b\": null}";

	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		size_t at;

		CHECK_INT(verdict_of(text, size, &at), JSON_INVALID);
		CHECK_INT(at, size);
	}
}

TEST(the_depth_is_limited_without_recursion)
{
	enum { DEEP = 200000 };
	char *text = malloc(2 * DEEP);
	size_t at;

	memset(text, '[', DEEP);
	memset(text + DEEP, ']', DEEP);
	CHECK_INT(json_validate((struct json_span){ text, 2 * DEEP }, &at), JSON_TOO_DEEP);
	CHECK_INT(at, JSON_MAX_DEPTH);
	CHECK_INT(json_validate((struct json_span){ text + DEEP - 512, 1024 }, &at), JSON_VALID);
	CHECK_INT(json_validate((struct json_span){ text + DEEP - 513, 1026 }, &at), JSON_TOO_DEEP);
	for (size_t i = 0; i + 6 <= 513 * 5; i += 5)
		memcpy(text + i, "{\"\":[", 5);
	CHECK_INT(json_validate((struct json_span){ text, 256 * 5 }, &at), JSON_INVALID);
	CHECK_INT(at, 256 * 5);
	CHECK_INT(json_validate((struct json_span){ text, 257 * 5 }, &at), JSON_TOO_DEEP);
	CHECK_INT(at, 256 * 5);
	free(text);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static bool jansson_accepts(const char *text, size_t size)
{
	json_error_t error;
	json_t *json = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	bool accepted = json || json_error_code(&error) == json_error_numeric_overflow;

	json_decref(json);
	return accepted;
}

TEST(another_parser_agrees_on_thousands_of_broken_texts)
{
	static const char seed[] = "{\"a\":[1.5e3,-0,true,false,null],\"\\u00e4\\ud83d\\ude00\":"
				   "{\"x\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"},\"e\":[]}";
	static const char bytes[] = "{}[]\",:\\u0019-+.eEtrfalsn \n\t\x80\xc3\xed\xa0\xf0\xff";
	uint64_t state = 42;
	int accepted = 0;

	for (int round = 0; round < 20000; round++) {
		char text[sizeof(seed)];
		size_t size = sizeof(seed) - 1;
		enum json_verdict verdict;

		memcpy(text, seed, sizeof(seed));
		for (uint64_t n = next_random(&state) % 3; n != (uint64_t)-1; n--) {
			size_t at = next_random(&state) % size;

			if (next_random(&state) % 3 == 0) {
				memmove(text + at, text + at + 1, size - at);
				size--;
			} else {
				text[at] = bytes[next_random(&state) % (sizeof(bytes) - 1)];
			}
		}
		verdict = verdict_of(text, size, NULL);
		if ((verdict == JSON_VALID) != jansson_accepts(text, size))
			FAIL("verdict %d on %.*s", verdict, (int)size, text);
		accepted += verdict == JSON_VALID;
	}
	CHECK(accepted > 500 && accepted < 19500);
}

static void check_get(struct json_span text, const char *path, const char *want)
{
	struct json_span value = { NULL, 0 };
	int rc = json_get(text, path, &value);

	if (rc != (want ? 0 : HTTP_EJSON))
		FAIL("%s in %.*s: %d", path, (int)text.len, text.ptr, rc);
	if (want)
		CHECK_MEM(value.ptr, value.len, want, strlen(want));
}

TEST(a_path_finds_the_value_as_it_is_written)
{
	struct json_span text = SPAN(" { \"id\" : 12345678901234567890.10 , \"s\":\"a\\n\\\"b\","
				     "\"a\":[ {\"b\":1} , [2,3] ,\"]\", {} ],\"x.y\":{\"\":true},"
				     "\"c\\u0061f\\u00e9 \\ud83d\\ude00\\/\":null,\"e\":\"\"} ");

	check_get(text, "$.id", "12345678901234567890.10");
	check_get(text, "$.s", "a\\n\\\"b");
	check_get(text, "$.a", "[ {\"b\":1} , [2,3] ,\"]\", {} ]");
	check_get(text, "$.a[0].b", "1");
	check_get(text, "$.a[1][1]", "3");
	check_get(text, "$.a[2]", "]");
	check_get(text, "$.a[3]", "{}");
	check_get(text, "$['x.y']['']", "true");
	check_get(text, "$['id']", "12345678901234567890.10");
	check_get(text, "$.caf\xc3\xa9 \xf0\x9f\x98\x80/", "null");
	check_get(text, "$.e", "");
	check_get(SPAN(" [1] "), "$", "[1]");
	check_get(SPAN("7"), "$", "7");
	check_get(SPAN("\"x\""), "$", "x");
	check_get(SPAN("[1,2]"), "$[1]", "2");
	check_get(SPAN("{\"1]\":2}"), "$.1]", "2");
}

TEST(a_path_that_leads_nowhere_is_an_error)
{
	struct json_span text = SPAN("{\"a\":[1,{\"b\":2}],\"d\":1,\"d\":2,\"\\u0061b\":1}");
	static const char *const paths[] = {
		"",	    "a",	  "$a",
		"$.",	    "$.x",	  "$.b",
		"$.a.b",    "$.a[2]",	  "$.a[]",
		"$.a[-1]",  "$.a[1",	  "$.a[x]",
		"$['a'",    "$[a]",	  "$..a",
		"$.a[0].b", "$.d",	  "$.a[0]x",
		"$.d[0]",   "$.a[1].b.c", "$.a[99999999999999999999999]",
		"$[0]",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		check_get(text, paths[i], NULL);
	check_get(SPAN("{\"a\":1"), "$.a", NULL);
	check_get(SPAN("{\"a\":1}x"), "$.a", NULL);
	CHECK_INT(json_get((struct json_span){ NULL, 0 }, "$", &(struct json_span){ 0 }),
		  HTTP_EJSON);
}

TEST(what_is_a_path_can_be_told_without_a_text)
{
	static const char *const good[] = { "$", "$.a", "$.a[0].b", "$['x.y'][12]", "$.1" };
	static const char *const bad[] = { "",	     "a",     "$a",   "$.",	"$.a[",
					   "$.a[x]", "$['a'", "$..a", "$.a[0]x" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!json_is_path(good[i]))
			FAIL("%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (json_is_path(bad[i]))
			FAIL("%s", bad[i]);
}

TEST(one_line_keeps_every_byte_but_line_ends)
{
	static const char text[] = "\r\n{\n  \"a\\n\": 0.10,\r\n  \"b\":\t[1,\r2]\n}\n";
	static const char want[] = "{  \"a\\n\": 0.10,  \"b\":\t[1,2]}";
	char out[sizeof(text)], same[sizeof(text)];

	memcpy(same, text, sizeof(text));
	CHECK_INT(json_one_line(SPAN(text), out), sizeof(want) - 1);
	CHECK_MEM(out, sizeof(want) - 1, want, sizeof(want) - 1);
	CHECK_INT(json_one_line((struct json_span){ same, sizeof(text) - 1 }, same),
		  sizeof(want) - 1);
	CHECK_MEM(same, sizeof(want) - 1, want, sizeof(want) - 1);
	CHECK_INT(json_one_line((struct json_span){ NULL, 0 }, out), 0);
}

static void check_written(size_t (*write)(char *out, struct json_span text), const char *text,
			  size_t size, const char *want)
{
	char *out = malloc(JSON_STRING_ROOM(size));
	size_t written = write(out, (struct json_span){ text, size });

	CHECK_MEM(out, written, want, strlen(want));
	CHECK_INT(json_validate((struct json_span){ out, written }, NULL), JSON_VALID);
	free(out);
}

TEST(any_bytes_can_be_written_as_a_string)
{
	check_written(json_write_string, NULL, 0, "\"\"");
	check_written(json_write_string, "plain text", 10, "\"plain text\"");
	check_written(json_write_string, "a\"\\/\b\f\n\r\t\0\x1f\x7f", 12,
		      "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\"");
	check_written(json_write_string, "\xc3\xa4\xf0\x9f\x98\x80", 6,
		      "\"\xc3\xa4\xf0\x9f\x98\x80\"");
	check_written(json_write_string,
		      "a\xff\xe2\x82"
		      "b\xc3",
		      6,
		      "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		      "b\xef\xbf\xbd\"");
	check_written(json_write_string, "\0\0\0", 3, "\"\\u0000\\u0000\\u0000\"");
	check_written(json_write_latin1, "a\xe4\xff\x80\n", 5, "\"a\xc3\xa4\xc3\xbf\xc2\x80\\n\"");
}

TEST(utf8_is_told_from_other_bytes)
{
	CHECK(json_is_utf8(SPAN("")));
	CHECK(json_is_utf8(SPAN("plain \0 \"\\ \n \x7f")) == true);
	CHECK(json_is_utf8(SPAN("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80")));
	CHECK(!json_is_utf8(SPAN("\xc3")));
	CHECK(!json_is_utf8(SPAN("a\xff")));
	CHECK(!json_is_utf8(SPAN("\xed\xa0\x80")));
	CHECK(!json_is_utf8(SPAN("12345678\xc0\x80")));
}
