/* SPDX-License-Identifier: MIT */
/*
 * process.c - a process from create to close: who owns it, who waits for it, who hears of its end.
 *
 * It is freed when its owner has closed it, it is reaped, and no task is in a wait of its; until then
 * it stands in the loop's list, where the end of the loop finds it.
 */
#include "runtime/process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/list.h"
#include "runtime/spawn.h"
#include "runtime/task.h"
#include "runtime/trace/trace.h"
#include "runtime/waiter.h"

extern char **environ;

/* Threads that start programs: exec is short, and a disk that hangs does not get better with more. */
#define SPAWNERS 4
/* So often the end of a loop looks, once a millisecond, whether a child that it killed is dead. */
#define LOOKS_AT_THE_END 1000

static void free_process(struct async_process *process)
{
	list_remove(&process->node);
	free(process->outputs[0].data);
	free(process->outputs[1].data);
	free(process);
}

void process_drop(struct async_process *process)
{
	if (process->closed && process->child.ended && process->users == 0)
		free_process(process);
}

static void wake_all(struct async_process *process)
{
	list_for_each(node, &process->waiters)
		waiter_wake(waiter_of(node));
}

static void has_ended(struct child *child)
{
	struct async_process *process = container_of(child, struct async_process, child);

	trace_cause(loop_current, TRACE_BY_PROCESS, child->pid);
	wake_all(process);
	process_drop(process);
}

/* ---- Create ---------------------------------------------------------------------------------- */

static struct async_pool *spawners(struct async_loop *loop)
{
	if (!loop->spawners)
		loop->spawners = async_pool_new(SPAWNERS);
	return loop->spawners;
}

/* The loop's thread may change the environment while another one starts the child. */
static const char **copy_environment(void)
{
	size_t count = 0;
	const char **copy;

	while (environ[count])
		count++;
	copy = malloc((count + 1) * sizeof *copy);
	if (copy)
		memcpy(copy, environ, (count + 1) * sizeof *copy);
	return copy;
}

/* 0 or a negative code; spawn->pid says whether there is a child. */
static int run_spawn(struct task *task, const char *here, struct spawn *spawn)
{
	struct async_pool *pool = spawners(task->loop);
	const char **copy = NULL;
	int rc;

	if (!spawn->env)
		spawn->env = copy = copy_environment();
	if (!pool || !spawn->env) {
		free(copy);
		return async_raise(ASYNC_ENOMEM, "no memory for a child");
	}
	rc = async_pool_run_at(here, pool, spawn_run, spawn, 0, NULL);
	free(copy);
	if (rc < 0 && rc != ASYNC_ECANCELED && spawn->culprit)
		return async_raise(rc, "%s: '%s'", async_strerror(rc), spawn->culprit);
	return rc;
}

/* A child that nobody can watch is no use. This blocks for as long as dying takes. */
static int undo(struct async_process *process, int rc)
{
	kill(process->child.pid, SIGKILL);
	while (waitpid(process->child.pid, NULL, 0) < 0 && errno == EINTR)
		;
	process->child.pid = 0;
	return async_raise(rc, "nobody to wait for a child: %s", async_strerror(rc));
}

/* 0 or a negative code. Cancelled while it started, there is a child all the same. */
static int start(struct task *task, const char *here, struct async_process *process,
		 const char *const *argv, const struct async_process_options *options)
{
	struct process_stdio stdio;
	int rc = process_open_stdio(process, &stdio, options), watched;
	struct spawn spawn = {
		.argv = argv,
		.env = options->env,
		.cwd = options->cwd,
		.fds = { stdio.fds[0], stdio.fds[1], stdio.fds[2] },
		.pass_fds = options->pass_fds,
		.pass_fd_count = options->pass_fd_count,
		.new_session = options->new_session,
		.new_group = options->new_group,
	};

	if (rc == 0)
		rc = run_spawn(task, here, &spawn);
	process_close_stdio(&stdio);
	if (spawn.pid == 0)
		return rc;
	process->child.pid = spawn.pid;
	process->child.has_ended = has_ended;
	watched = child_watch(&process->child);
	return watched < 0 ? undo(process, watched) : rc;
}

int async_create_subprocess_exec_at(const char *here, struct async_process **out,
				    const char *const *argv,
				    const struct async_process_options *options)
{
	static const struct async_process_options defaults;
	struct task *task = task_here(here, "async_create_subprocess");
	struct async_process *process;
	int rc;

	must(argv && argv[0], "async_create_subprocess at %s: argv is empty", here);
	options = options ? options : &defaults;
	process = calloc(1, sizeof *process);
	if (!process)
		return async_raise(ASYNC_ENOMEM, "no memory for a child");
	process->max_output = options->max_output ? options->max_output : ASYNC_MAX_OUTPUT;
	list_append(&task->loop->processes, &process->node);
	rc = start(task, here, process, argv, options);
	if (process->child.pid == 0) {
		process_close_pipes(process);
		free_process(process);
		return rc;
	}
	if (rc < 0) {
		async_process_close(process);
		return rc;
	}
	*out = process;
	return 0;
}

int async_create_subprocess_shell_at(const char *here, struct async_process **out,
				     const char *command,
				     const struct async_process_options *options)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };

	return async_create_subprocess_exec_at(here, out, argv, options);
}

/* ---- While it runs --------------------------------------------------------------------------- */

pid_t async_process_pid(const struct async_process *process)
{
	return process->child.pid;
}

bool async_process_returncode(const struct async_process *process, int *returncode)
{
	if (process->child.ended && returncode)
		*returncode = process->child.returncode;
	return process->child.ended;
}

static void describe(struct wait_view *view, const struct async_future *future)
{
	struct async_process process;

	if (waiter_peek_owner(view, future, &process, sizeof process))
		wait_say(view, " %ld", (long)process.child.pid);
}

static const struct async_future_kind kind = { &kind, "subprocess", NULL, describe };

int async_process_wait_at(const char *here, struct async_process *process, int *returncode)
{
	struct task *task = task_here(here, "async_process_wait");
	struct waiter waiter;
	int rc = 0;

	must(!process->closed, "async_process_wait at %s: the process is closed", here);
	process->users++;
	if (!process->child.ended)
		rc = waiter_wait(&waiter, &process->waiters, task, here, &kind, process);
	if (rc == 0 && process->closed)
		rc = ASYNC_ECLOSED;
	if (rc == 0)
		async_process_returncode(process, returncode);
	process->users--;
	process_drop(process);
	return rc;
}

int async_process_send_signal(struct async_process *process, int signo)
{
	return child_signal(&process->child, signo);
}

int async_process_terminate(struct async_process *process)
{
	return async_process_send_signal(process, SIGTERM);
}

int async_process_kill(struct async_process *process)
{
	return async_process_send_signal(process, SIGKILL);
}

/* ---- The end --------------------------------------------------------------------------------- */

void async_process_close(struct async_process *process)
{
	if (!process)
		return;
	must(!process->closed, "async_process_close: the process is closed already");
	process->closed = true;
	process_close_pipes(process);
	(void)async_process_kill(process); /* one that has another owner by now (setuid) lives on */
	wake_all(process);
	process_drop(process);
}

/* The tasks that waited for its pipes are gone with their stacks: nobody is to be woken. */
static void end_with_loop(const struct async_loop *loop, struct async_process *process)
{
	const struct child *child = &process->child;
	bool open = false;

	for (int i = 0; i < 3; i++)
		if (process->pipes[i] >= 0) {
			close(process->pipes[i]);
			open = true;
		}
	if (child->pid == 0 || process->closed)
		return;
	if (!child->ended)
		debug_warn(loop, "unclosed transport <_UnixSubprocessTransport pid=%d running>",
			   (int)child->pid);
	else if (open)
		debug_warn(loop,
			   "unclosed transport <_UnixSubprocessTransport pid=%d returncode=%d>",
			   (int)child->pid, child->returncode);
	(void)child_signal(child, SIGKILL);
}

static void bury(const struct async_loop *loop, struct child *child)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < LOOKS_AT_THE_END && !child_reap(child, WNOHANG); i++)
		nanosleep(&moment, NULL);
	if (!child->ended)
		debug_warn(loop, "Loop that handles pid %d is closed", (int)child->pid);
	child_unwatch(child);
}

void process_close_all(struct async_loop *loop)
{
	list_for_each(node, &loop->processes)
		end_with_loop(loop, container_of(node, struct async_process, node));
	while (!list_empty(&loop->processes)) {
		struct async_process *process =
			container_of(loop->processes.next, struct async_process, node);

		if (process->child.pid && !process->child.ended)
			bury(loop, &process->child);
		free_process(process);
	}
}
