/* SPDX-License-Identifier: MIT */
/*
 * practice_rude.c - an origin that breaks the rules of HTTP, in raw bytes.
 *
 * Each path is answered with fixed bytes, and then the connection is closed, or kept open and
 * silent. The well-behaved origins redirect these paths here, so that any of them can be asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/practice_internal.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static const struct act {
	const char *path;
	const char *bytes;
	bool hold; /* silent afterwards instead of closed */
} acts[] = {
	{ "/truncate", OK "Content-Length: 1000\r\n\r\n{\"id\":1,", false },
	{ "/stall", OK "Content-Length: 1000\r\n\r\n{\"id\":1,", true },
	{ "/halfhead", "HTTP/1.1 200 OK\r\nContent-Ty", true },
	{ "/close", "", false },
	{ "/garbage", "SSH-2.0-OpenSSH_9.2\r\n", false },
	{ "/conflict",
	  OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", false },
	{ "/badchunk", OK "Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n", false },
	{ "/surplus", OK "Content-Length: 2\r\n\r\n{}junk", true },
};

struct practice_rude {
	struct net_listener *listener;
	struct async_task *task;
	int port;
};

static const struct act *find(const char *path, size_t length)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strlen(acts[i].path) == length && memcmp(acts[i].path, path, length) == 0)
			return &acts[i];
	return NULL;
}

bool practice_rude_knows(const char *path, size_t length)
{
	return find(path, length) != NULL;
}

/*
 * The path of a request; false when none came. The whole head is taken, in however many pieces it
 * comes: to close with some of it unread would be a reset.
 */
ASYNC_SUSPENDS
static bool read_path(struct net_stream *stream, char *path, size_t size)
{
	char head[1024] = "";
	size_t used = 0;

	while (used < sizeof(head) - 1 && strstr(head, "\r\n\r\n") == NULL) {
		ssize_t n = net_read(stream, head + used, sizeof(head) - 1 - used);

		if (n <= 0)
			return false;
		used += (size_t)n;
		head[used] = 0;
	}
	char *from = strchr(head, ' ');
	if (from == NULL)
		return false;
	from++;
	snprintf(path, size, "%.*s", (int)strcspn(from, " ?"), from);
	return true;
}

ASYNC_SUSPENDS
static int be_rude(void *arg)
{
	struct net_stream *stream = *(struct net_stream **)arg;
	char path[64], byte;

	if (read_path(stream, path, sizeof(path))) {
		const struct act *act = find(path, strlen(path));
		const char *bytes = act ? act->bytes : "HTTP/1.1 404 Not Found\r\n\r\n";

		if (net_write(stream, bytes, strlen(bytes)) == 0 && act != NULL && act->hold)
			while (net_read(stream, &byte, 1) > 0)
				;
	}
	net_close(stream);
	return 0;
}

ASYNC_SUSPENDS
static int accept_all(void *arg)
{
	struct practice_rude *rude = arg;
	struct async_task_options options = { .name = "rude", .copy = sizeof(struct net_stream *) };

	for (;;) {
		struct net_stream *stream;
		int rc = net_accept(rude->listener, &stream);

		if (rc == ASYNC_ECANCELED || rc == ASYNC_ECLOSED)
			return rc;
		if (rc == 0 && async_spawn_with(be_rude, &stream, &options) < 0)
			net_close(stream);
		/* No descriptor to be had, perhaps: a moment later there may be one. */
		if (rc < 0 && async_sleep(0.05) < 0)
			return ASYNC_ECANCELED;
	}
}

int practice_rude_start(struct practice_rude **out, const char *address)
{
	struct practice_rude *rude = calloc(1, sizeof(*rude));

	if (rude == NULL)
		return ASYNC_ENOMEM;
	int rc = net_listen(&rude->listener, address, 0);
	if (rc < 0) {
		free(rude);
		return async_raise(rc, "cannot listen on %s: %s", address, async_strerror(rc));
	}
	rude->port = net_listener_port(rude->listener);
	rude->task = async_create_task(accept_all, rude);
	if (rude->task == NULL) {
		net_listener_close(rude->listener);
		free(rude);
		return async_last_error();
	}
	*out = rude;
	return 0;
}

int practice_rude_port(const struct practice_rude *rude)
{
	return rude->port;
}

/* Those who are being treated rudely stay: they end with the loop, or by going away. */
ASYNC_SUSPENDS
void practice_rude_stop(struct practice_rude *rude)
{
	if (rude == NULL)
		return;
	async_cancel(rude->task);
	async_await(rude->task);
	async_task_release(rude->task);
	net_listener_close(rude->listener);
	free(rude);
}
