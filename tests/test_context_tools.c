/* SPDX-License-Identifier: MIT */
/*
 * test_context_tools.c - what tools see of a suspended context: the leak checker, gdb.
 *
 * One test doubles as the program that gdb looks at: the functions named debuggee_* and the order
 * in which they call each other are checked by name.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "runtime/context.h"
#include "tests/coroutine.h"
#include "tests/harness.h"

/* Of the leak checker, where the build has one. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void keep_memory(void *arg)
{
	struct coroutine *self = arg;
	void *volatile memory = malloc(100);

	pause_here(self);
	free(memory);
	leave(self);
}

TEST(memory_held_by_a_suspended_context_is_no_leak)
{
	static struct coroutine one;
	struct context home;

	if (!__lsan_do_recoverable_leak_check)
		NOT_HERE("no leak checker in this build");
	context_adopt(&home);
	create(&one, &home, keep_memory);
	context_add_region(one.context.low, STACK);
	resume(&one);
	CHECK_INT(__lsan_do_recoverable_leak_check(), 0);
	resume(&one);
	context_remove_region(one.context.low, STACK);
	destroy(&one);
	context_disown(&home);
}

/* The program that gdb looks at. */

struct context *debuggee_suspended;

__attribute__((noinline)) void debuggee_breakpoint(void)
{
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) static void debuggee_inner(struct coroutine *self)
{
	debuggee_breakpoint();
	pause_here(self);
	self->sum++;
}

__attribute__((noinline)) static void debuggee_outer(struct coroutine *self)
{
	debuggee_inner(self);
	self->sum++;
}

static void debuggee_entry(void *arg)
{
	struct coroutine *self = arg;

	debuggee_outer(self);
	leave(self);
}

TEST(a_suspended_context_notes_a_place_on_its_own_stack)
{
	struct coroutine one;
	struct context home;
	char *low;

	context_adopt(&home);
	create(&one, &home, debuggee_entry);
	low = one.context.low;
	resume(&one);
	CHECK((char *)one.context.sp > low && (char *)one.context.sp < low + STACK);
	CHECK(one.context.pc != NULL);
	debuggee_suspended = &one.context;
	debuggee_breakpoint();
	resume(&one);
	CHECK_INT(one.sum, 2);
	destroy(&one);
	context_disown(&home);
}

/* What gdb says of test, stopped at its first breakpoint or, after a command, at its second. */
static const char *gdb(const char *test, const char *command)
{
	const char *self = realpath("/proc/self/exe", NULL);
	struct program gdb = {
		.argv = ARGV("gdb", "-batch", "-nx", "-ex", "set debuginfod enabled off", "-ex",
			     "break debuggee_breakpoint", "-ex", "run", "-ex",
			     command ? "continue" : "echo", "-ex", command ? command : "echo",
			     "-ex", "backtrace", "-ex", "kill", "--args", self, "-d", test),
		.limit = 30,
	};

	if (!have_program("gdb"))
		SKIP("no gdb");
	if (UNDER_TSAN || under_valgrind())
		NOT_HERE("gdb would see the tool");
	run_program(&gdb);
	printf("%s\n%s\n", gdb.out, gdb.err);
	free((void *)self);
	return gdb.out;
}

static void check_frames(const char *text, const char *const *names)
{
	const char *at = strstr(text, "#0 ");

	CHECK(at != NULL);
	for (int i = 0; names[i]; i++) {
		const char *found = strstr(at, names[i]);

		if (!found)
			FAIL("no %s, or not in its place", names[i]);
		at = found;
	}
	at = strchr(at, '\n');
	CHECK(at != NULL);
	CHECK(strstr(at, "\n#") == NULL); /* nothing lies beyond the last */
	CHECK(strstr(text, "?? ()") == NULL);
	CHECK(strstr(text, "Backtrace stopped") == NULL);
}

TEST_WITH_LIMIT(a_backtrace_of_a_running_coroutine_ends_cleanly_in_gdb, 40)
{
	check_frames(gdb("a_suspended_context_notes_a_place_on_its_own_stack", NULL),
		     ARGV("debuggee_breakpoint", "debuggee_inner", "debuggee_outer",
			  "debuggee_entry", "context_main", "context_trampoline"));
}

TEST_WITH_LIMIT(gdb_unwinds_a_suspended_coroutine_from_its_noted_registers, 40)
{
	const char *set =
#if defined(__x86_64__)
		"python r = gdb.parse_and_eval('*debuggee_suspended'); "
		"[gdb.execute('set $%s = %d' % (n, int(r[f]))) "
		"for n, f in (('rsp', 'sp'), ('rbp', 'bp'), ('rip', 'pc'))]";
#else
		"python r = gdb.parse_and_eval('*debuggee_suspended'); "
		"[gdb.execute('set $%s = %d' % (n, int(r[f]))) "
		"for n, f in (('sp', 'sp'), ('x29', 'bp'), ('pc', 'pc'))]";
#endif
	check_frames(gdb("a_suspended_context_notes_a_place_on_its_own_stack", set),
		     ARGV("pause_here", "debuggee_inner", "debuggee_outer", "debuggee_entry",
			  "context_main", "context_trampoline"));
}
