/* SPDX-License-Identifier: MIT */
/* test_process_start.c - how children start, and fail to: what they have, their fds, taken-over pipes. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/children.h"
#include "tests/harness.h"

/* What a shell command writes to stdout. */
static const char *says(const char *command, options chosen)
{
	struct async_process *process;
	struct async_output out;
	const char *text;

	chosen.stdout_to = ASYNC_PIPE;
	process = start(command, &chosen);
	CHECK_INT(async_process_communicate(process, NULL, 0, &out, NULL), 0);
	text = format("%s", out.data);
	free(out.data);
	async_process_close(process);
	return text;
}

/* ---- Failures to start ------------------------------------------------------------------------ */

static void fails(const char *program, const options *chosen, int code, const char *message)
{
	const char *argv[] = { program, NULL };
	struct async_process *process = NULL;

	CHECK_INT(async_create_subprocess_exec(&process, argv, chosen), code);
	CHECK(process == NULL);
	CHECK_STR(async_raised(code)->message, message);
}

static int failures(void *arg)
{
	const char *plain = temp_file("plain", "echo hello\n");
	const char *magic = temp_file("magic", "no program\n");
	const char *path = format("PATH=%s:/nowhere", temp_dir());
	const options closed = { .env = ARGV(path) };

	(void)arg;
	fails("no-such-program", NULL, -ENOENT, "No such file or directory: 'no-such-program'");
	fails("/no/such", NULL, -ENOENT, "No such file or directory: '/no/such'");
	fails(plain, NULL, -EACCES, format("Permission denied: '%s'", plain));
	fails("plain", &closed, -EACCES, "Permission denied: 'plain'");
	fails("true", &closed, -ENOENT, "No such file or directory: 'true'");
	fails("true", &(options){ .cwd = "/no/where" }, -ENOENT,
	      "No such file or directory: '/no/where'");
	fails("true", &(options){ .cwd = plain }, -ENOTDIR, format("Not a directory: '%s'", plain));
	CHECK_INT(chmod(magic, 0700), 0);
	fails(magic, NULL, -ENOEXEC, format("Exec format error: '%s'", magic));
	fails("true", &(options){ .stdin_from = ASYNC_STDOUT }, ASYNC_EINVAL,
	      "STDOUT can only be used for stderr");
	fails("true", &(options){ .stdout_to = -7 }, ASYNC_EINVAL, "not an fd for a child: -7");
	fails("true", &(options){ .stdout_to = 15000 }, -EBADF, "Bad file descriptor: 'true'");
	return 0;
}

TEST(a_failure_to_start_names_the_program_or_the_directory)
{
	/* It makes a fork of the vfork, whose child cannot tell its parent what exec said. */
	if (under_valgrind())
		NOT_HERE("posix_spawn() under Valgrind does not report failures");
	CHECK_INT(run(failures), 0);
}

static int no_program(void *arg)
{
	struct async_process *process;

	return async_create_subprocess_exec(&process, ARGV(NULL), arg);
}

TEST(an_empty_argv_aborts_and_names_the_place)
{
	EXPECT_ABORT(async_run(no_program, NULL), "test_process_start.c", "argv is empty");
}

/* ---- What the child has ----------------------------------------------------------------------- */

static int surroundings(void *arg)
{
	const char *script = "#!/bin/sh\necho here\n";

	(void)arg;
	CHECK_STR(says("echo $COLOUR", (options){ .env = ARGV("COLOUR=red") }), "red\n");
	setenv("COLOUR", "blue", 1);
	CHECK_STR(says("echo $COLOUR", (options){ 0 }), "blue\n");
	CHECK_INT(chmod(temp_file("script", script), 0700), 0);
	/* A program's path is the child's: relative to its directory. */
	CHECK_STR(says("./script", (options){ .cwd = temp_dir() }), "here\n");
	return 0;
}

TEST(the_child_has_the_environment_and_directory_that_it_was_given)
{
	CHECK_INT(run(surroundings), 0);
}

/* "group session pid" */
#define RELATIONS \
	"read -r pid name state parent group session rest </proc/$$/stat; \
		   echo $group $session $$"

static int relations(void *arg)
{
	int group, session, pid;

	(void)arg;
	CHECK_INT(sscanf(says(RELATIONS, (options){ 0 }), "%d %d %d", &group, &session, &pid), 3);
	CHECK_INT(group, getpgrp());
	CHECK_INT(session, getsid(0));
	sscanf(says(RELATIONS, (options){ .new_group = true }), "%d %d %d", &group, &session, &pid);
	CHECK_INT(group, pid);
	CHECK_INT(session, getsid(0));
	sscanf(says(RELATIONS, (options){ .new_session = true }), "%d %d %d", &group, &session,
	       &pid);
	CHECK_INT(group, pid);
	CHECK_INT(session, pid);
	return 0;
}

TEST(a_session_or_a_group_of_its_own)
{
	CHECK_INT(run(relations), 0);
}

/* The mask and the ignored signals, as the kernel has them; 32 and 33 are glibc's own. */
#define SIGNALS_OF \
	"while read -r key value; do case $key in SigBlk:|SigIgn:) echo $value;; esac; \
		    done </proc/self/status"

static int signals_of_child(void *arg)
{
	unsigned long long blocked, ignored;
	sigset_t some;

	(void)arg;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigaddset(&some, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &some, NULL);
	CHECK_INT(sscanf(says(SIGNALS_OF, (options){ 0 }), "%llx %llx", &blocked, &ignored), 2);
	CHECK_INT(blocked, 0);
	CHECK_INT(ignored & 0x7fffffff, 0);
	return 0;
}

TEST(the_child_begins_with_no_signal_blocked_and_sigpipe_at_its_default)
{
	for (int signo = 1; signo < 32; signo++)
		if (signo != SIGKILL && signo != SIGSTOP)
			signal(signo, SIG_DFL);
	CHECK_INT(run(signals_of_child), 0);
}

static int dispositions(void *arg)
{
	struct sigaction action;

	(void)arg;
	CHECK_INT(shell("exit 0"), 0);
	CHECK_INT(sigaction(SIGCHLD, NULL, &action), 0);
	CHECK(action.sa_handler == SIG_DFL);
	CHECK_INT(sigaction(SIGPIPE, NULL, &action), 0);
	CHECK(action.sa_handler == SIG_DFL);
	return 0;
}

TEST(our_own_dispositions_are_left_alone)
{
	CHECK_INT(run(dispositions), 0);
}

/* ---- Its fds ----------------------------------------------------------------------------------- */

/* The numbers that are open; 3 is the directory itself. */
#define FDS "cd /proc/$$/fd; echo *"

static int only_its_own(void *arg)
{
	/* Without close-on-exec: still not the child's. */
	int low = fcntl(0, F_DUPFD, 40), high = fcntl(0, F_DUPFD, 60);
	int pass[] = { 60, 50 };

	(void)arg;
	CHECK_INT(low, 40);
	CHECK_INT(high, 60);
	CHECK_INT(fcntl(0, F_DUPFD_CLOEXEC, 50), 50);
	CHECK_STR(says(FDS, (options){ 0 }), "0 1 2 3\n");
	CHECK_STR(says(FDS, (options){ .pass_fds = pass, .pass_fd_count = 2 }), "0 1 2 3 50 60\n");
	close(40);
	close(50);
	close(60);
	return 0;
}

TEST(the_child_has_three_fds_and_those_that_are_passed)
{
	CHECK_INT(run(only_its_own), 0);
}

static int to_fds(void *arg)
{
	int file = open(temp_file("file", ""), O_RDWR | O_CLOEXEC);
	struct async_process *process;
	int returncode;

	(void)arg;
	process = start("echo out; echo err >&2",
			&(options){ .stdout_to = file, .stderr_to = ASYNC_STDOUT });
	CHECK_INT(async_process_wait(process, &returncode), 0);
	CHECK_INT(returncode, 0);
	async_process_close(process);
	CHECK_STR(read_file(temp_path("file"), NULL), "out\nerr\n");
	CHECK_INT(lseek(file, 0, SEEK_SET), 0);
	CHECK_STR(says("cat", (options){ .stdin_from = file }), "out\nerr\n");
	CHECK_STR(says("cat", (options){ .stdin_from = ASYNC_DEVNULL }), "");
	CHECK_STR(says("echo err >&2; echo out", (options){ .stderr_to = ASYNC_DEVNULL }), "out\n");
	CHECK_STR(says("echo err >&2; echo out", (options){ .stderr_to = ASYNC_STDOUT }),
		  "err\nout\n");
	CHECK_INT(close(file), 0);
	return 0;
}

TEST(stdio_goes_to_files_dev_null_or_one_another)
{
	CHECK_INT(run(to_fds), 0);
}

static int crossed(void *arg)
{
	struct async_process *process;
	int out = dup(1), err = dup(2), first, second;

	(void)arg;
	first = open(temp_file("first", ""), O_WRONLY);
	second = open(temp_file("second", ""), O_WRONLY);
	fflush(NULL);
	dup2(first, 1);
	dup2(second, 2);
	process = start("echo out; echo err >&2", &(options){ .stdout_to = 2, .stderr_to = 1 });
	async_process_wait(process, NULL);
	async_process_close(process);
	dup2(out, 1);
	dup2(err, 2);
	CHECK_STR(read_file(temp_path("first"), NULL), "err\n");
	CHECK_STR(read_file(temp_path("second"), NULL), "out\n");
	close(out);
	close(err);
	close(first);
	close(second);
	return 0;
}

TEST(stdout_and_stderr_may_be_exchanged)
{
	CHECK_INT(run(crossed), 0);
}

static int without_stdin(void *arg)
{
	int in = dup(0);

	(void)arg;
	/* The pipes get the numbers 0 and 1 of this process. */
	close(0);
	CHECK_STR(says("cat; echo done", (options){ .stdin_from = ASYNC_PIPE }), "done\n");
	CHECK_STR(says("echo done", (options){ 0 }), "done\n");
	dup2(in, 0);
	close(in);
	return 0;
}

TEST(a_program_without_stdin_can_start_children)
{
	CHECK_INT(run(without_stdin), 0);
}

static int detached(void *arg)
{
	struct async_process *process =
		start("cat", &(options){ .stdin_from = ASYNC_PIPE, .stdout_to = ASYNC_PIPE });
	int in = async_process_stdin(process), out = async_process_stdout(process);
	char text[8];

	(void)arg;
	CHECK_INT(async_process_stderr(process), -1);
	CHECK_INT(fcntl(in, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_INT(fcntl(out, F_GETFD), FD_CLOEXEC);
	CHECK_INT(async_process_detach(process, 0), in);
	CHECK_INT(async_process_detach(process, 1), out);
	CHECK_INT(async_process_stdout(process), -1);
	CHECK_INT(write(in, "hello", 5), 5);
	CHECK_INT(async_wait_readable(out), 0);
	CHECK_INT(read(out, text, sizeof text), 5);
	async_close(in);
	CHECK_INT(async_process_wait(process, NULL), 0);
	async_process_close(process);
	/* The end is the caller's, whatever becomes of the process. */
	CHECK_INT(read(out, text, sizeof text), 0);
	async_close(out);
	return 0;
}

TEST(an_end_of_a_pipe_can_be_taken_over)
{
	CHECK_INT(run(detached), 0);
}
