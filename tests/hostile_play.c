/* SPDX-License-Identifier: MIT */
/* hostile_play.c - one run of collect against one server, connection after connection. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base.h"
#include "tests/hostile.h"
#include "tests/peer_upstream.h"

int hostile_connections;
const char *hostile_heard[16];
struct async_event *hostile_fed;

static struct raw_server server;

struct play {
	const struct raw_step *const *scripts;
	int count;
	const char *input;
	const char *argv[40];
};

static int wait_for_program(void *arg)
{
	program_wait(arg);
	return 0;
}

static void fill_in_port(const struct raw_step *step, char port[8])
{
	char *at = step->data ? memmem(step->data, step->size, "@PORT", 5) : NULL;

	if (at)
		memcpy(at, port, 5);
}

/* Copies, since a port is written into them. */
static const struct raw_step *copy(const struct raw_step *script)
{
	static struct raw_step steps[8][16];
	static int used;
	struct raw_step *out = steps[used++ % 8];

	for (int i = 0; i < 16; i++) {
		out[i] = script[i];
		if (script[i].data) {
			char *data = format("%*s", (int)script[i].size, "");

			memcpy(data, script[i].data, script[i].size);
			out[i].data = data;
		}
		if (script[i].verb == RAW_VERB_END || script[i].verb == RAW_VERB_AGAIN)
			break;
	}
	return out;
}

static void start_server(const struct play *play, const struct raw_step *scripts[8])
{
	char port[8];

	for (int i = 0; i < play->count; i++)
		scripts[i] = copy(play->scripts[i]);
	CHECK_INT(raw_server_start_with(&server, scripts, play->count), 0);
	snprintf(port, sizeof port, "%05d", server.port);
	for (int i = 0; i < play->count; i++)
		for (const struct raw_step *step = scripts[i];
		     step->verb != RAW_VERB_END && step->verb != RAW_VERB_AGAIN; step++)
			fill_in_port(step, port);
}

static const char *fill_in_url(const char *input)
{
	char *out = format("%s", "");

	for (const char *mark; (mark = strstr(input, "%s")); input = mark + 2)
		out = format("%s%.*s%s", out, (int)(mark - input), input, server.url);
	return format("%s%s", out, input);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	CHECK_INT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	return info.si_pid != 0;
}

/* A named pipe holds what collect has not read yet, and is open for it from the start. */
static int run(void *arg)
{
	struct play *play = arg;
	const struct raw_step *scripts[8];
	const char *pipe = temp_path("list"), *input, *rest;
	int fd;

	start_server(play, scripts);
	input = fill_in_url(play->input);
	rest = hostile_fed ? strchr(input, '\n') + 1 : input + strlen(input);
	unlink(pipe);
	CHECK_INT(mkfifo(pipe, 0600), 0);
	fd = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	CHECK(fd >= 0);
	async_blocking("a few lines into an empty pipe", 0)
		CHECK_INT(write(fd, input, (size_t)(rest - input)), rest - input);
	play->argv[2] = pipe;
	collect = (struct program){ .argv = play->argv };
	program_start(&collect);
	if (hostile_fed)
		CHECK_INT(async_event_wait(hostile_fed), 0);
	async_blocking("and the rest of them", 0)
		CHECK_INT(write(fd, rest, strlen(rest)), (int)strlen(rest));
	/* Once collect has opened it, the end of ours is the end of the list. */
	while (server.request_count == 0 && !has_ended(collect.pid))
		CHECK_INT(async_sleep(0.001), 0);
	close(fd);
	CHECK_INT(async_to_thread(wait_for_program, &collect), 0);
	hostile_connections = server.accepted;
	for (int i = 0; i < 16; i++)
		hostile_heard[i] =
			i < server.request_count ? format("%s", server.requests[i].text) : NULL;
	raw_server_stop(&server);
	return 0;
}

void hostile_play(const struct raw_step *const *scripts, int count, const char *input,
		  const char *const *options)
{
	struct play play = {
		scripts, count, input, { built("collect"), "-i", "", "--watchdog", "off" }
	};
	size_t argc = 5;

	for (; *options; options++)
		play.argv[argc++] = *options;
	CHECK_INT(async_run(run, &play), 0);
	if (collect.timed_out)
		FAIL("collect hangs: %s%s", collect.out, collect.err);
}
