/* SPDX-License-Identifier: MIT */
/* httpdate.c - a pattern a form: each letter of it says what must stand there. */
#include "http/httpdate.h"

#include <string.h>

struct fields {
	int year, month, day, hour, minute, second;
};

int64_t httpdate_days(int year, int month, int day)
{
	/* The year begins in March here, so that the leap day is its last. */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool digits(const char **text, int count, int *value)
{
	*value = 0;
	for (int i = 0; i < count; i++) {
		char c = (*text)[i];

		if (c < '0' || c > '9')
			return false;
		*value = *value * 10 + (c - '0');
	}
	*text += count;
	return true;
}

/* One of the names, cut to three letters or in full; its place, or -1. */
static int name(const char **text, const char *const *names, int count, bool full)
{
	for (int i = 0; i < count; i++) {
		size_t length = full ? strlen(names[i]) : 3;

		if (!strncmp(*text, names[i], length)) {
			*text += length;
			return i;
		}
	}
	return -1;
}

/* w W: day of the week, short and in full; d: 2 digits; D: 2 digits or blank and 1; M; y Y; h m s. */
static bool field(const char **text, char kind, struct fields *f)
{
	static const char *const days[] = { "Sunday",	"Monday", "Tuesday", "Wednesday",
					    "Thursday", "Friday", "Saturday" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

	switch (kind) {
	case 'w':
	case 'W':
		return name(text, days, 7, kind == 'W') >= 0;
	case 'M':
		f->month = name(text, months, 12, false) + 1;
		return f->month > 0;
	case 'D':
		if (**text == ' ') {
			(*text)++;
			return digits(text, 1, &f->day);
		}
		return digits(text, 2, &f->day);
	case 'd':
		return digits(text, 2, &f->day);
	case 'Y':
		return digits(text, 4, &f->year);
	case 'y':
		if (!digits(text, 2, &f->year))
			return false;
		f->year += f->year < 70 ? 2000 : 1900;
		return true;
	case 'h':
		return digits(text, 2, &f->hour);
	case 'm':
		return digits(text, 2, &f->minute);
	default:
		return digits(text, 2, &f->second);
	}
}

static bool match(const char *text, const char *pattern, struct fields *f)
{
	for (; *pattern; pattern++) {
		if (*pattern == '%') {
			if (!field(&text, *++pattern, f))
				return false;
		} else if (*text++ != *pattern) {
			return false;
		}
	}
	return !*text;
}

int httpdate_month_length(int year, int month)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return lengths[month - 1] + (leap && month == 2);
}

static bool exists(const struct fields *f)
{
	/* 60 is a leap second. */
	return f->day >= 1 && f->day <= httpdate_month_length(f->year, f->month) && f->hour < 24 &&
	       f->minute < 60 && f->second <= 60;
}

bool httpdate_parse(const char *text, int64_t *seconds)
{
	static const char *const forms[] = { "%w, %d %M %Y %h:%m:%s GMT",
					     "%W, %d-%M-%y %h:%m:%s GMT", "%w %M %D %h:%m:%s %Y" };

	for (int i = 0; i < 3; i++) {
		struct fields f = { 0 };

		if (!match(text, forms[i], &f))
			continue;
		if (!exists(&f))
			return false;
		*seconds = httpdate_days(f.year, f.month, f.day) * 86400 + f.hour * 3600 +
			   f.minute * 60 + f.second;
		return true;
	}
	return false;
}

/* So many digits, the last ones. snprintf() would take a fortieth of all that collect does. */
static void put(char *at, int count, unsigned value)
{
	for (; count--; value /= 10)
		at[count] = (char)('0' + value % 10);
}

char *httpdate_iso(int64_t ms, char buffer[HTTPDATE_ISO])
{
	int64_t days = ms / 86400000, rest = ms % 86400000;
	int64_t z, era, of_era, of_year, year, month;

	if (rest < 0) {
		rest += 86400000;
		days--;
	}
	z = days + 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	z -= era * 146097;
	of_era = (z - z / 1460 + z / 36524 - z / 146096) / 365;
	of_year = z - (365 * of_era + of_era / 4 - of_era / 100);
	month = (5 * of_year + 2) / 153;
	year = of_era + era * 400 + (month >= 10);
	strcpy(buffer, "0000-00-00T00:00:00.000Z");
	put(buffer, 4, (unsigned)year);
	put(buffer + 5, 2, (unsigned)(month < 10 ? month + 3 : month - 9));
	put(buffer + 8, 2, (unsigned)(of_year - (153 * month + 2) / 5 + 1));
	put(buffer + 11, 2, (unsigned)(rest / 3600000));
	put(buffer + 14, 2, (unsigned)(rest / 60000 % 60));
	put(buffer + 17, 2, (unsigned)(rest / 1000 % 60));
	put(buffer + 20, 3, (unsigned)(rest % 1000));
	return buffer;
}
