/* SPDX-License-Identifier: MIT */
/* A run inside the test's process, so that what it calls can be made to fail. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/collect.h"
#include "tests/harness.h"

static struct collect collect;
static struct options options;
static const char *arguments[4];
static unsigned threads;
static int outcome;

static const char *nothing(const char *name)
{
	(void)name;
	return NULL;
}

static int run(void *arg)
{
	return collect_run(arg);
}

/* A port that refuses: bound and not listening. */
static int refusing_port(int *fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;

	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(*fd >= 0);
	CHECK_INT(bind(*fd, (struct sockaddr *)&address, size), 0);
	CHECK_INT(getsockname(*fd, (struct sockaddr *)&address, &size), 0);
	return ntohs(address.sin_port);
}

static void run_once(void)
{
	struct text message = { 0 };
	int out = open("/dev/null", O_WRONLY | O_CLOEXEC);

	memset(&collect, 0, sizeof collect);
	if (!options_parse(&options, 4, (char *const *)arguments, nothing, &message))
		goto done;
	collect.options = &options;
	collect.random = 1;
	collect.threads = threads;
	strcpy(collect.run, "run");
	collect.input_fd = -1;
	collect.output_fd = out;
	collect.har_fd = -1;
	outcome = async_run(run, &collect);
	/* Nothing is lost: a run that could start has ended both items. */
	if (outcome == 0 && !collect.sink_error)
		CHECK_INT(collect.summary.items, 2);
done:
	text_free(&message);
	options_free(&options);
	close(out);
}

TEST_WITH_LIMIT(whatever_allocation_fails_every_item_is_accounted_for, 60)
{
	int fd;

	arguments[0] = "collect";
	arguments[1] = "-q";
	arguments[2] = arguments[3] = format("http://127.0.0.1:%d/", refusing_port(&fd));
	run_once();
	CHECK_INT(outcome, 0);
	CHECK_INT(collect.summary.items, 2);
	CHECK_INT(collect.summary.failed, 2);
	for_each_failing_allocation(run_once);
	close(fd);
}

TEST_WITH_LIMIT(whatever_system_call_fails_the_run_ends, 60)
{
	int fd;

	arguments[0] = "collect";
	arguments[1] = "-q";
	arguments[2] = arguments[3] = format("http://127.0.0.1:%d/", refusing_port(&fd));
	for_each_failing_syscall(run_once);
	close(fd);
}

static void prepare_threads(int *fd)
{
	threads = 2;
	/* Each would have a thread, too, and its own share of what may fail. */
	setenv("LOOPHOUND_WATCHDOG", "off", 1);
	arguments[0] = "collect";
	arguments[1] = "-q";
	arguments[2] = arguments[3] = format("http://127.0.0.1:%d/", refusing_port(fd));
}

TEST_WITH_LIMIT(with_lanes_too_every_item_is_accounted_for_whatever_allocation_fails, 60)
{
	int fd;

	prepare_threads(&fd);
	run_once();
	CHECK_INT(outcome, 0);
	CHECK_INT(collect.summary.failed, 2);
	for_each_failing_allocation(run_once);
	close(fd);
}

TEST_WITH_LIMIT(with_lanes_too_the_run_ends_whatever_system_call_fails, 60)
{
	int fd;

	prepare_threads(&fd);
	for_each_failing_syscall(run_once);
	close(fd);
}

/* What is said on stderr when the which-th thread does not start; 0: none does. */
static const char *fail_to_start(int which)
{
	const char *said = temp_file("said", "");
	int before = dup(2), file = open(said, O_WRONLY | O_TRUNC | O_CLOEXEC);

	dup2(file, 2);
	fail_call("pthread_create", which, EAGAIN);
	run_once();
	fail_none();
	dup2(before, 2);
	close(before);
	close(file);
	CHECK_INT(outcome, 0);
	CHECK_INT(collect.summary.items, 2);
	return read_file(said, NULL);
}

TEST_WITH_LIMIT(fewer_threads_than_asked_for_will_do_and_are_told, 20)
{
	int fd;

	prepare_threads(&fd);
	arguments[1] = "--progress=none";
	for (int which = 0; which <= 2; which++)
		CHECK_CONTAINS(fail_to_start(which), "collect: warning: only 1 of 2 threads: "
						     "Resource temporarily unavailable");
	close(fd);
}

TEST(the_worst_status_wins)
{
	struct summary all_good = { .items = 2, .ok = 2 },
		       some = { .items = 2, .ok = 1, .failed = 1 };
	struct summary none = { .items = 2, .failed = 2 }, empty = { 0 };

	CHECK_INT(collect_status(&all_good, 0, false, false, false), 0);
	CHECK_INT(collect_status(&empty, 0, false, false, false), 0);
	CHECK_INT(collect_status(&some, 0, false, false, false), 3);
	CHECK_INT(collect_status(&none, 0, false, false, false), 4);
	CHECK_INT(collect_status(&none, 0, false, true, true), 7);
	CHECK_INT(collect_status(&none, 0, true, true, true), 6);
	CHECK_INT(collect_status(&all_good, 0, true, false, false), 0);
	CHECK_INT(collect_status(&none, -ENOSPC, true, true, true), 5);
}
