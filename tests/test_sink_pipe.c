/* SPDX-License-Identifier: MIT */
/* test_sink_pipe.c - records on their way to pipes: readers that are slow, share, or go away. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/sink.h"
#include "tests/harness.h"

static int run(int (*fn)(void *arg), void *arg)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return async_run(fn, arg);
}

static struct sink *open_sink(int fd)
{
	struct sink *sink = NULL;

	CHECK_INT(sink_open(&sink, &(struct sink_options){ .fd = fd }), 0);
	return sink;
}

static void put(struct sink *sink, const char *record)
{
	text_string(batches_begin(sink_batches(sink)), record);
	CHECK_INT(batches_end(sink_batches(sink)), 0);
}

static int write_to_nobody(void *arg)
{
	int ends[2];
	struct sink *sink;

	(void)arg;
	CHECK_INT(pipe(ends), 0);
	sink = open_sink(ends[1]);
	close(ends[0]);
	put(sink, "record\n");
	CHECK_INT(sink_wait(sink, 0), 0);
	CHECK_INT(sink_error(sink), -EPIPE);
	CHECK_INT(sink_close(sink, -1), -EPIPE);
	close(ends[1]);
	return 0;
}

TEST(a_closed_pipe_is_an_error_and_no_death)
{
	CHECK_INT(run(write_to_nobody, NULL), 0);
}

struct slow {
	int fd;
	size_t read;
};

static int read_all(void *arg)
{
	struct slow *slow = arg;
	static char buffer[4096];
	ssize_t n;

	while ((n = read(slow->fd, buffer, sizeof buffer)) > 0)
		slow->read += (size_t)n;
	return 0;
}

static int read_on_a_thread(void *arg)
{
	return async_to_thread(read_all, arg);
}

static int write_to_a_slow_reader(void *arg)
{
	struct slow slow = { 0 };
	struct async_task *reader;
	struct sink *sink;
	int ends[2];

	(void)arg;
	CHECK_INT(pipe(ends), 0);
	slow.fd = ends[0];
	sink = open_sink(ends[1]);
	/* Whoever shares the pipe does with its flags what it likes, and sees nothing of ours. */
	CHECK(!(fcntl(ends[1], F_GETFL) & O_NONBLOCK));
	for (int i = 0; i < 100000; i++)
		put(sink, "a record of some length\n");
	/* Nobody reads yet: the pipe is full, and this task still runs. */
	for (int i = 0; i < 10; i++)
		CHECK_INT(async_sleep(0.001), 0);
	CHECK(sink_pending(sink) > 2000000);
	reader = async_create_task(read_on_a_thread, &slow);
	CHECK_INT(sink_close(sink, -1), 0);
	CHECK(!(fcntl(ends[1], F_GETFL) & O_NONBLOCK));
	close(ends[1]);
	CHECK_INT(async_await(reader), 0);
	CHECK_INT(slow.read, 2400000);
	async_task_release(reader);
	close(ends[0]);
	return 0;
}

TEST(a_slow_reader_holds_nobody_and_the_flags_of_its_pipe_stay)
{
	CHECK_INT(run(write_to_a_slow_reader, NULL), 0);
}

static int write_to_a_socket(void *arg)
{
	struct sink *sink;
	char record[8] = "";
	int ends[2];

	(void)arg;
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	sink = open_sink(ends[1]);
	CHECK(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
	put(sink, "record\n");
	CHECK_INT(sink_close(sink, -1), 0);
	CHECK(!(fcntl(ends[1], F_GETFL) & O_NONBLOCK));
	CHECK_INT(recv(ends[0], record, sizeof record, MSG_DONTWAIT), 7);
	CHECK_STR(record, "record\n");
	close(ends[0]);
	close(ends[1]);
	return 0;
}

TEST(what_is_no_pipe_gets_its_flags_back)
{
	CHECK_INT(run(write_to_a_socket, NULL), 0);
}

#define SHARED_RECORDS 4000

struct whole {
	int fd;
	size_t lines, torn, large;
};

/* Lines of one letter each; any other line is two that got mixed. */
static int read_lines(void *arg)
{
	struct whole *whole = arg;
	FILE *from = fdopen(whole->fd, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, from)) > 0) {
		whole->lines++;
		whole->large += n == 6001;
		whole->torn += (size_t)n != strspn(line, (char[]){ *line, 0 }) + 1;
	}
	free(line);
	fclose(from);
	return 0;
}

static int read_lines_on_a_thread(void *arg)
{
	return async_to_thread(read_lines, arg);
}

static void put_letters(struct sink *sink, char letter, int count)
{
	struct text *text = batches_begin(sink_batches(sink));

	for (int i = 0; i < count; i++)
		text_char(text, letter);
	text_char(text, '\n');
	CHECK_INT(batches_end(sink_batches(sink)), 0);
}

static int write_side_by_side(void *arg)
{
	struct whole whole = { 0 };
	struct async_task *reader;
	struct sink *sinks[2];
	int ends[2], other;

	(void)arg;
	CHECK_INT(pipe(ends), 0);
	other = dup(ends[1]);
	whole.fd = ends[0];
	sinks[0] = open_sink(ends[1]);
	sinks[1] = open_sink(other);
	for (int i = 0; i < SHARED_RECORDS; i++)
		for (int k = 0; k < 2; k++)
			put_letters(sinks[k], (char)('a' + k), 20 + i % 500);
	reader = async_create_task(read_lines_on_a_thread, &whole);
	for (int k = 0; k < 2; k++)
		CHECK_INT(sink_wait(sinks[k], 0), 0);
	/* One that cannot go in as a whole comes through as well. */
	put_letters(sinks[0], 'c', 6000);
	put_letters(sinks[0], 'd', 10);
	for (int k = 0; k < 2; k++)
		CHECK_INT(sink_close(sinks[k], -1), 0);
	close(ends[1]);
	close(other);
	CHECK_INT(async_await(reader), 0);
	async_task_release(reader);
	CHECK_INT(whole.lines, 2 * SHARED_RECORDS + 2);
	CHECK_INT(whole.large, 1);
	CHECK_INT(whole.torn, 0);
	return 0;
}

TEST(two_who_share_a_pipe_do_not_tear_each_others_records)
{
	CHECK_INT(run(write_side_by_side, NULL), 0);
}

static int give_up_on_a_stuck_reader(void *arg)
{
	struct sink *sink;
	int ends[2];

	(void)arg;
	CHECK_INT(pipe(ends), 0);
	sink = open_sink(ends[1]);
	for (int i = 0; i < 10000; i++)
		put(sink, "a record of some length\n");
	CHECK_INT(sink_close(sink, 0.05), -ETIMEDOUT);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

TEST(closing_waits_no_longer_than_told)
{
	CHECK_INT(run(give_up_on_a_stuck_reader, NULL), 0);
}
