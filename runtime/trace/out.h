/* SPDX-License-Identifier: MIT */
/*
 * out.h - characters into a buffer that may be emptied into an fd. No stdio, no memory, no locale,
 * so it works in a signal handler as anywhere else.
 */
#ifndef LOOPHOUND_RUNTIME_TRACE_OUT_H
#define LOOPHOUND_RUNTIME_TRACE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_out {
	char *buffer;
	size_t size, used;
	/* Takes what is in the buffer. 0 or a negative errno, kept in error. NULL: cut off when full. */
	int (*flush)(struct trace_out *out);
	int fd;
	int64_t offset; /* where in the file; negative: wherever it stands */
	int error;
};

void out_flush(struct trace_out *out);
void out_bytes(struct trace_out *out, const char *bytes, size_t count);
void out_text(struct trace_out *out, const char *text);
void out_int(struct trace_out *out, int64_t value);
/* value / 1000 with three decimals: 1234567 is "1234.567". */
void out_thousandths(struct trace_out *out, int64_t value);
void out_hex(struct trace_out *out, uint64_t value);
/* A JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void out_json(struct trace_out *out, const char *text);
/* ns as a person would say it, three digits: "340 ns", "12.3 ms", "1.2 s". */
void out_duration(struct trace_out *out, int64_t ns);

#endif
