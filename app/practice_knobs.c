/* SPDX-License-Identifier: MIT */
/* practice_knobs.c - see practice_knobs.h. */
#include "app/practice_knobs.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool set_delay(struct practice_knobs *knobs, const char *text)
{
	return units_duration(text, &knobs->delay);
}

static bool set_jitter(struct practice_knobs *knobs, const char *text)
{
	return units_duration(text, &knobs->jitter);
}

static bool set_retry_after(struct practice_knobs *knobs, const char *text)
{
	return units_duration(text, &knobs->retry_after);
}

static bool set_error_rate(struct practice_knobs *knobs, const char *text)
{
	char *rest;

	if (!isdigit((unsigned char)*text))
		return false;
	knobs->error_rate = strtod(text, &rest);
	return *rest == 0 && knobs->error_rate <= 1;
}

static bool set_status(struct practice_knobs *knobs, const char *text)
{
	uint64_t status;

	if (!units_count(text, 599, &status) || status < 200)
		return false;
	knobs->status = (int)status;
	return true;
}

static bool set_rate(struct practice_knobs *knobs, const char *text)
{
	return units_rate(text, &knobs->rate);
}

static bool set_size(struct practice_knobs *knobs, const char *text)
{
	return units_size(text, &knobs->size) && knobs->size <= PRACTICE_MAX_SIZE;
}

static bool set_id(struct practice_knobs *knobs, const char *text)
{
	return units_count(text, INT_MAX, &knobs->id);
}

static bool set_n(struct practice_knobs *knobs, const char *text)
{
	return units_count(text, 1000, &knobs->n);
}

static const struct knob {
	const char *name;
	bool (*set)(struct practice_knobs *knobs, const char *text);
} table[] = {
	{ "delay", set_delay },	  { "jitter", set_jitter }, { "error_rate", set_error_rate },
	{ "status", set_status }, { "rate", set_rate },	    { "retry_after", set_retry_after },
	{ "size", set_size },	  { "id", set_id },	    { "n", set_n },
};

int practice_knobs_set(struct practice_knobs *knobs, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct practice_knobs changed = *knobs;

		if (strcmp(name, table[i].name) != 0)
			continue;
		if (!table[i].set(&changed, value))
			return -1;
		*knobs = changed;
		return 0;
	}
	return 1;
}

/* Copies up to any character of ends, undoing %XX and cutting what is too long; where it ended. */
static const char *decode(const char *text, const char *ends, char *out, size_t capacity)
{
	size_t n = 0;

	/* strchr() finds the NUL too, so the end of the text is one of the ends. */
	while (strchr(ends, *text) == NULL) {
		char c = *text++;

		if (c == '%' && isxdigit((unsigned char)text[0]) &&
		    isxdigit((unsigned char)text[1])) {
			c = (char)strtol((char[]){ text[0], text[1], 0 }, NULL, 16);
			text += 2;
		}
		if (n + 1 < capacity)
			out[n++] = c;
	}
	out[n] = 0;
	return text;
}

const char *practice_knobs_parse(struct practice_knobs *knobs, const char *query, char bad[32])
{
	char value[32];

	while (query != NULL && *query != 0) {
		query = decode(query, "=&", bad, 32);
		value[0] = 0;
		if (*query == '=')
			query = decode(query + 1, "&", value, sizeof(value));
		if (*query == '&')
			query++;
		if (practice_knobs_set(knobs, bad, value) < 0)
			return bad;
	}
	return NULL;
}

/* splitmix64: a good mixer without a state. */
double practice_chance(uint64_t seed, uint64_t n)
{
	uint64_t x = seed + (n + 1) * 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	x ^= x >> 31;
	return (double)(x >> 11) / 9007199254740992.0;
}

/* The generic cell rate algorithm: due is when the next one would come if they were evenly spaced. */
int64_t practice_rate_take(int64_t *due, const struct units_rate *rate, int64_t now)
{
	int64_t ahead = (int64_t)(rate->burst - 1) * rate->interval;

	if (*due < now)
		*due = now;
	if (*due - now > ahead)
		return *due - now - ahead;
	*due += rate->interval;
	return 0;
}
