/* SPDX-License-Identifier: MIT */
/* test_maps.c - this process's own memory, asked from the kernel. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/symbol/maps.h"
#include "tests/harness.h"

TEST(code_is_in_the_program)
{
	struct maps_place place;

	CHECK(maps_find((uintptr_t)maps_find, &place));
	CHECK_CONTAINS(place.path, "/test_maps");
	CHECK(place.offset > 0 && place.offset < 1 << 28);
}

TEST(a_librarys_code_is_in_the_library)
{
	struct maps_place place;

	if (under_valgrind() || UNDER_ASAN || UNDER_TSAN)
		NOT_HERE("the tool has a function of its own for it");
	CHECK(maps_find((uintptr_t)getppid, &place));
	CHECK_CONTAINS(place.path, "/libc");
}

TEST(a_variable_on_the_stack_is_in_no_file)
{
	struct maps_place place;

	CHECK(!maps_find((uintptr_t)&place, &place));
	CHECK(!maps_find(8, &place));
}

TEST(reading_stops_where_memory_ends)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char copy[200];

	CHECK(memory != MAP_FAILED);
	memset(memory, 7, 2 * page);
	CHECK_INT(maps_read(copy, sizeof copy, (uintptr_t)memory + page - 100), 200);
	CHECK_MEM(copy, 200, memory, 200);
	CHECK_INT(mprotect(memory + page, page, PROT_NONE), 0);
	CHECK_INT(maps_read(copy, sizeof copy, (uintptr_t)memory + page - 100), 100);
	CHECK_INT(maps_read(copy, sizeof copy, (uintptr_t)memory + page), 0);
	CHECK_INT(maps_read(copy, sizeof copy, 0), 0);
	CHECK_INT(munmap(memory, 2 * page), 0);
}

TEST(a_read_that_was_interrupted_is_made_again)
{
	struct maps_place place;

	fail_call("read", 1, EINTR);
	CHECK(maps_find((uintptr_t)maps_find, &place));
	fail_none();
}
