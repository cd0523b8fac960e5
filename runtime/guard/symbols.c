/* SPDX-License-Identifier: MIT */
/*
 * symbols.c - libc's blocking functions, interposed: in every module but libc, the slots through which
 * a function is called are made to point to a wrapper.
 *
 * It is done at run time and only when the guard is wanted, so that a program that is not guarded has
 * nothing of it; and for good, since other threads may be on their way. A library that is loaded
 * later is seen from the next turn on. What libc calls inside itself has no slot.
 */
#include "runtime/guard/slots.h"

#include "runtime/context_backend.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { TABLES = 8 };

/* ---- What the wrappers ask ------------------------------------------------------------------- */

static __attribute__((noinline)) void look(struct guard_call *call)
{
	struct guard *guard = guard_mine;
	struct context here = { 0 };
	int saved = errno;
	uint64_t control;

	guard->hb->selector = 0;
	context_mark(&here, &control);
	if (guard_decide(call))
		guard_note(guard, call,
			   &(struct machine_registers){ .pc = (uintptr_t)here.pc,
							.sp = (uintptr_t)here.sp,
							.fp = (uintptr_t)here.bp,
							.full = true });
	guard->hb->selector = guard->hb->armed;
	errno = saved;
}

void guard_look(const char *name, long number, const uint64_t arguments[6], uintptr_t caller)
{
	struct guard_call call = { .name = name, .number = number, .caller = caller };

	memcpy(call.arguments, arguments, sizeof(call.arguments));
	look(&call);
}

void guard_look_at(const char *name, enum guard_severity severity, uintptr_t caller)
{
	look(&(struct guard_call){
		.name = name, .number = -1, .severity = severity, .caller = caller });
}

/* ---- The wrappers in force ------------------------------------------------------------------- */

/* Only grows. Read by whoever patches a module, added to under the lock. */
static _Atomic(const struct guard_wrapper *) in_force[TABLES];

const struct guard_wrapper *guard_wrapper_named(const char *name)
{
	const struct guard_wrapper *table;

	for (int i = 0; i < TABLES && (table = in_force[i]) != NULL; i++)
		for (; table->name != NULL; table++)
			if (strcmp(table->name, name) == 0)
				return table;
	return NULL;
}

const struct guard_wrapper *guard_wrapper_of(const void *original)
{
	const struct guard_wrapper *table;

	for (int i = 0; i < TABLES && (table = in_force[i]) != NULL; i++)
		for (; table->name != NULL; table++)
			if (*table->real == original)
				return table;
	return NULL;
}

/* ---- On -------------------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void guard_symbols_forget(void)
{
	pthread_mutex_init(&lock, NULL);
}

/* Without our lock: dlsym() waits for a dlopen(), whose constructors may open a loop. */
static void find_real(const struct guard_wrapper *table)
{
	for (; table->name != NULL; table++)
		if (*table->real == NULL)
			*table->real = guard_original(table->name);
}

/* False when it was there. */
static bool add(const struct guard_wrapper *table)
{
	int i = 0;

	while (i < TABLES - 1 && in_force[i] != NULL && in_force[i] != table)
		i++;
	if (in_force[i] == table)
		return false;
	in_force[i] = table;
	return true;
}

static int put(const struct guard_wrapper *const *tables, size_t count)
{
	bool more = false;

	if (!guard_has_slots())
		return -ENOSYS;
	for (size_t i = 0; i < count; i++)
		find_real(tables[i]);
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < count; i++)
		more |= add(tables[i]);
	guard_slots_patch(more);
	pthread_mutex_unlock(&lock);
	return 0;
}

int guard_symbols_put(const struct guard_wrapper *table)
{
	return put(&table, 1);
}

int guard_symbols_start(void)
{
	size_t count = 0;

	while (guard_tables[count] != NULL)
		count++;
	return put(guard_tables, count);
}

void guard_symbols_look(void)
{
	(void)put(NULL, 0);
}
