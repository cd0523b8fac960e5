/* SPDX-License-Identifier: MIT */
/*
 * harness_program.c - programs and files that a test needs.
 *
 * A program's output goes to unnamed files, so nothing has to be drained while it runs; its input
 * comes through a pipe, fed by a small process of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness_internal.h"
#include "tests/harness_stress.h"

extern char **environ;

char *format(const char *text, ...)
{
	va_list args, again;

	va_start(args, text);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, text, args);
	char *result = harness_keep((size_t)length + 1);
	vsnprintf(result, (size_t)length + 1, text, again);
	va_end(again);
	va_end(args);
	return result;
}

/* build/ of build/tests/test_x, whichever directory the test was started from. */
static const char *build_dir(void)
{
	static char path[PATH_MAX];

	if (path[0] == 0) {
		ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

		CHECK(n > 0);
		path[n] = 0;
		for (int up = 0; up < 2; up++)
			*strrchr(path, '/') = 0;
	}
	return path;
}

/* Under stress whole programs are, too, where they were linked for it. */
const char *built(const char *name)
{
	const char *stressed = format("%s/stressed/%s", build_dir(), name);

	if (stress_wanted() && access(stressed, X_OK) == 0)
		return stressed;
	return format("%s/%s", build_dir(), name);
}

const char *in_source(const char *name)
{
	return format("%s/%s", HARNESS_ROOT, name);
}

const char *test_data(const char *name)
{
	return format("%s/tests/data/%s", HARNESS_ROOT, name);
}

const char *harness_temp_dir_of(pid_t pid)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.*s/tests/tmp.%ld", PATH_MAX - 64, build_dir(), (long)pid);
	return path;
}

/* The test's own process leads its group, also when a helper process asks. */
const char *temp_dir(void)
{
	const char *path = format("%s", harness_temp_dir_of(getpgrp()));

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		FAIL("cannot make %s: %s", path, strerror(errno));
	return path;
}

const char *temp_path(const char *name)
{
	return format("%s/%s", temp_dir(), name);
}

const char *temp_file(const char *name, const char *text)
{
	const char *path = temp_path(name);
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		FAIL("cannot write %s: %s", path, strerror(errno));
	return path;
}

static char *read_all(int fd, size_t *size)
{
	struct stat status;

	CHECK_INT(fstat(fd, &status), 0);
	char *text = harness_keep((size_t)status.st_size + 1);
	ssize_t n = pread(fd, text, (size_t)status.st_size, 0);
	CHECK(n >= 0);
	text[n] = 0;
	if (size != NULL)
		*size = (size_t)n;
	return text;
}

char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		FAIL("cannot read %s: %s", path, strerror(errno));
	char *text = read_all(fd, size);
	close(fd);
	return text;
}

bool have_program(const char *name)
{
	char *paths = format("%s", getenv("PATH") ? getenv("PATH") : "");

	for (char *path = strtok(paths, ":"); path != NULL; path = strtok(NULL, ":"))
		if (access(format("%s/%s", path, name), X_OK) == 0)
			return true;
	return false;
}

/* The stdin of a program: a pipe that a child of ours fills, or /dev/null. */
static int open_input(struct program *program)
{
	const char *at = program->input;
	size_t left = program->input_size;
	int ends[2];

	if (at == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (left == 0)
		left = strlen(at);
	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	program->feeder = fork();
	if (program->feeder == 0) {
		close(ends[0]);
		while (left > 0) {
			ssize_t n = write(ends[1], at, left);

			if (n < 0)
				break;
			at += n;
			left -= (size_t)n;
		}
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

static void become(const struct program *program, int in, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(in, 0);
	dup2(out, 1);
	dup2(program->err_file, 2);
	for (int i = 0; i < 4 && program->keep_fds[i] > 0; i++)
		fcntl(program->keep_fds[i], F_SETFD, 0);
	for (const char *const *entry = program->env; entry != NULL && *entry != NULL; entry++)
		putenv((char *)*entry);
	if (program->dir != NULL && chdir(program->dir) < 0)
		_exit(126);
	execvp(program->argv[0], (char *const *)program->argv);
	dprintf(2, "cannot run %s: %s\n", program->argv[0], strerror(errno));
	_exit(127);
}

void program_start(struct program *program)
{
	int ends[2] = { -1, -1 };

	fflush(NULL);
	program->line_fd = program->out_file = -1;
	program->err_file = harness_scratch_file();
	int out = program->out_fd;
	if (program->talks) {
		CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
		out = ends[1];
		program->line_fd = ends[0];
	} else if (out == 0) {
		out = program->out_file = harness_scratch_file();
	}
	int in = open_input(program);
	program->started = harness_now();
	program->pid = fork();
	if (program->pid == 0)
		become(program, in, out);
	CHECK(program->pid > 0);
	close(in);
	if (program->talks)
		close(ends[1]);
}

static double limit_of(const struct program *program)
{
	return (program->limit > 0 ? program->limit : 8) * time_scale();
}

void program_wait(struct program *program)
{
	struct rusage usage = { 0 };
	int status = harness_wait_child(program->pid, limit_of(program), &usage);

	program->timed_out = status == -1;
	if (program->timed_out) {
		kill(program->pid, SIGKILL);
		wait4(program->pid, &status, 0, &usage);
	}
	program->seconds = harness_now() - program->started;
	program->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	program->max_rss_kib = usage.ru_maxrss;
	program->cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	if (program->feeder > 0) {
		kill(program->feeder, SIGKILL);
		waitpid(program->feeder, NULL, 0);
	}
	program->err = read_all(program->err_file, &program->err_size);
	close(program->err_file);
	if (program->out_file >= 0) {
		program->out = read_all(program->out_file, &program->out_size);
		close(program->out_file);
	}
	if (program->line_fd >= 0)
		close(program->line_fd);
}

void run_program(struct program *program)
{
	program_start(program);
	program_wait(program);
}

/*
 * TSan keeps a signal for the fibre that it interrupted, and for ever if that one never runs again:
 * the handler is not called. So there it is sent once more.
 */
void program_stop(struct program *program, int signo)
{
	siginfo_t info = { 0 };

	kill(program->pid, signo);
	if (UNDER_TSAN) {
		for (int i = 0; i < 300 && info.si_pid == 0; i++) {
			poll(NULL, 0, 10);
			waitid(P_PID, (id_t)program->pid, &info, WEXITED | WNOHANG | WNOWAIT);
		}
		if (info.si_pid == 0)
			kill(program->pid, signo);
	}
	program_wait(program);
}

/* A byte at a time: programs that talk say little, and nothing is read ahead. */
bool program_read_line(struct program *program, char *line, size_t size)
{
	double deadline = harness_now() + limit_of(program);
	struct pollfd ready = { .fd = program->line_fd, .events = POLLIN };
	size_t length = 0;

	for (;;) {
		double left = deadline - harness_now();
		char byte;

		if (left <= 0 || poll(&ready, 1, (int)(left * 1000) + 1) == 0)
			FAIL("%s said nothing in time; on stderr:\n%s", program->argv[0],
			     read_all(program->err_file, NULL));
		if (read(program->line_fd, &byte, 1) != 1)
			return false;
		if (byte == '\n')
			break;
		if (length + 1 < size)
			line[length++] = byte;
	}
	line[length] = 0;
	return true;
}
