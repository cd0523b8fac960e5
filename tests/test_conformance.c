/* SPDX-License-Identifier: MIT */
/*
 * test_conformance.c - asyncio's traces, line by line: order, loop turns and virtual times.
 *
 * Each scenario in conformance/ stands under its name in golden-3.13.txt, which is what CPython
 * 3.13 printed for conformance/asyncio_probe.py, and has to print the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/trace.h"
#include "tests/harness.h"

static char *read_golden(void)
{
	FILE *file = fopen("tests/conformance/golden-3.13.txt", "r");
	char *text;
	size_t size;

	CHECK(file != NULL);
	text = malloc(1 << 16);
	size = fread(text, 1, (1 << 16) - 1, file);
	text[size] = '\0';
	fclose(file);
	return text;
}

/* The lines of one scenario that are its log: those that begin with a bracket. */
static void golden_trace(const char *golden, const char *name, char *out, size_t size)
{
	char title[80];
	const char *line;
	size_t used = 0;

	snprintf(title, sizeof title, "\n## %s\n", name);
	line = strstr(golden, title);
	if (!line)
		FAIL("no scenario %s in the golden file", name);
	line += strlen(title);
	while (*line && strncmp(line, "## ", 3) != 0) {
		size_t length = strcspn(line, "\n") + 1;

		if (strncmp(line, "   [", 4) == 0 && used + length < size) {
			memcpy(out + used, line, length);
			used += length;
		}
		line += length;
	}
	out[used] = '\0';
}

TEST(every_scenario_prints_what_cpython_prints)
{
	char *golden = read_golden(), want[8192];
	int count = 0, wrong = 0;

	for (const struct scenario *s = scenario_first(); s; s = s->next) {
		const char *got = scenario_trace(s);

		golden_trace(golden, s->name, want, sizeof want);
		count++;
		if (strcmp(got, want) == 0)
			continue;
		wrong++;
		printf("## %s\ngot\n%swant\n%s", s->name, got, want);
	}
	free(golden);
	printf("%d scenarios, %d differ\n", count, wrong);
	CHECK(count >= 12);
	CHECK_INT(wrong, 0);
}
