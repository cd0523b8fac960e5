/* SPDX-License-Identifier: MIT */
/*
 * pressure.c - who else could have had the CPU: other virtual machines (steal time), and the control
 * group's limit (throttling). Numbers of the whole machine and of the group, coarse, read only when a
 * slice is already a suspect.
 */
#include "runtime/watchdog/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool slurp(const char *path, char *text, size_t size)
{
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, text, size - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/*
 * "cpu  user nice system idle iowait irq softirq steal guest guest_nice", summed over all CPUs, and
 * then a line for each: what is left is their average.
 */
int64_t watchdog_parse_stolen(const char *text, int64_t tick_ns)
{
	const char *at = text;
	char *end;
	int64_t ticks = 0;
	int cpus = 0;

	if (strncmp(text, "cpu ", 4) != 0)
		return 0;
	at += 4;
	for (int field = 0; field < 8; field++, at = end) {
		ticks = strtoll(at, &end, 10);
		if (end == at)
			return 0;
	}
	for (at = strchr(at, '\n'); at != NULL && strncmp(at, "\ncpu", 4) == 0;
	     at = strchr(at + 1, '\n'))
		cpus++;
	return ticks * tick_ns / (cpus > 0 ? cpus : 1);
}

/* Version 2 has throttled_usec, version 1 throttled_time in ns. */
int64_t watchdog_parse_throttled(const char *text)
{
	const char *at = strstr(text, "throttled_usec ");

	if (at != NULL)
		return strtoll(at + strlen("throttled_usec "), NULL, 10) * 1000;
	at = strstr(text, "throttled_time ");
	return at != NULL ? strtoll(at + strlen("throttled_time "), NULL, 10) : 0;
}

/*
 * The group's directory: the line "0::/path" is version 2's, "N:cpu,cpuacct:/path" version 1's. In a
 * container the path may be one outside of it: then the root of what is mounted is the group's own.
 */
static bool read_group(char *text, size_t size)
{
	static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/cpu",
					      "/sys/fs/cgroup/cpu,cpuacct" };
	char groups[2048], path[512];
	const char *cpu, *unified;

	if (!slurp("/proc/self/cgroup", groups, sizeof(groups)))
		return false;
	cpu = strstr(groups, ":cpu");
	cpu = cpu ? strstr(cpu, ":/") : NULL;
	unified = strstr(groups, "0::/");
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		const char *group = i > 0 ? cpu : unified ? unified + 2 : NULL;

		group = group ? group + 1 : "/";
		snprintf(path, sizeof(path), "%s%.*s/cpu.stat", mounts[i],
			 (int)strcspn(group, "\n"), group);
		if (slurp(path, text, size))
			return true;
		snprintf(path, sizeof(path), "%s/cpu.stat", mounts[i]);
		if (slurp(path, text, size))
			return true;
	}
	return false;
}

void watchdog_pressure_read(struct watchdog_pressure *pressure)
{
	char text[8192];

	memset(pressure, 0, sizeof(*pressure));
	if (slurp("/proc/stat", text, sizeof(text)))
		pressure->stolen =
			watchdog_parse_stolen(text, INT64_C(1000000000) / sysconf(_SC_CLK_TCK));
	if (read_group(text, sizeof(text)))
		pressure->throttled = watchdog_parse_throttled(text);
}
