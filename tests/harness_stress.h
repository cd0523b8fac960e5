/* SPDX-License-Identifier: MIT */
/* harness_stress.h - the rare made common: what harness_stress.c does in place of the system's calls. */
#ifndef LOOPHOUND_TESTS_HARNESS_STRESS_H
#define LOOPHOUND_TESTS_HARNESS_STRESS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Takes up what the environment says now; blocking_too: blocking pipes and sockets are our own code's. */
void stress_begin(bool blocking_too);
/* Is any of it on? */
bool stress_wanted(void);
/* Takes out of the environment what this test is excepted from; before stress_begin(). */
void stress_except(const char *binary, const char *test);

/* The fd belongs to a peer that a test plays: what it sends and when it closes is the test's script. */
void stress_spare(int fd);

/* Stands between the tests' code and ours; see stress/border.c. */
void stress_border(void);

ssize_t stress_read(int fd, void *buffer, size_t size);
ssize_t stress_write(int fd, const void *buffer, size_t size);
ssize_t stress_recv(int fd, void *buffer, size_t size, int flags);
ssize_t stress_send(int fd, const void *buffer, size_t size, int flags);
ssize_t stress_readv(int fd, const struct iovec *parts, int count);
ssize_t stress_writev(int fd, const struct iovec *parts, int count);
ssize_t stress_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t stress_sendmsg(int fd, const struct msghdr *message, int flags);
int stress_accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags);
int stress_connect(int fd, const struct sockaddr *peer, socklen_t length);

#endif
