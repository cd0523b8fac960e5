/* SPDX-License-Identifier: MIT */
/* test_error.c - names and texts of codes, and the message that travels with one. */
#include "runtime/async.h"
#include "runtime/base.h"
#include "tests/harness.h"

TEST(each_code_has_a_name_and_a_text)
{
	CHECK_STR(async_errname(ASYNC_ETIMEOUT), "ASYNC_ETIMEOUT");
	CHECK_STR(async_strerror(ASYNC_ETIMEOUT), "timed out");
	CHECK_STR(async_errname(-ECONNREFUSED), "ECONNREFUSED");
	CHECK_STR(async_strerror(-ECONNREFUSED), "Connection refused");
	CHECK_STR(async_errname(-99999), "unknown");
	CHECK_STR(async_strerror(7), "unknown error");
}

TEST(a_registered_table_is_known_and_registering_it_twice_is_once)
{
	static const struct async_error_entry table[] = { { -70001, "MY_ECODE", "mine" } };

	for (int i = 0; i < 100; i++)
		async_register_errors(table, array_size(table));
	CHECK_STR(async_errname(-70001), "MY_ECODE");
	CHECK_STR(async_strerror(-70001), "mine");
}

static int fail(void *arg)
{
	(void)arg;
	return async_raise(-70002, "row %d of %s", 3, "list.txt");
}

static int pass_on(void *arg)
{
	struct async_task *task = async_create_task(fail, arg);

	return async_await(task);
}

static int read_error(void *arg)
{
	struct async_task *task = async_create_task(pass_on, arg);
	const struct async_error *error;

	CHECK_INT(async_await(task), -70002);
	error = async_task_error(task);
	CHECK_STR(error->message, "row 3 of list.txt");
	CHECK_STR(error->function, "fail");
	CHECK_CONTAINS(error->file, "test_error.c");
	CHECK(error->line > 0);
	return -70002;
}

TEST(message_and_place_travel_with_the_code_through_tasks_and_out_of_run)
{
	CHECK_INT(async_run(read_error, NULL), -70002);
	CHECK_INT(async_run_error()->code, -70002);
	CHECK(async_run_error()->message != NULL);
}

static int plain_code(void *arg)
{
	(void)arg;
	return -EIO;
}

static int read_plain(void *arg)
{
	struct async_task *task = async_create_task(plain_code, arg);

	async_await(task);
	CHECK_STR(async_task_error(task)->message, "Input/output error");
	CHECK_STR(async_task_error(task)->function, "plain_code");
	CHECK_CONTAINS(async_task_error(task)->file, "test_error.c");
	return 0;
}

TEST(a_code_without_a_message_gets_the_text_of_the_code)
{
	CHECK_INT(async_run(read_plain, NULL), 0);
	CHECK(async_run_error() == NULL);
}
