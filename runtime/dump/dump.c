/* SPDX-License-Identifier: MIT */
/*
 * dump.c - what is asked for, and on which stack the answer is made.
 *
 * To look names up takes more stack than a coroutine has. A task that asks is switched away from, as
 * if it waited, to a stack that is mapped for the purpose; that also puts its registers where those
 * of the other tasks are.
 */
#include "runtime/dump/dump.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/async_dump.h"

#define OWN_STACK (512 * 1024)

/* ---- The text -------------------------------------------------------------------------------- */

static void say_head(struct dump *dump)
{
	size_t count = dump->count;

	if (dump->request.tree)
		dump_say(dump, "%zu task%s; below each those it waits for:\n", count,
			 count == 1 ? "" : "s");
}

static void say_one(struct dump *dump, struct async_task *handle)
{
	const struct task *task = task_of("?", "async_task_print_stack", handle);
	int32_t index = dump_find(dump, task->id);
	char name[DUMP_LINE];

	if (index != DUMP_NONE) {
		dump_print_task(dump, (size_t)index);
		return;
	}
	dump_describe_name(dump, task->id, name);
	dump_say(dump, "%s has ended\n", name);
}

static void say_all(struct dump *dump)
{
	say_head(dump);
	dump_tree(dump, dump->request.tree);
	dump_cycles(dump);
	if (dump->request.stacks) {
		dump_group(dump);
		dump_print_groups(dump);
	}
	if (dump->moved)
		dump_say(dump, "The loop goes on; this is all that was seen until then.\n");
}

struct symbols *dump_symbols(struct dump *dump)
{
	if (dump->request.symbols || dump->own_symbols)
		return dump->request.symbols;
	dump->own_symbols = true;
	dump->request.symbols = symbol_new();
	if (dump->request.symbols)
		symbol_warm(dump->request.symbols);
	return dump->request.symbols;
}

int dump_make(const struct dump_request *request)
{
	struct dump *dump = dump_open(request);

	if (!dump)
		return ASYNC_ENOMEM;
	if (request->only)
		say_one(dump, request->only);
	else
		say_all(dump);
	dump_close(dump);
	return 0;
}

/* ---- Asked by a task ------------------------------------------------------------------------- */

struct errand {
	struct context context, *back;
	const struct dump_request *request;
	int rc;
};

static void run_errand(void *arg)
{
	struct errand *errand = arg;

	errand->rc = dump_make(errand->request);
	context_exit(&errand->context, errand->back);
}

static int make_elsewhere(struct task *task, const struct dump_request *request)
{
	struct errand errand = { .back = &task->context, .request = request };
	void *low =
		mmap(NULL, OWN_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (low == MAP_FAILED)
		return ASYNC_ENOMEM;
	context_create(&errand.context, low, OWN_STACK, run_errand, &errand);
	context_switch(&task->context, &errand.context);
	context_destroy(&errand.context);
	munmap(low, OWN_STACK);
	return errand.rc;
}

/* Not a part of the slice it is called in: the watchdog looks at the program, not at us. */
static int make(const char *what, struct dump_request request)
{
	struct async_loop *loop = loop_here("?", what);
	struct task *task = loop->current;
	int rc;

	request.loop = loop;
	request.current = task;
	/* Between two slices: a loop that is run by hand. */
	if (!(atomic_load(&loop->heartbeat.generation) & 1))
		return dump_make(&request);
	heartbeat_end(&loop->heartbeat);
	rc = task ? make_elsewhere(task, &request) : dump_make(&request);
	heartbeat_begin(&loop->heartbeat, task);
	return rc;
}

int async_pstree(int fd)
{
	return make("async_pstree", (struct dump_request){ .fd = fd, .tree = true });
}

int async_print_tasks(int fd)
{
	return make("async_print_tasks",
		    (struct dump_request){ .fd = fd, .tree = true, .stacks = true });
}

int async_task_print_stack_at(const char *here, struct async_task *task, int fd)
{
	(void)task_of(here, "async_task_print_stack", task);
	return make("async_task_print_stack",
		    (struct dump_request){ .fd = fd, .stacks = true, .only = task });
}

/* ---- Asked by a signal, or by a deadlock ----------------------------------------------------- */

void dump_answer(struct async_loop *loop)
{
	if (atomic_exchange(&loop->heartbeat.asked_at, 0) == 0)
		return;
	dump_make(&(struct dump_request){
		.loop = loop, .fd = STDERR_FILENO, .tree = true, .stacks = true });
}
