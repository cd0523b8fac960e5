/* SPDX-License-Identifier: MIT */
/*
 * cookie_date.c - the dates of cookies (RFC 6265 5.1.1), which servers write in every form: the text is
 * cut into tokens, and the first that looks like a time, a day, a month, a year, is it.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "http/cookies.h"
#include "http/httpdate.h"

struct date {
	int hour, minute, second, day, month, year;
	bool has_time, has_day, has_month, has_year;
};

static bool is_delimiter(unsigned char c)
{
	return c == 0x09 || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) ||
	       (c >= 0x5b && c <= 0x60) || (c >= 0x7b && c <= 0x7e);
}

/* So many digits, at least and at most, and then no other digit. Moves on. */
static bool number(const char **at, const char *end, int least, int most, int *value)
{
	int count = 0;

	*value = 0;
	while (*at < end && isdigit((unsigned char)**at) && count < most) {
		*value = *value * 10 + (*(*at)++ - '0');
		count++;
	}
	return count >= least && !(*at < end && isdigit((unsigned char)**at));
}

static bool read_time(struct date *date, const char *at, const char *end)
{
	return number(&at, end, 1, 2, &date->hour) && at < end && *at++ == ':' &&
	       number(&at, end, 1, 2, &date->minute) && at < end && *at++ == ':' &&
	       number(&at, end, 1, 2, &date->second);
}

static bool read_month(struct date *date, const char *at, size_t size)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (int i = 0; i < 12 && size >= 3; i++)
		if (strncasecmp(at, names + 3 * i, 3) == 0) {
			date->month = i + 1;
			return true;
		}
	return false;
}

static void read_token(struct date *date, const char *at, const char *end)
{
	const char *start = at;

	if (!date->has_time && read_time(date, start, end)) {
		date->has_time = true;
		return;
	}
	if (!date->has_day && number(&at, end, 1, 2, &date->day)) {
		date->has_day = true;
		return;
	}
	if (!date->has_month && read_month(date, start, (size_t)(end - start))) {
		date->has_month = true;
		return;
	}
	at = start;
	if (!date->has_year && number(&at, end, 2, 4, &date->year))
		date->has_year = true;
}

bool cookies_date(const char *text, size_t size, int64_t *seconds)
{
	const char *end = text + size;
	struct date date = { 0 };

	while (text < end) {
		const char *token = text;

		while (text < end && !is_delimiter((unsigned char)*text))
			text++;
		if (text > token)
			read_token(&date, token, text);
		else
			text++;
	}
	if (!date.has_time || !date.has_day || !date.has_month || !date.has_year)
		return false;
	date.year += date.year < 70 ? 2000 : date.year < 100 ? 1900 : 0;
	if (date.year < 1601 || date.day < 1 ||
	    date.day > httpdate_month_length(date.year, date.month) || date.hour > 23 ||
	    date.minute > 59 || date.second > 59)
		return false;
	*seconds = httpdate_days(date.year, date.month, date.day) * 86400 + date.hour * 3600 +
		   date.minute * 60 + date.second;
	return true;
}
