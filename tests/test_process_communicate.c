/* SPDX-License-Identifier: MIT */
/*
 * test_process_communicate.c - input and output at once: sizes, early ends, limits, cancellation.
 * Long, because each way in which one of three pipes may end needs a child that does it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/harness.h"

typedef struct async_process_options options;

static const options all_pipes = {
	.stdin_from = ASYNC_PIPE,
	.stdout_to = ASYNC_PIPE,
	.stderr_to = ASYNC_PIPE,
};

static int run(int (*fn)(void *arg))
{
	int rc = async_run(fn, NULL);

	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	return rc;
}

static struct async_process *start(const char *command, const options *chosen)
{
	struct async_process *process;

	CHECK_INT(async_create_subprocess_shell(&process, command, chosen), 0);
	return process;
}

static int returncode_of(struct async_process *process)
{
	int returncode = 9999;

	CHECK(async_process_returncode(process, &returncode));
	return returncode;
}

static void release(struct async_output *output)
{
	free(output->data);
	*output = (struct async_output){ 0 };
}

/* ---- What comes back ---------------------------------------------------------------------------- */

static int both(void *arg)
{
	struct async_process *process = start("cat; echo oops >&2; exit 2", &all_pipes);
	struct async_output out, err;

	(void)arg;
	CHECK_INT(async_process_communicate(process, "hello", 5, &out, &err), 0);
	CHECK_MEM(out.data, out.size, "hello", 5);
	CHECK_INT(out.data[5], 0);
	CHECK_STR(err.data, "oops\n");
	CHECK_INT(returncode_of(process), 2);
	for (int i = 0; i < 3; i++)
		CHECK_INT(async_process_pipe(process, i), -1);
	release(&out);
	release(&err);
	/* Once more: the pipes are gone. */
	CHECK_INT(async_process_communicate(process, NULL, 0, &out, &err), 0);
	CHECK(!out.data && !err.data);
	async_process_close(process);
	return 0;
}

TEST(input_goes_in_and_both_outputs_come_out)
{
	CHECK_INT(run(both), 0);
}

static int some(void *arg)
{
	struct async_process *process =
		start("echo out; echo err >&2",
		      &(options){ .stdout_to = ASYNC_PIPE, .stderr_to = ASYNC_DEVNULL });
	struct async_output out, err;

	(void)arg;
	CHECK_INT(async_process_communicate(process, "x", 1, &out, &err), ASYNC_EINVAL);
	CHECK_INT(async_process_communicate(process, NULL, 0, &out, &err), 0);
	CHECK_STR(out.data, "out\n");
	CHECK(err.data == NULL);
	release(&out);
	async_process_close(process);

	process = start("exit 0", &all_pipes);
	CHECK_INT(async_process_communicate(process, NULL, 0, &out, &err), 0);
	CHECK_STR(out.data, "");
	CHECK_STR(err.data, "");
	release(&out);
	release(&err);
	async_process_close(process);

	/* Nobody wants it: read all the same, or the child would not end. */
	process = start("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2", &all_pipes);
	CHECK_INT(async_process_communicate(process, NULL, 0, NULL, NULL), 0);
	CHECK_INT(returncode_of(process), 0);
	async_process_close(process);
	return 0;
}

TEST(what_is_no_pipe_has_no_data_and_what_is_unwanted_is_thrown_away)
{
	CHECK_INT(run(some), 0);
}

#define HUGE_SIZE ((size_t)3 << 20)

static int huge(void *arg)
{
	/* Each byte comes back twice, while more go in. */
	struct async_process *process = start("tee /dev/stderr", &all_pipes);
	char *input = malloc(HUGE_SIZE);
	struct async_output out, err;

	(void)arg;
	for (size_t i = 0; i < HUGE_SIZE; i++)
		input[i] = (char)(i * 31 >> 3);
	CHECK_INT(async_process_communicate(process, input, HUGE_SIZE, &out, &err), 0);
	CHECK_INT(out.size, HUGE_SIZE);
	CHECK_INT(err.size, HUGE_SIZE);
	CHECK_INT(memcmp(out.data, input, HUGE_SIZE), 0);
	CHECK_INT(memcmp(err.data, input, HUGE_SIZE), 0);
	release(&out);
	release(&err);
	free(input);
	async_process_close(process);
	return 0;
}

TEST(huge_output_on_both_pipes_while_the_input_is_huge)
{
	CHECK_INT(run(huge), 0);
}

static int ticks;

static int tick(void *arg)
{
	for (;;) {
		int rc = async_sleep(0);

		if (rc < 0)
			return rc;
		ticks++;
	}
	return *(int *)arg;
}

static int busy(void *arg)
{
	struct async_task *ticker = async_create_task(tick, arg);
	struct async_process *process = start("head -c 20000000 /dev/zero", &all_pipes);
	int before = ticks;

	CHECK_INT(async_process_communicate(process, NULL, 0, NULL, NULL), 0);
	CHECK(ticks - before > 3);
	async_cancel(ticker);
	CHECK_INT(async_await(ticker), ASYNC_ECANCELED);
	async_process_close(process);
	return 0;
}

TEST(others_run_meanwhile)
{
	CHECK_INT(run(busy), 0);
}

/* ---- A child that does not listen ----------------------------------------------------------------- */

static int deaf(void *arg)
{
	char *input = calloc(1, HUGE_SIZE);
	struct async_process *process;
	struct async_output out;
	sigset_t pending;

	(void)arg;
	process = start("exec 0<&-; echo bye", &all_pipes);
	CHECK_INT(async_process_communicate(process, input, HUGE_SIZE, &out, NULL), 0);
	CHECK_STR(out.data, "bye\n");
	CHECK_INT(returncode_of(process), 0);
	release(&out);
	async_process_close(process);

	process = start("head -c 100000 | wc -c", &all_pipes);
	CHECK_INT(async_process_communicate(process, input, HUGE_SIZE, &out, NULL), 0);
	CHECK_INT(atoi(out.data), 100000);
	release(&out);
	async_process_close(process);

	process = start("exit 0", &all_pipes);
	CHECK_INT(async_process_wait(process, NULL), 0);
	CHECK_INT(async_process_communicate(process, input, HUGE_SIZE, NULL, NULL), 0);
	async_process_close(process);
	free(input);
	CHECK_INT(sigpending(&pending), 0);
	CHECK(!sigismember(&pending, SIGPIPE));
	return 0;
}

TEST(a_child_that_closes_its_stdin_early_is_no_error_and_no_sigpipe)
{
	signal(SIGPIPE, SIG_DFL);
	CHECK_INT(run(deaf), 0);
}

static int deaf_but_pending(void *arg)
{
	struct async_process *process = start("exit 0", &all_pipes);
	sigset_t pending;

	(void)arg;
	CHECK_INT(async_process_wait(process, NULL), 0);
	CHECK_INT(async_process_communicate(process, "x", 1, NULL, NULL), 0);
	async_process_close(process);
	CHECK_INT(sigpending(&pending), 0);
	return sigismember(&pending, SIGPIPE);
}

TEST(a_sigpipe_that_was_pending_before_stays_pending)
{
	sigset_t only;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&only);
	sigaddset(&only, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &only, NULL);
	CHECK_INT(run(deaf_but_pending), 0);
	raise(SIGPIPE);
	CHECK_INT(run(deaf_but_pending), 1);
}

/* ---- Limits ---------------------------------------------------------------------------------------- */

static int limited(void *arg)
{
	options chosen = all_pipes;
	struct async_process *process;
	struct async_output out;

	(void)arg;
	chosen.max_output = 100000;
	process = start("head -c 100000 /dev/zero", &chosen);
	CHECK_INT(async_process_communicate(process, NULL, 0, &out, NULL), 0);
	CHECK_INT(out.size, 100000);
	release(&out);
	async_process_close(process);

	for (int number = 1; number <= 2; number++) {
		process = start(format("head -c 100001 /dev/zero >&%d; exec sleep 60", number),
				&chosen);
		CHECK_INT(async_process_communicate(process, NULL, 0, &out, &out), -EMSGSIZE);
		CHECK_STR(async_raised(-EMSGSIZE)->message,
			  format("%s of pid %d is longer than max_output, 100000 bytes",
				 number == 1 ? "stdout" : "stderr",
				 (int)async_process_pid(process)));
		CHECK(!async_process_returncode(process, NULL));
		async_process_close(process);
	}
	return 0;
}

TEST(more_output_than_max_output_is_an_error_and_just_as_much_is_none)
{
	CHECK_INT(run(limited), 0);
}

static int grandchild(void *arg)
{
	struct async_process *process =
		start("echo ready; sleep 60 & exit 3",
		      &(options){ .stdout_to = ASYNC_PIPE, .new_group = true });
	struct async_timeout limit;
	struct async_output out;
	int rc;

	(void)arg;
	/* Waiting does not wait for the pipe; communicate does. */
	CHECK_INT(async_process_wait(process, NULL), 0);
	CHECK_INT(returncode_of(process), 3);
	async_timeout_begin(&limit, 0.05);
	rc = async_process_communicate(process, NULL, 0, &out, NULL);
	CHECK_INT(async_timeout_end(&limit, rc), ASYNC_ETIMEOUT);
	CHECK_INT(kill(-async_process_pid(process), SIGKILL), 0);
	CHECK_INT(async_process_communicate(process, NULL, 0, &out, NULL), 0);
	CHECK_STR(out.data, "ready\n");
	release(&out);
	async_process_close(process);
	return 0;
}

TEST(a_grandchild_keeps_the_pipe_open_and_a_limit_ends_the_wait_without_loss)
{
	CHECK_INT(run(grandchild), 0);
}

/* ---- Cancelled anywhere ----------------------------------------------------------------------------- */

struct talk {
	struct async_process *process;
	const char *input;
	size_t size;
	struct async_output out, err;
};

static int communicate(void *arg)
{
	struct talk *talk = arg;

	return async_process_communicate(talk->process, talk->input, talk->size, &talk->out,
					 &talk->err);
}

static int cancelled_often(void *arg)
{
	struct talk talk = { start("tee /dev/stderr", &all_pipes), NULL, 500000, { 0 }, { 0 } };
	char *input = malloc(talk.size);
	int rc, rounds = 0;

	(void)arg;
	for (size_t i = 0; i < talk.size; i++)
		input[i] = (char)(i * 7 >> 2);
	talk.input = input;
	do {
		struct async_task *task = async_create_task(communicate, &talk);

		for (int i = 0; i < 1 + rounds % 5; i++)
			async_sleep(rounds % 2 ? 0 : 0.0002);
		async_cancel(task);
		rc = async_await(task);
		async_task_release(task);
		rounds++;
	} while (rc == ASYNC_ECANCELED);
	CHECK_INT(rc, 0);
	CHECK_INT(talk.out.size, talk.size);
	CHECK_INT(memcmp(talk.out.data, input, talk.size), 0);
	CHECK_INT(talk.err.size, talk.size);
	CHECK_INT(memcmp(talk.err.data, input, talk.size), 0);
	release(&talk.out);
	release(&talk.err);
	free(input);
	async_process_close(talk.process);
	return 0;
}

TEST(cancelled_again_and_again_it_goes_on_where_it_stopped)
{
	CHECK_INT(run(cancelled_often), 0);
}

static int second_and_close(void *arg)
{
	struct talk talk = { start("exec sleep 60", &all_pipes), NULL, 0, { 0 }, { 0 } };
	struct async_task *task = async_create_task(communicate, &talk);

	(void)arg;
	async_sleep(0);
	CHECK_INT(communicate(&talk), ASYNC_EBUSY);
	async_process_close(talk.process);
	CHECK_INT(async_await(task), ASYNC_ECLOSED);

	/* The pipes are at their ends, and only the child is waited for. */
	talk.process = start("exec 0<&- 1>&- 2>&-; exec sleep 60", &all_pipes);
	task = async_create_task(communicate, &talk);
	while (async_process_stdout(talk.process) >= 0)
		async_sleep(0.001);
	async_process_close(talk.process);
	CHECK_INT(async_await(task), ASYNC_ECLOSED);
	return 0;
}

TEST(a_second_task_is_refused_and_close_ends_the_first)
{
	CHECK_INT(run(second_and_close), 0);
}

/* ---- Failing calls ------------------------------------------------------------------------------------ */

static int one_talk(void *arg)
{
	struct talk talk = { NULL, "hello", 5, { 0 }, { 0 } };
	int rc =
		async_create_subprocess_exec(&talk.process, ARGV("tee", "/dev/stderr"), &all_pipes);

	(void)arg;
	if (rc < 0)
		return rc;
	rc = communicate(&talk);
	if (rc == 0) {
		CHECK_STR(talk.out.data, "hello");
		CHECK_STR(talk.err.data, "hello");
	}
	release(&talk.out);
	release(&talk.err);
	async_process_close(talk.process);
	return rc;
}

static void run_one_talk(void)
{
	async_run(one_talk, NULL);
	if (waitpid(-1, NULL, WNOHANG) != -1)
		abort();
}

TEST_WITH_LIMIT(each_allocation_and_each_system_call_may_fail, 30)
{
	for_each_failing_allocation(run_one_talk);
	for_each_failing_syscall(run_one_talk);
}
