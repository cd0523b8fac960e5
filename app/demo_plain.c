/* SPDX-License-Identifier: MIT */
/* demo_plain.c - an HTTP GET as one writes it without a loop: each call waits until it is done. */
#include <arpa/inet.h>
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

/* The first piece has the status line; the rest is read to the end, as a client does. */
static int read_status(int fd)
{
	char text[4096];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
	int status = -1;

	if (n <= 0)
		return -1;
	text[n] = 0;
	if (sscanf(text, "HTTP/1.1 %d", &status) != 1)
		return -1;
	while (n > 0)
		n = recv(fd, text, sizeof(text), 0);
	return n < 0 ? -1 : status;
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
	if (send(fd, request, (size_t)size, MSG_NOSIGNAL) == size)
		status = read_status(fd);
	close(fd);
	return status;
}
