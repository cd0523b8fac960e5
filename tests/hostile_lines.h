/* SPDX-License-Identifier: MIT */
/* hostile_lines.h - how the tests of build/collect write down what a server does: a few words for fields. */
#ifndef LOOPHOUND_TESTS_HOSTILE_LINES_H
#define LOOPHOUND_TESTS_HOSTILE_LINES_H

#include "tests/hostile.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define HI OK "Content-Length: 2\r\n\r\nhi"

#define STEPS(...)                                          \
	.script = (const struct raw_step[])                 \
	{                                                   \
		RAW_REQUEST, __VA_ARGS__, RAW_HOLD, RAW_END \
	}
#define BYTES(text) .bytes = (text), .size = sizeof(text) - 1, .ending = RAW_VERB_AGAIN
#define CLOSES(text) .bytes = (text), .size = sizeof(text) - 1, .ending = RAW_VERB_END
#define IS(answer, text) .status = (answer), .body = (text)

#endif
