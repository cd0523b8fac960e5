/* SPDX-License-Identifier: MIT */
/* wrap.h - paragraphs of at most 78 columns: a line breaks at a space, not within a quantity. */
#ifndef LOOPHOUND_RUNTIME_TRACE_WRAP_H
#define LOOPHOUND_RUNTIME_TRACE_WRAP_H

#include "runtime/trace/out.h"

struct wrap {
	struct trace_out *out;
	size_t column; /* of what is written */
	size_t length; /* of the word, in bytes; and in columns */
	size_t width;
	char word[128];
};

void wrap_text(struct wrap *wrap, const char *text);
/* The same, and its spaces do not break: "300 ms". */
void wrap_unbroken(struct wrap *wrap, const char *text);
void wrap_int(struct wrap *wrap, int64_t value);
/* ns: "12.3 ms"; and as "1.203 s". */
void wrap_duration(struct wrap *wrap, int64_t ns);
void wrap_seconds(struct wrap *wrap, int64_t ns);
/* Ends the paragraph, if there is one, with an empty line. */
void wrap_paragraph(struct wrap *wrap);
/* Lines as they are, indented. */
void wrap_block(struct wrap *wrap, const char *lines);

#endif
