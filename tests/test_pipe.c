/* SPDX-License-Identifier: MIT */
/*
 * test_pipe.c - pipes, devices and sockets as streams: signals, ownership, terminals.
 */
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/base.h"
#include "tests/harness.h"
#include "tests/stream_ends.h"

#define RUN(body) CHECK_INT(async_run(body, NULL), 0)

struct both {
	struct net_reader *reader;
	struct net_writer *writer;
};

static struct both open_pipe(void)
{
	struct both both;
	int fds[2];

	CHECK_INT(pipe(fds), 0);
	CHECK_INT(net_connect_read_pipe(&both.reader, fds[0]), 0);
	CHECK_INT(net_connect_write_pipe(&both.writer, fds[1]), 0);
	return both;
}

/* ---- Bytes ------------------------------------------------------------------------------------- */

static int fill(void *arg)
{
	struct net_writer *writer = arg;
	static char chunk[50000];
	int rc = 0;

	for (int i = 0; i < 40 && rc == 0; i++) {
		memset(chunk, 'a' + i % 26, sizeof chunk);
		CHECK_INT(net_writer_write(writer, chunk, sizeof chunk), 0);
		rc = net_writer_drain(writer);
	}
	net_writer_close(writer);
	return rc;
}

static int pour(void *arg)
{
	struct both both = open_pipe();
	struct async_task *task = async_create_task(fill, both.writer);
	struct net_span span;

	(void)arg;
	for (int i = 0; i < 40; i++) {
		CHECK_INT(net_reader_readexactly(both.reader, 50000, &span), 0);
		CHECK_INT(span.ptr[0], 'a' + i % 26);
		CHECK_INT(span.ptr[49999], 'a' + i % 26);
	}
	CHECK_INT(net_reader_readexactly(both.reader, 1, &span), NET_EINCOMPLETE);
	CHECK(net_reader_at_eof(both.reader));
	CHECK_INT(async_await(task), 0);
	net_writer_free(both.writer);
	net_reader_free(both.reader);
	return 0;
}

TEST(two_megabytes_go_through_a_pipe)
{
	RUN(pour);
}

/* Two lines are there at once; a terminal gives one of them at a time. */
static int read_terminal(void *arg)
{
	struct net_reader *reader;
	struct net_span span;
	int ours, theirs;

	(void)arg;
	if (openpty(&ours, &theirs, NULL, NULL, NULL) < 0)
		NOT_HERE("no terminals to be had");
	async_blocking("a terminal takes two lines", 0)
		CHECK_INT(write(ours, "one\ntwo\n", 8), 8);
	CHECK_INT(net_connect_read_pipe(&reader, theirs), 0);
	CHECK_INT(net_reader_readexactly(reader, 8, &span), 0);
	CHECK_MEM(span.ptr, span.len, "one\ntwo\n", 8);
	net_reader_free(reader);
	async_sleep(0);
	close(ours);
	return 0;
}

TEST(a_terminal_gives_its_lines_one_by_one)
{
	RUN(read_terminal);
}

static int read_socket(void *arg)
{
	struct net_reader *reader;
	struct net_writer *writer;
	struct net_span span;
	int fds[2];

	(void)arg;
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_INT(net_connect_read_pipe(&reader, fds[0]), 0);
	CHECK_INT(net_connect_write_pipe(&writer, fds[1]), 0);
	CHECK_INT(net_writer_write(writer, "hello\n", 6), 0);
	CHECK_INT(net_reader_readline(reader, &span), 0);
	CHECK_MEM(span.ptr, span.len, "hello\n", 6);
	net_reader_free(reader);
	CHECK_INT(net_writer_wait_closed(writer), 0);
	net_writer_free(writer);
	return 0;
}

TEST(sockets_may_stand_for_pipes)
{
	RUN(read_socket);
}

static int wait_for_line(void *reader)
{
	struct net_span span;

	return net_reader_readline((struct net_reader *)reader, &span);
}

static int cancel_read(void *arg)
{
	struct both both = open_pipe();
	struct async_task *task = async_create_task(wait_for_line, both.reader);
	struct net_span span;

	(void)arg;
	CHECK_INT(net_writer_write(both.writer, "ha", 2), 0);
	async_sleep(0.001);
	async_cancel(task);
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	CHECK_INT(net_writer_write(both.writer, "lf\n", 3), 0);
	CHECK_INT(net_reader_readline(both.reader, &span), 0);
	CHECK_MEM(span.ptr, span.len, "half\n", 5);
	net_writer_free(both.writer);
	net_reader_free(both.reader);
	return 0;
}

TEST(a_cancelled_read_of_a_pipe_loses_nothing)
{
	RUN(cancel_read);
}

/* ---- SIGPIPE ----------------------------------------------------------------------------------- */

/* The poller has not run: it is the write that finds out. */
static int write_to_nobody(void *arg)
{
	struct net_writer *writer;
	int fds[2];

	(void)arg;
	CHECK_INT(pipe(fds), 0);
	CHECK_INT(net_connect_write_pipe(&writer, fds[1]), 0);
	close(fds[0]);
	CHECK_INT(net_writer_write(writer, "x", 1), 0);
	CHECK_INT(net_writer_wait_closed(writer), -EPIPE);
	net_writer_free(writer);
	return 0;
}

TEST(a_write_to_nobody_raises_no_signal_and_changes_no_disposition)
{
	struct sigaction action;
	sigset_t mask;

	signal(SIGPIPE, SIG_DFL);
	RUN(write_to_nobody);
	CHECK_INT(sigaction(SIGPIPE, NULL, &action), 0);
	CHECK(action.sa_handler == SIG_DFL);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	CHECK_INT(sigismember(&mask, SIGPIPE), 0);
	CHECK_INT(sigpending(&mask), 0);
	CHECK_INT(sigismember(&mask, SIGPIPE), 0);
}

TEST(a_signal_that_was_pending_before_is_left_to_its_owner)
{
	sigset_t sigpipe, pending;
	int signo;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &sigpipe, NULL);
	raise(SIGPIPE);
	RUN(write_to_nobody);
	CHECK_INT(sigpending(&pending), 0);
	CHECK_INT(sigismember(&pending, SIGPIPE), 1);
	CHECK_INT(sigwait(&sigpipe, &signo), 0);
}

static int drain_to_nobody(void *arg)
{
	struct both both = open_pipe();
	struct async_task *task = async_create_task(fill, both.writer);

	(void)arg;
	async_sleep(0);
	async_sleep(0);
	net_reader_free(both.reader);
	CHECK_INT(async_await(task), -EPIPE);
	CHECK_INT(net_writer_wait_closed(both.writer), -EPIPE);
	net_writer_free(both.writer);
	return 0;
}

TEST(a_drain_ends_when_the_reader_goes)
{
	RUN(drain_to_nobody);
}

/* ---- Ownership --------------------------------------------------------------------------------- */

static int refuse(void *arg)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct net_reader *reader;
	struct net_writer *writer;

	(void)arg;
	CHECK_INT(net_connect_read_pipe(&reader, null), -EPERM);
	CHECK_INT(net_connect_write_pipe(&writer, null), -EPERM);
	CHECK_INT(close(null), 0);
	CHECK_INT(net_connect_read_pipe(&reader, null), -EBADF);
	return 0;
}

TEST(an_fd_that_was_refused_is_still_the_callers)
{
	RUN(refuse);
}

static int take(void *arg)
{
	struct net_reader *reader;
	int fds[2];

	(void)arg;
	CHECK_INT(pipe(fds), 0);
	CHECK_INT(net_connect_read_pipe(&reader, fds[0]), 0);
	CHECK(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	close(fds[1]);
	CHECK_INT(net_reader_read(reader, &(char){ 0 }, 1), 0);
	async_sleep(0);
	CHECK_INT(fcntl(fds[0], F_GETFD), -1); /* closed by itself, at its end */
	net_reader_free(reader);
	return 0;
}

TEST(a_read_pipe_closes_itself_at_its_end)
{
	RUN(take);
}

static int wait_in_vain(void *arg)
{
	struct both both = open_pipe();
	struct async_future never = { 0 };

	(void)arg;
	CHECK_INT(async_future_await(&never), ASYNC_ECANCELED);
	net_writer_free(both.writer);
	net_reader_free(both.reader);
	return 0;
}

TEST(an_open_pipe_that_nobody_waits_for_hides_no_deadlock)
{
	CHECK_INT(async_run(wait_in_vain, NULL), ASYNC_EDEADLOCK);
}

/* On a thread that the loop does not know, once it sleeps; later is as good. */
static void *close_later(void *fd)
{
	usleep(20000);
	close(*(int *)fd);
	return NULL;
}

static int wait_for_the_other_end(void *arg)
{
	struct net_writer *writer;
	pthread_t thread;
	int fds[2];

	(void)arg;
	CHECK_INT(pipe(fds), 0);
	CHECK_INT(net_connect_write_pipe(&writer, fds[1]), 0);
	CHECK_INT(pthread_create(&thread, NULL, close_later, &fds[0]), 0);
	CHECK_INT(net_writer_wait_closed(writer), 0);
	pthread_join(thread, NULL);
	net_writer_free(writer);
	return 0;
}

TEST(who_waits_for_the_other_end_to_go_is_in_no_deadlock)
{
	RUN(wait_for_the_other_end);
}

static char heard[512];

static void hear(const struct async_context *context, void *arg)
{
	(void)arg;
	strncat(heard, context->message, sizeof heard - strlen(heard) - 2);
	strcat(heard, "\n");
}

static int leave_open(void *arg)
{
	int *fds = arg;
	struct net_reader *reader;
	struct net_writer *writer;

	async_set_exception_handler(hear, NULL);
	CHECK_INT(pipe(fds), 0);
	CHECK_INT(net_connect_read_pipe(&reader, fds[0]), 0);
	CHECK_INT(net_connect_write_pipe(&writer, fds[1]), 0);
	return 0;
}

TEST(pipes_that_are_left_open_are_reported)
{
	int fds[2];

	CHECK_INT(async_run(leave_open, fds), 0);
	CHECK_STR(heard, format("unclosed transport <net_reader pipe fd=%d>\n"
				"unclosed transport <net_writer pipe fd=%d>\n",
				fds[0], fds[1]));
}

static int use_anyhow(void *arg)
{
	struct net_reader *reader;
	struct net_writer *writer;
	struct net_span span;
	int fds[2];

	(void)arg;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return 0;
	if (net_connect_read_pipe(&reader, fds[0]) < 0) {
		close(fds[0]);
		reader = NULL;
	}
	if (net_connect_write_pipe(&writer, fds[1]) < 0) {
		close(fds[1]);
		writer = NULL;
	}
	if (writer) {
		net_writer_write(writer, "line\nrest", 9);
		net_writer_close(writer);
	}
	if (reader) {
		net_reader_readline(reader, &span);
		net_reader_readall(reader, &span);
	}
	net_reader_free(reader);
	net_writer_free(writer);
	return 0;
}

static void run_anyhow(void)
{
	async_run(use_anyhow, NULL);
}

TEST_WITH_LIMIT(every_allocation_and_system_call_may_fail, 60)
{
	for_each_failing_allocation(run_anyhow);
	for_each_failing_syscall(run_anyhow);
}
