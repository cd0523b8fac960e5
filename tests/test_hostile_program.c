/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_program.c - build/collect against servers that do wrong: each item is a record with
 * the code, phase and class that the table of codes promises, as many attempts, an exit status, and
 * an end within the limits.
 */
#include <stdlib.h>

#include "runtime/base.h"
#include "tests/hostile.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define HI OK "Content-Length: 2\r\n\r\nhi"

#define STEPS(...) .script = (const struct raw_step[]){ __VA_ARGS__ }
#define BYTES(text) .bytes = (text), .size = sizeof(text) - 1, .ending = RAW_VERB_AGAIN

TEST_WITH_LIMIT(every_fault_is_a_record_of_its_own, 60)
{
	static struct line lines[192];

	for (size_t i = 0; i < hostile_fault_count; i++)
		lines[i].fault = hostile_faults[i];
	hostile_run(lines, hostile_fault_count, 20, ARGV("--summary", "none"));
}
