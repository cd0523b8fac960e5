/* SPDX-License-Identifier: MIT */
/*
 * overflow.c - says which task ran over the end of its stack.
 *
 * The fault comes in the guard below the stack, and its handler runs on the thread's alternate stack.
 * It does nothing that is not async-signal-safe: the names come from the watchdog's thread, which
 * has them at hand, or are left as file and offset. Then whoever handled the signal before has his
 * turn; by default that ends the process with the same signal.
 */
#include "runtime/async.h"

#include "runtime/altstack.h"
#include "runtime/fatal.h"
#include "runtime/loop.h"
#include "runtime/machine.h"
#include "runtime/say.h"
#include "runtime/symbol/maps.h"
#include "runtime/watchdog/watchdog.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int signals[] = { SIGSEGV, SIGBUS };
static struct sigaction before[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool installed;

/* ---- What is said ---------------------------------------------------------------------------- */

/* Integers and strings only: this much of printf takes no lock and no memory. */
__attribute__((format(printf, 3, 4))) static size_t add(char *text, size_t size, const char *format,
							...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, size - used, format, arguments);
	va_end(arguments);
	return strlen(text);
}

static void add_place(char *text, size_t size, const struct machine_registers *registers,
		      const struct stack_view *stack)
{
	size_t used = strlen(text);
	size_t more =
		watchdog_locate(registers, stack->low, stack->high, text + used, size - used - 1);
	struct maps_place place;

	text[used + more] = '\0';
	if (more == 0 && maps_find(registers->pc, &place))
		add(text, size, "  where     %s+0x%lx\n", place.path, (unsigned long)place.offset);
}

static void say(const struct machine_registers *registers, const struct stack_view *stack)
{
	const void *task = loop_current ? loop_current->current : NULL;
	char text[1024] = "";
	struct task_view view;

	if (task != NULL) {
		task_describe(task, &view);
		add(text, sizeof(text), "stack overflow in task %llu \"%s\"",
		    (unsigned long long)view.id, view.name);
		if (view.created_at != NULL)
			add(text, sizeof(text), ", created at %s", view.created_at);
	} else {
		add(text, sizeof(text), "stack overflow in a task");
	}
	add(text, sizeof(text), ": its stack has %zu KiB\n", stack->size / 1024);
	add_place(text, sizeof(text), registers, stack);
	add(text, sizeof(text),
	    "  instead   no large arrays and no deep recursion, or a larger "
	    "stack_size in the task's options\n");
	say_all(text, strlen(text));
}

/* ---- The handler ----------------------------------------------------------------------------- */

static void handle(int number, siginfo_t *info, void *context)
{
	struct machine_registers registers = MACHINE_REGISTERS((ucontext_t *)context);
	struct stack_view stack;

	/* A code above 0 is a fault, not a signal that somebody sent. */
	if (info->si_code > 0 && stack_find((uintptr_t)info->si_addr, &stack) && stack.in_guard)
		say(&registers, &stack);
	fatal_pass_on(&before[number == signals[1]], number, info, context);
}

int async_install_overflow_handler(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	static _Thread_local bool held;
	int rc = held ? 0 : altstack_hold();

	if (rc < 0)
		return rc;
	held = true;
	sigemptyset(&action.sa_mask);
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < 2 && !installed; i++)
		if (sigaction(signals[i], &action, &before[i]) != 0)
			rc = -errno;
	installed = installed || rc == 0;
	pthread_mutex_unlock(&lock);
	return rc;
}
