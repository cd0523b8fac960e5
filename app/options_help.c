/* SPDX-License-Identifier: MIT */
/* options_help.c - the table as text, between what the program is for and what its exit means. */
#include "app/options.h"

#include <string.h>

static const char usage[] = "usage: collect [run] [OPTIONS] URL...\n"
			    "       collect [run] [OPTIONS] -i FILE|-\n";

static const char intro[] =
	"\nFetches every URL once, many at a time, and writes one line of JSON for each: a response\n"
	"that is complete and verified, or an error that says what happened and who must act.\n"
	"\n"
	"  collect https://host/a https://host/b        records on stdout, a summary on stderr\n"
	"  collect -i urls.txt -j 50 -o out.ndjson      a list from a file, records into a file\n"
	"  producer | collect -i - --rate 10/s          as it comes; each host 10 times a second\n"
	"  jq -r 'select(.type==\"error\").url' out.ndjson | collect -i - --append -o out.ndjson\n"
	"                                               repeats only what failed\n";

static const char outro[] =
	"\nDurations are 250ms, 5s, 2m, 1h; a bare number is seconds. Sizes are 64M, 1MiB; k, M, G are\n"
	"binary. Each option may come from the environment: --per-host is COLLECT_PER_HOST.\n"
	"A flag wins over the environment, which wins over the default.\n"
	"\n"
	"exit status\n"
	"  0  every item succeeded\n"
	"  1  an internal error: please report it\n"
	"  2  usage or configuration; nothing was sent\n"
	"  3  some items failed after their retries\n"
	"  4  no item succeeded\n"
	"  5  the output could not be written\n"
	"  6  stopped by a signal with unfinished work\n"
	"  7  --deadline passed with unfinished work\n"
	"The first SIGINT, SIGTERM or SIGHUP lets requests in flight finish, the second one does not.\n";

void options_usage(struct text *text)
{
	text_string(text, usage);
	text_string(text, "       collect --help\n");
}

#define COLUMN 30
#define WIDTH 98

/* Breaks between words; further lines are indented like the first. */
static void wrap(struct text *text, const char *help)
{
	size_t column = COLUMN;

	while (*help) {
		size_t length = strcspn(help, " ");

		if (column > COLUMN && column + 1 + length > WIDTH) {
			text_printf(text, "\n%*s", COLUMN, "");
			column = COLUMN;
		} else if (column > COLUMN) {
			text_char(text, ' ');
			column++;
		}
		text_bytes(text, help, length);
		column += length;
		help += length + (help[length] == ' ');
	}
	text_char(text, '\n');
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
	if (text->length - from + 2 > COLUMN)
		text_printf(text, "\n%*s", COLUMN, "");
	else
		text_printf(text, "%*s", (int)(COLUMN - (text->length - from)), "");
	text_string(&help, option->help);
	if (option->fallback)
		text_printf(&help, " (%s)", option->fallback);
	text->failed |= help.failed;
	wrap(text, text_cstr(&help));
	text_free(&help);
}

void options_help(struct text *text)
{
	text_string(text, usage);
	text_string(text, intro);
	for (size_t i = 0; i < options_count; i++) {
		if (options_table[i].group)
			text_printf(text, "\n%s\n", options_table[i].group);
		row(text, &options_table[i]);
	}
	text_string(text, "  -h, --help\n      --version\n");
	text_string(text, outro);
}
