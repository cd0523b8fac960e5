/* SPDX-License-Identifier: MIT */
/*
 * options_man.c - `collect man`: the manual page collect(1), in the man macros of troff, made from the
 * table that is also the help, so that neither can say what the other does not.
 */
#include "app/options.h"

#include <string.h>

#include "app/codes.h"
#include "app/options_text.h"

/* A dash that may be typed, a backslash that is one, and no line that looks like a request. */
static void escaped(struct text *text, const char *plain)
{
	bool first = true;

	for (; *plain; plain++, first = false) {
		if (first && (*plain == '.' || *plain == '\''))
			text_string(text, "\\&");
		if (*plain == '-')
			text_string(text, "\\-");
		else if (*plain == '\\')
			text_string(text, "\\e");
		else if (*plain == '\'')
			text_string(text, "\\(aq");
		else if (*plain == '`')
			text_string(text, "\\(ga");
		else
			text_char(text, *plain);
	}
}

static void line(struct text *text, const char *plain)
{
	escaped(text, plain);
	text_char(text, '\n');
}

static void section(struct text *text, const char *name)
{
	text_printf(text, ".SH %s\n", name);
}

static void head(struct text *text)
{
	text_string(text, ".\\\" Made by `collect man` from its table of options.\n"
			  ".TH COLLECT 1 \"\" \"loophound " OPTIONS_VERSION "\"\n"
			  ".SH NAME\ncollect \\- fetch many URLs, one verified record each\n");
	section(text, "SYNOPSIS");
	for (size_t i = 0; options_synopsis[i]; i++) {
		text_string(text, i ? ".br\n.B collect\n" : ".B collect\n");
		line(text, options_synopsis[i]);
	}
	section(text, "DESCRIPTION");
	line(text, options_about);
	text_string(text, ".PP\n");
	line(text, options_values);
}

static void option(struct text *text, const struct options_row *row)
{
	text_string(text, ".TP\n\\fB");
	if (row->letter)
		text_printf(text, "\\-%c\\fR, \\fB", row->letter);
	text_string(text, "\\-\\-");
	escaped(text, row->name);
	text_string(text, "\\fR");
	if (row->value) {
		text_string(text, " \\fI");
		escaped(text, row->value);
		text_string(text, "\\fR");
	}
	text_char(text, '\n');
	escaped(text, row->help);
	if (row->fallback) {
		text_string(text, " (");
		escaped(text, row->fallback);
		text_char(text, ')');
	}
	text_char(text, '\n');
}

static void options(struct text *text)
{
	section(text, "OPTIONS");
	for (size_t i = 0; i < options_count; i++) {
		if (options_table[i].group) {
			text_string(text, ".SS ");
			line(text, options_table[i].group);
		}
		option(text, &options_table[i]);
	}
	text_string(text, ".SS help\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nthis, more shortly\n"
			  ".TP\n\\fB\\-\\-version\\fR\nthe version\n");
}

/* What "code" of an error record may be, beside http_404 and its like. */
static void codes(struct text *text)
{
	section(text, "ERROR CODES");
	text_string(text,
		    "Beside http_404 and so on, for statuses that count as errors, by the phase in "
		    "which they come and who must act.\n");
	for (size_t i = 0; i < codes_count; i++) {
		text_string(text, ".TP\n\\fB");
		escaped(text, codes_table[i].name);
		text_printf(text, "\\fR\n%s, %s%s\n", codes_table[i].phase,
			    codes_class_name(codes_table[i].class),
			    codes_table[i].retried ? ", tried again" : "");
	}
}

static void exits(struct text *text)
{
	section(text, "EXIT STATUS");
	for (size_t i = 0; i < options_exit_count; i++) {
		text_printf(text, ".TP\n.B %zu\n", i);
		line(text, options_exits[i]);
	}
	text_string(text, ".PP\n");
	line(text, options_signals);
}

static void examples(struct text *text)
{
	section(text, "EXAMPLES");
	for (size_t i = 0; i < options_example_count; i++) {
		text_string(text, ".TP\n");
		line(text, options_examples[i].command);
		line(text, options_examples[i].what);
	}
}

void options_man(struct text *text)
{
	head(text);
	options(text);
	codes(text);
	exits(text);
	examples(text);
	section(text, "SEE ALSO");
	text_string(text, ".BR curl (1),\n.BR jq (1)\n");
}
