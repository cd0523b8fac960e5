/* SPDX-License-Identifier: MIT */
/*
 * range.h - is this 206 an answer to that Range? RFC 9110, 14.2 and 14.4. Pure.
 */
#ifndef LOOPHOUND_HTTP_RANGE_H
#define LOOPHOUND_HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * asked is the value of Range, got that of Content-Range (NULL: there was none), length the body's
 * announced length or -1. For one range of bytes the part has to begin where it was asked to and may
 * end earlier, for want of more. What has several ranges, or another unit, is the caller's to judge.
 */
bool range_answered(const char *asked, const char *got, int64_t length);

/* How many bytes a Content-Range says that there are; UINT64_MAX: it does not (or is NULL). */
uint64_t range_length(const char *got);

#endif
