/* SPDX-License-Identifier: MIT */
/*
 * test_dump_tree.c - who awaits whom, circles among them, and many tasks in little time and few lines.
 * On the virtual clock, so that each second is exact.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/dumped.h"
#include "tests/harness.h"

static int sleep_long(void *arg)
{
	(void)arg;
	return async_sleep(5);
}

static int end_at_once(void *arg)
{
	(void)arg;
	return 0;
}

static int run_virtual(int (*fn)(void *arg), void *arg)
{
	return async_run_with(fn, arg, &(struct async_run_options){ .virtual_clock = true });
}

/* ---- The tree -------------------------------------------------------------------------------- */

static struct async_task *leaf;

static int await_leaf(void *arg)
{
	(void)arg;
	return async_await(leaf);
}

static int gather_both(void *arg)
{
	struct async_task *tasks[] = { dumped_start(await_leaf, NULL, "left"),
				       dumped_start(await_leaf, NULL, "right") };

	(void)arg;
	return async_gather(tasks, 2, ASYNC_RAISE, NULL);
}

/* Without the places, which change with each line of this file. */
static const char *without_places(const char *text)
{
	char *copy = format("%s", text), *to = copy;

	for (const char *from = text; *from;) {
		if (strncmp(from, "] at ", 5) == 0 || strncmp(from, "] created at ", 13) == 0) {
			*to++ = *from;
			from += strcspn(from, "\n");
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return copy;
}

static int draw_tree(void *arg)
{
	struct async_task *top, *tasks[6];

	(void)arg;
	leaf = dumped_start(sleep_long, NULL, "leaf");
	top = dumped_start(gather_both, NULL, "top");
	for (int i = 0; i < 6; i++)
		tasks[i] = dumped_start(sleep_long, NULL, i < 5 ? "alike" : "other");
	async_sleep(1);
	CHECK_STR(without_places(dumped(async_pstree)),
		  "11 tasks; below each those it waits for:\n"
		  "task 1 \"main\" [running]\n"
		  "task 3 \"top\" [gather of 2, 0 done, 1.0 s]\n"
		  "  task 10 \"left\" [awaiting task 2 \"leaf\", 1.0 s]\n"
		  "    task 2 \"leaf\" [sleep, wakes in 4.0 s, 1.0 s]\n"
		  "  task 11 \"right\" [awaiting task 2 \"leaf\", 1.0 s]\n"
		  "    task 2 \"leaf\" (shown above)\n"
		  "task 4 \"alike\" [sleep, wakes in 4.0 s, 1.0 s]\n"
		  "task 5 \"alike\" [sleep, wakes in 4.0 s, 1.0 s]\n"
		  "task 6 \"alike\" [sleep, wakes in 4.0 s, 1.0 s]\n"
		  "and 3 more like it\n");
	CHECK_INT(async_await(top), 0);
	return async_gather(tasks, 6, ASYNC_RAISE, NULL);
}

TEST(roots_come_first_a_shared_child_is_shown_once_and_what_is_alike_is_folded)
{
	CHECK_INT(run_virtual(draw_tree, NULL), 0);
}

/* ---- Circles --------------------------------------------------------------------------------- */

static struct async_lock two_locks[2];
static struct async_task *takers[2];

static int take_both(void *arg)
{
	int first = *(int *)arg, rc;

	async_lock_acquire(&two_locks[first]);
	async_sleep(0.5);
	rc = async_lock_acquire(&two_locks[1 - first]);
	async_lock_release(&two_locks[first]);
	return rc < 0 ? rc : async_lock_release(&two_locks[1 - first]);
}

static int await_second(void *arg)
{
	struct async_task *tasks[] = { takers[1], leaf };

	(void)arg;
	async_lock_acquire(&two_locks[0]);
	return async_gather(tasks, 2, ASYNC_RAISE, NULL);
}

static int take_first_lock(void *arg)
{
	(void)arg;
	async_sleep(0.5);
	return async_lock_acquire(&two_locks[0]);
}

static int zero = 0, one = 1;

static int find_partial_deadlock(void *arg)
{
	const char *text;

	(void)arg;
	takers[0] = dumped_start(take_both, &zero, "a");
	takers[1] = dumped_start(take_both, &one, "b");
	async_sleep(1);
	text = dumped(async_pstree);
	CHECK_CONTAINS(text, "  task 3 \"b\" [Lock held by task 2 \"a\", 0.5 s]");
	CHECK_CONTAINS(text, "    task 2 \"a\" (above: this is a cycle)\n");
	CHECK_CONTAINS(text, "cycle: task 2 \"a\" waits for Lock held by task 3 \"b\", which waits "
			     "for Lock held by task 2 \"a\"\n");
	async_cancel(takers[0]);
	CHECK(strstr(dumped(async_pstree), "cycle") == NULL);
	return async_await(takers[1]);
}

TEST(a_circle_is_named_while_the_rest_of_the_program_runs)
{
	CHECK_INT(run_virtual(find_partial_deadlock, NULL), 0);
}

static int find_circle_through_many(void *arg)
{
	const char *text;

	(void)arg;
	leaf = dumped_start(sleep_long, NULL, "leaf");
	takers[0] = dumped_start(await_second, NULL, "a");
	takers[1] = dumped_start(take_first_lock, NULL, "b");
	async_sleep(1);
	text = dumped(async_pstree);
	CHECK_CONTAINS(text, "cycle: task 3 \"a\" waits for gather of 2, 0 done with task 4 \"b\", "
			     "which waits for Lock held by task 3 \"a\"\n");
	async_cancel(takers[0]);
	async_lock_release(&two_locks[0]);
	return async_sleep(0);
}

TEST(a_circle_may_lead_through_one_of_many)
{
	CHECK_INT(run_virtual(find_circle_through_many, NULL), 0);
}

static int lock_twice(void *arg)
{
	(void)arg;
	async_lock_acquire(&two_locks[0]);
	return async_lock_acquire(&two_locks[0]);
}

static void run_into_deadlock(int (*fn)(void *arg))
{
	run_virtual(fn, NULL);
	abort();
}

static int deadlock_of_two(void *arg)
{
	(void)arg;
	takers[0] = dumped_start(take_both, &zero, "a");
	takers[1] = dumped_start(take_both, &one, "b");
	return async_await(takers[0]);
}

TEST(a_deadlock_report_names_what_each_waits_for_and_the_circle)
{
	EXPECT_ABORT(
		run_into_deadlock(deadlock_of_two), "deadlock: nothing is ready",
		": awaiting task 2 \"a\" (created at async_run)",
		"task 2 \"a\" waits at tests/test_dump_tree.c:",
		": Lock held by task 3 \"b\" (created at tests/dumped.c:",
		"cycle: task 2 \"a\" waits for Lock held by task 3 \"b\", which waits for Lock "
		"held by task 2 \"a\"\n");
	EXPECT_ABORT(run_into_deadlock(lock_twice),
		     "cycle: task 1 \"main\" waits for Lock held by task 1 \"main\"\n");
}

static int lock_twice_without_memory(void *arg)
{
	fail_call("mmap", 0, ENOMEM);
	return lock_twice(arg);
}

TEST(without_memory_a_deadlock_is_still_called_one)
{
	EXPECT_ABORT(run_into_deadlock(lock_twice_without_memory),
		     "1 task waits for ever, and there is no memory to say which\n");
}

/* ---- Many ------------------------------------------------------------------------------------ */

static int print_many(void *arg)
{
	size_t many = *(size_t *)arg, size = 0, lines = 0;
	const char *text;
	double before;

	for (size_t i = 0; i < many; i++)
		CHECK_INT(async_spawn_with(sleep_long, NULL,
					   &(struct async_task_options){ .stack_size = 16384 }),
			  0);
	async_sleep(1);
	before = (double)clock() / CLOCKS_PER_SEC;
	text = dumped(async_print_tasks);
	CHECK((double)clock() / CLOCKS_PER_SEC - before < 3 * time_scale());
	for (; text[size]; size++)
		lines += text[size] == '\n';
	CHECK(lines < 30);
	CHECK_CONTAINS(text, format("and %zu more like it\n", many - 3));
	CHECK_CONTAINS(text, format("and %zu more with this stack: 3-%zu\n", many - 1, many + 1));
	return 0;
}

TEST_WITH_LIMIT(ten_thousand_tasks_take_little_time_and_few_lines, 20)
{
	size_t many = UNDER_TSAN || under_valgrind() ? 1000 : 10000;

	CHECK_INT(run_virtual(print_many, &many), 0);
}

static int wait_in_line(void *arg)
{
	int left = *(int *)arg - 1;
	struct async_task *next;

	if (left < 0)
		return async_sleep(5);
	next = async_create_task_copy(wait_in_line, &left, sizeof left);
	CHECK(next != NULL);
	return async_await(next);
}

static int print_long_line(void *arg)
{
	struct async_task *first = async_create_task_copy(wait_in_line, arg, sizeof(int));
	size_t size;

	async_sleep(1);
	size = strlen(dumped(async_print_tasks));
	CHECK(size < 500000);
	CHECK_CONTAINS(dumped(async_pstree), "tasks more, which would make this too long\n");
	return async_await(first);
}

TEST(a_long_line_of_tasks_is_cut_and_needs_no_deep_stack)
{
	int length = 1500;

	CHECK_INT(run_virtual(print_long_line, &length), 0);
}

struct crowd {
	struct async_task *tasks[300];
};

static int wait_for_crowd(void *arg)
{
	struct crowd *crowd = *(struct crowd **)arg;

	return async_gather(crowd->tasks, 300, ASYNC_RAISE, NULL);
}

static int print_crowd(void *arg)
{
	struct crowd crowd, *pointer = &crowd;
	struct async_task *task = NULL;
	const char *text;

	(void)arg;
	for (int i = 0; i < 300; i++)
		crowd.tasks[i] = dumped_start(sleep_long, NULL, "one of many");
	for (int i = 0; i < 100; i++)
		task = async_create_task_copy(wait_for_crowd, &pointer, sizeof pointer);
	async_sleep(1);
	text = dumped(async_pstree);
	CHECK_CONTAINS(text, "[gather of 300, 0 done, 1.0 s]");
	CHECK_CONTAINS(text, " waits for tasks are left out\n");
	return async_await(task);
}

TEST(more_waits_than_there_is_room_for_are_counted)
{
	CHECK_INT(run_virtual(print_crowd, NULL), 0);
}

/* ---- Failures -------------------------------------------------------------------------------- */

static int print_and_see(void *arg)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int rc = fd < 0 ? 0 : async_print_tasks(fd);

	(void)arg;
	CHECK(rc == 0 || rc == ASYNC_ENOMEM);
	if (fd >= 0)
		close(fd);
	return 0;
}

static void print_in_a_run(void)
{
	(void)run_virtual(print_and_see, NULL);
}

TEST(each_allocation_may_fail)
{
	for_each_failing_allocation(print_in_a_run);
}

TEST(each_system_call_may_fail)
{
	for_each_failing_syscall(print_in_a_run);
}

static int stack_of_a_stale_task(void *arg)
{
	struct async_task *task = dumped_start(end_at_once, NULL, "stale");

	(void)arg;
	async_sleep(1);
	CHECK_INT(async_task_print_stack(task, STDOUT_FILENO), 0);
	async_task_release(task);
	return async_task_print_stack(task, STDOUT_FILENO);
}

TEST(the_stack_of_a_task_that_was_released_aborts)
{
	EXPECT_ABORT(run_virtual(stack_of_a_stale_task, NULL), "async_task_print_stack",
		     "tests/test_dump_tree.c:");
	EXPECT_ABORT(async_pstree(2), "async_pstree", "no running event loop");
}
