/* SPDX-License-Identifier: MIT */
/* choice.h - sets of statuses and of error codes, as --retry-on and --fail-on-status take them. Pure. */
#ifndef LOOPHOUND_APP_CHOICE_H
#define LOOPHOUND_APP_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct choice {
	uint64_t statuses[10]; /* 100 to 599 */
	uint64_t codes;	       /* by their place in codes_table */
};

bool choice_has_status(const struct choice *choice, int status);
bool choice_has_code(const struct choice *choice, int code);
void choice_add_statuses(struct choice *choice, int first, int last);

/*
 * "429,500-599,4xx,connect_timeout" or "none". Names of codes only where codes are allowed. On a
 * mistake false, and *wrong points at the item that is one.
 */
bool choice_parse(const char *text, bool codes, struct choice *choice, const char **wrong);

#endif
