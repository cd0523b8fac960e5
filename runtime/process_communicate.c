/* SPDX-License-Identifier: MIT */
/*
 * process_communicate.c - input to a child and output from it, all at once, in one task.
 *
 * Each round tries every pipe that may be ready; when none moved, the task waits for any of them. What
 * has been read and how much was written is kept in the process, so that a call which was cancelled
 * can be made again.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base.h"
#include "runtime/fd.h"
#include "runtime/process.h"
#include "runtime/sigpipe.h"

/* What a pipe holds, on Linux: more cannot be read or written at once. */
#define CHUNK 65536

struct exchange {
	struct async_process *process;
	const char *input;
	size_t size;
	bool wanted[2]; /* stdout, stderr: else thrown away */
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- One try: 1 when something moved, 0 when nothing could, or a negative code ------------------ */

static int refused(int fd, enum fd_direction direction, ssize_t rc)
{
	if (rc == -EINTR)
		return 1;
	if (rc != -EAGAIN && rc != -EWOULDBLOCK)
		return (int)rc;
	fd_clear(fd, direction);
	return 0;
}

static int feed(struct exchange *exchange)
{
	struct async_process *process = exchange->process;
	int fd = process->pipes[0];
	ssize_t n = 0;

	if (process->fed < exchange->size)
		n = sigpipe_write(fd, exchange->input + process->fed,
				  least(exchange->size - process->fed, CHUNK));
	/* It has heard enough: as in asyncio, no error. */
	if (n == -EPIPE)
		process->fed = exchange->size;
	else if (n < 0)
		return refused(fd, FD_WRITE, n);
	else
		process->fed += (size_t)n;
	if (process->fed >= exchange->size)
		async_process_close_pipe(process, 0);
	return 1;
}

/* Room for at least one more byte than is allowed, which tells too much from just enough. */
static int reserve(struct process_output *output, size_t max)
{
	size_t capacity = output->capacity ? 2 * output->capacity : CHUNK;
	char *data;

	if (output->size < output->capacity)
		return 0;
	if (max < SIZE_MAX)
		capacity = least(capacity, max + 1);
	data = realloc(output->data, capacity + 1);
	if (!data)
		return ASYNC_ENOMEM;
	output->data = data;
	output->capacity = capacity;
	return 0;
}

static int drain(struct exchange *exchange, int number)
{
	struct async_process *process = exchange->process;
	struct process_output *output = &process->outputs[number - 1];
	int fd = process->pipes[number], rc;
	ssize_t n;

	if (output->size > process->max_output)
		return async_raise(-EMSGSIZE, "%s of pid %d is longer than max_output, %zu bytes",
				   number == 1 ? "stdout" : "stderr", (int)process->child.pid,
				   process->max_output);
	rc = reserve(output, process->max_output);
	if (rc < 0)
		return async_raise(rc, "no memory for the output of pid %d",
				   (int)process->child.pid);
	n = read(fd, output->data + output->size, output->capacity - output->size);
	if (n < 0)
		return refused(fd, FD_READ, -errno);
	if (n == 0)
		async_process_close_pipe(process, number);
	else if (exchange->wanted[number - 1])
		output->size += (size_t)n;
	return 1;
}

/* ---- All of them ------------------------------------------------------------------------------ */

static enum fd_direction direction_of(int number)
{
	return number == 0 ? FD_WRITE : FD_READ;
}

/* Each pipe that may be ready gets one try. */
static int try_all(struct exchange *exchange)
{
	const int *pipes = exchange->process->pipes;
	int moved = 0, rc;

	for (int i = 0; i < 3; i++) {
		if (pipes[i] < 0 || !fd_ready(pipes[i], direction_of(i)))
			continue;
		rc = i == 0 ? feed(exchange) : drain(exchange, i);
		if (rc < 0)
			return rc;
		moved |= rc;
	}
	return moved;
}

static int list_open(const struct async_process *process, struct fd_want wants[3])
{
	int count = 0;

	for (int i = 0; i < 3; i++)
		if (process->pipes[i] >= 0)
			wants[count++] = (struct fd_want){ process->pipes[i], direction_of(i) };
	return count;
}

ASYNC_SUSPENDS
static int move_all(const char *here, struct exchange *exchange)
{
	const struct async_process *process = exchange->process;
	struct fd_want wants[3];
	int count, rc;

	while ((count = list_open(process, wants)) > 0) {
		rc = try_all(exchange);
		if (rc == 0)
			rc = fd_wait_any(here, wants, count);
		else if (rc > 0)
			rc = fd_budget(here);
		if (process->closed)
			return ASYNC_ECLOSED;
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The loop knows the pipes only meanwhile, so that between two calls they can be used otherwise. */
ASYNC_SUSPENDS
static int with_pipes(const char *here, struct exchange *exchange)
{
	const struct async_process *process = exchange->process;
	const int *pipes = process->pipes;
	int known = 0, rc = 0;

	for (; known < 3 && rc == 0; known += rc == 0)
		rc = pipes[known] < 0 ? 0 : fd_open(here, pipes[known]);
	if (rc == 0)
		rc = move_all(here, exchange);
	while (known-- > 0)
		if (pipes[known] >= 0)
			fd_forget(pipes[known]);
	return rc;
}

static void hand_over(struct process_output *output, struct async_output *out)
{
	if (!out)
		return;
	*out = (struct async_output){ output->data, output->size };
	if (output->data)
		output->data[output->size] = 0;
	*output = (struct process_output){ 0 };
}

int async_process_communicate_at(const char *here, struct async_process *process, const void *input,
				 size_t size, struct async_output *out, struct async_output *err)
{
	struct exchange exchange = { process, input, size, { out != NULL, err != NULL } };
	int rc;

	must(!process->closed, "async_process_communicate at %s: the process is closed", here);
	if (process->communicating)
		return async_raise(ASYNC_EBUSY, "another task communicates with pid %d",
				   (int)process->child.pid);
	if (size && !process->feeds)
		return async_raise(ASYNC_EINVAL, "input for pid %d, whose stdin is no pipe",
				   (int)process->child.pid);
	process->communicating = true;
	process->users++;
	rc = with_pipes(here, &exchange);
	if (rc == 0)
		rc = async_process_wait_at(here, process, NULL);
	if (rc == 0) {
		hand_over(&process->outputs[0], out);
		hand_over(&process->outputs[1], err);
	}
	process->communicating = false;
	process->users--;
	process_drop(process);
	return rc;
}
