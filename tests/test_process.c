/* SPDX-License-Identifier: MIT */
/*
 * test_process.c - children that run: signals, the end, who waits for it, close, and loops in threads.
 * Long, because whatever waits here is run a second time without pidfds, where threads wait.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/children.h"
#include "tests/harness.h"

/* ---- The returncode --------------------------------------------------------------------------- */

static int returncodes(void *arg)
{
	(void)arg;
	CHECK_INT(shell("exit 0"), 0);
	CHECK_INT(shell("exit 3"), 3);
	CHECK_INT(shell("exit 255"), 255);
	CHECK_INT(shell("kill -TERM $$"), -SIGTERM);
	CHECK_INT(shell("kill -KILL $$"), -SIGKILL);
	return 0;
}

TEST(the_returncode_is_the_exit_status_or_the_negative_signal)
{
	CHECK_INT(run(returncodes), 0);
}

static int known_by_itself(void *arg)
{
	struct async_process *process = start("exit 4", NULL);
	int returncode = 99;

	(void)arg;
	CHECK(!async_process_returncode(process, &returncode));
	CHECK_INT(returncode, 99);
	while (!async_process_returncode(process, NULL))
		async_sleep(0.001);
	/* Reaped already: no child is left. */
	CHECK_INT(waitpid(async_process_pid(process), NULL, WNOHANG), -1);
	CHECK(async_process_returncode(process, &returncode));
	CHECK_INT(returncode, 4);
	CHECK_INT(async_process_wait(process, &returncode), 0);
	CHECK_INT(returncode, 4);
	async_process_close(process);
	return 0;
}

TEST(a_child_that_nobody_waits_for_is_reaped_and_its_returncode_known)
{
	CHECK_INT(run(known_by_itself), 0);
}

struct waiting {
	struct async_process *process;
	int returncode, rc;
};

static int wait_for_it(void *arg)
{
	struct waiting *waiting = arg;

	return waiting->rc = async_process_wait(waiting->process, &waiting->returncode);
}

static int several(void *arg)
{
	struct waiting waiting[5] = { 0 };
	struct async_process *process =
		start("read x; exit 7", &(options){ .stdin_from = ASYNC_PIPE });
	struct async_task *tasks[5];

	(void)arg;
	for (int i = 0; i < 5; i++) {
		waiting[i].process = process;
		tasks[i] = async_create_task(wait_for_it, &waiting[i]);
	}
	async_sleep(0);
	async_cancel(tasks[2]);
	async_sleep(0);
	CHECK_INT(async_process_close_pipe(process, 0), 0);
	CHECK_INT(async_process_close_pipe(process, 0), 0);
	async_gather(tasks, 5, ASYNC_RETURN_EXCEPTIONS, NULL);
	for (int i = 0; i < 5; i++) {
		CHECK_INT(waiting[i].rc, i == 2 ? ASYNC_ECANCELED : 0);
		CHECK_INT(waiting[i].returncode, i == 2 ? 0 : 7);
	}
	async_process_close(process);
	return 0;
}

TEST(several_tasks_wait_for_one_child_and_a_cancelled_one_leaves_alone)
{
	CHECK_INT(run(several), 0);
}

/* ---- Signals ----------------------------------------------------------------------------------- */

static int sent(void *arg)
{
	struct async_process *process = start("exec sleep 60", NULL);
	int returncode;

	(void)arg;
	CHECK_INT(async_process_send_signal(process, 0), 0);
	CHECK_INT(async_process_send_signal(process, 9999), -EINVAL);
	CHECK_INT(async_process_terminate(process), 0);
	CHECK_INT(async_process_wait(process, &returncode), 0);
	CHECK_INT(returncode, -SIGTERM);
	CHECK_INT(async_process_terminate(process), -ESRCH);
	CHECK_INT(async_process_kill(process), -ESRCH);
	async_process_close(process);
	return 0;
}

TEST(signals_reach_the_child_until_it_is_reaped)
{
	CHECK_INT(run(sent), 0);
}

static int stubborn(void *arg)
{
	struct async_process *process = start("trap '' TERM; echo ready; exec sleep 60",
					      &(options){ .stdout_to = ASYNC_PIPE });
	struct async_timeout limit;
	int returncode;

	(void)arg;
	CHECK_INT(async_wait_readable(async_process_stdout(process)), 0);
	CHECK_INT(async_process_terminate(process), 0);
	async_timeout_begin(&limit, 0.02);
	CHECK_INT(async_timeout_end(&limit, async_process_wait(process, NULL)), ASYNC_ETIMEOUT);
	CHECK(!async_process_returncode(process, NULL));
	CHECK_INT(async_process_kill(process), 0);
	CHECK_INT(async_process_wait(process, &returncode), 0);
	CHECK_INT(returncode, -SIGKILL);
	async_process_close(process);
	return 0;
}

TEST(a_child_that_ignores_sigterm_outlives_a_limit_and_dies_of_sigkill)
{
	CHECK_INT(run(stubborn), 0);
}

/* ---- Close ------------------------------------------------------------------------------------- */

static int close_kills(void *arg)
{
	struct waiting waiting = { start("exec sleep 60", NULL), 0, 0 };
	pid_t pid = async_process_pid(waiting.process);
	struct async_task *task = async_create_task(wait_for_it, &waiting);

	(void)arg;
	async_sleep(0);
	async_process_close(waiting.process);
	CHECK_INT(async_await(task), ASYNC_ECLOSED);
	/* The loop reaps it. */
	while (waitpid(pid, NULL, WNOHANG | WNOWAIT) == 0)
		async_sleep(0.001);
	async_process_close(start("exec sleep 60", NULL));
	async_process_close(NULL);
	return 0;
}

TEST(close_kills_wakes_who_waits_and_leaves_the_reaping_to_the_loop)
{
	CHECK_INT(run(close_kills), 0);
}

static int close_twice(void *arg)
{
	struct async_process *process = start("exec sleep 60", NULL);

	(void)arg;
	async_process_close(process);
	async_process_close(process);
	return 0;
}

TEST(closing_twice_aborts)
{
	EXPECT_ABORT(async_run(close_twice, NULL), "closed already");
}

static char warnings[1024];

static void note_warning(const char *text, void *arg)
{
	(void)arg;
	strncat(warnings, text, sizeof warnings - strlen(warnings) - 1);
	strcat(warnings, "\n");
}

static pid_t forgotten_pid;

static int forget(void *arg)
{
	struct async_process *process = start("exec sleep 60", NULL);

	(void)arg;
	async_set_warning_handler(note_warning, NULL);
	forgotten_pid = async_process_pid(process);
	/* And one whose end is known and who has nothing open: no word about it. */
	CHECK_INT(async_process_wait(start("exit 0", NULL), NULL), 0);
	CHECK_INT(async_process_wait(start("exit 5", &(options){ .stdin_from = ASYNC_PIPE }), NULL),
		  0);
	return 0;
}

TEST(what_runs_when_the_loop_closes_is_reported_killed_and_reaped)
{
	CHECK_INT(run(forget), 0);
	CHECK_CONTAINS(warnings,
		       format("unclosed transport <_UnixSubprocessTransport pid=%d running>\n",
			      (int)forgotten_pid));
	CHECK_CONTAINS(warnings, "returncode=5>\n");
	CHECK(!strstr(warnings, "returncode=0"));
	CHECK_INT(kill(forgotten_pid, 0), -1);
}

static int reaped_elsewhere(void *arg)
{
	struct async_process *process = start("exit 3", NULL);
	int returncode;

	(void)arg;
	async_set_warning_handler(note_warning, NULL);
	/* The loop does not run meanwhile. */
	async_blocking("it ends at once", 0)
		CHECK_INT(waitpid(async_process_pid(process), NULL, 0), async_process_pid(process));
	CHECK_INT(async_process_kill(process), -ESRCH);
	CHECK_INT(async_process_wait(process, &returncode), 0);
	CHECK_INT(returncode, 255);
	CHECK_STR(warnings, format("Unknown child process pid %d, will report returncode 255\n",
				   (int)async_process_pid(process)));
	async_process_close(process);
	return 0;
}

TEST(a_child_that_somebody_else_reaped_has_returncode_255)
{
	CHECK_INT(run(reaped_elsewhere), 0);
}

static int ignoring(void *arg)
{
	(void)arg;
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 20; i++)
		CHECK_INT(shell("exit 3"), 255);
	signal(SIGCHLD, SIG_DFL);
	return 0;
}

TEST(so_has_every_child_of_a_program_that_ignores_sigchld)
{
	CHECK_INT(run(ignoring), 0);
}

/* ---- Cancelled while it starts ------------------------------------------------------------------ */

static int create_and_wait(void *arg)
{
	struct async_process *process;
	int rc = async_create_subprocess_shell(&process, "exec sleep 60",
					       &(options){ .stdin_from = ASYNC_PIPE });

	(void)arg;
	if (rc < 0)
		return rc;
	rc = async_process_wait(process, NULL);
	async_process_close(process);
	return rc;
}

static int cancel_start(void *arg)
{
	(void)arg;
	async_set_warning_handler(note_warning, NULL);
	for (int turns = 0; turns < 40; turns++) {
		struct async_task *task = async_create_task(create_and_wait, NULL);

		for (int i = 0; i < turns; i++)
			async_sleep(turns < 20 ? 0 : 0.0001);
		async_cancel(task);
		CHECK_INT(async_await(task), ASYNC_ECANCELED);
		async_task_release(task);
	}
	return 0;
}

TEST(a_cancelled_start_leaves_no_child)
{
	CHECK_INT(run(cancel_start), 0);
	CHECK_STR(warnings, "");
}

/* ---- Many --------------------------------------------------------------------------------------- */

static struct async_semaphore *places;

static int one_of_many(void *arg)
{
	int number = *(int *)arg, rc, returncode;
	struct async_process *process;

	rc = async_semaphore_acquire(places);
	if (rc < 0)
		return rc;
	rc = async_create_subprocess_shell(&process, format("exit %d", number % 200), NULL);
	if (rc == 0) {
		rc = async_process_wait(process, &returncode);
		async_process_close(process);
	}
	async_semaphore_release(places);
	return rc < 0 ? rc : returncode == number % 200;
}

static int many(void *arg)
{
	enum { COUNT = 1000 };
	struct async_semaphore semaphore;
	static int numbers[COUNT], results[COUNT];
	static struct async_task *tasks[COUNT];
	int count = under_valgrind() || UNDER_TSAN ? COUNT / 10 : COUNT;

	(void)arg;
	async_semaphore_init(&semaphore, 16);
	places = &semaphore;
	for (int i = 0; i < count; i++) {
		numbers[i] = i;
		tasks[i] = async_create_task(one_of_many, &numbers[i]);
	}
	async_gather(tasks, (size_t)count, ASYNC_RAISE, results);
	for (int i = 0; i < count; i++)
		CHECK_INT(results[i], 1);
	return 0;
}

TEST_WITH_LIMIT(a_thousand_children_sixteen_at_a_time, 30)
{
	CHECK_INT(run(many), 0);
}

/* ---- Several loops ------------------------------------------------------------------------------ */

static int ten_children(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10; i++)
		CHECK_INT(shell(i % 2 ? "exit 7" : "exit 8"), i % 2 ? 7 : 8);
	return 0;
}

static void *loop_of_its_own(void *arg)
{
	(void)arg;
	CHECK_INT(async_run(ten_children, NULL), 0);
	return NULL;
}

static void run_loops(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, loop_of_its_own, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
}

TEST(loops_in_several_threads_wait_each_for_its_own)
{
	run_loops();
}

/* ---- Without pidfds ------------------------------------------------------------------------------ */

/* Everything above that waits, once more with threads. */
static int with_threads(void *arg)
{
	returncodes(arg);
	known_by_itself(arg);
	several(arg);
	sent(arg);
	stubborn(arg);
	return 0;
}

TEST(without_pidfds_threads_wait_with_the_same_results)
{
	fail_call("pidfd_open", 0, ENOSYS);
	CHECK_INT(run(with_threads), 0);
	CHECK(fail_count() > 5 || fail_calls() == 0);
}

TEST(without_pidfds_a_filter_says_eperm)
{
	fail_call("pidfd_open", 0, EPERM);
	CHECK_INT(run(returncodes), 0);
}

TEST(without_pidfds_close_kills)
{
	fail_call("pidfd_open", 0, ENOSYS);
	CHECK_INT(run(close_kills), 0);
}

TEST(without_pidfds_what_runs_is_reported_killed_and_reaped)
{
	fail_call("pidfd_open", 0, ENOSYS);
	CHECK_INT(run(forget), 0);
	CHECK_CONTAINS(warnings, "running>\n");
	CHECK_INT(kill(forgotten_pid, 0), -1);
}

TEST(without_pidfds_a_child_reaped_elsewhere_has_returncode_255)
{
	fail_call("pidfd_open", 0, ENOSYS);
	CHECK_INT(run(reaped_elsewhere), 0);
}

TEST(without_pidfds_a_cancelled_start_leaves_no_child)
{
	fail_call("pidfd_open", 0, ENOSYS);
	CHECK_INT(run(cancel_start), 0);
	CHECK_STR(warnings, "");
}

TEST(without_pidfds_loops_in_several_threads)
{
	fail_call("pidfd_open", 0, ENOSYS);
	run_loops();
}

/* ---- Failing calls ------------------------------------------------------------------------------- */

static int one_child(void *arg)
{
	struct async_process *process;
	const options all = { .stdin_from = ASYNC_PIPE,
			      .stdout_to = ASYNC_DEVNULL,
			      .stderr_to = ASYNC_STDOUT,
			      .cwd = "/" };
	int rc = async_create_subprocess_exec(&process, ARGV("true"), &all);

	(void)arg;
	if (rc < 0)
		return rc;
	rc = async_process_wait(process, NULL);
	async_process_close(process);
	return rc;
}

static void run_one_child(void)
{
	async_run(one_child, NULL);
	if (waitpid(-1, NULL, WNOHANG) != -1)
		abort();
}

TEST_WITH_LIMIT(each_allocation_and_each_system_call_may_fail, 30)
{
	for_each_failing_allocation(run_one_child);
	for_each_failing_syscall(run_one_child);
}
