/* SPDX-License-Identifier: MIT */
/*
 * parser_story.h - what the parser tells of a message, as text, and the same for every way of cutting it.
 *
 * Each message is fed whole, cut in two at every byte, byte by byte, and with a fresh copy of each piece
 * (so that a sanitizer sees who keeps a pointer); all must tell the same.
 */
#ifndef LOOPHOUND_TESTS_PARSER_STORY_H
#define LOOPHOUND_TESTS_PARSER_STORY_H

#include "http/parser.h"

struct message {
	const char *bytes;
	size_t size;
	const char *want; /* its story */
	struct parser_options options;
};
#define TEXT(text) .bytes = (text), .size = sizeof(text) - 1
#define BYTES(text) (text), sizeof(text) - 1

/* The events of one message as text. */
struct story {
	char text[8192];
	size_t used;
	char body[4096];
	size_t body_size;
};

/* Feeds the message: the first piece has first bytes, the others step. */
void story_of(struct story *story, struct parser *parser, const struct message *message,
	      size_t first, size_t step);

/* Fails the test unless the message tells what it shall, however it is cut. */
void check_message(const struct message *message);
#define check_all(messages)                                                           \
	do {                                                                          \
		for (size_t i = 0; i < sizeof(messages) / sizeof((messages)[0]); i++) \
			check_message(&(messages)[i]);                                \
	} while (0)

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

#endif
