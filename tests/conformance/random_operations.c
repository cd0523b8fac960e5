/* SPDX-License-Identifier: MIT */
/* random_operations.c - what the operations on tasks do, and where each operation is found. */
#include "tests/conformance/random_operations.h"

#include <stdint.h>

#include "tests/conformance/trace.h"
#include "tests/harness.h"

enum { STACK = 256 * 1024 };

/* No two for the same moment, if two tasks run the same operation. */
double machine_seconds(int ms)
{
	return ms ? (ms + machine.steps) / 1000.0 : 0;
}

static double limit_or_none(int ms)
{
	return ms ? machine_seconds(ms) : ASYNC_NO_TIMEOUT;
}

/* ---- Tasks ------------------------------------------------------------------------------------ */

static struct async_task *make(struct frame *frame, void *arg, size_t size)
{
	(void)frame;
	return async_create_task_with(
		machine_body, arg,
		&(struct async_task_options){ .copy = size, .stack_size = STACK });
}

static struct async_task *make_eager(struct frame *frame, void *arg, size_t size)
{
	struct async_task_options options = { .copy = size,
					      .stack_size = STACK,
					      .eager_start = true };

	(void)frame;
	return async_create_task_with(machine_body, arg, &options);
}

static struct async_task *make_member(struct frame *frame, void *arg, size_t size)
{
	struct async_task_options options = { .copy = size, .stack_size = STACK };

	return async_task_group_create_task_with(frame->group, machine_body, arg, &options);
}

static struct async_task *make_eager_member(struct frame *frame, void *arg, size_t size)
{
	struct async_task_options options = { .copy = size,
					      .stack_size = STACK,
					      .eager_start = true };

	return async_task_group_create_task_with(frame->group, machine_body, arg, &options);
}

static struct async_task *slot(const struct operation *op)
{
	return machine.slots[op->args[0]];
}

OPERATION(sleep)
{
	return async_sleep(machine_seconds(op->args[0]));
}

OPERATION(spawn)
{
	return machine_create(frame, op->args[0], make, text);
}

OPERATION(eager)
{
	return machine_create(frame, op->args[0], make_eager, text);
}

OPERATION(member)
{
	return frame->group ? machine_create(frame, op->args[0], make_member, text) : none(text);
}

OPERATION(eager_member)
{
	return frame->group ? machine_create(frame, op->args[0], make_eager_member, text)
			    : none(text);
}

OPERATION(await)
{
	return slot(op) ? number(text, async_await(slot(op))) : none(text);
}

OPERATION(call)
{
	return number(text, machine_function(frame, op->args[0]));
}

OPERATION(call_for)
{
	struct async_timeout limit;

	async_timeout_begin(&limit, machine_seconds(op->args[1]));
	return number(text, async_timeout_end(&limit, machine_function(frame, op->args[0])));
}

OPERATION(raise)
{
	return async_raise(exception(format("ValueError(%d)", op->args[0])), "raised");
}

OPERATION(return )
{
	frame->returned = true;
	frame->value = op->args[0];
	return number(text, op->args[0]);
}

OPERATION(status)
{
	strcpy(text, machine_status(slot(op)));
	return 0;
}

OPERATION(cancel)
{
	return slot(op)
		       ? number(text, async_cancel_message(slot(op), MACHINE_MESSAGES[op->args[1]]))
		       : none(text);
}

OPERATION(cancel_self)
{
	return number(text, async_cancel(async_current_task()));
}

OPERATION(uncancel)
{
	int before = async_cancelling(async_current_task());

	sprintf(text, "%d %d", before, async_uncancel(async_current_task()));
	return 0;
}

static const struct async_local locals[] = { { "a", NULL }, { "b", NULL } };

OPERATION(local_set)
{
	return async_local_set(&locals[op->args[0]], (void *)(intptr_t)op->args[1]);
}

OPERATION(local_get)
{
	return number(text, (int)(intptr_t)async_local_get(&locals[op->args[0]]));
}

OPERATION(stop)
{
	machine.until = slot(op);
	async_loop_stop(machine.loop);
	return 0;
}

/* ---- Waiting ---------------------------------------------------------------------------------- */

static size_t many(const struct operation *op, int from, struct async_task **tasks)
{
	size_t count = 0;

	for (int i = from; i < op->arg_count; i++)
		if (machine.slots[op->args[i]])
			tasks[count++] = machine.slots[op->args[i]];
	return count;
}

/* What a gather gave; a task's failure with its members, if it is a group's. */
static int tell_results(char *text, struct async_task **tasks, size_t count)
{
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		int rc = async_task_result(tasks[i]);

		text += sprintf(text, "%s", i ? " " : "");
		if (rc < 0)
			text += sprintf(text, "%s",
					machine_describe(rc, async_task_error(tasks[i]), false));
		else
			text += sprintf(text, "%d", rc);
	}
	return 0;
}

OPERATION(wait)
{
	struct async_task *tasks[4];
	size_t count = many(op, 2, tasks), pending;
	int rc;

	if (!count)
		return none(text);
	rc = async_wait(tasks, count, (enum async_return_when)op->args[0],
			limit_or_none(op->args[1]), &pending);
	if (rc >= 0)
		sprintf(text, "%d %zu", rc, pending);
	return rc;
}

OPERATION(shield)
{
	return slot(op) ? number(text, async_shield(slot(op))) : none(text);
}

OPERATION(wait_for)
{
	return slot(op) ? number(text, async_wait_for(slot(op), machine_seconds(op->args[1])))
			: none(text);
}

/* Each counts once. */
static int count_done(struct async_task **tasks, size_t count)
{
	int done = 0;

	for (size_t i = 0; i < count; i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again |= tasks[j] == tasks[i];
		done += !again && async_task_done(tasks[i]);
	}
	return done;
}

OPERATION(completed)
{
	struct async_task *tasks[4];
	size_t count = many(op, 1, tasks), which;
	struct async_completion *all;
	int rc;

	if (!count)
		return none(text);
	if (count_done(tasks, count) > 1) {
		strcpy(text, "done"); /* there in the order of a set */
		return 0;
	}
	all = async_as_completed(tasks, count, limit_or_none(op->args[0]));
	CHECK(all != NULL);
	while ((rc = async_as_completed_next(all, &which)) > 0) {
		machine_log("%s completed %zu", frame->name, which);
		sprintf(text + strlen(text), "%s%s", text[0] ? "/" : "",
			machine_status(tasks[which]));
	}
	async_as_completed_end(all);
	return rc;
}

OPERATION(gather)
{
	struct async_task *tasks[4];
	size_t count = many(op, 1, tasks);
	int rc = async_gather(tasks, count, (enum async_gather_mode)op->args[0], NULL);

	return rc < 0 ? rc : tell_results(text, tasks, count);
}

OPERATION(gathering)
{
	size_t count;

	if (machine.outer)
		return none(text);
	count = many(op, 1, machine.outer_tasks);
	if (!count)
		return none(text);
	machine.outer_count = count;
	machine.outer_slot = MACHINE_FUNCTIONS;
	for (int i = 1; i < op->arg_count; i++)
		if (op->args[i] < machine.outer_slot)
			machine.outer_slot = op->args[i];
	machine.outer =
		async_gather_begin(machine.outer_tasks, count, (enum async_gather_mode)op->args[0]);
	CHECK(machine.outer != NULL);
	return 0;
}

OPERATION(gathering_await)
{
	int rc;

	if (!machine.outer || frame->f >= machine.outer_slot)
		return none(text);
	rc = async_future_await(async_gathering_future(machine.outer));
	return rc < 0 ? rc : tell_results(text, machine.outer_tasks, machine.outer_count);
}

OPERATION(gathering_cancel)
{
	if (!machine.outer)
		return none(text);
	return number(text, async_future_cancel_message(async_gathering_future(machine.outer),
							MACHINE_MESSAGES[op->args[0]]));
}

OPERATION(reschedule)
{
	if (!frame->timeout)
		return none(text);
	if (async_timeout_expired(frame->timeout)) {
		strcpy(text, "expired"); /* an error there, misuse here */
		return 0;
	}
	async_timeout_reschedule(frame->timeout, machine_seconds(op->args[0]));
	return 0;
}

static const struct operation_entry operations[] = {
	ENTRY(sleep),
	ENTRY(spawn),
	ENTRY(eager),
	ENTRY(member),
	ENTRY(eager_member),
	ENTRY(await),
	ENTRY(call),
	ENTRY(call_for),
	ENTRY(raise),
	ENTRY(return ),
	ENTRY(status),
	ENTRY(cancel),
	ENTRY(cancel_self),
	ENTRY(uncancel),
	ENTRY(local_set),
	ENTRY(local_get),
	ENTRY(stop),
	ENTRY(wait),
	ENTRY(shield),
	ENTRY(wait_for),
	ENTRY(completed),
	ENTRY(gather),
	ENTRY(gathering),
	ENTRY(gathering_await),
	ENTRY(gathering_cancel),
	ENTRY(reschedule),
	{ NULL, NULL },
};

static operation_run *find(const struct operation_entry *entry, const char *name)
{
	while (entry->name && strcmp(entry->name, name) != 0)
		entry++;
	return entry->run;
}

operation_run *operation_find(const char *name)
{
	operation_run *run = find(operations, name);

	return run ? run : find(operations_of_sync, name);
}
