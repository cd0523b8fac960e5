/* SPDX-License-Identifier: MIT */
/* peer_proxy.c - see peer_proxy.h. */
#include "tests/peer_proxy.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base.h"
#include "tests/harness.h"

/* ---- Relaying -------------------------------------------------------------------------------- */

struct way {
	struct net_stream *from, *to;
};

static int relay(void *arg)
{
	const struct way *way = arg;
	char piece[4096];
	ssize_t n;

	while ((n = net_read(way->from, piece, sizeof(piece))) > 0)
		if (net_write(way->to, piece, (size_t)n) < 0)
			break;
	return 0;
}

/* Until one side ends; then both do. */
static void relay_both(struct net_stream *one, struct net_stream *other)
{
	struct way there = { one, other }, back = { other, one };
	struct async_task *tasks[] = { async_create_task(relay, &there),
				       async_create_task(relay, &back) };

	async_wait(tasks, 2, ASYNC_FIRST_COMPLETED, ASYNC_NO_TIMEOUT, NULL);
	for (int i = 0; i < 2; i++) {
		async_cancel(tasks[i]);
		async_await(tasks[i]);
		async_task_release(tasks[i]);
	}
}

static struct net_stream *reach(struct peer_proxy *proxy)
{
	struct net_stream *stream = NULL;

	CHECK_INT(net_connect(&stream, "127.0.0.1", proxy->target, NULL), 0);
	proxy->tunnels++;
	return stream;
}

static bool take(struct net_stream *stream, void *out, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = net_read(stream, (char *)out + at, size - at);

		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* ---- CONNECT --------------------------------------------------------------------------------- */

static bool hear_head(struct peer_proxy *proxy, struct net_stream *stream)
{
	size_t size = 0;

	memset(proxy->heard, 0, sizeof(proxy->heard));
	while (!strstr(proxy->heard, "\r\n\r\n"))
		if (size == sizeof(proxy->heard) - 1 || !take(stream, proxy->heard + size++, 1))
			return false;
	return true;
}

static struct net_stream *serve_http(struct peer_proxy *proxy, struct net_stream *stream)
{
	static const char ok[] = "HTTP/1.1 200 Connection established\r\n\r\n";
	struct net_stream *other;

	if (!hear_head(proxy, stream))
		return NULL;
	if (proxy->answer) {
		net_write(stream, proxy->answer, proxy->answer_size);
		return NULL;
	}
	other = reach(proxy);
	CHECK_INT(net_write(stream, ok, sizeof(ok) - 1), 0);
	return other;
}

/* ---- SOCKS5 ---------------------------------------------------------------------------------- */

static bool hear_user(struct peer_proxy *proxy, struct net_stream *stream)
{
	unsigned char head[2], size;
	char user[256] = "", password[256] = "";
	const unsigned char accepted[] = { 1, strcmp(proxy->user, "") != 0 };

	if (!take(stream, head, 2) || !take(stream, user, head[1]) || !take(stream, &size, 1) ||
	    !take(stream, password, size))
		return false;
	snprintf(proxy->user, sizeof(proxy->user), "%.30s:%.30s", user, password);
	return net_write(stream, accepted, 2) == 0 && accepted[1] == 0;
}

static bool hear_place(struct peer_proxy *proxy, struct net_stream *stream)
{
	unsigned char head[4], size = 0, host[256] = "", port[2];
	char text[256];

	if (!take(stream, head, 4))
		return false;
	size = head[3] == 1 ? 4 : 16;
	if (head[3] == 3 && !take(stream, &size, 1))
		return false;
	if (!take(stream, host, size) || !take(stream, port, 2))
		return false;
	if (head[3] == 1)
		snprintf(text, sizeof(text), "%d.%d.%d.%d", host[0], host[1], host[2], host[3]);
	else
		snprintf(text, sizeof(text), "%s", head[3] == 3 ? (char *)host : "[IPv6]");
	snprintf(proxy->heard, sizeof(proxy->heard), "%s:%d", text, port[0] << 8 | port[1]);
	return true;
}

static struct net_stream *serve_socks(struct peer_proxy *proxy, struct net_stream *stream)
{
	static const unsigned char ok[] = { 5, 0, 0, 3, 2, 'a', 'b', 0, 9 };
	unsigned char hello[2], methods[255], chosen[] = { 5, proxy->wants_user ? 2 : 0 };
	struct net_stream *other;

	if (!take(stream, hello, 2) || !take(stream, methods, hello[1]))
		return NULL;
	if (proxy->wants_user && !memchr(methods, 2, hello[1]))
		chosen[1] = 0xff;
	if (net_write(stream, chosen, 2) < 0 || chosen[1] == 0xff ||
	    (proxy->wants_user && !hear_user(proxy, stream)) || !hear_place(proxy, stream))
		return NULL;
	if (proxy->answer) {
		net_write(stream, proxy->answer, proxy->answer_size);
		return NULL;
	}
	other = reach(proxy);
	CHECK_INT(net_write(stream, ok, sizeof(ok)), 0);
	return other;
}

/* ---- Connections ----------------------------------------------------------------------------- */

struct served {
	struct peer_proxy *proxy;
	struct net_stream *stream;
};

static int serve_one(void *arg)
{
	struct served *served = arg;
	struct peer_proxy *proxy = served->proxy;
	struct net_stream *other = NULL;

	if (proxy->mute)
		(void)async_sleep(1e9);
	else
		other = proxy->socks ? serve_socks(proxy, served->stream)
				     : serve_http(proxy, served->stream);
	if (other)
		relay_both(served->stream, other);
	net_close(other);
	net_close(served->stream);
	return 0;
}

static int accept_all(void *arg)
{
	struct peer_proxy *proxy = arg;
	struct served served = { .proxy = proxy };
	int rc;

	async_task_group_enter(&proxy->connections);
	while ((rc = net_accept(proxy->listener, &served.stream)) == 0)
		async_task_release(async_task_group_create_task_copy(&proxy->connections, serve_one,
								     &served, sizeof(served)));
	return async_task_group_exit(&proxy->connections, rc);
}

void peer_proxy_start(struct peer_proxy *proxy)
{
	CHECK_INT(net_listen(&proxy->listener, "127.0.0.1", 0), 0);
	proxy->port = net_listener_port(proxy->listener);
	proxy->acceptor = async_create_task(accept_all, proxy);
	CHECK(proxy->acceptor != NULL);
}

void peer_proxy_stop(struct peer_proxy *proxy)
{
	async_cancel(proxy->acceptor);
	(void)async_await(proxy->acceptor);
	async_task_release(proxy->acceptor);
	net_listener_close(proxy->listener);
}
