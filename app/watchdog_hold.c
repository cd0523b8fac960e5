/* SPDX-License-Identifier: MIT */
/* watchdog_hold.c - see watchdog_hold.h. */
#include "app/watchdog_hold.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT WATCHDOG_LIMIT
#define HOLD (5 * LIMIT)
#define BURNERS 4
#define NOT_INLINED __attribute__((noinline))

/* ---- Alone ----------------------------------------------------------------------------------- */

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

/* Tells whoever has stopped to go on, 300 ms later, and again until it says that it does. */
static void begin_stopper(void)
{
	pid_t parent = getpid();
	char byte;

	if (pipe(pipe_ends) < 0)
		return;
	others[0] = fork();
	if (others[0] != 0)
		return;
	close(pipe_ends[1]);
	if (read(pipe_ends[0], &byte, 1) == 1) {
		struct pollfd end = { .fd = pipe_ends[0], .events = POLLIN };

		do {
			usleep(300000);
			kill(parent, SIGCONT);
		} while (poll(&end, 1, 0) == 0);
	}
	_exit(0);
}

/* It stops itself, in the middle of less than a limit of work, so that a busy machine changes nothing. */
static void be_stopped(void)
{
	spin_for(LIMIT * 0.4);
	sink += write(pipe_ends[1], "x", 1) == 1;
	raise(SIGSTOP);
	spin_for(LIMIT * 0.3);
}

static void end_stopper(void)
{
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	waitpid(others[0], NULL, 0);
}

static void nothing(void)
{
	usleep((useconds_t)(LIMIT * 0.4 * 1e6));
	sink++;
}

/* ---- The table ------------------------------------------------------------------------------- */

const struct way watchdog_ways[] = {
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
const int watchdog_way_count = sizeof(watchdog_ways) / sizeof(watchdog_ways[0]);
