/* SPDX-License-Identifier: MIT */
/*
 * watchdog_selftest.c - every verdict, made to happen: holds the loop in all ways there are, and
 * compares what the watchdog says with what was done.
 *
 * Each row of the table is one way. What is not the code's fault, a busy machine and a stopped process,
 * must be no finding. The exit code is 0 if all rows are as they should be.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"

#define LIMIT 0.05
#define HOLD 0.25 /* seconds */
#define BURNERS 4
#define NOT_INLINED __attribute__((noinline))

/* ---- Ways to hold the loop ------------------------------------------------------------------- */

static atomic_uint sink;

static double clock_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

NOT_INLINED static void spin_for(double seconds)
{
	double start = clock_of(CLOCK_THREAD_CPUTIME_ID);

	while (clock_of(CLOCK_THREAD_CPUTIME_ID) - start < seconds)
		for (unsigned i = 0; i < 10000; i++)
			sink += i;
}

static void spin(void)
{
	spin_for(HOLD);
}

static void read_zeros(void)
{
	double start = clock_of(CLOCK_THREAD_CPUTIME_ID);
	size_t size = 4 << 20;
	char *buffer = malloc(size);
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	while (buffer && clock_of(CLOCK_THREAD_CPUTIME_ID) - start < HOLD)
		sink += (unsigned)read(fd, buffer, size);
	close(fd);
	free(buffer);
}

static void touch_pages(void)
{
	double start = clock_of(CLOCK_THREAD_CPUTIME_ID);
	size_t size = 8 << 20;

	while (clock_of(CLOCK_THREAD_CPUTIME_ID) - start < HOLD) {
		char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);

		if (pages == MAP_FAILED)
			return;
		for (size_t i = 0; i < size; i += 4096)
			pages[i] = 1;
		munmap(pages, size);
	}
}

static void sleep_a_while(void)
{
	usleep((useconds_t)(HOLD * 1e6));
	sink++;
}

static int pipe_ends[2];

static void *write_later(void *arg)
{
	usleep((useconds_t)(HOLD * 1e6));
	sink += write(pipe_ends[1], "x", 1) == 1;
	return arg;
}

static void read_pipe(void)
{
	pthread_t writer;
	char byte;

	if (pipe(pipe_ends) < 0 || pthread_create(&writer, NULL, write_later, NULL) != 0)
		return;
	sink += (unsigned)read(pipe_ends[0], &byte, 1);
	pthread_join(writer, NULL);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool held;

static void *hold_mutex(void *arg)
{
	pthread_mutex_lock(&mutex);
	held = true;
	usleep((useconds_t)(HOLD * 1e6));
	pthread_mutex_unlock(&mutex);
	return arg;
}

static void take_mutex(void)
{
	pthread_t holder;

	held = false;
	if (pthread_create(&holder, NULL, hold_mutex, NULL) != 0)
		return;
	while (!held)
		usleep(100);
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	pthread_join(holder, NULL);
}

static void work_and_sleep(void)
{
	for (int i = 0; i < 12; i++) {
		spin_for(0.01);
		usleep(15000);
	}
}

/* ---- With others ----------------------------------------------------------------------------- */

static pid_t others[BURNERS];
static cpu_set_t all_cpus, one_cpu;

static void begin_burners(void)
{
	sched_getaffinity(0, sizeof(all_cpus), &all_cpus);
	CPU_ZERO(&one_cpu);
	CPU_SET(sched_getcpu(), &one_cpu);
	for (int i = 0; i < BURNERS; i++) {
		others[i] = fork();
		if (others[i] == 0) {
			sched_setaffinity(0, sizeof(one_cpu), &one_cpu);
			for (;;)
				sink++;
		}
	}
}

/* With four others on one CPU, less than a limit of work takes more than two. */
static void starve(void)
{
	sched_setaffinity(0, sizeof(one_cpu), &one_cpu);
	spin_for(LIMIT * 0.7);
	sched_setaffinity(0, sizeof(all_cpus), &all_cpus);
}

static void end_burners(void)
{
	for (int i = 0; i < BURNERS; i++) {
		kill(others[i], SIGKILL);
		waitpid(others[i], NULL, 0);
	}
}

static void begin_stopper(void)
{
	pid_t parent = getpid();
	char byte;

	if (pipe(pipe_ends) < 0)
		return;
	others[0] = fork();
	if (others[0] != 0)
		return;
	if (read(pipe_ends[0], &byte, 1) == 1) {
		usleep(10000);
		kill(parent, SIGSTOP);
		usleep(300000);
		kill(parent, SIGCONT);
	}
	_exit(0);
}

static void be_stopped(void)
{
	sink += write(pipe_ends[1], "x", 1) == 1;
	spin_for(LIMIT / 2);
}

static void end_stopper(void)
{
	waitpid(others[0], NULL, 0);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

/* ---- Nothing --------------------------------------------------------------------------------- */

static void nothing(void)
{
	usleep((useconds_t)(LIMIT * 0.4 * 1e6));
	sink++;
}

/* ---- The table ------------------------------------------------------------------------------- */

static const struct way {
	const char *name, *function, *expected; /* NULL: no report */
	void (*hold)(void);
	enum async_verdict verdict;
	void (*begin)(void), (*end)(void); /* outside of the loop */
} ways[] = {
	{ .name = "compute",
	  .function = "spin_for",
	  .expected = "CPU in user code",
	  .hold = spin,
	  .verdict = ASYNC_VERDICT_CPU },
	{ .name = "read /dev/zero",
	  .function = "read_zeros",
	  .expected = "CPU in the kernel",
	  .hold = read_zeros,
	  .verdict = ASYNC_VERDICT_CPU },
	{ .name = "page faults",
	  .function = "touch_pages",
	  .expected = "page faults",
	  .hold = touch_pages,
	  .verdict = ASYNC_VERDICT_CPU },
	{ .name = "usleep",
	  .function = "sleep_a_while",
	  .expected = "BLOCKED in clock_nanosleep",
	  .hold = sleep_a_while,
	  .verdict = ASYNC_VERDICT_BLOCKED },
	{ .name = "read a pipe",
	  .function = "read_pipe",
	  .expected = "BLOCKED in read",
	  .hold = read_pipe,
	  .verdict = ASYNC_VERDICT_BLOCKED },
	{ .name = "a mutex",
	  .function = "take_mutex",
	  .expected = "LOCK in futex",
	  .hold = take_mutex,
	  .verdict = ASYNC_VERDICT_LOCK },
	{ .name = "work and sleep",
	  .function = "work_and_sleep",
	  .expected = "MIXED",
	  .hold = work_and_sleep,
	  .verdict = ASYNC_VERDICT_MIXED },
	{ .name = "0.4 limits", .hold = nothing },
	{ .name = "four burners",
	  .expected = "STARVED",
	  .hold = starve,
	  .verdict = ASYNC_VERDICT_STARVED,
	  .begin = begin_burners,
	  .end = end_burners },
	{ .name = "SIGSTOP",
	  .expected = "STOPPED",
	  .hold = be_stopped,
	  .verdict = ASYNC_VERDICT_STOPPED,
	  .begin = begin_stopper,
	  .end = end_stopper },
};
#define WAYS ((int)(sizeof(ways) / sizeof(ways[0])))

/* What was said of the way that runs: the first finding, and the first that is none. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct said {
	int reports;
	enum async_verdict verdict;
	char function[64], stack[2048], word[64];
	double cpu, blocked, waiting;
} findings, excuses;

/* The word, with its detail, from the second line of the report. */
static void take_word(const char *text, char word[64])
{
	const char *at = strstr(text, "verdict   ");
	const char *end = at ? strstr(at + 10, "   cpu ") : NULL;

	snprintf(word, 64, "%.*s", end ? (int)(end - at - 10) : 0, at ? at + 10 : "");
}

static bool is_excuse(enum async_verdict verdict)
{
	return verdict == ASYNC_VERDICT_STARVED || verdict == ASYNC_VERDICT_STOPPED;
}

static void take(const struct async_stall *stall, void *arg)
{
	struct said *said = is_excuse(stall->verdict) ? &excuses : &findings;

	(void)arg;
	if (stall->ended)
		return;
	pthread_mutex_lock(&lock);
	if (said->reports++ == 0) {
		said->verdict = stall->verdict;
		snprintf(said->function, sizeof(said->function), "%s",
			 stall->function ? stall->function : "?");
		snprintf(said->stack, sizeof(said->stack), "%s", stall->text);
		take_word(stall->text, said->word);
		said->cpu = stall->cpu;
		said->blocked = stall->blocked;
		said->waiting = stall->waiting;
	}
	pthread_mutex_unlock(&lock);
}

static bool has_names(const struct said *said)
{
	return said->function[0] != '?' && strstr(said->stack, "+0x") == NULL;
}

/* A busy machine may starve whatever runs here; a finding it must never make. */
static bool is_right(const struct way *way)
{
	const struct said *said = &findings;

	if (way->function == NULL)
		return findings.reports == 0 && (way->expected == NULL || excuses.reports > 0);
	return said->reports > 0 && said->verdict == way->verdict &&
	       strstr(said->word, way->expected) != NULL &&
	       (!has_names(said) || strstr(said->stack, way->function) != NULL);
}

static int run(void *arg)
{
	const struct way *way = arg;

	async_sleep(0.06);
	way->hold();
	async_sleep(0.02);
	return 0;
}

static int show(const struct way *way)
{
	const struct said *said = findings.reports || !way->expected ? &findings : &excuses;
	bool right = is_right(way);

	printf("%-4s  %-15s %-42s %-15s %7.1f %7.1f %7.1f\n", right ? "ok" : "BAD", way->name,
	       said->reports ? said->word : "nothing", way->function ? said->function : "-",
	       said->cpu * 1e3, said->blocked * 1e3, said->waiting * 1e3);
	if (!right)
		printf("      expected: %s\n%s", way->expected ? way->expected : "nothing",
		       said->reports ? said->stack : "");
	fflush(stdout);
	return right ? 0 : 1;
}

static int hold_once(const struct way *way)
{
	int rc;

	findings = excuses = (struct said){ 0 };
	if (way->begin)
		way->begin();
	rc = async_run(run, (void *)way);
	if (way->end)
		way->end();
	return rc;
}

int main(int argc, char **argv)
{
	struct async_watchdog_options options = { .limit = LIMIT, .report = take, .excuses = true };
	int wrong = 0;

	async_watchdog_configure(&options);
	printf("%-4s  %-15s %-42s %-15s %7s %7s %7s\n", "", "the loop held by", "verdict", "in",
	       "cpu ms", "blocked", "waiting");
	for (int i = 0; i < WAYS; i++) {
		if (argc > 1 && strcmp(argv[1], ways[i].name) != 0)
			continue;
		if (hold_once(&ways[i]) < 0)
			return 1;
		wrong += show(&ways[i]);
	}
	printf("%d of %d as they should be\n", WAYS - wrong, WAYS);
	return wrong > 0;
}
