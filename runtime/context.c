/* SPDX-License-Identifier: MIT */
/*
 * context.c - what is common to all ways of switching stacks: the start of a new one, and telling
 * sanitizers and Valgrind, which otherwise take a switch for a wild stack pointer.
 *
 * In a plain build the hooks are empty and context_switch is a jump to the backend.
 *
 *  - ASan keeps the bounds of the current stack, and the fake frames of its use-after-return check.
 *  - TSan has a fibre for each stack. Which one runs is told in context_between.
 *  - LSan looks for pointers only in memory that it knows: slabs of stacks are regions.
 *  - Valgrind is told each stack, or it would guess at every switch.
 */
#include "runtime/context_backend.h"
#include "runtime/base.h"

#if CONTEXT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

#if !CONTEXT_ASAN && !CONTEXT_TSAN && __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define CONTEXT_VALGRIND 1
#else
#define CONTEXT_VALGRIND 0
#endif

/* The assembly files know these places. */
_Static_assert(offsetof(struct context, sp) == 0, "context_mark writes sp");
_Static_assert(offsetof(struct context, bp) == 8, "context_mark writes bp");
_Static_assert(offsetof(struct context, pc) == 16, "context_mark writes pc");

/* What a new stack is to do; at its very top. */
struct start {
	void (*entry)(void *arg);
	void *arg;
	uint64_t control; /* of the creator: floating-point modes are inherited, as by a thread */
};

static struct start *start_of(const struct context *context)
{
	uintptr_t top = (uintptr_t)context->low + context->size;

	return (struct start *)((top - sizeof(struct start)) & ~(uintptr_t)63);
}

/* ---- Hooks ----------------------------------------------------------------------------------- */

#define HOOK static inline __attribute__((always_inline))

/* ASan knows the bounds of the thread's own stack and gives them for a pretended switch away. */
HOOK void tell_adopt(struct context *context)
{
#if CONTEXT_ASAN
	const void *bottom;
	size_t size;
	void *fake;

	__sanitizer_start_switch_fiber(&fake, context, sizeof(*context));
	__sanitizer_finish_switch_fiber(fake, &bottom, &size);
	__sanitizer_start_switch_fiber(&fake, bottom, size);
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
	context->tool[1] = (void *)bottom;
	context->size = size;
#elif CONTEXT_TSAN
	context->tool[0] = __tsan_get_current_fiber();
#else
	(void)context;
#endif
}

HOOK void tell_create(struct context *context)
{
#if CONTEXT_ASAN
	context->tool[1] = context->low;
#elif CONTEXT_TSAN
	context->tool[0] = __tsan_create_fiber(0);
#elif CONTEXT_VALGRIND
	char *low = context->low;

	context->tool[0] = (void *)(uintptr_t)VALGRIND_STACK_REGISTER(low, low + context->size - 1);
#else
	(void)context;
#endif
}

/* Frames that were left without a return leave their red zones behind. */
HOOK void tell_destroy(struct context *context)
{
#if CONTEXT_ASAN
	__asan_unpoison_memory_region(context->low, context->size);
#elif CONTEXT_TSAN
	__tsan_destroy_fiber(context->tool[0]);
#elif CONTEXT_VALGRIND
	VALGRIND_STACK_DEREGISTER((unsigned)(uintptr_t)context->tool[0]);
#else
	(void)context;
#endif
}

/* fake is where ASan keeps the fake frames of the stack being left; NULL drops them. */
HOOK void tell_leave(void **fake, struct context *to)
{
#if CONTEXT_ASAN
	__sanitizer_start_switch_fiber(fake, to->tool[1], to->size);
#else
	(void)fake;
	(void)to;
#endif
}

HOOK void tell_arrive(struct context *self)
{
#if CONTEXT_ASAN
	__sanitizer_finish_switch_fiber(self->tool[0], NULL, NULL);
#else
	(void)self;
#endif
}

/* ---- Contexts -------------------------------------------------------------------------------- */

void context_adopt(struct context *context)
{
	*context = (struct context){ 0 };
	tell_adopt(context);
}

void context_disown(struct context *context)
{
	*context = (struct context){ 0 };
}

/* Called by the trampoline, on the new stack. */
__attribute__((noreturn, used)) void context_main(struct context *context)
{
	struct start *start = start_of(context);
	uint64_t control;

	tell_arrive(context);
	context_save_control(&control);
	context_change_control(&control, &start->control);
	start->entry(start->arg);
	base_die("a function on a stack of its own returned instead of calling context_exit");
}

void context_create(struct context *context, void *low, size_t size, void (*entry)(void *arg),
		    void *arg)
{
	struct start *start;

	*context = (struct context){ .low = low, .size = size };
	tell_create(context);
	start = start_of(context);
	start->entry = entry;
	start->arg = arg;
	context_save_control(&start->control);
	context_backend_create(context, start);
}

void context_switch(struct context *from, struct context *to)
{
	tell_leave(&from->tool[0], to);
	context_backend_switch(from, to);
	tell_arrive(from);
}

void context_exit(struct context *from, struct context *to)
{
	tell_leave(NULL, to);
	context_backend_switch(from, to);
	base_die("a switch to a context that has ended");
}

void context_destroy(struct context *context)
{
	tell_destroy(context);
	*context = (struct context){ 0 };
}

void context_add_region(void *start, size_t size)
{
#if CONTEXT_ASAN
	__lsan_register_root_region(start, size);
#else
	(void)start;
	(void)size;
#endif
}

void context_remove_region(void *start, size_t size)
{
#if CONTEXT_ASAN
	__lsan_unregister_root_region(start, size);
#else
	(void)start;
	(void)size;
#endif
}
