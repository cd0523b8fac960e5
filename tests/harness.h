/* SPDX-License-Identifier: MIT */
/*
 * harness.h - small properties, each tested in a process of its own.
 *
 * A test is a function that states a property and aborts at the first CHECK that does not hold.
 * Each runs in a forked child with a time limit, so that a crash or a hang costs one test; what it
 * printed is shown only when it failed. cmocka was considered: it runs all tests in one process.
 *
 * Rules:
 *  - When the body returns, the child is asked what is left: file descriptors, threads, memory that
 *    our code allocated, live tasks, processes. Anything left is a failure.
 *  - SKIP is for a tool that is missing, and a failure in CI. NOT_HERE is for a property that does
 *    not exist in this build (a stack overflow under ASan) and counts as passed.
 *  - No fixed ports, no sleeping in order to synchronise.
 */
#ifndef LOOPHOUND_TESTS_HARNESS_H
#define LOOPHOUND_TESTS_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>

/* ---- Tests ----------------------------------------------------------------------------------- */

struct harness_test {
	const char *name;
	void (*run)(void);
	double limit; /* seconds, before scaling for sanitizers and Valgrind */
	struct harness_test *next;
};
void harness_register(struct harness_test *test);

/* TEST(name_of_the_property) { ... }; the limit is 10 s. */
#define TEST(name) TEST_WITH_LIMIT(name, 10)
#define TEST_WITH_LIMIT(test_name, seconds)                                                 \
	static void test_body_##test_name(void);                                            \
	static struct harness_test test_entry_##test_name = { .name = #test_name,           \
							      .run = test_body_##test_name, \
							      .limit = (seconds) };         \
	__attribute__((constructor)) static void test_register_##test_name(void)            \
	{                                                                                   \
		harness_register(&test_entry_##test_name);                                  \
	}                                                                                   \
	static void test_body_##test_name(void)

#define SKIP(...) harness_leave(true, __VA_ARGS__)
#define NOT_HERE(...) harness_leave(false, __VA_ARGS__)
void harness_leave(bool skipped, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN true
#endif
#endif
#ifndef UNDER_ASAN
#define UNDER_ASAN false
#endif

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN true
#endif
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN false
#endif

bool under_valgrind(void);
/* How much slower than a plain build things are expected to be; every limit is multiplied by it. */
double time_scale(void);

/* ---- Checks ---------------------------------------------------------------------------------- */

/* Each prints place, expression and both values, and ends the test. */
#define CHECK(condition) \
	((condition) ? (void)0 : harness_fail(__FILE__, __LINE__, "not true: %s", #condition))
#define CHECK_INT(got, want) \
	harness_check_int(__FILE__, __LINE__, #got, (long long)(got), (long long)(want))
/* Either may be NULL. */
#define CHECK_STR(got, want) harness_check_str(__FILE__, __LINE__, #got, (got), (want))
#define CHECK_MEM(got, got_size, want, want_size) \
	harness_check_mem(__FILE__, __LINE__, #got, (got), (got_size), (want), (want_size))
/* |got - want| <= margin */
#define CHECK_NEAR(got, want, margin) \
	harness_check_near(__FILE__, __LINE__, #got, (got), (want), (margin))
#define CHECK_CONTAINS(text, part) harness_check_contains(__FILE__, __LINE__, #text, (text), (part))
#define FAIL(...) harness_fail(__FILE__, __LINE__, __VA_ARGS__)

void harness_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void harness_check_int(const char *file, int line, const char *what, long long got, long long want);
void harness_check_str(const char *file, int line, const char *what, const char *got,
		       const char *want);
void harness_check_mem(const char *file, int line, const char *what, const void *got,
		       size_t got_size, const void *want, size_t want_size);
void harness_check_near(const char *file, int line, const char *what, double got, double want,
			double margin);
void harness_check_contains(const char *file, int line, const char *what, const char *text,
			    const char *part);

/*
 * EXPECT_ABORT(misuse(), "text", "more text"): runs the statement in a child, which has to die by
 * SIGABRT and to have said all the texts on stderr. EXPECT_SIGNAL names another signal.
 */
#define EXPECT_ABORT(statement, ...) EXPECT_SIGNAL(6, statement, __VA_ARGS__)
#define EXPECT_SIGNAL(signo, statement, ...)                                    \
	do {                                                                    \
		if (harness_doomed_begin()) {                                   \
			statement;                                              \
			harness_doomed_survived();                              \
		}                                                               \
		harness_doomed_end(__FILE__, __LINE__, (signo),                 \
				   (const char *const[]){ __VA_ARGS__, NULL }); \
	} while (0)
bool harness_doomed_begin(void);
void harness_doomed_survived(void) __attribute__((noreturn));
void harness_doomed_end(const char *file, int line, int signo, const char *const *texts);

/* ---- Failures that are made to happen -------------------------------------------------------- */

/*
 * Runs fn again and again, each time in a child, with the 1st, 2nd, 3rd... allocation (or system
 * call that can fail) of the test binary's own objects failing once, until a run needs no more.
 * fn must return whatever happens and leave nothing behind; a crash, leak or hang names the call.
 */
void for_each_failing_allocation(void (*fn)(void));
void for_each_failing_syscall(void (*fn)(void));

/*
 * The n-th call from now of the function (a name in harness.wrap) fails with that errno; n = 0:
 * every call. One plan at a time. fail_none() ends it.
 */
void fail_call(const char *function, int n, int error);
void fail_none(void);
/* How often the planned failure has happened; how often the function has been called meanwhile. */
int fail_count(void);
int fail_calls(void);

/* ---- Files and programs ---------------------------------------------------------------------- */

/* Strings and buffers returned from here on live until the test ends. */

/* A path below the build directory of this test binary: built("collect"). */
const char *built(const char *name);
/* A path below tests/data. */
const char *test_data(const char *name);
/* A path below the repository's root. */
const char *in_source(const char *name);
/* A directory of this test's own, gone when it ends. */
const char *temp_dir(void);
/* A path in it. */
const char *temp_path(const char *name);
/* Writes text there and returns its path. */
const char *temp_file(const char *name, const char *text);
/* The whole file, NUL-terminated; size may be NULL. Fails the test when it cannot be read. */
char *read_file(const char *path, size_t *size);
char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Is there such a program in PATH? */
bool have_program(const char *name);

struct program {
	const char *const *argv; /* ARGV(...); searched in PATH unless it has a slash */
	const char *const *env;	 /* ARGV("NAME=value"), added to ours; may be NULL */
	const char *dir;	 /* working directory; NULL: ours */
	const char *input;	 /* its stdin, through a pipe; NULL: /dev/null */
	size_t input_size;	 /* 0: strlen(input) */
	double limit;		 /* seconds, scaled; 0: 8. Past it the program is killed */
	bool talks;		 /* stdout is read by program_read_line(), and out stays NULL */
	int out_fd;		 /* not 0: its stdout, and out stays NULL */
	int keep_fds[4];	 /* fds inherited under their own numbers; 0 ends the list */

	char *out, *err; /* what it wrote, NUL-terminated */
	size_t out_size, err_size;
	int status; /* its exit status, or 128 + the signal that ended it */
	bool timed_out;
	double seconds; /* wall clock */
	double cpu;	/* user and system time */
	long max_rss_kib;

	pid_t pid; /* private from here on */
	pid_t feeder;
	int line_fd, out_file, err_file;
	double started;
};
#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* start, then wait: fills in the results. */
void run_program(struct program *program);
void program_start(struct program *program);
void program_wait(struct program *program);
/* Sends the signal, then waits. */
void program_stop(struct program *program, int signo);
/* The next line of stdout without its end; false at EOF. Fails the test after the limit. */
bool program_read_line(struct program *program, char *line, size_t size);

#endif
