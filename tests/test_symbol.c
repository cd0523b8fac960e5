/* SPDX-License-Identifier: MIT */
/*
 * test_symbol.c - a copied stack gets its functions, files and lines; with unwinding from pc and sp
 * alone, as for a blocked thread, where the frame pointer is not known.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/symbol/symbol.h"
#include "tests/harness.h"

#define NOT_INLINED __attribute__((noinline))

static unsigned char copy[32 * 1024];
static struct symbol_stack stack;
static volatile int line, after;

/* By a system call: under ASan the stack has red zones, and to Valgrind it is part undefined. */
NOT_INLINED static void take_stack(const ucontext_t *context, size_t size)
{
	stack.registers = MACHINE_REGISTERS(context);
	stack.address = stack.registers.sp;
	stack.bytes = copy;
	stack.size = size;

	struct iovec to = { .iov_base = copy, .iov_len = size };
	struct iovec from = { .iov_base = (void *)stack.address, .iov_len = size };
	CHECK_INT(process_vm_readv(getpid(), &to, 1, &from, 1, 0), size);
}

NOT_INLINED static void inner(size_t size)
{
	ucontext_t context;

	line = __LINE__, getcontext(&context), take_stack(&context, size);
	after = 1;
}

static inline __attribute__((always_inline)) void inlined(size_t size)
{
	inner(size);
	after = 2;
}

NOT_INLINED static void outer(size_t size)
{
	inlined(size);
	after = 3;
}

static int in_a_task(void *arg)
{
	outer(*(size_t *)arg);
	after = 4;
	return 0;
}

/* Takes a stack of that size in a task of its own. The monitor would only slow the test down. */
static void take(size_t size)
{
	if (!MACHINE_KNOWN)
		NOT_HERE("no unwinder for this machine");
	async_watchdog_configure(&(struct async_watchdog_options){ .limit = -1 });
	CHECK_INT(async_run(in_a_task, &size), 0);
}

static size_t unwind(struct symbol_frame *frames, size_t max)
{
	struct symbols *symbols = symbol_new();
	size_t count;

	CHECK(symbols != NULL);
	symbol_warm(symbols);
	count = symbol_unwind(symbols, &stack, frames, max);
	symbol_free(symbols);
	return count;
}

static void need_names(void)
{
	if (strstr(symbol_hint, "-g") == NULL)
		NOT_HERE("built without libdw");
}

enum { ENOUGH = 4096 };

static void check_names(const struct symbol_frame *frames, size_t count)
{
	static const char *const names[] = { "inner", "inlined", "outer", "in_a_task" };

	CHECK(count > 4);
	for (size_t i = 0; i < 4; i++) {
		CHECK_STR(frames[i].function, names[i]);
		CHECK_STR(frames[i].file, "tests/test_symbol.c");
		CHECK_INT(frames[i].owner, SYMBOL_PROGRAM);
		CHECK_INT(frames[i].inlined, i == 1);
		CHECK(!frames[i].gap);
	}
	CHECK_INT(frames[0].line, line);
	CHECK_STR(frames[0].module, "test_symbol");
}

TEST(functions_and_lines_with_all_registers)
{
	struct symbol_frame frames[32];

	need_names();
	take(ENOUGH);
	check_names(frames, unwind(frames, 32));
}

TEST(functions_and_lines_without_the_frame_pointer)
{
	struct symbol_frame frames[32];

	need_names();
	take(ENOUGH);
	stack.registers.full = false;
	stack.registers.fp = 0x5a5a5a5a;
	check_names(frames, unwind(frames, 32));
}

TEST(below_the_task_is_the_runtime_and_then_the_end)
{
	struct symbol_frame frames[32];

	need_names();
	take(ENOUGH);
	size_t count = unwind(frames, 32);
	CHECK(count > 4 && count < 12);
	for (size_t i = 4; i < count; i++)
		CHECK_INT(frames[i].owner, SYMBOL_RUNTIME);
}

TEST(a_stack_cut_short_gives_fewer_frames_and_no_wrong_ones)
{
	struct symbol_frame whole[32], part[32];

	take(ENOUGH);
	size_t most = unwind(whole, 32);
	for (size_t size = 0; size < ENOUGH; size += 104) {
		stack.size = size;
		size_t count = unwind(part, 32);

		CHECK(count <= most);
		for (size_t i = 0; i < count; i++)
			CHECK_STR(part[i].function, whole[i].function);
	}
}

TEST(an_address_in_no_module_has_no_name)
{
	struct symbol_frame frames[32];

	take(ENOUGH);
	stack.registers.pc = 16;
	size_t count = unwind(frames, 32);
	CHECK(count <= 1);
	if (count == 1) {
		CHECK_STR(frames[0].function, "");
		CHECK_STR(frames[0].module, "");
	}
}

TEST(an_address_is_always_given_as_module_and_offset)
{
	struct symbol_frame frames[32];

	take(ENOUGH);
	CHECK(unwind(frames, 32) > 0);
	CHECK_CONTAINS(frames[0].module, "test_symbol");
	CHECK(frames[0].offset > 0 && frames[0].offset <= frames[0].pc);
}

TEST(a_library_loaded_after_the_start_is_known_too)
{
	struct symbols *symbols = symbol_new();
	struct symbol_frame frames[32];
	void *library, *function;

	need_names();
	take(ENOUGH);
	CHECK(symbols != NULL);
	symbol_warm(symbols);
	/* A library of libc's that nobody links with; it is for debuggers. */
	library = dlopen("libthread_db.so.1", RTLD_LAZY);
	function = library ? dlsym(library, "td_init") : NULL;
	if (function == NULL)
		SKIP("no libthread_db.so.1");
	stack.registers.pc = (uintptr_t)function;
	CHECK(symbol_unwind(symbols, &stack, frames, 32) > 0);
	CHECK_CONTAINS(frames[0].module, "libthread_db");
	CHECK_STR(frames[0].function, "td_init");
	CHECK_INT(frames[0].owner, SYMBOL_SYSTEM);
	symbol_free(symbols);
	dlclose(library);
}

/* Those that a program started by this one would have. */
static int inherited(void)
{
	int count = 0;

	for (int fd = 3; fd < 256; fd++) {
		int flags = fcntl(fd, F_GETFD);

		count += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return count;
}

TEST(what_is_opened_for_names_is_not_inherited)
{
	struct symbols *symbols = symbol_new();
	struct symbol_frame frames[32];
	int before = inherited();
	void *library;

	need_names();
	take(ENOUGH);
	CHECK(symbols != NULL);
	symbol_warm(symbols);
	CHECK(symbol_unwind(symbols, &stack, frames, 32) > 0);
	library = dlopen("libthread_db.so.1", RTLD_LAZY);
	if (library) {
		stack.registers.pc = (uintptr_t)dlsym(library, "td_init");
		symbol_unwind(symbols, &stack, frames, 32);
		dlclose(library);
	}
	CHECK_INT(inherited(), before);
	symbol_free(symbols);
}

TEST(the_kernels_own_library_is_known)
{
	struct symbol_frame frames[32];

	need_names();
	take(ENOUGH);
	if (getauxval(AT_SYSINFO_EHDR) == 0)
		SKIP("the kernel has none here");
	stack.registers.pc = getauxval(AT_SYSINFO_EHDR) + 64;
	CHECK(unwind(frames, 32) > 0);
	CHECK_CONTAINS(frames[0].module, "vdso");
	CHECK_INT(frames[0].owner, SYMBOL_SYSTEM);
}
