/* SPDX-License-Identifier: MIT */
/* parser_story.c - see parser_story.h. */
#include "tests/parser_story.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness.h"

__attribute__((format(printf, 2, 3))) static void tell(struct story *story, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	story->used += vsnprintf(story->text + story->used, sizeof(story->text) - story->used,
				 format, arguments);
	va_end(arguments);
	CHECK(story->used < sizeof(story->text));
}

static void tell_head(struct story *story, const struct parser_head *head)
{
	if (head->method)
		tell(story, "%s %s ", head->method, head->target);
	else
		tell(story, "%d ", head->status);
	for (size_t i = 0; i < head->header_count; i++)
		tell(story, "%s=%s;", head->headers[i].name, head->headers[i].value);
}

static const char *code_name(int code)
{
	switch (code) {
	case HTTP_EPARSE:
		return "EPARSE";
	case HTTP_EFRAMING:
		return "EFRAMING";
	case HTTP_EHEADER_OVERFLOW:
		return "EHEADER_OVERFLOW";
	case HTTP_ECLOSED_EARLY:
		return "ECLOSED_EARLY";
	case HTTP_EBODY_TRUNCATED:
		return "EBODY_TRUNCATED";
	case HTTP_EBODY_TOO_LARGE:
		return "EBODY_TOO_LARGE";
	case HTTP_ETOO_MANY_1XX:
		return "ETOO_MANY_1XX";
	case HTTP_EUNEXPECTED_304:
		return "EUNEXPECTED_304";
	case HTTP_EUNEXPECTED_206:
		return "EUNEXPECTED_206";
	}
	return format("code %d", code);
}

/* True while the message goes on. A failure tells nothing of what came before it. */
static bool tell_event(struct story *story, struct parser *parser, int rc, struct json_span piece)
{
	const struct parser_head *head = parser_head(parser);

	switch (rc) {
	case PARSER_HEAD:
		tell_head(story, head);
		return true;
	case PARSER_BODY:
		CHECK(story->body_size + piece.len <= sizeof(story->body));
		memcpy(story->body + story->body_size, piece.ptr, piece.len);
		story->body_size += piece.len;
		return true;
	case PARSER_MORE:
		return true;
	case PARSER_DONE:
		tell(story, "[%.*s]%s", (int)story->body_size, story->body,
		     head->keep_alive ? " keep" : " close");
		if (head->interim)
			tell(story, " interim %u", head->interim);
		if (head->bare_lf)
			tell(story, " lf %u", head->bare_lf);
		CHECK_INT(parser_body_bytes(parser), story->body_size);
		return false;
	}
	story->used = 0;
	tell(story, "%s", code_name(rc));
	CHECK(parser_why(parser)[0] != '\0');
	return false;
}

/* Feeds one piece from a block of its own size. True while the message goes on. */
static bool feed_piece(struct story *story, struct parser *parser, const char *data, size_t size,
		       size_t *surplus)
{
	char *copy = malloc(size);
	size_t at = 0, used;
	bool more = true;

	CHECK(copy);
	memcpy(copy, data, size);
	while (more && at < size) {
		struct json_span piece = { NULL, 0 };
		int rc = parser_feed(parser, copy + at, size - at, &used, &piece);

		CHECK(used <= size - at);
		CHECK(rc != PARSER_MORE || used == size - at);
		more = tell_event(story, parser, rc, piece);
		at += used;
	}
	*surplus = size - at;
	free(copy);
	return more;
}

void story_of(struct story *story, struct parser *parser, const struct message *message,
	      size_t first, size_t step)
{
	size_t at = 0, size = first, surplus = 0;
	bool more = true;

	*story = (struct story){ .used = 0 };
	parser_begin(parser, &message->options);
	for (; more && at < message->size; at += size, size = step) {
		if (size > message->size - at)
			size = message->size - at;
		if (size)
			more = feed_piece(story, parser, message->bytes + at, size, &surplus);
	}
	surplus += message->size - at;
	if (more)
		tell_event(story, parser, parser_finish(parser), (struct json_span){ NULL, 0 });
	else if (surplus && parser_finish(parser) == PARSER_DONE)
		tell(story, " surplus %zu", surplus);
}

void check_message(const struct message *message)
{
	struct parser *parser = parser_new();
	struct story story;
	const char *want = message->want;

	CHECK(parser);
	story_of(&story, parser, message, message->size, 1);
	if (strcmp(story.text, want) != 0)
		FAIL("whole: %s\n  got  %s\n  want %s\n  why  %s", message->bytes, story.text, want,
		     parser_why(parser));
	for (size_t cut = 0; cut <= message->size; cut++) {
		/* cut == 0: byte by byte. */
		story_of(&story, parser, message, cut ? cut : 1, cut ? message->size : 1);
		if (strcmp(story.text, want) != 0)
			FAIL("cut at %zu: %s\n  got  %s\n  want %s", cut, message->bytes,
			     story.text, want);
	}
	parser_free(parser);
}
