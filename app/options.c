/* SPDX-License-Identifier: MIT */
/* options.c - walks over argv once, then asks the environment for what was not there. */
#include "app/options.h"

#include <stdlib.h>
#include <string.h>

#include "app/retry.h"
#include "app/verdict.h"
#include "runtime/base.h"

#define MAX_ROWS 128

struct reader {
	struct options *options;
	struct text *message;
	int argc, at;
	char *const *argv;
	bool given[MAX_ROWS]; /* for each row */
};

static bool set(struct reader *r, const struct options_row *row, const char *from,
		const char *value)
{
	const char *expected;

	if (!row->value) {
		*(bool *)((char *)r->options + row->offset) = true;
		return true;
	}
	expected = row->read(row, r->options, value);
	if (!expected)
		return true;
	if (row->letter == 'H')
		text_printf(r->message, "%s: %s", from, expected);
	else
		text_printf(r->message, "%s: '%s' is not %s", from, value, expected);
	return false;
}

static bool set_defaults(struct reader *r)
{
	retry_default(&r->options->retry_on);
	verdict_default(&r->options->fail_on);
	for (size_t i = 0; i < options_count; i++)
		if (options_table[i].fallback &&
		    !set(r, &options_table[i], options_table[i].name, options_table[i].fallback))
			return false;
	r->options->summary_given = false;
	return true;
}

/* COLLECT_PER_HOST for per-host. */
static void environment_name(const char *name, char *out, size_t size)
{
	size_t at = strlen(strcpy(out, "COLLECT_"));

	for (; *name && at + 1 < size; name++)
		out[at++] = (char)(*name == '-' ? '_' : *name - 'a' + 'A');
	out[at] = '\0';
}

static bool is_word(const char *text, const char *words)
{
	size_t length = strlen(text);

	for (; *words; words += strcspn(words, "|"), words += *words == '|')
		if (strcspn(words, "|") == length && !strncmp(words, text, length))
			return true;
	return false;
}

static bool set_switch(struct reader *r, const struct options_row *row, const char *from,
		       const char *value)
{
	if (is_word(value, "1|true|yes|on"))
		return set(r, row, from, NULL);
	if (is_word(value, "0|false|no|off"))
		return true;
	text_printf(r->message, "%s: '%s' is not 1 or 0", from, value);
	return false;
}

static bool read_environment(struct reader *r, const char *(*get)(const char *name))
{
	for (size_t i = 0; i < options_count; i++) {
		const struct options_row *row = &options_table[i];
		char name[48];
		const char *value;

		/* URLs as arguments are a flag too, as far as the input goes. */
		if (row->offset == offsetof(struct options, input) && r->options->url_count)
			continue;
		environment_name(row->name, name, sizeof name);
		value = r->given[i] ? NULL : get(name);
		if (!value || !*value)
			continue;
		if (!(row->value ? set(r, row, name, value) : set_switch(r, row, name, value)))
			return false;
	}
	return true;
}

/* How many letters have to be changed, added or left out. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[32];
	size_t size = strlen(b);

	if (size > 30)
		return 99;
	for (unsigned i = 0; i <= size; i++)
		row[i] = i;
	for (unsigned i = 1; *a; a++, i++) {
		unsigned corner = row[0];

		row[0] = i;
		for (size_t k = 1; k <= size; k++) {
			unsigned best = corner + (*a != b[k - 1]);

			corner = row[k];
			best = row[k] + 1 < best ? row[k] + 1 : best;
			row[k] = row[k - 1] + 1 < best ? row[k - 1] + 1 : best;
		}
	}
	return row[size];
}

/* Remembers the name if it is nearer to what was written than those before. */
static void consider(const char *name, const char *written, const char **nearest, unsigned *least)
{
	unsigned d = distance(written, name);

	if (d < *least && 2 * d < strlen(name)) {
		*least = d;
		*nearest = name;
	}
}

static bool unknown(struct reader *r, const char *text, const char *name)
{
	const char *nearest = NULL;
	unsigned least = 4;

	for (size_t i = 0; i < options_count; i++)
		consider(options_table[i].name, name, &nearest, &least);
	consider("help", name, &nearest, &least);
	consider("version", name, &nearest, &least);
	text_printf(r->message, "unknown option %s", text);
	if (nearest)
		text_printf(r->message, "; did you mean --%s?", nearest);
	return false;
}

static bool give(struct reader *r, size_t i, const char *from, const char *value)
{
	const struct options_row *row = &options_table[i];

	r->given[i] = true;
	if (row->value && !value) {
		if (r->at >= r->argc) {
			text_printf(r->message, "%s needs a value: %s", from, row->value);
			return false;
		}
		value = r->argv[r->at++];
	}
	return set(r, row, from, value);
}

static bool long_option(struct reader *r, const char *text)
{
	size_t length = strcspn(text, "=");
	const char *value = text[length] ? text + length + 1 : NULL;
	char name[64]; /* with its dashes */

	if (length >= sizeof name)
		return unknown(r, text, text + 2);
	memcpy(name, text, length);
	name[length] = '\0';
	if (!strcmp(name, "--help") || !strcmp(name, "--version")) {
		r->options->action = name[2] == 'h' ? OPTIONS_HELP : OPTIONS_SHOW_VERSION;
		return true;
	}
	for (size_t i = 0; i < options_count; i++) {
		if (strcmp(options_table[i].name, name + 2))
			continue;
		if (!value || options_table[i].value)
			return give(r, i, name, value);
		text_printf(r->message, "%s takes no value", name);
		return false;
	}
	return unknown(r, text, name + 2);
}

/* -j50, -j 50, and switches in one word: -qv. */
static bool short_options(struct reader *r, const char *text)
{
	for (const char *at = text + 1; *at; at++) {
		char from[3] = { '-', *at, '\0' };
		size_t i = 0;

		if (*at == 'h') {
			r->options->action = OPTIONS_HELP;
			continue;
		}
		while (i < options_count && options_table[i].letter != *at)
			i++;
		if (i == options_count)
			return unknown(r, from, "");
		if (options_table[i].value)
			return give(r, i, from, at[1] ? at + 1 : NULL);
		if (!give(r, i, from, NULL))
			return false;
	}
	return true;
}

static bool read_arguments(struct reader *r)
{
	bool only_urls = false;

	while (r->at < r->argc && r->options->action == OPTIONS_RUN) {
		const char *text = r->argv[r->at++];
		bool good = true;

		if (!only_urls && !strcmp(text, "--"))
			only_urls = true;
		else if (!only_urls && !strncmp(text, "--", 2))
			good = long_option(r, text);
		else if (!only_urls && *text == '-' && text[1])
			good = short_options(r, text);
		else if (!strcmp(text, "man") && r->argc == 2)
			r->options->action = OPTIONS_MAN;
		else if (strcmp(text, "run") || r->at != 2)
			r->options->urls[r->options->url_count++] = text;
		if (!good)
			return false;
	}
	return true;
}

/* What no single option can see. */
static bool fits_together(struct reader *r)
{
	struct options *options = r->options;

	if (options->url_count && options->input) {
		text_string(r->message, "URLs and -i together: give one or the other");
		return false;
	}
	if (options->append && (!options->output || !strcmp(options->output, "-"))) {
		text_string(r->message, "--append needs -o FILE");
		return false;
	}
	if (options->quiet && options->verbose) {
		text_string(r->message, "-q and -v together: give one or the other");
		return false;
	}
	if (options->summary_file && !options->summary_given)
		options->summary = OPTIONS_SUMMARY_JSON;
	return true;
}

bool options_parse(struct options *options, int argc, char *const *argv,
		   const char *(*get)(const char *name), struct text *message)
{
	struct reader r = {
		.options = options, .message = message, .argc = argc, .at = 1, .argv = argv
	};

	must(options_count <= MAX_ROWS, "options: %zu rows", options_count);
	*options = (struct options){ 0 };
	options->urls = calloc((size_t)argc + 1, sizeof *options->urls);
	if (!options->urls) {
		text_string(message, "out of memory");
		return false;
	}
	if (!set_defaults(&r) || !read_arguments(&r))
		return false;
	if (options->action != OPTIONS_RUN)
		return true;
	return read_environment(&r, get) && fits_together(&r) &&
	       options_find_secrets(options, get, message);
}

void options_free(struct options *options)
{
	free(options->urls);
	fields_free(&options->headers);
	free(options->user);
	free(options->netrc_path);
	*options = (struct options){ 0 };
}
