/* SPDX-License-Identifier: MIT */
/* further_fds.c - callbacks of fds: in which turn, before which timers. Names as in further_probe.py. */
#include <unistd.h>
#include <sys/socket.h>

#include "tests/conformance/trace.h"

struct pair {
	int a, b;
};

static struct pair one, two;

static void open_pair(struct pair *pair)
{
	int ends[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	*pair = (struct pair){ ends[0], ends[1] };
}

static void close_pair(const struct pair *pair)
{
	async_close(pair->a);
	async_close(pair->b);
}

static void log_text(void *text)
{
	trace("%s", (const char *)text);
}

static void turns(int count)
{
	while (count--) {
		yield(1);
		trace("turn");
	}
}

static void read_one(void *arg)
{
	char byte;

	(void)arg;
	CHECK_INT(read(one.a, &byte, 1), 1);
	trace("read %c", byte);
}

SCENARIO(reader_each_turn_while_ready)
{
	open_pair(&one);
	CHECK_INT(write(one.b, "abc", 3), 3);
	CHECK_INT(async_add_reader(one.a, read_one, NULL), 0);
	trace("added");
	turns(5);
	CHECK_INT(write(one.b, "d", 1), 1);
	yield(2);
	trace("removed %d 0", async_remove_reader(one.a));
	CHECK(!async_remove_reader(one.a));
	CHECK_INT(write(one.b, "e", 1), 1);
	yield(2);
	trace("end");
	close_pair(&one);
	return 0;
}

static void log_and_remove(void *text)
{
	trace("%s", (const char *)text);
	async_remove_reader(one.a);
}

SCENARIO(reader_before_timers_after_ready)
{
	struct async_timer timer = { 0 };
	struct async_handle soon = { 0 };

	open_pair(&one);
	CHECK_INT(write(one.b, "x", 1), 1);
	async_call_later(&timer, 0, log_text, "timer");
	async_call_soon(&soon, log_text, "soon");
	CHECK_INT(async_add_reader(one.a, log_and_remove, "reader"), 0);
	yield(1);
	trace("task");
	yield(1);
	close_pair(&one);
	return 0;
}

static void second(void *arg)
{
	(void)arg;
	trace("second");
	async_remove_reader(two.a);
}

static void replace(void *arg)
{
	(void)arg;
	trace("first");
	CHECK_INT(async_add_reader(two.a, second, NULL), 0);
	async_remove_reader(one.a);
}

static void remove_both(void *arg)
{
	bool other;

	(void)arg;
	trace("third");
	other = async_remove_reader(two.a);
	trace("%d %d", other, async_remove_reader(one.a));
}

SCENARIO(reader_replaced_before_it_ran)
{
	open_pair(&one);
	open_pair(&two);
	CHECK_INT(write(one.b, "x", 1), 1);
	CHECK_INT(write(two.b, "x", 1), 1);
	CHECK_INT(async_add_reader(one.a, replace, NULL), 0);
	CHECK_INT(async_add_reader(two.a, log_text, "never"), 0);
	turns(3);
	CHECK_INT(async_add_reader(one.a, remove_both, NULL), 0);
	CHECK_INT(async_add_reader(two.a, log_text, "never"), 0);
	turns(3);
	close_pair(&one);
	close_pair(&two);
	return 0;
}

SCENARIO(writer_and_reader_of_one_fd)
{
	char byte;

	open_pair(&one);
	CHECK_INT(async_add_writer(one.a, log_text, "writer"), 0);
	turns(1);
	CHECK_INT(write(one.b, "x", 1), 1);
	CHECK_INT(async_add_reader(one.a, log_text, "reader"), 0);
	turns(1);
	CHECK(async_remove_writer(one.a));
	turns(1);
	CHECK_INT(read(one.a, &byte, 1), 1);
	turns(1);
	close(one.b);
	CHECK_INT(async_add_writer(one.a, log_text, "writer"), 0);
	turns(1);
	CHECK(async_remove_reader(one.a) && async_remove_writer(one.a));
	async_close(one.a);
	return 0;
}

static void complete(void *future)
{
	log_and_remove("reader");
	async_future_set_result(future, 0);
}

static void send_later(void *arg)
{
	trace("timer");
	CHECK_INT(write(one.b, arg, 1), 1);
}

SCENARIO(reader_wakes_a_sleeping_loop)
{
	struct async_timer timers[2] = { 0 };
	struct async_future future;

	open_pair(&one);
	async_future_init(&future);
	CHECK_INT(async_add_reader(one.a, complete, &future), 0);
	async_call_later(&timers[0], 1, send_later, "x");
	async_call_later(&timers[1], 2, log_text, "later");
	CHECK_INT(async_future_await(&future), 0);
	trace("woken");
	async_sleep(2);
	trace("end");
	close_pair(&one);
	return 0;
}
