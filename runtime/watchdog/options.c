/* SPDX-License-Identifier: MIT */
/*
 * options.c - async_watchdog_configure() and LOOPHOUND_WATCHDOG.
 */
#include "runtime/watchdog/options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_LIMIT 0.1
#define SHORTEST_LIMIT 0.001

static struct async_watchdog_options chosen;

void async_watchdog_configure(const struct async_watchdog_options *options)
{
	chosen = options ? *options : (struct async_watchdog_options){ 0 };
}

/* Negative when it is no time. */
static double parse_seconds(const char *text, size_t length)
{
	char *unit;
	double value = strtod(text, &unit);
	size_t rest = length - (size_t)(unit - text);

	if (unit == text || !(value > 0) || value > 1e6)
		return -1;
	if (rest == 0 || (rest == 1 && *unit == 's'))
		return value;
	if (rest == 2 && memcmp(unit, "ms", 2) == 0)
		return value / 1e3;
	if (rest == 2 && memcmp(unit, "us", 2) == 0)
		return value / 1e6;
	return -1;
}

const char *watchdog_options_parse(const char *text, double *limit)
{
	const char *unknown = NULL;

	for (size_t length; *text != '\0'; text += length + (text[length] == ',')) {
		length = strcspn(text, ",");
		if (length == 0)
			continue;
		double seconds = length > 6 && memcmp(text, "limit=", 6) == 0
					 ? parse_seconds(text + 6, length - 6)
					 : -1;

		if (seconds > 0)
			*limit = seconds;
		else if (length == 3 && memcmp(text, "off", 3) == 0)
			*limit = -1;
		else if (unknown == NULL)
			unknown = text;
	}
	return unknown;
}

static void say(const char *text, const char *detail)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
	(void)!write(STDERR_FILENO, detail, strlen(detail));
	(void)!write(STDERR_FILENO, "\n", 1);
}

/* Valgrind runs one thread at a time on registers of its own: there is nothing to see from here. */
static bool under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

bool watchdog_options_get(struct watchdog_options *options)
{
	const char *wanted = getenv("LOOPHOUND_WATCHDOG");
	double limit = chosen.limit;
	static bool said;

	if (wanted != NULL) {
		const char *unknown = watchdog_options_parse(wanted, &limit);

		if (unknown != NULL && !said)
			say("loophound: LOOPHOUND_WATCHDOG: not understood: ", unknown);
		said = said || unknown != NULL;
	}
	if (limit < 0)
		return false;
	if (under_valgrind()) {
		if (!said && (wanted != NULL || chosen.limit > 0))
			say("loophound: the watchdog is off under ", "Valgrind");
		said = true;
		return false;
	}
	if (!(limit > 0))
		limit = DEFAULT_LIMIT;
	options->limit = (int64_t)((limit < SHORTEST_LIMIT ? SHORTEST_LIMIT : limit) * 1e9);
	options->report = chosen.report;
	options->arg = chosen.arg;
	return true;
}
