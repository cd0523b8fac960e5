/* SPDX-License-Identifier: MIT */
/* real.c - scenarios on real time: run(), signals, threads, stop. Names as in asyncio_probe.py. */
#include <math.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "tests/conformance/trace.h"

struct left {
	const char *name;
	bool fails;
};

static int left_over(void *arg)
{
	const struct left *left = arg;

	if (async_sleep(3600) != ASYNC_ECANCELED)
		return 0;
	say("%s CancelledError", left->name);
	async_sleep(0);
	say("%s cleanup done", left->name);
	return left->fails ? exception("ZeroDivisionError('L2')") : ASYNC_ECANCELED;
}

static void hear(const struct async_context *context, void *arg)
{
	(void)arg;
	say("handler: %s %s keys=%s", context->message, describe(context->error), keys(context));
}

static int leave_two(void *arg)
{
	static struct left left[] = { { "L1", false }, { "L2", true } };

	(void)arg;
	async_set_exception_handler(hear, NULL);
	async_spawn(left_over, &left[0]);
	async_spawn(left_over, &left[1]);
	async_sleep(0);
	say("main returns");
	return 123;
}

REAL_SCENARIO(run_shutdown)
{
	say("run -> %d", async_run(leave_two, NULL));
}

static int left_alone(void *arg)
{
	int rc = async_sleep(3600);

	(void)arg;
	if (rc == ASYNC_ECANCELED)
		say("left CancelledError");
	return rc;
}

static int leave_one_and_fail(void *arg)
{
	(void)arg;
	async_spawn(left_alone, NULL);
	async_sleep(0);
	return exception("KeyError('m')");
}

REAL_SCENARIO(run_main_raises)
{
	say("raised %s", outcome(async_run(leave_one_and_fail, NULL)));
}

/* In a background job of a shell, SIGINT is ignored from the start. */
static void send_interrupt(void *arg)
{
	(void)arg;
	kill(getpid(), SIGINT);
}

static int sleep_until_interrupted(double seconds)
{
	struct async_timer timer = { 0 };
	int rc;

	async_call_later(&timer, 0.1, send_interrupt, NULL);
	rc = async_sleep(seconds);
	async_timer_cancel(&timer);
	return rc;
}

static int clean_up(void *arg)
{
	int rc = sleep_until_interrupted(30);

	(void)arg;
	if (rc != ASYNC_ECANCELED)
		return rc;
	say("main CE cancelling=%d", async_cancelling(async_current_task()));
	async_sleep(0);
	say("cleanup done");
	return rc;
}

REAL_SCENARIO(sigint)
{
	signal(SIGINT, SIG_DFL);
	if (async_run(clean_up, NULL) == ASYNC_EINTERRUPTED)
		say("raised KeyboardInterrupt()");
}

static int swallow(void *arg)
{
	(void)arg;
	if (sleep_until_interrupted(30) == ASYNC_ECANCELED)
		say("swallowed");
	return value("value");
}

REAL_SCENARIO(sigint_swallow)
{
	signal(SIGINT, SIG_DFL);
	say("run -> '%s'", outcome(async_run(swallow, NULL)));
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int block(void *arg)
{
	(void)arg;
	nanosleep(&(struct timespec){ .tv_nsec = 500000000 }, NULL);
	say("thread finished");
	return 7;
}

/* asyncio's to_thread() lets go of its thread; that is the form that works on a copy. */
static int on_thread(void *arg)
{
	return async_to_thread_copy(block, arg, 1, NULL);
}

static int cancel_awaiter(void *arg)
{
	double start = *(double *)arg;
	struct async_task *task = async_create_task(on_thread, "");

	async_sleep(0.1);
	async_cancel(task);
	if (async_await(task) == ASYNC_ECANCELED)
		say("awaiter CancelledError after %.1f s, thread still running", now() - start);
	return 0;
}

REAL_SCENARIO(to_thread_cancel)
{
	double start = now();

	async_run(cancel_awaiter, &start);
	say("run returned after %.1f s (waited for the thread)", now() - start);
}

static int stop_and_sleep(void *loop)
{
	async_loop_stop(loop);
	return async_sleep(10);
}

REAL_SCENARIO(run_until_complete_stopped)
{
	struct async_loop *loop = async_loop_new(NULL);
	struct async_task *task = async_create_task(stop_and_sleep, loop);
	struct async_future *future = async_task_future(task);

	if (async_loop_run_until_complete(loop, future) == ASYNC_ESTOPPED)
		say("RuntimeError: %s", async_strerror(ASYNC_ESTOPPED));
	async_cancel(task);
	if (async_loop_run_until_complete(loop, future) == ASYNC_ECANCELED)
		say("cancelled on the second run");
	async_loop_close(loop);
}

static void say_text(void *text)
{
	say("%s", (const char *)text);
}

struct stop {
	struct async_loop *loop;
	struct async_handle after;
};

static void stop_in_callback(void *arg)
{
	struct stop *stop = arg;

	say("a");
	async_loop_stop(stop->loop);
	async_call_soon(&stop->after, say_text, "scheduled by a after stop");
}

static void stop_loop(void *loop)
{
	async_loop_stop(loop);
}

REAL_SCENARIO(stop_semantics)
{
	struct async_loop *loop = async_loop_new(NULL);
	struct async_handle handles[4] = { 0 };
	struct stop stop = { .loop = loop };

	async_call_soon(&handles[0], stop_in_callback, &stop);
	async_call_soon(&handles[1], say_text, "b (queued before stop)");
	async_loop_run_forever(loop);
	say("run_forever returned");
	async_call_soon(&handles[2], stop_loop, loop);
	async_loop_run_forever(loop);
	say("second run_forever returned");
	async_loop_stop(loop);
	async_call_soon(&handles[3], say_text, "pre-stopped: one iteration");
	async_loop_run_forever(loop);
	async_loop_close(loop);
}

/* Names are masked, as in the probe; ours calls the main task main. */
static void warned(const char *text, void *arg)
{
	const char *name = strstr(text, "name='");

	(void)arg;
	if (name && strstr(name, "' coro=<") && strstr(name, " took 0."))
		say("WARNING: %.*sname='Task-N' ... took N.NNN seconds", (int)(name - text), text);
	else
		say("WARNING: %s", text);
}

static int slow(void *arg)
{
	(void)arg;
	async_set_warning_handler(warned, NULL);
	async_blocking("what holds the loop is what is tested", 0)
		nanosleep(&(struct timespec){ .tv_nsec = 150000000 }, NULL);
	return 0;
}

REAL_SCENARIO(debug_slow)
{
	async_run_with(slow, NULL, &(struct async_run_options){ .debug = true });
}
