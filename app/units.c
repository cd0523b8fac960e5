/* SPDX-License-Identifier: MIT */
/* units.c - numbers with a unit, read without floating point, so that none is off by a little. */
#include "app/units.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define SECOND INT64_C(1000000000)
#define LONGEST (INT64_C(10) * 366 * 24 * 3600 * SECOND)

/* A number of at most 18 digits with at most 9 decimals, as billionths. The rest is left in *text. */
static bool decimal(const char **text, uint64_t *whole, uint64_t *billionths)
{
	const char *at = *text;
	uint64_t scale = SECOND / 10;

	*whole = *billionths = 0;
	if (*at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9'; at++) {
		if (*whole > UINT64_C(99999999999999999))
			return false;
		*whole = *whole * 10 + (uint64_t)(*at - '0');
	}
	if (*at == '.') {
		if (at[1] < '0' || at[1] > '9')
			return false;
		for (at++; *at >= '0' && *at <= '9'; at++, scale /= 10)
			*billionths += (uint64_t)(*at - '0') * scale;
	}
	*text = at;
	return true;
}

static int64_t time_unit(const char *name)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "", SECOND },
		      { "s", SECOND },
		      { "ms", SECOND / 1000 },
		      { "m", 60 * SECOND },
		      { "h", 3600 * SECOND } };

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (!strcmp(name, units[i].name))
			return units[i].ns;
	return 0;
}

bool units_duration(const char *text, int64_t *ns)
{
	uint64_t whole, billionths;
	int64_t unit;

	if (!decimal(&text, &whole, &billionths))
		return false;
	unit = time_unit(text);
	if (!unit || whole > (uint64_t)(LONGEST / unit))
		return false;
	/* Exact and without overflow: each unit is a multiple of 1,000 ns and at most an hour. */
	*ns = (int64_t)whole * unit +
	      (int64_t)(billionths * (uint64_t)(unit / 1000) / (uint64_t)(SECOND / 1000));
	return true;
}

static uint64_t size_unit(const char *name)
{
	static const char prefixes[] = "kMGT";
	const char *prefix;

	if (!*name || !strcasecmp(name, "B"))
		return 1;
	prefix = strchr(prefixes, *name == 'K' ? 'k' : *name);
	if (!prefix || (name[1] && strcmp(name + 1, "B") && strcmp(name + 1, "iB")))
		return 0;
	return UINT64_C(1) << 10 * (prefix - prefixes + 1);
}

bool units_size(const char *text, uint64_t *bytes)
{
	uint64_t whole, billionths, unit;

	if (!decimal(&text, &whole, &billionths))
		return false;
	unit = size_unit(text);
	if (!unit || whole > (UINT64_C(1) << 60) / unit)
		return false;
	*bytes = whole * unit + (uint64_t)((double)billionths / (double)SECOND * (double)unit);
	return true;
}

bool units_count(const char *text, uint64_t limit, uint64_t *value)
{
	uint64_t whole, billionths;

	if (strchr(text, '.') || !decimal(&text, &whole, &billionths) || *text || whole > limit)
		return false;
	*value = whole;
	return true;
}

/* "s" means "1s". */
static bool period(const char *text, int64_t *ns)
{
	if (*text >= '0' && *text <= '9')
		return units_duration(text, ns) && *ns > 0;
	*ns = *text ? time_unit(text) : 0;
	return *ns > 0;
}

bool units_rate(const char *text, struct units_rate *rate)
{
	char copy[64], *slash, *comma;
	uint64_t count, burst = 1;
	int64_t length;

	if (strlen(text) >= sizeof copy)
		return false;
	strcpy(copy, text);
	slash = strchr(copy, '/');
	if (!slash)
		return false;
	*slash = '\0';
	comma = strchr(slash + 1, ',');
	if (comma) {
		*comma = '\0';
		if (strncmp(comma + 1, "burst=", 6) || !units_count(comma + 7, 1000000, &burst))
			return false;
	}
	if (!units_count(copy, 1000000000, &count) || !count || !burst ||
	    !period(slash + 1, &length))
		return false;
	rate->interval = length / (int64_t)count;
	rate->burst = (int)burst;
	return rate->interval > 0;
}
