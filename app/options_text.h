/* SPDX-License-Identifier: MIT */
/*
 * options_text.h - what options_help.c and options_man.c both say beside the table of options. Plain
 * text; each of them wraps, indents and escapes it in its own way.
 */
#ifndef LOOPHOUND_APP_OPTIONS_TEXT_H
#define LOOPHOUND_APP_OPTIONS_TEXT_H

#include <stddef.h>

extern const char *const options_synopsis[]; /* behind the program's name; NULL ends it */
extern const char options_about[];
struct options_example {
	const char *command, *what;
};
extern const struct options_example options_examples[];
extern const size_t options_example_count;
extern const char options_values[];	  /* how they are written, and where they come from */
extern const char *const options_exits[]; /* by status */
extern const size_t options_exit_count;
extern const char options_signals[];

#endif
