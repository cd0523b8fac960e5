/* SPDX-License-Identifier: MIT */
/* random_machine.c - tasks, functions and their operations; the driver; the log. */
#include "tests/conformance/random.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/list.h"
#include "runtime/task.h"
#include "tests/conformance/trace.h"
#include "tests/harness.h"

enum { STEPS = 400, ROUNDS = 20, STACK = 256 * 1024 };

struct machine machine;

/* ---- The log ---------------------------------------------------------------------------------- */

void machine_log(const char *format, ...)
{
	va_list args;

	CHECK(sizeof machine.out - machine.used > 2048);
	machine.used +=
		(size_t)sprintf(machine.out + machine.used, "   [%d@%.0f] ",
				(int)(async_loop_turns() - machine.base), async_time() * 1000);
	va_start(args, format);
	machine.used += (size_t)vsnprintf(machine.out + machine.used, 1900, format, args);
	va_end(args);
	machine.used += (size_t)sprintf(machine.out + machine.used, "\n");
}

static const char *name_of(int code)
{
	switch (code) {
	case ASYNC_ETIMEOUT:
		return "TimeoutError";
	case ASYNC_EINVALIDSTATE:
		return "InvalidStateError";
	case ASYNC_ERUNTIME:
	case ASYNC_ESELF:
		return "RuntimeError";
	case ASYNC_EBROKENBARRIER:
		return "BrokenBarrierError";
	case ASYNC_EQUEUEFULL:
		return "QueueFull";
	case ASYNC_EQUEUEEMPTY:
		return "QueueEmpty";
	case ASYNC_EQUEUESHUTDOWN:
		return "QueueShutDown";
	case ASYNC_EINVAL:
		return "ValueError";
	default:
		return outcome(code);
	}
}

/* A leaf is where a cancellation arrived: only there its message is told. */
const char *machine_describe(int code, const struct async_error *error, bool leaf)
{
	const char *text = "Group(";

	if (code == ASYNC_ECANCELED) {
		const char *message = leaf ? async_cancelled_message() : NULL;

		return !leaf	 ? "CancelledError"
		       : message ? format("CancelledError('%s')", message)
				 : "CancelledError()";
	}
	if (!error || !error->member_count)
		return name_of(code);
	for (size_t i = 0; i < error->member_count; i++) {
		const struct async_error *member = error->members[i].error;

		text = format("%s%s%s", text, i ? ", " : "",
			      machine_describe(member->code, member, false));
	}
	return format("%s)", text);
}

const char *machine_status(struct async_task *task)
{
	int code;

	if (!task)
		return "none";
	if (!async_task_done(task))
		return "pending";
	if (async_task_cancelled(task))
		return "cancelled";
	code = async_task_result(task);
	return code < 0 ? format("raised %s", machine_describe(code, async_task_error(task), false))
			: format("result %d", code);
}

/* ---- Tasks ------------------------------------------------------------------------------------ */

struct birth {
	char name[16];
	int f;
};

int machine_body(void *arg)
{
	const struct birth *birth = arg;
	struct frame frame = { 0 };
	int rc;

	memcpy(frame.name, birth->name, sizeof frame.name);
	machine_log("%s starts f%d", frame.name, birth->f);
	rc = machine_function(&frame, birth->f);
	if (rc < 0)
		machine_log("%s ends %s", frame.name,
			    machine_describe(rc, async_raised(rc), false));
	else
		machine_log("%s ends %d", frame.name, rc);
	return rc;
}

/* A slot may be named after its creator has ended: the driver holds all references. */
static void give_to_driver(struct async_task *handle)
{
	struct task *task = task_of(ASYNC_HERE, "give_to_driver", handle);
	struct task *driver = task_of(ASYNC_HERE, "give_to_driver", machine.driver);

	list_remove(&task->sibling);
	list_append(&driver->children, &task->sibling);
}

int machine_create(struct frame *frame, int f, machine_maker *make, char *text)
{
	struct birth birth = { .f = f };
	int place = machine.task_count++;
	struct async_task *task;

	CHECK(machine.task_count < MACHINE_TASKS);
	snprintf(birth.name, sizeof birth.name, "t%d", ++machine.count);
	machine.tasks[place] = NULL;
	task = make(frame, &birth, sizeof birth);
	if (!task)
		return async_last_error();
	give_to_driver(task);
	machine.tasks[place] = machine.slots[f] = task;
	sprintf(text, "%s", birth.name);
	return 0;
}

/* ---- Functions and blocks ---------------------------------------------------------------------- */

static int step(struct frame *frame, const struct operation *op)
{
	char text[1024] = "";
	bool leaf = strcmp(op->name, "call") != 0 && strcmp(op->name, "call_for") != 0;
	int rc = op->run(frame, op, text);

	if (rc < 0)
		machine_log("%s.%d %s %s", frame->name, op->number, op->name,
			    machine_describe(rc, async_raised(rc), leaf));
	else
		machine_log("%s.%d %s%s%s", frame->name, op->number, op->name, text[0] ? " " : "",
			    text);
	return rc < 0 ? rc : 0;
}

int machine_block(struct frame *frame, int start, int end)
{
	int rc = 0;

	for (int at = start; at < end && rc == 0 && !frame->returned;) {
		const struct operation *op = &machine.operations[at];

		if (++machine.steps > STEPS)
			return async_raise(exception("ValueError(99)"), "too long");
		rc = op->block ? op->block(frame, op, NULL) : step(frame, op);
		at = op->block ? op->end : at + 1;
	}
	return rc;
}

int machine_function(struct frame *frame, int f)
{
	struct frame inner = { .f = f };
	int rc;

	memcpy(inner.name, frame->name, sizeof inner.name);
	rc = machine_block(&inner, machine.functions[f].start, machine.functions[f].end);
	return rc < 0 ? rc : inner.value;
}

/* ---- The driver -------------------------------------------------------------------------------- */

static struct async_task *make_plain(struct frame *frame, void *arg, size_t size)
{
	(void)frame;
	return async_create_task_with(
		machine_body, arg,
		&(struct async_task_options){ .copy = size, .stack_size = STACK });
}

static int by_number(const void *a, const void *b)
{
	return (a > b) - (a < b);
}

static void begin(void)
{
	struct machine *m = &machine;

	m->count = m->items = m->steps = m->task_count = m->action_count = 0;
	m->used = 0;
	m->later = NULL;
	m->until = NULL;
	m->outer = NULL;
	m->base = async_loop_turns();
	m->driver = async_current_task();
	memset(m->slots, 0, sizeof m->slots);
	memset(m->events, 0, sizeof m->events);
	memset(m->locks, 0, sizeof m->locks);
	memset(m->actions, 0, sizeof m->actions);
	memset(m->callback_count, 0, sizeof m->callback_count);
	m->condition = (struct async_condition){ 0 };
	m->barrier = (struct async_barrier)ASYNC_BARRIER(2);
	m->semaphores[0] = (struct async_semaphore)ASYNC_SEMAPHORE(1);
	m->semaphores[1] = (struct async_semaphore)ASYNC_BOUNDED_SEMAPHORE(2);
	CHECK_INT(async_queue_init(&m->queues[0], 1), 0);
	CHECK_INT(async_lifo_queue_init(&m->queues[1], 2), 0);
	CHECK_INT(async_priority_queue_init(&m->queues[2], 0, by_number), 0);
	for (int i = 0; i < 3; i++)
		async_future_init(&m->futures[i]);
}

static void end(void)
{
	if (machine.outer)
		async_gather_end(machine.outer, NULL);
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < machine.callback_count[i]; j++)
			async_future_remove_done_callback(&machine.futures[i],
							  &machine.callbacks[i][j]->handle);
		async_future_close(&machine.futures[i]);
		async_queue_destroy(&machine.queues[i]);
	}
}

static int count_left(void)
{
	int left = 0;

	for (int i = 0; i < machine.task_count; i++)
		left += machine.tasks[i] && !async_task_done(machine.tasks[i]);
	return left;
}

/* In the order of creation, those that are not done when it begins. */
static void cancel_left(void)
{
	bool left[MACHINE_TASKS];

	for (int i = 0; i < machine.task_count; i++)
		left[i] = machine.tasks[i] && !async_task_done(machine.tasks[i]);
	for (int i = 0; i < machine.task_count; i++)
		if (left[i])
			async_cancel(machine.tasks[i]);
}

static void hear(const struct async_context *context, void *arg)
{
	(void)context;
	(void)arg;
}

static int drive(void *arg)
{
	struct frame frame = { 0 };
	char text[64];

	(void)arg;
	async_set_exception_handler(hear, NULL);
	begin();
	CHECK_INT(machine_create(&frame, 0, make_plain, text), 0);
	for (int round = 0; round < ROUNDS; round++) {
		CHECK_INT(async_sleep(1000), 0);
		if (!count_left())
			break;
		machine_log("driver cancels %d", count_left());
		cancel_left();
	}
	for (int i = 0; i < machine.task_count; i++)
		if (machine.tasks[i])
			machine_log("#%d %s %d", i, machine_status(machine.tasks[i]),
				    async_cancelling(machine.tasks[i]));
		else
			machine_log("#%d none", i);
	end();
	return 0;
}

/* The driver, and when it is stopped, the task that the stop named before it goes on. */
const char *machine_run(void)
{
	struct async_task *driver;

	machine.loop = async_loop_new(&(struct async_run_options){ .virtual_clock = true });
	CHECK(machine.loop != NULL);
	driver = async_create_task(drive, NULL);
	CHECK(driver != NULL);
	machine.until = NULL;
	while (!async_task_done(driver)) {
		struct async_task *until = machine.until;

		machine.until = NULL;
		async_loop_run_until_complete(machine.loop,
					      async_task_future(until ? until : driver));
		if (until)
			machine_log("until %s", machine_status(until));
		else if (!async_task_done(driver))
			machine_log("stopped");
	}
	CHECK_INT(async_task_result(driver), 0);
	async_task_release(driver);
	async_loop_close(machine.loop);
	return machine.out;
}
