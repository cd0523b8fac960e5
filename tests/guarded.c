/* SPDX-License-Identifier: MIT */
/*
 * guarded.c - the strict guard answers for a whole process, so each trial is one.
 */
#include "tests/guarded.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/guard/guard.h"
#include "runtime/symbol/symbol.h"
#include "tests/harness_internal.h"

static void run(const char *words, int (*fn)(void *arg), void *arg, int log)
{
	/* Without the monitor: it would contend for malloc's lock now and then, and that be reported. */
	setenv("LOOPHOUND_WATCHDOG", format("%s,off", words), 1);
	dup2(log, STDERR_FILENO);
	close(log);
	exit(fn(arg) != 0);
}

const char *guarded(const char *words, int (*fn)(void *arg), void *arg, int wanted)
{
	int log = harness_scratch_file(), status;

	if (under_valgrind() || strcmp(guard_backend, "none") == 0)
		NOT_HERE("the strict guard is off here");
	pid_t pid = fork();
	if (pid == 0)
		run(words, fn, arg, log);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	off_t size = lseek(log, 0, SEEK_END);
	char *text = harness_keep((size_t)size + 1);
	CHECK_INT(pread(log, text, (size_t)size, 0), size);
	close(log);
	/* clang links a sanitizer's functions into the program: there are no slots to them. */
	if ((UNDER_ASAN || UNDER_TSAN) && strstr(text, "the strict guard is off") != NULL)
		NOT_HERE("the strict guard is off here");
	if (!WIFEXITED(status) || (wanted >= 0 && WEXITSTATUS(status) != wanted))
		FAIL("%s, wanted %d: %s", harness_describe_status(status), wanted, text);
	return text;
}

static int in_loop(void *arg)
{
	int (*fn)(void *) = *(int (**)(void *))arg;

	return async_run(fn, NULL);
}

const char *guarded_run(const char *words, int (*fn)(void *arg), int wanted)
{
	return guarded(words, in_loop, &fn, wanted);
}

void guarded_both_ways(int (*fn)(void *arg), const char *finding)
{
	CHECK_CONTAINS(guarded_run("strict", fn, 86), finding);
	CHECK_CONTAINS(guarded_run("strict=symbols", fn, 86), finding);
}

bool guarded_has_names(void)
{
	return strstr(symbol_hint, "-g") != NULL;
}
