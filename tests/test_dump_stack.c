/* SPDX-License-Identifier: MIT */
/*
 * test_dump_stack.c - the stacks of suspended tasks: the program's own functions with their lines, one
 * inside the other, and equal stacks told once. Built twice, with and without optimisation.
 *
 * `after` is written to behind each call, which keeps it from becoming a tail call.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/symbol/symbol.h"
#include "tests/harness.h"

#define NOT_INLINED __attribute__((noinline))
#define INLINED static inline __attribute__((always_inline))
#define ON_THIS_LINE(number, call) (lines[number] = __LINE__, (call))

static int lines[4];
static atomic_uint after;

static bool have_names(void)
{
	return strstr(symbol_hint, "-g") != NULL;
}

static const char *stack_of(struct async_task *task)
{
	const char *path = temp_path("stack");
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc = task ? async_task_print_stack(task, fd) : async_print_tasks(fd);

	CHECK_INT(rc, 0);
	close(fd);
	return read_file(path, NULL);
}

static int run(int (*fn)(void *arg))
{
	return async_run_with(fn, NULL, &(struct async_run_options){ .virtual_clock = true });
}

/* ---- Names ----------------------------------------------------------------------------------- */

NOT_INLINED static int innermost(double seconds)
{
	int rc = ON_THIS_LINE(0, async_sleep(seconds));

	after++;
	return rc;
}

INLINED int inlined(double seconds)
{
	int rc = ON_THIS_LINE(1, innermost(seconds));

	after++;
	return rc;
}

NOT_INLINED static int outer(double seconds)
{
	int rc = ON_THIS_LINE(2, inlined(seconds));

	after++;
	return rc;
}

static int outermost(void *arg)
{
	int rc = ON_THIS_LINE(3, outer(arg ? *(double *)arg : 5));

	after++;
	return rc;
}

static void check_names(const char *text)
{
	static const char *const functions[] = { "innermost", "inlined", "outer", "outermost" };

	for (int i = 0; i < 4; i++) {
		const char *line =
			format("    %-24s tests/test_dump_stack.c:%d\n", functions[i], lines[i]);

		CHECK_CONTAINS(text, line);
		text = strstr(text, line) + strlen(line);
	}
	CHECK_CONTAINS(text, "    created to run outermost at tests/test_dump_stack.c:");
	CHECK_CONTAINS(text, " by task 1 \"main\"\n");
}

static int print_a_sleeper(void *arg)
{
	struct async_task *task = async_create_task(outermost, NULL);
	const char *text;

	(void)arg;
	async_sleep(1);
	text = stack_of(task);
	CHECK_CONTAINS(text, "task 2 \"Task-2\" [sleep, wakes in 4.0 s, 1.0 s]:\n");
	if (have_names()) {
		CHECK_CONTAINS(text, "    async_sleep  (and ");
		check_names(text);
	} else {
		CHECK_CONTAINS(text, "+0x");
	}
	CHECK_CONTAINS(stack_of(NULL), "below each those it waits for");
	CHECK_INT(async_await(task), 0);
	CHECK_CONTAINS(stack_of(task), "task 2 has ended\n");
	return 0;
}

TEST(the_programs_own_functions_are_named_with_their_lines_through_inlining)
{
	CHECK_INT(run(print_a_sleeper), 0);
}

NOT_INLINED static const char *print_me(void)
{
	const char *text = stack_of(NULL);

	after++;
	return text;
}

static int print_myself(void *arg)
{
	const char *text = print_me();

	(void)arg;
	CHECK_CONTAINS(text, "task 1 \"main\" [running]:\n");
	if (have_names()) {
		CHECK_CONTAINS(text, "    async_print_tasks  (and ");
		CHECK_CONTAINS(text, "    print_me ");
		CHECK_CONTAINS(text, "    print_myself ");
		CHECK_CONTAINS(text, "    created to run main by async_run\n");
	}
	return 0;
}

TEST(the_running_task_is_marked_and_its_stack_is_that_of_the_call)
{
	CHECK_INT(run(print_myself), 0);
}

/* ---- Groups ---------------------------------------------------------------------------------- */

NOT_INLINED static int go_down(int depth)
{
	int rc = depth ? go_down(depth - 1) : async_sleep(5);

	after++;
	return rc;
}

/* As deep as each other; only their return addresses differ. */
NOT_INLINED static int go_left(void)
{
	int rc = go_down(5);

	after++;
	return rc;
}

NOT_INLINED static int go_right(void)
{
	int rc = go_down(5);

	after += 2;
	return rc;
}

/* Its frames stay behind below those of the wait, each time others. */
NOT_INLINED static void litter(int depth)
{
	volatile char old[64] = { (char)depth };

	after += (unsigned)old[0];
	if (depth)
		litter(depth - 1);
	after++;
}

static int descend(void *arg)
{
	int rc;

	litter(*(int *)arg);
	rc = *(int *)arg % 2 ? go_left() : go_right();
	after++;
	return rc;
}

static int print_groups(void *arg)
{
	struct async_task *tasks[12];
	const char *text;

	(void)arg;
	for (int i = 0; i < 12; i++)
		tasks[i] = async_create_task_copy(descend, &i, sizeof i);
	async_sleep(1);
	text = stack_of(NULL);
	if (have_names()) {
		CHECK_CONTAINS(text, "and 5 more with this stack: 4 6 8 10 12\n");
		CHECK_CONTAINS(text, "and 5 more with this stack: 5 7 9 11 13\n");
		CHECK_CONTAINS(text, "    go_left ");
		CHECK_CONTAINS(text, "    go_right ");
		CHECK_CONTAINS(text, " (5 times)\n");
	}
	return async_gather(tasks, 12, ASYNC_RAISE, NULL);
}

TEST(equal_stacks_are_one_group_whatever_lies_between_their_frames)
{
	CHECK_INT(run(print_groups), 0);
}

static int wait_in_place(void *arg)
{
	struct async_event never = { 0 };
	int rc = async_event_wait(&never);

	(void)arg;
	after++;
	return rc;
}

static int print_waiting_and_new(void *arg)
{
	struct async_task *waiting = async_create_task(wait_in_place, NULL), *new;
	const char *text;

	(void)arg;
	async_sleep(1);
	new = async_create_task(wait_in_place, NULL);
	text = stack_of(NULL);
	CHECK_CONTAINS(text, "task 2 \"Task-2\" [Event, 1.0 s]:\n");
	CHECK_CONTAINS(text,
		       "task 3 \"Task-3\" [not started]:\n    created to run wait_in_place at ");
	async_cancel(waiting);
	async_cancel(new);
	return 0;
}

TEST(a_task_that_has_not_started_has_no_stack_and_a_group_of_its_own)
{
	CHECK_INT(run(print_waiting_and_new), 0);
}
