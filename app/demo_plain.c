/* SPDX-License-Identifier: MIT */
/* demo_plain.c - an HTTP GET as one writes it without a loop: each call waits until it is done. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/demo_fetch.h"

static int connect_to(const char *address, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static ssize_t receive(int fd, char *bytes, size_t size)
{
	ssize_t n;

	do
		n = recv(fd, bytes, size, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

/* The status line, in however many pieces; the rest is read to the end, as a client does. */
static int read_status(int fd)
{
	char text[4096];
	size_t used = 0;
	ssize_t n = 1;
	int status = -1;

	while (n > 0 && used < sizeof("HTTP/1.1 200")) {
		n = receive(fd, text + used, sizeof(text) - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	}
	text[used] = 0;
	if (sscanf(text, "HTTP/1.1 %d", &status) != 1)
		return -1;
	while (n > 0)
		n = receive(fd, text, sizeof(text));
	return n < 0 ? -1 : status;
}

static bool send_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return false;
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

int demo_plain_get(const char *url)
{
	char address[64], path[64], request[256];
	int port;

	if (sscanf(url, "http://%63[^:]:%d%63s", address, &port, path) != 3)
		return -1;
	int fd = connect_to(address, port);
	if (fd < 0)
		return -1;
	int size = snprintf(request, sizeof(request),
			    "GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n", path,
			    address, port);
	int status = -1;
	if (send_all(fd, request, (size_t)size))
		status = read_status(fd);
	close(fd);
	return status;
}
