/* SPDX-License-Identifier: MIT */
/*
 * harness_check.c - the checks: each prints the place and both values, and ends the test.
 *
 * A test that failed leaves with _exit: what it left behind is not looked at, since it did not get
 * to its own cleaning up.
 */
#include <ctype.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness_internal.h"

/* The runtime's table of error names, when the test is linked with it. */
const char *async_errname(int code) __attribute__((weak));

void harness_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	fail_none();
	fflush(stdout);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	fflush(NULL);
	_exit(HARNESS_FAILED);
}

static const char *error_name(long long value)
{
	return value < 0 && value > -100000 && async_errname != NULL ? async_errname((int)value)
								     : "";
}

void harness_check_int(const char *file, int line, const char *what, long long got, long long want)
{
	if (got != want)
		harness_fail(file, line, "%s is %lld %s, not %lld %s", what, got, error_name(got),
			     want, error_name(want));
}

void harness_check_str(const char *file, int line, const char *what, const char *got,
		       const char *want)
{
	if (got == want || (got != NULL && want != NULL && strcmp(got, want) == 0))
		return;
	harness_fail(file, line, "%s is\n  \"%s\"\nand not\n  \"%s\"", what, got ? got : "(null)",
		     want ? want : "(null)");
}

static void print_bytes(const char *label, const unsigned char *bytes, size_t size, size_t around)
{
	size_t begin = around > 16 ? around - 16 : 0;
	size_t end = around + 16 < size ? around + 16 : size;

	fprintf(stderr, "  %s %zu bytes, from %zu on: ", label, size, begin);
	for (size_t i = begin; i < end; i++)
		if (isprint(bytes[i]) && bytes[i] != '\\')
			fputc(bytes[i], stderr);
		else
			fprintf(stderr, "\\x%02x", bytes[i]);
	fputc('\n', stderr);
}

void harness_check_mem(const char *file, int line, const char *what, const void *got,
		       size_t got_size, const void *want, size_t want_size)
{
	const unsigned char *a = got, *b = want;
	size_t at = 0;

	while (at < got_size && at < want_size && a[at] == b[at])
		at++;
	if (at == got_size && at == want_size)
		return;
	print_bytes("got ", a, got_size, at);
	print_bytes("want", b, want_size, at);
	harness_fail(file, line, "%s differs at byte %zu", what, at);
}

void harness_check_near(const char *file, int line, const char *what, double got, double want,
			double margin)
{
	if (!(fabs(got - want) <= margin))
		harness_fail(file, line, "%s is %.9g, not within %.9g of %.9g", what, got, margin,
			     want);
}

void harness_check_contains(const char *file, int line, const char *what, const char *text,
			    const char *part)
{
	if (text == NULL || strstr(text, part) == NULL)
		harness_fail(file, line, "%s is\n  \"%s\"\nwhich does not contain\n  \"%s\"", what,
			     text ? text : "(null)", part);
}

/* The one statement that is expected to kill its process, between begin and end. */
static pid_t doomed;
static int doomed_log;

bool harness_doomed_begin(void)
{
	fflush(NULL);
	doomed_log = harness_scratch_file();
	doomed = fork();
	if (doomed != 0)
		return false;
	dup2(doomed_log, 2);
	return true;
}

void harness_doomed_survived(void)
{
	_exit(HARNESS_PASSED);
}

void harness_doomed_end(const char *file, int line, int signo, const char *const *texts)
{
	int status = harness_wait_child(doomed, 5 * time_scale(), NULL);
	off_t size = lseek(doomed_log, 0, SEEK_END);
	char *said = harness_keep((size_t)size + 1);

	if (status == -1) {
		kill(doomed, SIGKILL);
		waitpid(doomed, NULL, 0);
	}
	if (pread(doomed_log, said, (size_t)size, 0) != size)
		harness_fail(file, line, "cannot read the child's stderr");
	close(doomed_log);
	if (status == -1)
		harness_fail(file, line, "still running, not ended by signal %d. It said:\n%s",
			     signo, said);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != signo)
		harness_fail(file, line, "%s, not signal %d. It said:\n%s",
			     harness_describe_status(status), signo, said);
	for (; *texts != NULL; texts++)
		harness_check_contains(file, line, "stderr of the child", said, *texts);
}
