/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - from argv, environment and fds to a pid or an errno, on any thread.
 *
 * posix_spawn() and not fork(): the child is created in the memory of its parent, which costs the
 * same however large that is, and runs nothing of ours between fork and exec, where other threads'
 * locks are held for ever. Its price is that the calling thread waits for the exec.
 */
#include "runtime/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/portable.h"

#define CANDIDATE_MAX 4096 /* bytes of a path to try; on a thread's stack */

struct start {
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int lifted[3]; /* copies of fds that were in the way; -1: none */
};

/* ---- The child's fds ------------------------------------------------------------------------- */

/*
 * What becomes fd 0 to 2 must not be one of these itself, lest it be overwritten before its turn.
 * 0 or an errno.
 */
static int lift(struct start *start, int fds[3])
{
	for (int i = 0; i < 3; i++) {
		if (fds[i] < 0 || fds[i] > 2 || fds[i] == i)
			continue;
		start->lifted[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (start->lifted[i] < 0)
			return errno;
		fds[i] = start->lifted[i];
	}
	return 0;
}

/* Closed here, perhaps, and then another thread's file may have the number: that is close-on-exec. */
static bool is_inherited(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

static int place_stdio(struct start *start, const int fds[3])
{
	int error = 0;

	for (int i = 0; i < 3 && error == 0; i++) {
		if (fds[i] >= 0 && fds[i] != i)
			error = posix_spawn_file_actions_adddup2(&start->actions, fds[i], i);
		else if (fds[i] == i || (PORTABLE_SPAWN_FLAGS && is_inherited(i)))
			error = portable_spawn_keep(&start->actions, i);
	}
	return error;
}

/* The smallest fd to be passed that is not below from; -1: none. */
static int next_passed(const struct spawn *spawn, int from)
{
	int next = -1;

	for (size_t i = 0; i < spawn->pass_fd_count; i++)
		if (spawn->pass_fds[i] >= from && (next < 0 || spawn->pass_fds[i] < next))
			next = spawn->pass_fds[i];
	return next;
}

/* All from 3 on are closed, but for those that are passed. */
static int close_others(struct start *start, const struct spawn *spawn)
{
	int from = 3, passed, error = 0;

	while (error == 0 && (passed = next_passed(spawn, from)) >= 0) {
		for (; from < passed && error == 0 && !PORTABLE_SPAWN_FLAGS; from++)
			error = posix_spawn_file_actions_addclose(&start->actions, from);
		if (error == 0)
			error = portable_spawn_keep(&start->actions, passed);
		from = passed + 1;
	}
	return error == 0 ? portable_spawn_close_from(&start->actions, from) : error;
}

static int set_actions(struct start *start, const struct spawn *spawn)
{
	int fds[3] = { spawn->fds[0], spawn->fds[1], spawn->fds[2] };
	int error = lift(start, fds);

	if (error == 0)
		error = place_stdio(start, fds);
	if (error == 0)
		error = close_others(start, spawn);
	if (error == 0 && spawn->cwd)
		error = posix_spawn_file_actions_addchdir_np(&start->actions, spawn->cwd);
	return error;
}

/* ---- The child's signals, session and group -------------------------------------------------- */

/* As CPython's restore_signals: what is handled here becomes the default by itself, ignored does not. */
static void set_attributes(struct start *start, const struct spawn *spawn)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | PORTABLE_SPAWN_FLAGS;
	sigset_t signals;

	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&start->attributes, &signals);
	sigaddset(&signals, SIGPIPE);
	sigaddset(&signals, SIGXFSZ);
	posix_spawnattr_setsigdefault(&start->attributes, &signals);
	if (spawn->new_session)
		flags |= POSIX_SPAWN_SETSID;
	if (spawn->new_group)
		flags |= POSIX_SPAWN_SETPGROUP;
	posix_spawnattr_setflags(&start->attributes, flags);
}

/* ---- The program ----------------------------------------------------------------------------- */

static const char *search_path(const char *const *env)
{
	for (; *env; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return "/bin:/usr/bin";
}

/* A negative errno, or 0 and spawn->pid. */
static int try_program(struct start *start, struct spawn *spawn, const char *path)
{
	/* The prototype's char *const[] is older than const; nothing is written there. */
	int error = posix_spawn(&spawn->pid, path, &start->actions, &start->attributes,
				(char *const *)(uintptr_t)spawn->argv,
				(char *const *)(uintptr_t)spawn->env);

	if (error != 0)
		spawn->pid = 0;
	return -error;
}

/* As execvpe(): the first that can be executed; else what was wrong with the last that is there. */
static int search(struct start *start, struct spawn *spawn)
{
	const char *at = search_path(spawn->env);
	char candidate[CANDIDATE_MAX];
	int rc, kept = -ENOENT;

	for (;;) {
		size_t length = strcspn(at, ":");
		int size = snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)length, at,
				    length ? "/" : "", spawn->argv[0]);

		if (size >= (int)sizeof candidate)
			rc = -ENAMETOOLONG;
		/* A relative path is the child's, who has another directory, perhaps. */
		else if (candidate[0] == '/' && access(candidate, F_OK) < 0)
			rc = -errno;
		else
			rc = try_program(start, spawn, candidate);
		if (rc == 0)
			return 0;
		if (rc != -ENOENT && rc != -ENOTDIR)
			kept = rc;
		if (!at[length])
			return kept;
		at += length + 1;
	}
}

/* posix_spawn() does not say whether it failed at the directory or at the program: look before. */
static int check_directory(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return -ENOTDIR;
	return access(path, X_OK) < 0 ? -errno : 0;
}

static int start_program(struct start *start, struct spawn *spawn)
{
	int rc = spawn->cwd ? check_directory(spawn->cwd) : 0;

	spawn->culprit = spawn->cwd;
	if (rc < 0)
		return rc;
	spawn->culprit = spawn->argv[0];
	if (strchr(spawn->argv[0], '/'))
		return try_program(start, spawn, spawn->argv[0]);
	return search(start, spawn);
}

int spawn_run(void *arg)
{
	struct spawn *spawn = arg;
	struct start start = { .lifted = { -1, -1, -1 } };
	int rc;

	rc = -posix_spawn_file_actions_init(&start.actions);
	if (rc < 0)
		return rc;
	rc = -posix_spawnattr_init(&start.attributes);
	if (rc == 0) {
		set_attributes(&start, spawn);
		rc = -set_actions(&start, spawn);
		if (rc == 0)
			rc = start_program(&start, spawn);
		posix_spawnattr_destroy(&start.attributes);
	}
	posix_spawn_file_actions_destroy(&start.actions);
	for (int i = 0; i < 3; i++)
		if (start.lifted[i] >= 0)
			close(start.lifted[i]);
	return rc;
}
