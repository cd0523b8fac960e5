/* SPDX-License-Identifier: MIT */
/*
 * demo_upstream.c - the practice APIs, in a child process of the demo.
 *
 * The child is told to stop by the end of a pipe, so it also ends when the demo was killed. It
 * ignores SIGINT: on Ctrl-C the demo decides.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/demo.h"

struct pipes {
	int urls[2], stop[2];
};

static pid_t child;
static int stop_end = -1;

ASYNC_SUSPENDS
static int serve(void *arg)
{
	const struct pipes *pipes = arg;
	struct practice_options options = { .plain = true };
	struct practice *practice;
	char url[PRACTICE_URL];

	int rc = practice_start(&practice, &options);
	if (rc < 0)
		return rc;
	async_blocking("the few lines fit into an empty pipe", 0.05)
		for (int i = 0; practice_url(practice, i, url); i++)
			dprintf(pipes->urls[1], "%s\n", url);
	close(pipes->urls[1]);
	rc = async_wait_readable(pipes->stop[0]);
	practice_stop(practice, 0);
	return rc;
}

static void become_upstream(struct pipes *pipes)
{
	/* The lessons show the watchdog's reports, and may be recorded; nothing of that is from here. */
	struct async_watchdog_options off = { .limit = -1 };

	signal(SIGINT, SIG_IGN);
	close(pipes->urls[0]);
	close(pipes->stop[1]);
	async_watchdog_configure(&off);
	async_trace_configure(NULL);
	int rc = async_run(serve, pipes);
	close(pipes->stop[0]);
	exit(rc < 0);
}

static int read_urls(int fd, char urls[PRACTICE_APIS][PRACTICE_URL])
{
	FILE *file = fdopen(fd, "r");
	int n = 0;

	if (file == NULL)
		return -1;
	while (n < PRACTICE_APIS && fgets(urls[n], PRACTICE_URL, file) != NULL) {
		urls[n][strcspn(urls[n], "\n")] = 0;
		n++;
	}
	fclose(file);
	return n == PRACTICE_APIS ? 0 : -1;
}

int demo_upstream_start(char urls[PRACTICE_APIS][PRACTICE_URL])
{
	struct pipes pipes;

	if (pipe2(pipes.urls, O_CLOEXEC) < 0 || pipe2(pipes.stop, O_CLOEXEC) < 0) {
		perror("demo: pipe");
		return -1;
	}
	child = demo_child_fork();
	if (child == 0)
		become_upstream(&pipes);
	close(pipes.urls[1]);
	close(pipes.stop[0]);
	stop_end = pipes.stop[1];
	if (child < 0 || read_urls(pipes.urls[0], urls) < 0) {
		fprintf(stderr, "demo: the practice APIs could not be started\n");
		demo_upstream_stop();
		return -1;
	}
	return 0;
}

int demo_upstream_stop(void)
{
	close(stop_end);
	return child > 0 ? demo_child_wait(child) : 0;
}
