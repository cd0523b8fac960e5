/* SPDX-License-Identifier: MIT */
/* test_sink.c - records on their way to files: whole, in order, and no more than fits. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
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

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags | O_WRONLY | O_CREAT, 0600);

	CHECK(fd >= 0);
	return fd;
}

static int write_three(void *arg)
{
	const char *path = arg;
	int fd = open_file(path, 0);
	struct sink *sink = open_sink(fd);
	struct text own = { 0 };

	put(sink, "one\n");
	text_string(&own, "two\n");
	CHECK_INT(batches_take(sink_batches(sink), &own), 0);
	CHECK(!own.data);
	put(sink, "three\n");
	CHECK_INT(sink_pending(sink), 14);
	CHECK_INT(sink_close(sink, -1), 0);
	close(fd);
	return 0;
}

TEST(records_come_out_in_order_and_whole)
{
	const char *path = temp_path("out");

	CHECK_INT(run(write_three, (void *)path), 0);
	CHECK_STR(read_file(path, NULL), "one\ntwo\nthree\n");
}

static int write_and_wait(void *arg)
{
	const char *path = arg;
	int fd = open_file(path, O_APPEND);
	struct sink *sink = open_sink(fd);
	double began = async_time();

	put(sink, "now\n");
	/* Nothing else happens in this loop, so the record is written without waiting for more. */
	CHECK_INT(sink_wait(sink, 0), 0);
	CHECK(async_time() - began < 0.09 * time_scale());
	CHECK_STR(read_file(path, NULL), "old\nnow\n");
	CHECK_INT(sink_close(sink, -1), 0);
	close(fd);
	return 0;
}

TEST(an_idle_sink_writes_at_once_and_append_keeps_what_was_there)
{
	CHECK_INT(run(write_and_wait, (void *)temp_file("out", "old\n")), 0);
}

static int write_many(void *arg)
{
	const char *path = arg;
	int fd = open_file(path, 0);
	struct sink *sink = open_sink(fd);

	for (int i = 0; i < 20000; i++) {
		text_printf(batches_begin(sink_batches(sink)), "record %d of many\n", i);
		CHECK_INT(batches_end(sink_batches(sink)), 0);
		if (i % 100 == 0)
			CHECK_INT(async_sleep(0), 0);
	}
	CHECK_INT(sink_close(sink, -1), 0);
	close(fd);
	return 0;
}

TEST(twenty_thousand_records_are_all_there)
{
	const char *path = temp_path("out");
	char *at;

	CHECK_INT(run(write_many, (void *)path), 0);
	at = read_file(path, NULL);
	for (int i = 0; i < 20000; i++) {
		const char *want = "record %d of many\n";
		char line[64];
		size_t size = (size_t)snprintf(line, sizeof line, want, i);

		CHECK(!strncmp(at, line, size));
		at += size;
	}
	CHECK_STR(at, "");
}

static int roll_back(void *arg)
{
	const char *path = arg;
	int fd = open_file(path, 0);
	struct sink *sink = open_sink(fd);
	struct text *text;

	put(sink, "good\n");
	text = batches_begin(sink_batches(sink));
	text_string(text, "half a rec");
	text->failed = true;
	CHECK_INT(batches_end(sink_batches(sink)), ASYNC_ENOMEM);
	put(sink, "next\n");
	CHECK_INT(sink_close(sink, -1), 0);
	close(fd);
	return 0;
}

TEST(a_record_that_ran_out_of_memory_leaves_no_trace)
{
	const char *path = temp_path("out");

	CHECK_INT(run(roll_back, (void *)path), 0);
	CHECK_STR(read_file(path, NULL), "good\nnext\n");
}

static int overfill(void *arg)
{
	const char *path = arg;
	int fd = open_file(path, O_APPEND);
	struct sink *sink = open_sink(fd);

	put(sink, "0123456\n");
	CHECK_INT(sink_wait(sink, 0), 0);
	put(sink, "abcdefg\n");
	put(sink, "hijklmn\n");
	put(sink, "opqrstu\n");
	CHECK_INT(sink_wait(sink, 0), 0);
	CHECK_INT(sink_error(sink), -EFBIG);
	put(sink, "too late\n");
	CHECK_INT(sink_pending(sink), 0);
	CHECK_INT(sink_close(sink, -1), -EFBIG);
	close(fd);
	return 0;
}

TEST(a_full_file_is_cut_back_to_its_last_whole_record)
{
	const char *path = temp_file("out", "old\n");
	struct rlimit limit, whole;

	getrlimit(RLIMIT_FSIZE, &whole);
	limit = (struct rlimit){ 32, whole.rlim_max };
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_INT(run(overfill, (void *)path), 0);
	setrlimit(RLIMIT_FSIZE, &whole);
	CHECK_STR(read_file(path, NULL), "old\n0123456\nabcdefg\nhijklmn\n");
}

static int fill_device(void *arg)
{
	int fd = open("/dev/full", O_WRONLY);
	struct sink *sink = open_sink(fd);

	(void)arg;
	put(sink, "record\n");
	CHECK_INT(sink_close(sink, -1), -ENOSPC);
	close(fd);
	return 0;
}

TEST(a_full_device_is_an_error)
{
	CHECK_INT(run(fill_device, NULL), 0);
}

struct whole {
	int fd;
	size_t lines, torn, large;
};
