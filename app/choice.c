/* SPDX-License-Identifier: MIT */
/* choice.c - a bit for each status and each line of the table of codes. */
#include "app/choice.h"

#include <string.h>

#include "app/codes.h"

bool choice_has_status(const struct choice *choice, int status)
{
	if (status < 0 || status >= 640)
		return false;
	return choice->statuses[status / 64] >> (status % 64) & 1;
}

bool choice_has_code(const struct choice *choice, int code)
{
	return choice->codes >> codes_index(codes_find(code)) & 1;
}

void choice_add_statuses(struct choice *choice, int first, int last)
{
	for (int status = first; status <= last && status < 640; status++)
		choice->statuses[status / 64] |= UINT64_C(1) << (status % 64);
}

static bool status(const char *text, int *value)
{
	if (text[0] < '1' || text[0] > '5' || text[1] < '0' || text[1] > '9' || text[2] < '0' ||
	    text[2] > '9')
		return false;
	*value = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
	return true;
}

static bool add_item(struct choice *choice, const char *item, bool codes)
{
	size_t length = strlen(item);
	const struct codes_entry *entry;
	int first, last;

	if (length == 3 && *item >= '1' && *item <= '5' && !strcmp(item + 1, "xx")) {
		first = (*item - '0') * 100;
		choice_add_statuses(choice, first, first + 99);
		return true;
	}
	if ((length == 3 || length == 7) && status(item, &first)) {
		last = first;
		if (length == 7 && (item[3] != '-' || !status(item + 4, &last) || last < first))
			return false;
		choice_add_statuses(choice, first, last);
		return true;
	}
	entry = codes ? codes_named(item) : NULL;
	if (entry)
		choice->codes |= UINT64_C(1) << codes_index(entry);
	return entry != NULL;
}

bool choice_parse(const char *text, bool codes, struct choice *choice, const char **wrong)
{
	*choice = (struct choice){ 0 };
	*wrong = text;
	if (!strcmp(text, "none"))
		return true;
	for (;;) {
		size_t length = strcspn(text, ",");
		char item[40];

		*wrong = text;
		if (length >= sizeof item)
			return false;
		memcpy(item, text, length);
		item[length] = '\0';
		if (!add_item(choice, item, codes))
			return false;
		if (!text[length])
			return true;
		text += length + 1;
	}
}
