/* SPDX-License-Identifier: MIT */
/*
 * async_process.h - asyncio's subprocesses. A chapter of the manual.
 *
 *     const char *argv[] = { "sort", "-u", NULL };
 *     rc = async_create_subprocess_exec(&process, argv, &(struct async_process_options){
 *             .stdin_from = ASYNC_PIPE, .stdout_to = ASYNC_PIPE });
 *     if (rc < 0)
 *             return rc;                                 // "No such file or directory: 'sort'"
 *     rc = async_process_communicate(process, text, size, &sorted, NULL);
 *     async_process_returncode(process, &code);
 *     async_process_close(process);
 *
 * Rules for users:
 *  - A process is yours until async_process_close(), and of the loop that it was created in. A limit
 *    is async_timeout_begin() around a wait: it ends the wait, not the process.
 *  - The loop notices the end of each child by itself (a pidfd where the kernel has them, else a
 *    thread) and reaps it, whether somebody waits or not. SIGCHLD is left alone. A program that
 *    ignores SIGCHLD or reaps every child (waitpid(-1)) takes the exit status away: then the
 *    returncode is 255 and the warning "Unknown child process pid 7, will report returncode 255".
 *  - With a virtual clock time does not stand still for a child: a limit around its wait is over at once.
 *  - What still runs when its loop closes is reported ("unclosed transport ..."), killed and reaped.
 *    One that cannot even be killed is left alone: "Loop that handles pid 7 is closed".
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_PROCESS_H
#define LOOPHOUND_RUNTIME_ASYNC_PROCESS_H

#include <sys/types.h>

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct async_process;

/* asyncio.subprocess's PIPE, STDOUT, DEVNULL; where a number of 1 or more is an fd of the caller's. */
enum async_stdio {
	ASYNC_INHERIT = 0, /* ours, whatever it is */
	ASYNC_PIPE = -1,   /* a pipe; its other end is async_process_stdin() and so on */
	ASYNC_STDOUT = -2, /* stderr_to only: where stdout goes */
	ASYNC_DEVNULL = -3,
};

struct async_process_options {
	int stdin_from, stdout_to,
		stderr_to;	/* enum async_stdio, or an fd, which stays the caller's */
	const char *const *env; /* "NAME=value", NULL at the end; NULL: ours */
	const char *cwd;	/* NULL: ours */
	bool new_session;	/* setsid(): start_new_session=True */
	bool new_group;		/* setpgid(0, 0): process_group=0 */
	const int *pass_fds;	/* kept open under their own numbers; all else is closed */
	size_t pass_fd_count;
	size_t max_output; /* bytes that communicate() takes of each pipe; 0: ASYNC_MAX_OUTPUT */
};
#define ASYNC_MAX_OUTPUT ((size_t)64 << 20)

/*
 * asyncio.create_subprocess_exec(): starts argv[0], searched for in the PATH of its environment
 * unless it has a slash; argv ends with NULL. The child begins with an empty signal mask, SIGPIPE
 * and SIGXFSZ at their defaults, and fds 0 to 2 and pass_fds alone (close_fds=True). It is started by
 * posix_spawn() on a thread, because that returns only when the child has become the program, which
 * may be on a slow disk; nothing of this process is copied, however large it is. options may be NULL;
 * all arguments must stay valid until the call returns.
 * Returns 0 and *out, a negative errno of the exec (-ENOENT, -EACCES, -ENOEXEC) with a message that
 * names the program or cwd, whichever failed, -EMFILE, -EAGAIN, ASYNC_ENOMEM, ASYNC_EINVAL
 * (ASYNC_STDOUT for other than stderr), or ASYNC_ECANCELED: then the child, if there was one, is
 * killed.
 */
#define async_create_subprocess_exec(out, argv, ...) \
	async_create_subprocess_exec_at(ASYNC_HERE, (out), (argv), __VA_ARGS__)
ASYNC_SUSPENDS int async_create_subprocess_exec_at(const char *here, struct async_process **out,
						   const char *const *argv,
						   const struct async_process_options *options);

/* asyncio.create_subprocess_shell(): the same for /bin/sh -c command. */
#define async_create_subprocess_shell(out, command, ...) \
	async_create_subprocess_shell_at(ASYNC_HERE, (out), (command), __VA_ARGS__)
ASYNC_SUSPENDS int async_create_subprocess_shell_at(const char *here, struct async_process **out,
						    const char *command,
						    const struct async_process_options *options);

pid_t async_process_pid(const struct async_process *process);

/*
 * Process.returncode: false (None) until the loop has noticed the end. Then the exit status, or the
 * negative number of the signal that ended it: -9. returncode may be NULL.
 */
bool async_process_returncode(const struct async_process *process, int *returncode);

/*
 * Process.wait(): until the child has ended, and *returncode (may be NULL) is as above. Several tasks
 * may wait at once. Pipes are not waited for; a child that writes more than a pipe holds never ends
 * unless somebody reads: async_process_communicate() does both.
 * Returns 0, ASYNC_ECANCELED (the child runs on, and can be waited for again) or ASYNC_ECLOSED
 * (async_process_close() meanwhile).
 */
#define async_process_wait(process, returncode) \
	async_process_wait_at(ASYNC_HERE, (process), (returncode))
ASYNC_SUSPENDS int async_process_wait_at(const char *here, struct async_process *process,
					 int *returncode);

/*
 * Process.send_signal(), terminate() (SIGTERM), kill() (SIGKILL). 0, -ESRCH once the child is reaped
 * (asyncio's ProcessLookupError), -EPERM, -EINVAL. Never meets another process that got its pid.
 */
int async_process_send_signal(struct async_process *process, int signo);
int async_process_terminate(struct async_process *process);
int async_process_kill(struct async_process *process);

/* What a child wrote, with a NUL after it; data is the caller's, to be freed with free(). */
struct async_output {
	char *data; /* NULL: it was no pipe */
	size_t size;
};

/*
 * Process.communicate(): writes size bytes of input to stdin and closes it, reads stdout and stderr
 * to their ends, all at once, then waits for the child. out and err may be NULL: what comes is
 * thrown away. A child that closes its stdin early is no error, and raises no SIGPIPE. As in asyncio
 * the end of a pipe comes when the last holder has closed it, a grandchild included. No other task
 * may wait on the pipes meanwhile.
 * Returns 0; ASYNC_ECANCELED or a limit's code: the child runs on and nothing is lost, the same call
 * with the same arguments goes on where this one stopped; -EMSGSIZE when a pipe brought more than
 * max_output (the child runs on, and blocks); ASYNC_EINVAL for input when stdin is no pipe;
 * ASYNC_EBUSY when another task communicates with it; ASYNC_ECLOSED, ASYNC_ENOMEM, a negative errno.
 */
#define async_process_communicate(process, input, size, out, err) \
	async_process_communicate_at(ASYNC_HERE, (process), (input), (size), (out), (err))
ASYNC_SUSPENDS int async_process_communicate_at(const char *here, struct async_process *process,
						const void *input, size_t size,
						struct async_output *out, struct async_output *err);

/*
 * Our end of the child's fd 0, 1 or 2: non-blocking, close-on-exec, for async_wait_readable() and
 * the like. -1: it is no pipe, is closed or detached. It belongs to the process.
 */
int async_process_pipe(const struct async_process *process, int number);
#define async_process_stdin(process) async_process_pipe((process), 0)
#define async_process_stdout(process) async_process_pipe((process), 1)
#define async_process_stderr(process) async_process_pipe((process), 2)
/* The same end, which now belongs to the caller: for a stream that takes it over. */
int async_process_detach(struct async_process *process, int number);
/* Closes that end, so that the child reads end of file. Idempotent. 0 or a negative errno. */
int async_process_close_pipe(struct async_process *process, int number);

/*
 * transport.close(): ends the ownership. Closes the pipes, kills the child if it runs (the loop
 * reaps it as soon as it is dead), wakes who waits with ASYNC_ECLOSED. Does not suspend, so it can
 * stand in any clean-up. For a gentle end, terminate and wait before. NULL is fine.
 */
void async_process_close(struct async_process *process);

#ifdef __cplusplus
}
#endif
#endif
