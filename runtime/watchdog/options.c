/* SPDX-License-Identifier: MIT */
/*
 * options.c - async_watchdog_configure() and LOOPHOUND_WATCHDOG: a table of words.
 */
#include "runtime/watchdog/options.h"

#include "runtime/say.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_LIMIT 0.1
#define SHORTEST_LIMIT 0.001
#define LONGEST_WORD 255

static struct async_watchdog_options chosen;

void async_watchdog_configure(const struct async_watchdog_options *options)
{
	chosen = options ? *options : (struct async_watchdog_options){ 0 };
}

/* ---- Values ---------------------------------------------------------------------------------- */

/* Seconds as ns; 0 when it is no time. */
static int64_t ns_of(double seconds)
{
	return (int64_t)((seconds < SHORTEST_LIMIT ? SHORTEST_LIMIT : seconds) * 1e9);
}

static bool read_limit(struct watchdog_options *options, const char *value)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "ms", 1e-3 }, { "us", 1e-6 } };
	char *unit;
	double number = strtod(value, &unit);

	if (unit == value || !(number > 0) || number > 1e6)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(unit, units[i].name) == 0) {
			options->limit = ns_of(number * units[i].seconds);
			options->off = false;
			return true;
		}
	return false;
}

static bool read_off(struct watchdog_options *options, const char *value)
{
	(void)value;
	options->off = true;
	return true;
}

static bool read_report(struct watchdog_options *options, const char *value)
{
	static const char *const names[] = {
		[ASYNC_REPORT_TEXT] = "text",
		[ASYNC_REPORT_JSON] = "json",
		[ASYNC_REPORT_FOLDED] = "folded",
		[ASYNC_REPORT_GITHUB] = "github",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(value, names[i]) == 0) {
			options->format = (enum async_report_format)i;
			options->report = NULL;
			return true;
		}
	return false;
}

static bool read_file(struct watchdog_options *options, const char *value)
{
	snprintf(options->file, sizeof(options->file), "%s", value);
	options->report = NULL;
	return value[0] != '\0';
}

static bool read_exit(struct watchdog_options *options, const char *value)
{
	char *end;
	long code = strtol(value, &end, 10);

	options->exit_code = (int)code;
	return end > value && *end == '\0' && code >= 1 && code <= 255;
}

static bool read_abort(struct watchdog_options *options, const char *value)
{
	(void)value;
	options->abort = true;
	return true;
}

static bool read_stats(struct watchdog_options *options, const char *value)
{
	(void)value;
	options->stats = true;
	return true;
}

static bool read_excuses(struct watchdog_options *options, const char *value)
{
	(void)value;
	options->excuses = true;
	return true;
}

static bool read_strict(struct watchdog_options *options, const char *value)
{
	(void)value;
	options->strict |= WATCHDOG_STRICT;
	return true;
}

static bool read_strict_how(struct watchdog_options *options, const char *value)
{
	if (strcmp(value, "symbols") == 0)
		options->strict |= WATCHDOG_STRICT | WATCHDOG_STRICT_SYMBOLS;
	else if (strcmp(value, "quiet") == 0)
		options->strict |= WATCHDOG_STRICT | WATCHDOG_STRICT_QUIET;
	else
		return false;
	return true;
}

static bool read_help(struct watchdog_options *options, const char *value)
{
	(void)value;
	options->help = true;
	return true;
}

/* ---- Words ----------------------------------------------------------------------------------- */

static const struct word {
	const char *name;
	const char *value; /* what is to stand behind =; NULL: nothing is */
	bool (*read)(struct watchdog_options *options, const char *value);
	const char *help;
} words[] = {
	{ "off", NULL, read_off, "no watchdog" },
	{ "limit", "TIME", read_limit,
	  "how long a slice may hold the loop: 20ms, 0.5s, 500us; 100ms if it is not given" },
	{ "report", "text|json|folded|github", read_report,
	  "how stalls are written; also takes them from the program's own callback" },
	{ "file", "PATH", read_file, "where to, appended; stderr if it is not given" },
	{ "exit", "CODE", read_exit, "the process ends with this status if there was a stall" },
	{ "abort", NULL, read_abort, "at the first stall, for a core that shows it" },
	{ "excuses", NULL, read_excuses,
	  "report STARVED and STOPPED too, which are not the code's fault; else only counted" },
	{ "strict", NULL, read_strict,
	  "report every call that may block, however short, at the call; exit status 86" },
	{ "strict", "quiet|symbols", read_strict_how,
	  "quiet: say only what fails the run; symbols: by libc's functions, not by the kernel" },
	{ "stats", NULL, read_stats, "how long slices were and timers late, at each loop's end" },
	{ "help", NULL, read_help, "this list" },
};
#define WORDS (sizeof(words) / sizeof(words[0]))

/* "name", or "name=value": where the value is, if it is this word. */
static const char *value_in(const char *text, const struct word *word)
{
	size_t length = strlen(word->name);

	if (strncmp(text, word->name, length) != 0 || text[length] != (word->value ? '=' : '\0'))
		return NULL;
	return text + length + (word->value != NULL);
}

static bool read_word(struct watchdog_options *options, const char *text)
{
	for (size_t i = 0; i < WORDS; i++) {
		const char *value = value_in(text, &words[i]);

		if (value != NULL)
			return words[i].read(options, value);
	}
	return false;
}

const char *watchdog_options_parse(const char *text, struct watchdog_options *options,
				   size_t *bad_length)
{
	const char *unknown = NULL;
	char word[LONGEST_WORD + 1];

	for (size_t length; *text != '\0'; text += length + (text[length] == ',')) {
		length = strcspn(text, ",");
		if (length == 0)
			continue;
		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		if ((length <= LONGEST_WORD && read_word(options, word)) || unknown != NULL)
			continue;
		unknown = text;
		*bad_length = length;
	}
	return unknown;
}

size_t watchdog_options_help(char *text, size_t size)
{
	size_t used = 0;

	used += (size_t)snprintf(text, size, "LOOPHOUND_WATCHDOG=word,word,... where a word is\n");
	for (size_t i = 0; i < WORDS && used < size; i++) {
		char name[48];

		snprintf(name, sizeof(name), "%s%s%s", words[i].name, words[i].value ? "=" : "",
			 words[i].value ? words[i].value : "");
		used += (size_t)snprintf(text + used, size - used, "  %-31s %s\n", name,
					 words[i].help);
	}
	return used < size ? used : size - 1;
}

size_t watchdog_options_words(char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < WORDS && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s%s%s", i > 0 ? ", " : "",
					 words[i].name, words[i].value ? "=" : "",
					 words[i].value ? words[i].value : "");
	return used < size ? used : size - 1;
}

/* ---- What is in force ------------------------------------------------------------------------ */

static void say(const char *text, size_t length)
{
	say_all(text, length);
}

static void complain(const char *word, size_t length)
{
	char text[1024], all[512];

	watchdog_options_words(all, sizeof(all));
	snprintf(text, sizeof(text),
		 "loophound: LOOPHOUND_WATCHDOG: not understood: \"%.*s\". The words are %s\n",
		 (int)(length > 200 ? 200 : length), word, all);
	say(text, strlen(text));
}

/* Valgrind runs one thread at a time on registers of its own: there is nothing to see from here. */
bool watchdog_under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

static void take_chosen(struct watchdog_options *options)
{
	*options = (struct watchdog_options){
		.off = chosen.limit < 0,
		.limit = ns_of(chosen.limit > 0 ? chosen.limit : DEFAULT_LIMIT),
		.report = chosen.report,
		.arg = chosen.arg,
		.format = chosen.format,
		.exit_code = chosen.exit_code,
		.abort = chosen.abort,
		.stats = chosen.stats,
		.excuses = chosen.excuses,
	};
	if (chosen.file != NULL)
		snprintf(options->file, sizeof(options->file), "%s", chosen.file);
}

/* What is wrong with the variable is said for the first loop of the process. */
static void take_environment(struct watchdog_options *options, const char *wanted)
{
	static atomic_bool said;
	char text[2048];
	size_t length;
	const char *unknown = watchdog_options_parse(wanted, options, &length);

	if (atomic_exchange(&said, true))
		return;
	if (unknown != NULL)
		complain(unknown, length);
	if (options->help)
		say(text, watchdog_options_help(text, sizeof(text)));
}

bool watchdog_options_get(struct watchdog_options *options)
{
	static const char off[] = "loophound: the watchdog is off under Valgrind\n";
	const char *wanted = getenv("LOOPHOUND_WATCHDOG");
	static atomic_bool said;

	take_chosen(options);
	if (wanted != NULL)
		take_environment(options, wanted);
	if (options->off)
		return false;
	if (!watchdog_under_valgrind())
		return true;
	if ((wanted != NULL || chosen.limit > 0) && !atomic_exchange(&said, true))
		say(off, sizeof(off) - 1);
	return false;
}

unsigned watchdog_options_strict(void)
{
	const char *wanted = getenv("LOOPHOUND_WATCHDOG");
	struct watchdog_options options = { 0 };
	size_t length;

	if (wanted != NULL)
		(void)watchdog_options_parse(wanted, &options, &length);
	return options.strict;
}
