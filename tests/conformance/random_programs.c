/* SPDX-License-Identifier: MIT */
/*
 * random_programs.c - random programs against what CPython printed for them.
 *
 * random-3.13.txt has some hundred; CONFORMANCE_RANDOM=FILE names another one, with as many as one
 * likes (conformance/random/live makes it).
 */
#include <stdlib.h>

#include "tests/conformance/random.h"
#include "tests/harness.h"

/* The trace, from the text of its program on: it ends where the next program begins. */
static char *trace_of(const char *text)
{
	const char *trace = strstr(text, "\n   [") + 1;
	const char *next = strstr(trace, "\n## ");

	return format("%.*s", next ? (int)(next + 1 - trace) : (int)strlen(trace), trace);
}

static void show_difference(const char *got, const char *want)
{
	size_t same = 0, line = 0;

	for (; got[same] && got[same] == want[same]; same++)
		if (got[same] == '\n')
			line = same + 1;
	printf("%.*s  ours:    %.*s\n  CPython: %.*s\n", (int)line, got,
	       (int)strcspn(got + line, "\n"), got + line, (int)strcspn(want + line, "\n"),
	       want + line);
}

TEST_WITH_LIMIT(random_programs_run_as_in_cpython, 120)
{
	const char *file = getenv("CONFORMANCE_RANDOM");
	const char *text =
		read_file(file ? file : in_source("tests/conformance/random-3.13.txt"), NULL);
	int count = 0, different = 0;

	async_watchdog_configure(&(struct async_watchdog_options){ .limit = -1 });
	while ((text = strstr(text, "## "))) {
		const char *want, *got;
		int length = (int)strcspn(text + 3, "\n");
		const char *name = format("%.*s", length, text + 3);

		text += strcspn(text, "\n") + 1;
		machine_parse(text);
		want = trace_of(text);
		got = machine_run();
		count++;
		if (strcmp(got, want) == 0)
			continue;
		printf("program %s differs:\n", name);
		show_difference(got, want);
		different++;
	}
	printf("%d programs, %d of them differ\n", count, different);
	CHECK(count > 0);
	CHECK_INT(different, 0);
}
