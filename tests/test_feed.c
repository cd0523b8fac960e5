/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "app/feed.h"
#include "app/text.h"
#include "tests/harness.h"

/* Feeds text in pieces of that size and writes each line as number:line| into out. */
static void cut(const char *text, size_t size, size_t piece, struct text *out)
{
	struct feed feed = { 0 };
	struct json_span line;
	enum feed_result what;
	bool at_end = false;

	while (!at_end) {
		size_t room, take = size < piece ? size : piece;
		char *to = feed_room(&feed, &room);

		CHECK(to && room);
		take = take < room ? take : room;
		memcpy(to, text, take);
		feed_filled(&feed, take);
		text += take;
		size -= take;
		at_end = take == 0;
		while ((what = feed_next(&feed, at_end, &line)) != FEED_MORE)
			text_printf(out, "%llu%s%.*s|", (unsigned long long)feed.number,
				    what == FEED_LINE ? ":" : "!", (int)line.len, line.ptr);
	}
	feed_free(&feed);
}

TEST(lines_are_the_same_however_the_stream_is_cut)
{
	const char *text = "one\ntwo\r\n\n  four \nfive\r\r\nlast";

	for (size_t piece = 1; piece <= strlen(text); piece++) {
		struct text out = { 0 };

		cut(text, strlen(text), piece, &out);
		CHECK_STR(text_cstr(&out), "1:one|2:two|3:|4:  four |5:five\r|6:last|");
		text_free(&out);
	}
}

TEST(no_input_has_no_line_and_a_final_line_end_adds_none)
{
	struct text out = { 0 };

	cut("", 0, 10, &out);
	CHECK_STR(text_cstr(&out), "");
	cut("a\n", 2, 10, &out);
	CHECK_STR(text_cstr(&out), "1:a|");
	text_free(&out);
}

TEST(a_line_that_is_too_long_is_told_of_once_and_the_next_one_is_whole)
{
	size_t size = 3 * FEED_LONGEST + 20;
	char *text = malloc(size);

	memset(text, 'x', size);
	memcpy(text, "first\n", 6);
	memcpy(text + size - 7, "\nlast\n", 6);
	text[size - 1] = 'z';
	for (size_t piece = 1000; piece <= 4000000; piece *= 63) {
		struct text out = { 0 };

		cut(text, size, piece, &out);
		CHECK_INT(out.length, 8 + 2 + 256 + 1 + 7 + 4);
		CHECK(!strncmp(out.data, "1:first|2!xxxx", 14));
		CHECK_STR(text_cstr(&out) + 8 + 2 + 256, "|3:last|4:z|");
		text_free(&out);
	}
	free(text);
}

TEST(a_long_line_below_the_limit_is_whole)
{
	size_t size = FEED_LONGEST - 1;
	char *text = malloc(size + 1);
	struct text out = { 0 };

	memset(text, 'y', size);
	text[size] = '\n';
	cut(text, size + 1, 5000, &out);
	CHECK_INT(out.length, 2 + size + 1);
	text_free(&out);
	free(text);
}
