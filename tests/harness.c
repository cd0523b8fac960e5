/* SPDX-License-Identifier: MIT */
/*
 * harness.c - runs each test of a binary in a child of its own and says how it went.
 *
 * The child is a process group of its own. Whatever outlives the test's own process
 * is adopted by this one (subreaper), killed, and held against the test.
 *
 * usage: test_x [-l] [-d] [NAME...]   -l lists; -d runs in this process, for a debugger
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness_internal.h"
#include "tests/harness_stress.h"

static struct harness_test *first, **last = &first;

/* Shared with the child: why it left early. */
static char *reason;
enum { REASON_SIZE = 4096 };

void harness_register(struct harness_test *test)
{
	*last = test;
	last = &test->next;
}

/* TSan sleeps a second at each exit for races that are still to come: too long for small tests. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "atexit_sleep_ms=0";
}

double harness_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool under_valgrind(void)
{
	return getenv("TEST_UNDER_VALGRIND") != NULL;
}

double time_scale(void)
{
	const char *text = getenv("TEST_TIME_SCALE");

	if (text != NULL && atof(text) > 0)
		return atof(text);
	return under_valgrind() ? 20 : UNDER_TSAN ? 10 : UNDER_ASAN ? 5 : 1;
}

void harness_leave(bool skipped, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, REASON_SIZE, format, args);
	va_end(args);
	_exit(skipped ? HARNESS_SKIPPED : HARNESS_NOT_HERE);
}

int harness_scratch_file(void)
{
	int fd = memfd_create("test output", MFD_CLOEXEC);

	if (fd < 0) {
		perror("memfd_create");
		_exit(HARNESS_FAILED);
	}
	return fd;
}

/* A pidfd becomes readable when the child ends. Valgrind 3.19 has none: there, look every 2 ms. */
static int open_pidfd(pid_t pid)
{
	return under_valgrind() ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool wait_for_end(pid_t pid, double seconds)
{
	double deadline = harness_now() + seconds, left;
	struct pollfd ended = { .fd = open_pidfd(pid), .events = POLLIN };
	bool is_over = false;

	while (!is_over && (left = deadline - harness_now()) > 0) {
		siginfo_t info = { 0 };

		if (poll(&ended, ended.fd >= 0, ended.fd < 0 ? 2 : (int)(left * 1000) + 1) < 0)
			continue;
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
		is_over = info.si_pid == pid;
	}
	if (ended.fd >= 0)
		close(ended.fd);
	return is_over;
}

int harness_wait_child(pid_t pid, double seconds, struct rusage *usage)
{
	int status;

	if (!wait_for_end(pid, seconds))
		return -1;
	while (wait4(pid, &status, 0, usage) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

const char *harness_describe_status(int status)
{
	static char text[80];

	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, sizeof(text), "exit status %d", WEXITSTATUS(status));
	return text;
}

static void run_in_child(const struct harness_test *test, int log)
{
	struct rlimit no_core;
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A test that wants a core file may raise it again. */
	getrlimit(RLIMIT_CORE, &no_core);
	no_core.rlim_cur = 0;
	setrlimit(RLIMIT_CORE, &no_core);
	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	close(null);
	close(log);
	setvbuf(stdout, NULL, _IOLBF, 0);
	stress_except(program_invocation_short_name, test->name);
	stress_begin(false);
	harness_leaks_begin();
	test->run();
	harness_leaks_check();
	exit(HARNESS_PASSED);
}

/*
 * Nothing of the test's process group may be left. A server that was told to stop may need a moment
 * to go, so survivors are given a second before they are killed.
 */
static bool end_group(pid_t group)
{
	double deadline = harness_now() + 1 + time_scale() / 5;

	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (kill(-group, 0) < 0 && errno == ESRCH)
			return true;
		if (harness_now() > deadline)
			break;
		poll(NULL, 0, 2);
	}
	kill(-group, SIGKILL);
	while (waitpid(-group, NULL, 0) > 0)
		;
	return false;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

static void show_log(int log)
{
	char buffer[4096];
	ssize_t n;

	lseek(log, 0, SEEK_SET);
	while ((n = read(log, buffer, sizeof(buffer))) > 0)
		fwrite(buffer, 1, (size_t)n, stdout);
}

/* Under stress: what the watchdog said of a test that passes, for tests/stress/run to judge. */
static void show_stalls(const char *test, int log)
{
	FILE *file = fdopen(dup(log), "r");
	char line[512];

	if (file == NULL)
		return;
	rewind(file);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "  verdict ", 10) == 0)
			printf("stall in %s: %s", test, line + 10);
	fclose(file);
}

/* The outcome; what is wrong is written to the log's end. */
static enum harness_outcome watch(pid_t pid, double limit, int log)
{
	int status = harness_wait_child(pid, limit, NULL);

	if (status == -1) {
		dprintf(log, "still running after %.0f s: killed\n", limit);
		kill(-pid, SIGKILL);
		waitpid(pid, NULL, 0);
		end_group(pid);
		return HARNESS_FAILED;
	}
	if (!end_group(pid)) {
		dprintf(log, "the test left a process running\n");
		return HARNESS_FAILED;
	}
	if (WIFEXITED(status) &&
	    (WEXITSTATUS(status) == HARNESS_PASSED || WEXITSTATUS(status) == HARNESS_SKIPPED ||
	     WEXITSTATUS(status) == HARNESS_NOT_HERE))
		return (enum harness_outcome)WEXITSTATUS(status);
	dprintf(log, "ended with %s\n", harness_describe_status(status));
	return HARNESS_FAILED;
}

static enum harness_outcome run(const struct harness_test *test)
{
	int log = harness_scratch_file();
	double start = harness_now();

	reason[0] = 0;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		run_in_child(test, log);
	/* Both sides set the group: whichever comes second finds it done. */
	setpgid(pid, pid);

	enum harness_outcome outcome = watch(pid, test->limit * time_scale(), log);
	nftw(harness_temp_dir_of(pid), remove_entry, 16, FTW_DEPTH | FTW_PHYS);

	const char *word = outcome == HARNESS_FAILED	? "FAIL"
			   : outcome == HARNESS_SKIPPED ? "skip"
							: "ok  ";
	printf("%s %s (%.0f ms)%s%s\n", word, test->name, (harness_now() - start) * 1000,
	       reason[0] ? ": " : "", reason);
	if (outcome == HARNESS_FAILED)
		show_log(log);
	else if (stress_wanted())
		show_stalls(test->name, log);
	close(log);
	fflush(stdout);
	return outcome;
}

static bool wanted(const struct harness_test *test, char *const *names)
{
	if (*names == NULL)
		return strncmp(test->name, "specimen_", 9) != 0;
	for (; *names != NULL; names++)
		if (strcmp(*names, test->name) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool list = argc > 1 && strcmp(argv[1], "-l") == 0;
	bool debug = argc > 1 && strcmp(argv[1], "-d") == 0;
	char *const *names = argv + 1 + (list || debug);
	unsigned passed = 0, failed = 0, skipped = 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	reason = mmap(NULL, REASON_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (const struct harness_test *test = first; test != NULL; test = test->next) {
		if (!wanted(test, names))
			continue;
		if (list) {
			puts(test->name);
			continue;
		}
		if (debug) {
			stress_except(program_invocation_short_name, test->name);
			stress_begin(false);
			test->run();
			continue;
		}
		enum harness_outcome outcome = run(test);
		passed += outcome == HARNESS_PASSED || outcome == HARNESS_NOT_HERE;
		failed += outcome == HARNESS_FAILED;
		skipped += outcome == HARNESS_SKIPPED;
	}
	if (list || debug)
		return 0;
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	if (passed + failed + skipped == 0)
		fprintf(stderr, "no test of that name\n");
	return failed > 0 || passed + skipped == 0;
}
