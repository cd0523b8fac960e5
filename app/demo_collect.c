/* SPDX-License-Identifier: MIT */
/*
 * demo_collect.c - the last part: build/collect on all twelve APIs.
 *
 * The program is the one beside our own executable. All that it says goes through one pipe: so the
 * summary comes after the records, and on a terminal each record can be abridged. Anywhere else
 * they are passed on whole.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/demo.h"

static void become_collect(const struct demo *demo, int out)
{
	char path[PATH_MAX];
	const char *argv[PRACTICE_APIS + 8] = { path, "--progress", "none", "--summary", "text" };
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("collect"));
	int count = 5;

	path[n > 0 ? n : 0] = 0;
	char *slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, "collect");
	for (int i = 0; i < PRACTICE_APIS; i++)
		argv[count++] = demo->urls[i];
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execv(path, (char *const *)argv);
	perror(path);
	_exit(127);
}

/* On a terminal only what one looks for first: the URL, the status, the body. */
static void print_line(const struct demo *demo, const char *line)
{
	const char *url = strstr(line, "\"url\":"), *more = strstr(line, ",\"attempts\":");
	const char *body = strstr(line, "},\"body\":");

	if (demo->terminal && line[0] == '{' && url != NULL && more > url && body != NULL)
		printf("{... %.*s ... %s", (int)(more - url), url, body + 2);
	else
		fputs(line, stdout);
}

int demo_collect(const struct demo *demo)
{
	char *line = NULL;
	size_t capacity = 0;
	int ends[2];

	demo_title(demo, "and then  collect URL...: all twelve, one record each, and a summary");
	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = demo_child_fork();
	if (pid == 0)
		become_collect(demo, ends[1]);
	close(ends[1]);
	FILE *said = fdopen(ends[0], "r");
	while (said != NULL && getline(&line, &capacity, said) > 0)
		print_line(demo, line);
	fflush(stdout);
	free(line);
	if (said != NULL)
		fclose(said);
	int status = pid > 0 ? demo_child_wait(pid) : 127;
	return status == 0 ? 0 : ASYNC_EFAILED;
}
