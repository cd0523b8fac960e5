/* SPDX-License-Identifier: MIT */
/*
 * utf8.h - the two loops that all text passes through: plain ASCII eight bytes at a time, and the
 * rest character by character. Pure; internal to the json files.
 */
#ifndef LOOPHOUND_HTTP_UTF8_H
#define LOOPHOUND_HTTP_UTF8_H

/*
 * The first byte in [at, end) that is not plain inside a JSON string: a control byte, a quote, a
 * backslash, or one above 0x7f; end when there is none.
 */
const char *utf8_skip_plain(const char *at, const char *end);

/*
 * How many bytes the character at at has: 1 to 4, or 0 when it is not well-formed UTF-8 (cut off,
 * overlong, a surrogate, above U+10FFFF). at < end.
 */
int utf8_length(const char *at, const char *end);

#endif
