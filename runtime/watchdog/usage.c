/* SPDX-License-Identifier: MIT */
/*
 * usage.c - what a thread did with its time, asked from the kernel by another thread.
 *
 * The files are opened anew each time, with openat: the watchdog holds no fd of the program, and
 * one that closes all of its fds does no harm. Nothing here allocates or uses stdio.
 */
#include "runtime/watchdog/internal.h"

#include "runtime/symbol/maps.h"
#include "runtime/watchdog/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ATTEMPTS = 5 };

int64_t watchdog_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* /proc/self/task/TID/name, as a string. False when it is empty or cannot be read. */
static bool slurp(pid_t tid, const char *name, char *text, size_t size)
{
	char path[64] = "/proc/self/task/", digits[16];
	char *at = path + strlen(path), *digit = digits;
	ssize_t length;
	int fd;

	for (unsigned left = (unsigned)tid; left > 0 || digit == digits; left /= 10)
		*digit++ = (char)('0' + left % 10);
	while (digit > digits)
		*at++ = *--digit;
	*at++ = '/';
	memcpy(at, name, strlen(name) + 1);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = pread(fd, text, size - 1, 0);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/* The n-th field from here, separated by blanks. */
static const char *skip_fields(const char *text, int n)
{
	while (n-- > 0 && text != NULL) {
		text = strchr(text, ' ');
		text = text ? text + 1 : NULL;
	}
	return text;
}

static int64_t ticks(const char *field)
{
	return field ? strtoll(field, NULL, 10) * (INT64_C(1000000000) / sysconf(_SC_CLK_TCK)) : 0;
}

static void read_stat(pid_t tid, struct watchdog_usage *usage)
{
	char text[512];

	if (!slurp(tid, "stat", text, sizeof(text)))
		return;
	/* The name, in brackets, may itself hold brackets and blanks. The state follows it. */
	const char *state = strrchr(text, ')');
	const char *minor = skip_fields(state, 8), *user = skip_fields(state, 12);
	const char *major = skip_fields(minor, 2), *kernel = skip_fields(user, 1);

	usage->state = state != NULL && state[1] == ' ' ? state[2] : '\0';
	usage->user = ticks(user);
	usage->kernel = ticks(kernel);
	if (minor != NULL && major != NULL)
		usage->faults = strtoull(minor, NULL, 10) + strtoull(major, NULL, 10);
}

int64_t watchdog_waiting(pid_t tid)
{
	char text[128];
	const char *waiting = NULL;

	if (slurp(tid, "schedstat", text, sizeof(text)))
		waiting = skip_fields(text, 1);
	return waiting ? strtoll(waiting, NULL, 10) : -1;
}

static void read_once(pid_t tid, clockid_t cpu_clock, struct watchdog_usage *usage)
{
	struct timespec cpu = { 0 };

	memset(usage, 0, sizeof(*usage));
	read_stat(tid, usage);
	/* Waiting before CPU before the clock: what happens in between then counts as blocked. */
	usage->waiting = watchdog_waiting(tid);
	usage->has_waiting = usage->waiting >= 0;
	if (!usage->has_waiting)
		usage->waiting = 0;
	clock_gettime(cpu_clock, &cpu);
	usage->cpu = cpu.tv_sec * INT64_C(1000000000) + cpu.tv_nsec;
	usage->wall = watchdog_now();
}

/*
 * Numbers between which this thread had to wait for a CPU do not belong together, unless the other
 * thread did nothing meanwhile.
 */
void watchdog_usage_read(pid_t tid, clockid_t cpu_clock, struct watchdog_usage *usage)
{
	struct watchdog_usage before = { .cpu = -1 };

	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		int64_t begin = watchdog_now();

		read_once(tid, cpu_clock, usage);
		usage->torn = usage->wall - begin > WATCHDOG_TORN_NS &&
			      (usage->cpu != before.cpu || usage->waiting != before.waiting);
		if (!usage->torn)
			return;
		before = *usage;
	}
}

void watchdog_call_read(pid_t tid, struct watchdog_call *call)
{
	char text[256], *at = text;

	memset(call, 0, sizeof(*call));
	if (!slurp(tid, "syscall", text, sizeof(text)))
		return;
	if (strncmp(text, "running", 7) == 0) {
		call->state = WATCHDOG_RUNNING;
		return;
	}
	call->state = WATCHDOG_BLOCKED;
	call->number = strtol(text, &at, 10);
	if (call->number >= 0)
		for (int i = 0; i < 6; i++)
			call->arguments[i] = strtoull(at, &at, 16);
	call->sp = strtoull(at, &at, 16);
	call->pc = strtoull(at, &at, 16);
}

bool watchdog_blocks_signal(pid_t tid, int number)
{
	char text[2048];
	const char *mask =
		slurp(tid, "status", text, sizeof(text)) ? strstr(text, "SigBlk:") : NULL;

	return mask != NULL && (strtoull(mask + 7, NULL, 16) >> (number - 1) & 1);
}

bool watchdog_traced(pid_t tid)
{
	char text[2048];
	const char *tracer =
		slurp(tid, "status", text, sizeof(text)) ? strstr(text, "TracerPid:") : NULL;

	return tracer != NULL && strtol(tracer + strlen("TracerPid:"), NULL, 10) != 0;
}

/* A file that cannot be opened for want of descriptors says nothing of the system. */
static bool is_hidden(pid_t tid, const char *name)
{
	char text[64];

	errno = 0;
	return !slurp(tid, name, text, sizeof(text)) && errno != EMFILE && errno != ENFILE;
}

size_t watchdog_blind_spots(pid_t tid, char *buffer, size_t size)
{
	struct watchdog_text text = text_begin(buffer, size);
	const char *between = "[watchdog] this system does not show";
	char byte;

	if (is_hidden(tid, "schedstat")) {
		text_add(&text,
			 "%s how long a thread waits for a CPU (so the limit applies to the "
			 "time on the clock)",
			 between);
		between = ", nor";
	}
	if (is_hidden(tid, "syscall")) {
		text_add(&text, "%s what a blocked thread is in", between);
		between = ", nor";
	}
	if (maps_read(&byte, 1, (uintptr_t)&between) != 1 || !MACHINE_KNOWN)
		text_add(&text, "%s stacks", between);
	if (text.used > 0)
		text_add(&text, "\n");
	return text.used;
}
