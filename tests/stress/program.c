/* SPDX-License-Identifier: MIT */
/*
 * program.c - whole programs under stress: linked into build/stressed/collect and its like, it sends
 * their calls through harness_stress.c. In the tests harness_faults.c does, which may also break them.
 */
#include "tests/harness_stress.h"

__attribute__((constructor)) static void begin(void)
{
	stress_begin(true);
}

#define WRAP(type, name, parameters, arguments) \
	type __wrap_##name parameters;          \
	type __wrap_##name parameters           \
	{                                       \
		return stress_##name arguments; \
	}

WRAP(ssize_t, read, (int a, void *b, size_t c), (a, b, c))
WRAP(ssize_t, write, (int a, const void *b, size_t c), (a, b, c))
WRAP(ssize_t, recv, (int a, void *b, size_t c, int d), (a, b, c, d))
WRAP(ssize_t, send, (int a, const void *b, size_t c, int d), (a, b, c, d))
WRAP(ssize_t, readv, (int a, const struct iovec *b, int c), (a, b, c))
WRAP(ssize_t, writev, (int a, const struct iovec *b, int c), (a, b, c))
WRAP(ssize_t, recvmsg, (int a, struct msghdr *b, int c), (a, b, c))
WRAP(ssize_t, sendmsg, (int a, const struct msghdr *b, int c), (a, b, c))
WRAP(int, accept4, (int a, struct sockaddr *b, socklen_t *c, int d), (a, b, c, d))
WRAP(int, connect, (int a, const struct sockaddr *b, socklen_t c), (a, b, c))
