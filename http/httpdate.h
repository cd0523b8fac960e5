/* SPDX-License-Identifier: MIT */
/* httpdate.h - HTTP-dates (RFC 9110, 5.6.7) as seconds since 1970, without libc's time zones. Pure. */
#ifndef LOOPHOUND_HTTP_HTTPDATE_H
#define LOOPHOUND_HTTP_HTTPDATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "Sun, 06 Nov 1994 08:49:37 GMT", and the obsolete "Sunday, 06-Nov-94 08:49:37 GMT" (years 70 to 99
 * are 19xx) and "Sun Nov  6 08:49:37 1994". Anything else, and any date that does not exist: false.
 * The day of the week must be one, but need not fit.
 */
bool httpdate_parse(const char *text, int64_t *seconds);

/* Days since 1970-01-01 of a Gregorian date. */
int64_t httpdate_days(int year, int month, int day);
int httpdate_month_length(int year, int month);

/* "2026-11-22T11:40:02.114Z" of milliseconds since 1970. */
#define HTTPDATE_ISO 32
char *httpdate_iso(int64_t ms, char buffer[HTTPDATE_ISO]);

#endif
