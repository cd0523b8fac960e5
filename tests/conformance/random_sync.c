/* SPDX-License-Identifier: MIT */
/* random_sync.c - what the operations on events, conditions, queues, barriers, futures and callbacks do. */
#include <stdint.h>

#include "tests/conformance/random_operations.h"
#include "tests/conformance/trace.h"
#include "tests/harness.h"

/* ---- Synchronisation --------------------------------------------------------------------------- */

OPERATION(event_wait)
{
	return async_event_wait(&machine.events[op->args[0]]);
}

OPERATION(event_set)
{
	async_event_set(&machine.events[op->args[0]]);
	return 0;
}

OPERATION(event_clear)
{
	async_event_clear(&machine.events[op->args[0]]);
	return 0;
}

OPERATION(condition_wait)
{
	return async_condition_wait(&machine.condition);
}

OPERATION(notify)
{
	return async_condition_notify(&machine.condition, op->args[0]);
}

/* Items are numbers. */
static void *next_item(void)
{
	return (void *)(intptr_t)++machine.items;
}

static int tell_item(char *text, int rc, void *item)
{
	return rc < 0 ? rc : number(text, (int)(intptr_t)item);
}

static struct async_queue *queue(const struct operation *op)
{
	return &machine.queues[op->args[0]];
}

OPERATION(put)
{
	return async_queue_put(queue(op), next_item());
}

OPERATION(get)
{
	void *item;
	int rc = async_queue_get(queue(op), &item);

	return tell_item(text, rc, item);
}

OPERATION(put_nowait)
{
	return async_queue_put_nowait(queue(op), next_item());
}

OPERATION(get_nowait)
{
	void *item;
	int rc = async_queue_get_nowait(queue(op), &item);

	return tell_item(text, rc, item);
}

OPERATION(task_done)
{
	return async_queue_task_done(queue(op));
}

OPERATION(join)
{
	return async_queue_join(queue(op));
}

OPERATION(queue_shutdown)
{
	async_queue_shutdown(queue(op), op->args[1]);
	return 0;
}

OPERATION(barrier)
{
	return number(text, async_barrier_wait(&machine.barrier));
}

OPERATION(barrier_reset)
{
	return async_barrier_reset(&machine.barrier);
}

OPERATION(barrier_abort)
{
	return async_barrier_abort(&machine.barrier);
}

/* ---- Futures and callbacks --------------------------------------------------------------------- */

static struct async_future *future(const struct operation *op)
{
	return &machine.futures[op->args[0]];
}

OPERATION(future_await)
{
	return number(text, async_future_await(future(op)));
}

OPERATION(future_limit)
{
	return number(text, async_wait_for_future(future(op), machine_seconds(op->args[1])));
}

OPERATION(future_shield)
{
	struct async_shield shield;
	int rc;

	async_shield_begin(&shield, future(op));
	rc = async_future_await(&shield.outer);
	async_shield_end(&shield);
	return number(text, rc);
}

OPERATION(future_result)
{
	return async_future_set_result(future(op), op->args[1]);
}

OPERATION(future_exception)
{
	int code = exception(format("ValueError(%d)", op->args[1]));

	return async_future_set_exception(future(op), code, "text");
}

OPERATION(future_cancel)
{
	return number(text, async_future_cancel_message(future(op), MACHINE_MESSAGES[op->args[1]]));
}

static void act(void *arg)
{
	const struct action *action = arg;
	struct async_task *task = machine.slots[action->arg];

	if (action->act == 1) {
		const char *result = !task ? "none" : async_cancel(task) ? "1" : "0";

		machine_log("%s cancels %s", action->name, result);
	} else if (action->act == 2) {
		async_event_set(&machine.events[0]);
		machine_log("%s sets", action->name);
	} else if (action->act == 3) {
		machine_log("%s completes %d", action->name,
			    async_future_set_result(&machine.futures[0], action->arg) == 0);
	} else {
		machine_log("%s runs", action->name);
	}
}

static struct action *new_action(const struct operation *op, int from, char *text)
{
	struct action *action = &machine.actions[machine.action_count++];

	CHECK(machine.action_count < MACHINE_ACTIONS);
	snprintf(action->name, sizeof action->name, "c%d", ++machine.count);
	action->act = op->args[from];
	action->arg = op->args[from + 1];
	strcpy(text, action->name);
	return action;
}

OPERATION(future_callback)
{
	struct action *action = new_action(op, 1, text);
	int k = op->args[0];

	machine.callbacks[k][machine.callback_count[k]++] = action;
	async_future_add_done_callback(future(op), &action->handle, act, action);
	return 0;
}

OPERATION(future_remove)
{
	int k = op->args[0];

	if (!machine.callback_count[k])
		return none(text);
	return number(text, async_future_remove_done_callback(
				    future(op),
				    &machine.callbacks[k][--machine.callback_count[k]]->handle));
}

static struct async_task *slot(const struct operation *op)
{
	return machine.slots[op->args[0]];
}

OPERATION(task_callback)
{
	struct action *action;

	if (!slot(op))
		return none(text);
	action = new_action(op, 1, text);
	async_task_add_done_callback(slot(op), &action->handle, act, action);
	return 0;
}

OPERATION(soon)
{
	struct action *action = new_action(op, 0, text);

	async_call_soon(&action->handle, act, action);
	return 0;
}

OPERATION(later)
{
	machine.later = new_action(op, 1, text);
	async_call_later(&machine.later->timer, machine_seconds(op->args[0]), act, machine.later);
	return 0;
}

OPERATION(later_cancel)
{
	if (!machine.later)
		return none(text);
	async_timer_cancel(&machine.later->timer);
	return 0;
}

const struct operation_entry operations_of_sync[] = {
	ENTRY(event_wait),    ENTRY(event_set),
	ENTRY(event_clear),   ENTRY(condition_wait),
	ENTRY(notify),	      ENTRY(put),
	ENTRY(get),	      ENTRY(put_nowait),
	ENTRY(get_nowait),    ENTRY(task_done),
	ENTRY(join),	      ENTRY(queue_shutdown),
	ENTRY(barrier),	      ENTRY(barrier_reset),
	ENTRY(barrier_abort), ENTRY(future_await),
	ENTRY(future_limit),  ENTRY(future_shield),
	ENTRY(future_result), ENTRY(future_exception),
	ENTRY(future_cancel), ENTRY(future_callback),
	ENTRY(future_remove), ENTRY(task_callback),
	ENTRY(soon),	      ENTRY(later),
	ENTRY(later_cancel),  { NULL, NULL },
};
