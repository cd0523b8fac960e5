/* SPDX-License-Identifier: MIT */
/* random_blocks.c - the operations with others inside: Python's try, finally and async with. */
#include <string.h>

#include "runtime/error.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "tests/conformance/random.h"
#include "tests/conformance/trace.h"

static int inside(struct frame *frame, const struct operation *op)
{
	int at = (int)(op - machine.operations);

	return machine_block(frame, at + 1, op->then ? op->then : op->end);
}

static void say_entered(const struct frame *frame, const struct operation *op)
{
	machine_log("%s.%d enters", frame->name, op->number);
}

/* A failure takes the place of a value that was on its way. */
static int say_left(struct frame *frame, const struct operation *op, const char *how, int rc)
{
	if (rc < 0) {
		machine_log("%s.%d %s %s", frame->name, op->number, how,
			    machine_describe(rc, async_raised(rc), false));
		frame->returned = false;
		frame->value = 0;
		return rc;
	}
	machine_log("%s.%d %s", frame->name, op->number, how);
	return 0;
}

#define BLOCK(title)                                                              \
	static int block_##title(struct frame *frame, const struct operation *op, \
				 __attribute__((unused)) char *text)

BLOCK(try)
{
	int rc = inside(frame, op);
	bool is_cancelled = rc == ASYNC_ECANCELED;

	if (rc >= 0 || (op->args[0] == 1 && !is_cancelled) || (op->args[0] == 2 && is_cancelled))
		return rc;
	machine_log("%s.%d caught %s", frame->name, op->number,
		    machine_describe(rc, async_raised(rc), false));
	return 0;
}

/*
 * Python keeps the exception that is on its way out while a cleanup raises and handles others; a task keeps
 * the record of one error, so that of rc is put aside.
 */
BLOCK(finally)
{
	int rc = inside(frame, op), value = frame->value, after;
	struct task *task = loop_current->current;
	struct error_record *record = error_record_take(error_record_for(task->future.record, rc));
	bool returned = frame->returned;

	frame->returned = false;
	machine_log("%s.%d finally", frame->name, op->number);
	after = machine_block(frame, op->then + 1, op->end);
	if (after < 0) {
		error_record_drop(record);
		frame->value = 0;
		return after;
	}
	if (rc < 0)
		task_set_record(task, rc, record);
	else
		error_record_drop(record);
	frame->returned = returned;
	frame->value = value;
	return rc;
}

BLOCK(timeout)
{
	struct async_timeout limit, *outer = frame->timeout;
	int rc;

	async_timeout_begin(&limit, machine_seconds(op->args[0]));
	say_entered(frame, op);
	frame->timeout = &limit;
	rc = inside(frame, op);
	frame->timeout = outer;
	return say_left(frame, op, "exits", async_timeout_end(&limit, rc));
}

BLOCK(group)
{
	struct async_task_group group = { 0 }, *outer = frame->group;
	int rc;

	async_task_group_enter(&group);
	say_entered(frame, op);
	frame->group = &group;
	rc = inside(frame, op);
	frame->group = outer;
	return say_left(frame, op, "exits", async_task_group_exit(&group, rc));
}

/* async with: an error of the release is what is left. */
static int finish(struct frame *frame, const struct operation *op, int rc, int release)
{
	return say_left(frame, op, "exits", release < 0 ? release : rc);
}

BLOCK(lock)
{
	struct async_lock *lock = &machine.locks[op->args[0]];
	int rc = async_lock_acquire(lock);

	if (rc < 0)
		return say_left(frame, op, "fails", rc);
	say_entered(frame, op);
	rc = inside(frame, op);
	return finish(frame, op, rc, async_lock_release(lock));
}

BLOCK(semaphore)
{
	struct async_semaphore *semaphore = &machine.semaphores[op->args[0]];
	int rc = async_semaphore_acquire(semaphore);

	if (rc < 0)
		return say_left(frame, op, "fails", rc);
	say_entered(frame, op);
	rc = inside(frame, op);
	return finish(frame, op, rc, async_semaphore_release(semaphore));
}

BLOCK(condition)
{
	int rc = async_condition_acquire(&machine.condition);

	if (rc < 0)
		return say_left(frame, op, "fails", rc);
	say_entered(frame, op);
	rc = inside(frame, op);
	return finish(frame, op, rc, async_condition_release(&machine.condition));
}

#define ENTRY(title)                  \
	{                             \
#title, block_##title \
	}

operation_run *block_find(const char *name)
{
	static const struct {
		const char *name;
		operation_run *run;
	} table[] = { ENTRY(try),  ENTRY(finally),   ENTRY(timeout),  ENTRY(group),
		      ENTRY(lock), ENTRY(semaphore), ENTRY(condition) };

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].run;
	return NULL;
}
