/* SPDX-License-Identifier: MIT */
/* options_help.c - the table as text, between what the program is for and what its exit means. */
#include "app/options.h"

#include <string.h>

#include "app/options_text.h"

#define COLUMN 30
#define WIDTH 98

/* Breaks between words; further lines are indented. The text is at that column already. */
static void wrap(struct text *text, const char *words, size_t indent)
{
	size_t column = indent;

	while (*words) {
		size_t length = strcspn(words, " ");

		if (column > indent && column + 1 + length > WIDTH) {
			text_printf(text, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			text_char(text, ' ');
			column++;
		}
		text_bytes(text, words, length);
		column += length;
		words += length + (words[length] == ' ');
	}
	text_char(text, '\n');
}

static void synopsis(struct text *text)
{
	for (size_t i = 0; options_synopsis[i]; i++)
		text_printf(text, "%s collect %s\n", i ? "      " : "usage:", options_synopsis[i]);
}

void options_usage(struct text *text)
{
	synopsis(text);
	text_string(text, "       collect --help\n       collect man\n");
}

/* What follows stands in that column, or below if the line is too long for that. */
static void to_column(struct text *text, size_t from, size_t column)
{
	size_t length = text->length - from;

	if (length + 2 > column)
		text_printf(text, "\n%*s", (int)column, "");
	else
		text_printf(text, "%*s", (int)(column - length), "");
}

static void examples(struct text *text)
{
	for (size_t i = 0; i < options_example_count; i++) {
		size_t from = text->length;

		text_printf(text, "  %s", options_examples[i].command);
		to_column(text, from, 47);
		text_printf(text, "%s\n", options_examples[i].what);
	}
}

static void row(struct text *text, const struct options_row *option)
{
	size_t from = text->length;
	struct text help = { 0 };

	if (option->letter)
		text_printf(text, "  -%c, --%s", option->letter, option->name);
	else
		text_printf(text, "      --%s", option->name);
	if (option->value)
		text_printf(text, " %s", option->value);
	to_column(text, from, COLUMN);
	text_string(&help, option->help);
	if (option->fallback)
		text_printf(&help, " (%s)", option->fallback);
	text->failed |= help.failed;
	wrap(text, text_cstr(&help), COLUMN);
	text_free(&help);
}

void options_help(struct text *text)
{
	synopsis(text);
	text_char(text, '\n');
	wrap(text, options_about, 0);
	text_char(text, '\n');
	examples(text);
	for (size_t i = 0; i < options_count; i++) {
		if (options_table[i].group)
			text_printf(text, "\n%s\n", options_table[i].group);
		row(text, &options_table[i]);
	}
	text_string(text, "  -h, --help\n      --version\n\n");
	wrap(text, options_values, 0);
	text_string(text, "\nexit status\n");
	for (size_t i = 0; i < options_exit_count; i++)
		text_printf(text, "  %zu  %s\n", i, options_exits[i]);
	text_string(text, options_signals);
	text_string(text, "\n`collect man` is the same as a manual page.\n");
}
