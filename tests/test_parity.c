/* SPDX-License-Identifier: MIT */
/*
 * test_parity.c - the table "From asyncio" in runtime/README.md: every public name of CPython 3.13's
 * asyncio is in it, and every name of ours that it mentions exists.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/async.h"
#include "tests/harness.h"

/* asyncio.__all__ but what begins with _, and the methods that its objects have besides. */
static const char names[] =
	"ALL_COMPLETED AbstractChildWatcher AbstractEventLoop AbstractEventLoopPolicy AbstractServer "
	"Barrier BaseEventLoop BaseProtocol BaseTransport BoundedSemaphore BrokenBarrierError "
	"BufferedProtocol CancelledError Condition DatagramProtocol DatagramTransport "
	"DefaultEventLoopPolicy Event EventLoop FIRST_COMPLETED FIRST_EXCEPTION FastChildWatcher "
	"Future Handle IncompleteReadError InvalidStateError LifoQueue LimitOverrunError Lock "
	"MultiLoopChildWatcher PidfdChildWatcher PriorityQueue Protocol Queue QueueEmpty QueueFull "
	"QueueShutDown ReadTransport Runner SafeChildWatcher SelectorEventLoop Semaphore "
	"SendfileNotAvailableError Server StreamReader StreamReaderProtocol StreamWriter "
	"SubprocessProtocol SubprocessTransport Task TaskGroup ThreadedChildWatcher Timeout "
	"TimeoutError TimerHandle Transport WriteTransport all_tasks as_completed "
	"create_eager_task_factory create_subprocess_exec create_subprocess_shell create_task "
	"current_task eager_task_factory ensure_future gather get_child_watcher get_event_loop "
	"get_event_loop_policy get_running_loop iscoroutine iscoroutinefunction isfuture "
	"new_event_loop open_connection open_unix_connection run run_coroutine_threadsafe "
	"set_child_watcher set_event_loop set_event_loop_policy shield sleep start_server "
	"start_unix_server timeout timeout_at to_thread wait wait_for wrap_future "
	/* the loop's */
	"add_reader add_signal_handler add_writer call_at call_exception_handler call_later call_soon "
	"call_soon_threadsafe close connect_accepted_socket connect_read_pipe connect_write_pipe "
	"create_connection create_datagram_endpoint create_future create_server "
	"create_unix_connection create_unix_server default_exception_handler get_debug "
	"get_exception_handler get_task_factory getaddrinfo getnameinfo is_closed is_running "
	"remove_reader remove_signal_handler remove_writer run_forever run_in_executor "
	"run_until_complete sendfile set_debug set_default_executor set_exception_handler "
	"set_task_factory shutdown_asyncgens shutdown_default_executor sock_accept sock_connect "
	"sock_recv sock_recv_into sock_recvfrom sock_recvfrom_into sock_sendall sock_sendfile "
	"sock_sendto start_tls stop subprocess_exec subprocess_shell time "
	/* the others' */
	"add_done_callback cancel cancelled cancelling done exception get_context get_coro get_loop "
	"get_name get_stack print_stack remove_done_callback result set_exception set_name set_result "
	"uncancel when empty full get get_nowait join maxsize put put_nowait qsize shutdown task_done "
	"expired reschedule acquire locked release notify notify_all abort broken n_waiting parties "
	"reset clear is_set set "
	/* the streams' */
	"at_eof feed_data feed_eof read readexactly readline readuntil set_transport can_write_eof drain "
	"get_extra_info is_closing wait_closed write write_eof writelines transport get_write_buffer_limits "
	"get_write_buffer_size is_reading pause_reading resume_reading set_write_buffer_limits "
	"abort_clients close_clients is_serving serve_forever sockets start_serving";

static char *table(void)
{
	char *text = read_file(in_source("runtime/README.md"), NULL);
	char *begin = strstr(text, "## From asyncio"), *end;

	CHECK(begin != NULL);
	end = strstr(begin + 3, "\n## ");
	if (end)
		*end = '\0';
	return begin;
}

TEST(every_name_of_asyncio_is_in_the_table)
{
	const char *text = table();
	char *rest = format("%s", names), *name;
	int missing = 0;

	while ((name = strsep(&rest, " "))) {
		/* "Runner.run" counts for run. */
		if (strstr(text, format("`%s`", name)) || strstr(text, format(".%s`", name)))
			continue;
		printf("not in the table: %s\n", name);
		missing++;
	}
	CHECK_INT(missing, 0);
}

static const char *const headers[] = {
	"async.h",	   "async_callback.h", "async_concurrent.h", "async_error.h",
	"async_fd.h",	   "async_future.h",   "async_local.h",	     "async_loop.h",
	"async_queue.h",   "async_scope.h",    "async_sync.h",	     "async_taskgroup.h",
	"async_thread.h",  "async_timeout.h",  "async_wait.h",	     "../net/net.h",
	"async_process.h", "async_dump.h",     "../net/datagram.h",  "../net/streams.h",
};

static bool is_declared(const char *name)
{
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		const char *text = read_file(in_source(format("runtime/%s", headers[i])), NULL);

		for (const char *at = text; (at = strstr(at, name)); at++)
			if (!isalnum((unsigned char)at[strlen(name)]) && at[strlen(name)] != '_')
				return true;
	}
	return false;
}

TEST(every_name_of_ours_in_the_table_exists)
{
	int unknown = 0, known = 0;

	for (char *at = table(); (at = strchr(at, '`')); at++) {
		char *name = format("%.*s", (int)strcspn(at + 1, "`"), at + 1);

		at += strlen(name) + 1;
		if (strncmp(name, "async_", 6) && strncmp(name, "ASYNC_", 6) &&
		    strncmp(name, "net_", 4) && strncmp(name, "NET_", 4))
			continue;
		known++;
		if (is_declared(name))
			continue;
		printf("in the table, but nowhere: %s\n", name);
		unknown++;
	}
	CHECK_INT(unknown, 0);
	CHECK(known > 100);
}

/* ---- What one can ask ---------------------------------------------------------------------------- */

static void nothing(void *arg)
{
	(void)arg;
}

static int ask(void *arg)
{
	struct async_handle handle = { 0 };
	struct async_timer timer = { 0 };
	struct async_timeout limit;
	struct async_task *self = async_current_task();

	CHECK(!async_handle_scheduled(&handle) && !async_timer_scheduled(&timer));
	async_call_soon(&handle, nothing, NULL);
	async_call_later(&timer, 2, nothing, NULL);
	CHECK(async_handle_scheduled(&handle) && async_timer_scheduled(&timer));
	CHECK_NEAR(async_timer_when(&timer), 2, 1e-6);
	async_handle_cancel(&handle);
	async_sleep(3);
	CHECK(!async_handle_scheduled(&handle) && !async_timer_scheduled(&timer));

	async_timeout_begin(&limit, ASYNC_NO_TIMEOUT);
	CHECK(async_timeout_when(&limit) == ASYNC_NO_TIMEOUT);
	async_timeout_reschedule(&limit, 4);
	CHECK_NEAR(async_timeout_when(&limit), 7, 1e-6);
	CHECK_INT(async_timeout_end(&limit, 0), 0);

	CHECK_STR(async_task_name(self), "main");
	CHECK_INT(async_task_set_name(self, "renamed"), 0);
	CHECK_STR(async_task_name(self), "renamed");
	self = async_create_task(ask, arg);
	CHECK_STR(async_task_coro_name(self), "ask");
	CHECK_CONTAINS(async_task_created_at(self), "tests/test_parity.c:");
	async_cancel(self);

	*(struct async_loop **)arg = async_get_running_loop();
	CHECK(!async_loop_is_closed(async_get_running_loop()));
	return 0;
}

TEST(handles_timers_limits_tasks_and_loops_answer)
{
	struct async_loop *loop;

	CHECK_INT(async_run_with(ask, &loop, &(struct async_run_options){ .virtual_clock = true }),
		  0);
	CHECK(async_loop_is_closed(loop));
}

static void pass_on(const struct async_context *context, void *arg)
{
	(void)arg;
	async_default_exception_handler(context);
}

static int fail_in_vain(void *arg)
{
	(void)arg;
	return async_raise(ASYNC_EFAILED, "in vain");
}

static int spawn_failure(void *arg)
{
	async_set_exception_handler(pass_on, arg);
	CHECK_INT(async_spawn(fail_in_vain, NULL), 0);
	return async_sleep(0.001);
}

static void report_and_die(void)
{
	async_run(spawn_failure, NULL);
	abort();
}

TEST(a_handler_can_pass_on_to_the_default_one)
{
	EXPECT_ABORT(report_and_die(), "Task exception was never retrieved", "in vain");
}
