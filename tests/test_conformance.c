/* SPDX-License-Identifier: MIT */
/*
 * test_conformance.c - asyncio's traces, line by line: order, loop turns and virtual times.
 *
 * Each scenario in conformance/ is a test. It stands under its name in golden-3.13.txt, which is what
 * CPython 3.13 printed for conformance/asyncio_probe.py, and has to print the same. What is here
 * makes sure that none of them is missing.
 */
#include <stdio.h>

#include "tests/conformance/trace.h"

static bool is_ported(const char *name, size_t length)
{
	for (const struct scenario *s = scenario_first(); s; s = s->next)
		if (strlen(s->name) == length && strncmp(s->name, name, length) == 0)
			return true;
	return false;
}

static int count_missing(const char *golden)
{
	const char *line = read_file(in_source(golden), NULL);
	int missing = 0;

	while ((line = strstr(line, "\n## "))) {
		size_t length = strcspn(line += 4, "\n");

		if (is_ported(line, length))
			continue;
		missing++;
		printf("not ported: %.*s\n", (int)length, line);
	}
	return missing;
}

TEST(no_scenario_of_the_golden_files_is_left_out)
{
	CHECK_INT(count_missing("tests/conformance/golden-3.13.txt"), 0);
	CHECK_INT(count_missing("tests/conformance/further-3.13.txt"), 0);
	CHECK_INT(count_missing("tests/conformance/streams-3.13.txt"), 0);
}
