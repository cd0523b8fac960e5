/* SPDX-License-Identifier: MIT */
/*
 * random.h - random programs, as random/generate.py writes them, run on our loop.
 *
 * A program is lines; a line's number is its place. random_parse.c makes operations of them,
 * random_machine.c runs tasks and blocks, random_operations.c knows what each operation does. The
 * counterpart is random/interpret.py, function by function.
 */
#ifndef LOOPHOUND_TESTS_RANDOM_H
#define LOOPHOUND_TESTS_RANDOM_H

#include "runtime/async.h"

enum { MACHINE_FUNCTIONS = 6, MACHINE_LINES = 400, MACHINE_TASKS = 500, MACHINE_ACTIONS = 500 };

struct operation;

/* One function while it runs: what it is in the middle of. */
struct frame {
	char name[16];
	int f;
	struct async_task_group *group; /* the innermost; NULL: none */
	struct async_timeout *timeout;
	bool returned;
	int value;
};

/* Returns a negative code, or 0 with what is to be logged in text. */
typedef int operation_run(struct frame *frame, const struct operation *op, char *text);

struct operation {
	const char *name;
	int number; /* of its line */
	int args[5], arg_count;
	operation_run *run;
	operation_run *block; /* the same for one with operations inside; text is not used */
	int end;	      /* of a block: the operation behind it */
	int then;	      /* of finally: where the second block begins */
};

/* A callback that logs, and cancels a slot, sets an event or completes a future. */
struct action {
	struct async_handle handle;
	struct async_timer timer;
	char name[16];
	int act, arg;
};

struct machine {
	struct operation operations[MACHINE_LINES];
	int operation_count;
	struct {
		int start, end;
	} functions[MACHINE_FUNCTIONS];
	int count, items, steps;
	uint64_t base;
	struct async_task *slots[MACHINE_FUNCTIONS], *tasks[MACHINE_TASKS], *driver;
	struct async_task *until; /* what a stop asks to be run next; NULL: the driver */
	struct async_loop *loop;
	int task_count;
	struct async_event events[2];
	struct async_lock locks[2];
	struct async_semaphore semaphores[2];
	struct async_condition condition;
	struct async_queue queues[3];
	struct async_barrier barrier;
	struct async_future futures[3];
	struct action actions[MACHINE_ACTIONS], *callbacks[3][MACHINE_ACTIONS], *later;
	int action_count, callback_count[3];
	struct async_gathering *outer;
	struct async_task *outer_tasks[4];
	size_t outer_count;
	int outer_mode, outer_slot;
	char out[1 << 18];
	size_t used;
};
extern struct machine machine;

/* random_parse.c: the program in text, up to its trace. Fails the test when it is none. */
void machine_parse(const char *text);

/* random_machine.c: runs it and returns the trace, valid until the next one. */
const char *machine_run(void);
void machine_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Operations up to end, or until the function has a value. */
int machine_block(struct frame *frame, int start, int end);
int machine_function(struct frame *frame, int f);
/* How a task is made: NULL, with async_last_error(). */
typedef struct async_task *machine_maker(struct frame *frame, void *arg, size_t size);
int machine_create(struct frame *frame, int f, machine_maker *make, char *text);
int machine_body(void *arg);
const char *machine_describe(int code, const struct async_error *error, bool leaf);
const char *machine_status(struct async_task *task);

/* random_operations.c */
double machine_seconds(int ms);

/* random_operations.c, random_blocks.c: what is called so, or NULL. */
operation_run *operation_find(const char *name);
operation_run *block_find(const char *name);

#endif
