/* SPDX-License-Identifier: MIT */
/* test_options_man.c - the manual page says what the table says, and troff has no word against it. */
#include <ctype.h>
#include <stdio.h>

#include "app/codes.h"
#include "app/options.h"
#include "app/options_text.h"
#include "tests/harness.h"

static const char *page(void)
{
	struct text man = { 0 };
	const char *copy;

	options_man(&man);
	CHECK(!man.failed);
	copy = format("%s", text_cstr(&man));
	text_free(&man);
	return copy;
}

/* As a terminal shows it, without breaks in words and with one space between them. */
static char *rendered(void)
{
	struct program groff = { .argv = ARGV("groff", "-man", "-Tascii", "-P-c", "-ww", "-rHY=0",
					      "-rLL=200n"),
				 .input = page() };
	char *to, *from;

	if (!have_program("groff"))
		SKIP("no groff");
	run_program(&groff);
	CHECK_INT(groff.status, 0);
	CHECK_STR(groff.err, "");
	for (to = from = groff.out; *from; from++) {
		/* Bold is a letter struck twice, and underlined one over a line. */
		if (from[1] == '\b')
			from += 2;
		if (isspace((unsigned char)*from) && to > groff.out && to[-1] == ' ')
			continue;
		*to++ = isspace((unsigned char)*from) ? ' ' : *from;
	}
	*to = '\0';
	return groff.out;
}

TEST(every_option_is_in_the_manual_page_with_its_words_and_its_default)
{
	const char *text = rendered();

	for (size_t i = 0; i < options_count; i++) {
		const struct options_row *row = &options_table[i];

		CHECK_CONTAINS(text, format("--%s%s%s ", row->name, row->value ? " " : "",
					    row->value ? row->value : ""));
		CHECK_CONTAINS(text, row->help);
		if (row->fallback)
			CHECK_CONTAINS(text, format("%s (%s) ", row->help, row->fallback));
		if (row->group)
			CHECK_CONTAINS(text, row->group);
	}
}

TEST(so_are_statuses_codes_and_examples)
{
	const char *text = rendered();

	for (size_t i = 0; i < options_exit_count; i++)
		CHECK_CONTAINS(text, format(" %zu %s ", i, options_exits[i]));
	for (size_t i = 0; i < codes_count; i++)
		CHECK_CONTAINS(text, format(" %s %s, ", codes_table[i].name, codes_table[i].phase));
	for (size_t i = 0; i < options_example_count; i++)
		CHECK_CONTAINS(text, options_examples[i].command);
}

TEST(collect_man_prints_it)
{
	struct program collect = { .argv = ARGV(built("collect"), "man") };

	run_program(&collect);
	CHECK_INT(collect.status, 0);
	CHECK_STR(collect.out, page());
	CHECK_STR(collect.err, "");
}
