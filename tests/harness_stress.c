/* SPDX-License-Identifier: MIT */
/*
 * harness_stress.c - the system as unfriendly as it may be, and no more than that.
 *
 * With STRESS_IO=seed in the environment a call of our own code reads or writes a byte where it asked
 * for many, is interrupted, or finds nothing just now; the poller hands out its events one by one. Each
 * answer is one that a kernel may give: whoever gets it must come to the same result. With
 * STRESS_STACKS=1 a stack that is put back is filled with junk.
 *
 * The trap: after a short read or EAGAIN an edge-triggered poller owes an edge as soon as there is more.
 * There is more at once, so the fd is taken out of the poller and put back, which reports it anew.
 * Where that cannot be done (another thread's loop), nothing is changed.
 */
#include "tests/harness_stress.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/loop.h"
#include "runtime/poll.h"
#include "runtime/stack.h"

enum {
	MAX_FDS = 1 << 16,
	BYTEWISE =
		500, /* so many calls on each fd are for one byte: a head, the start of a handshake */
	FAREWELL = 64,
	STAND = 16384, /* so much of a stack is filled: more than most have used */
};

static bool io, stacks, everything;
static atomic_uint_fast64_t dice;

static struct fd_state {
	/* Which poller knows the fd. */
	_Atomic(struct poller *) poller;
	atomic_uint generation;
	/* Which file it is; how much has gone through that; whether it is left alone. */
	atomic_ulong inode;
	atomic_uint bytes;
	atomic_bool spared;
} fds[MAX_FDS];

ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __real_write(int fd, const void *buffer, size_t size);
ssize_t __real_recv(int fd, void *buffer, size_t size, int flags);
ssize_t __real_send(int fd, const void *buffer, size_t size, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
int __real_accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags);
int __real_connect(int fd, const struct sockaddr *peer, socklen_t length);
int __real_poller_add(struct poller *poller, int fd, uint32_t generation);
void __real_poller_remove(struct poller *poller, int fd);
int __real_poller_wait(struct poller *poller, int64_t timeout, struct poll_event *events, int max);
void __real_stack_put(struct stack_pool *pool, struct stack *stack);

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] && strcmp(value, "0") != 0;
}

bool stress_wanted(void)
{
	return is_set("STRESS_IO") || is_set("STRESS_STACKS") || is_set("LOOPHOUND_SHUFFLE") ||
	       is_set("LOOPHOUND_FRESH_STACKS");
}

void stress_begin(bool blocking_too)
{
	io = is_set("STRESS_IO");
	stacks = is_set("STRESS_STACKS");
	everything = blocking_too;
	if (io)
		atomic_store(&dice, strtoull(getenv("STRESS_IO"), NULL, 0));
}

/* splitmix64; any thread. One of n. */
static bool one_in(unsigned n)
{
	uint64_t z = atomic_fetch_add(&dice, 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z >> 32) % n == 0;
}

/* ---- What may be done to an fd ---------------------------------------------------------------- */

/* A loop of another thread, or none: then nobody can be told that there is more. */
static bool is_elsewhere(int fd)
{
	struct poller *poller = fds[fd].poller;

	return poller && (!loop_current || loop_current->poller != poller);
}

static bool is_stream(int fd)
{
	int type = 0;
	socklen_t length = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

static bool is_blocking(int fd)
{
	return !(fcntl(fd, F_GETFL, 0) & O_NONBLOCK);
}

/* An fd may be another file's by now, of which nothing is known. */
static bool recognise(int fd, struct stat *status)
{
	if (fd < 0 || fd >= MAX_FDS || fstat(fd, status) < 0)
		return false;
	if (atomic_exchange(&fds[fd].inode, status->st_ino) != status->st_ino) {
		fds[fd].bytes = 0;
		fds[fd].spared = false;
	}
	return true;
}

/*
 * Messages and counters (datagrams, eventfds) come whole. A blocking pipe or socket in a test belongs to
 * the peer that the test plays.
 */
static bool may_meddle(int fd)
{
	struct stat status;

	if (!io || !recognise(fd, &status) || fds[fd].spared || is_elsewhere(fd))
		return false;
	if (S_ISREG(status.st_mode) || S_ISCHR(status.st_mode))
		return true;
	return (S_ISFIFO(status.st_mode) || is_stream(fd)) && (everything || !is_blocking(fd));
}

void stress_spare(int fd)
{
	struct stat status;

	if (recognise(fd, &status))
		fds[fd].spared = true;
}

/* The edge that is owed. */
static void report_again(int fd)
{
	int error = errno;
	struct poller *poller = fds[fd].poller;

	if (poller) {
		__real_poller_remove(poller, fd);
		if (__real_poller_add(poller, fd, fds[fd].generation) < 0)
			fds[fd].poller = NULL;
	}
	errno = error;
}

/* may_wait: EAGAIN is an answer, too. */
static bool fails(int fd, bool may_wait)
{
	if (!one_in(8))
		return false;
	if (one_in(2) || !may_wait || is_blocking(fd)) {
		errno = EINTR;
		return true;
	}
	report_again(fd);
	errno = EAGAIN;
	return true;
}

static size_t shorten(int fd, size_t size)
{
	if (size <= 1)
		return size;
	if (atomic_fetch_add(&fds[fd].bytes, 1) < BYTEWISE || one_in(8))
		return 1;
	return one_in(4) ? 1 + size / 2 : size;
}

/* ---- The calls -------------------------------------------------------------------------------- */

/* A pipe takes up to PIPE_BUF whole or not at all. */
static bool goes_whole(int fd, size_t size)
{
	struct stat status;

	return size <= PIPE_BUF && fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

/* n as it came from a call that was asked for less than size. */
static ssize_t done(int fd, ssize_t n, size_t asked, size_t size)
{
	if (asked < size)
		report_again(fd);
	return n;
}

ssize_t stress_read(int fd, void *buffer, size_t size)
{
	size_t asked;

	if (!may_meddle(fd))
		return __real_read(fd, buffer, size);
	if (fails(fd, true))
		return -1;
	asked = shorten(fd, size);
	return done(fd, __real_read(fd, buffer, asked), asked, size);
}

ssize_t stress_write(int fd, const void *buffer, size_t size)
{
	size_t asked;

	if (!may_meddle(fd))
		return __real_write(fd, buffer, size);
	if (fails(fd, true))
		return -1;
	asked = goes_whole(fd, size) ? size : shorten(fd, size);
	return done(fd, __real_write(fd, buffer, asked), asked, size);
}

/* A look (MSG_PEEK) asks what is there now: the answer stays true. */
ssize_t stress_recv(int fd, void *buffer, size_t size, int flags)
{
	size_t asked;

	if (flags & MSG_PEEK || !may_meddle(fd))
		return __real_recv(fd, buffer, size, flags);
	if (fails(fd, true))
		return -1;
	asked = shorten(fd, size);
	return done(fd, __real_recv(fd, buffer, asked, flags), asked, size);
}

/* Alerts and farewells are tried once: a kernel that has reported room has room for those. */
ssize_t stress_send(int fd, const void *buffer, size_t size, int flags)
{
	size_t asked;

	if (!may_meddle(fd))
		return __real_send(fd, buffer, size, flags);
	if (fails(fd, size > FAREWELL))
		return -1;
	asked = shorten(fd, size);
	return done(fd, __real_send(fd, buffer, asked, flags), asked, size);
}

/* Of several parts, only the first that is not empty. */
static const struct iovec *first_part(const struct iovec *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (parts[i].iov_len > 0)
			return &parts[i];
	return NULL;
}

ssize_t stress_readv(int fd, const struct iovec *parts, int count)
{
	const struct iovec *part = first_part(parts, (size_t)count);

	return part ? stress_read(fd, part->iov_base, part->iov_len) : 0;
}

ssize_t stress_writev(int fd, const struct iovec *parts, int count)
{
	const struct iovec *part = first_part(parts, (size_t)count);

	return part ? stress_write(fd, part->iov_base, part->iov_len) : 0;
}

ssize_t stress_recvmsg(int fd, struct msghdr *message, int flags)
{
	const struct iovec *part = first_part(message->msg_iov, message->msg_iovlen);
	struct msghdr few = *message;
	struct iovec one;
	ssize_t n;

	if (!part || flags & MSG_PEEK || !may_meddle(fd))
		return __real_recvmsg(fd, message, flags);
	if (fails(fd, true))
		return -1;
	one = (struct iovec){ part->iov_base, shorten(fd, part->iov_len) };
	few.msg_iov = &one;
	few.msg_iovlen = 1;
	n = done(fd, __real_recvmsg(fd, &few, flags), 0, 1);
	few.msg_iov = message->msg_iov;
	few.msg_iovlen = message->msg_iovlen;
	*message = few;
	return n;
}

ssize_t stress_sendmsg(int fd, const struct msghdr *message, int flags)
{
	const struct iovec *part = first_part(message->msg_iov, message->msg_iovlen);
	struct msghdr few = *message;
	struct iovec one;

	if (!part || !may_meddle(fd))
		return __real_sendmsg(fd, message, flags);
	if (fails(fd, true))
		return -1;
	one = (struct iovec){ part->iov_base, shorten(fd, part->iov_len) };
	few.msg_iov = &one;
	few.msg_iovlen = 1;
	return done(fd, __real_sendmsg(fd, &few, flags), 0, 1);
}

int stress_accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags)
{
	if (!may_meddle(fd))
		return __real_accept4(fd, peer, length, flags);
	if (fails(fd, true))
		return -1;
	if (one_in(8)) {
		report_again(fd);
		errno = ECONNABORTED;
		return -1;
	}
	return __real_accept4(fd, peer, length, flags);
}

/* It goes on by itself, as one that was interrupted does. */
int stress_connect(int fd, const struct sockaddr *peer, socklen_t length)
{
	int rc = __real_connect(fd, peer, length);

	/* A Unix socket connects at once or not at all. */
	if (!may_meddle(fd) || is_blocking(fd) || peer->sa_family == AF_UNIX ||
	    (rc < 0 && errno != EINPROGRESS) || !one_in(2))
		return rc;
	errno = one_in(2) ? EINTR : EINPROGRESS;
	return -1;
}

/* ---- What the runtime's own parts say to each other -------------------------------------------- */

int __wrap_poller_add(struct poller *poller, int fd, uint32_t generation);
int __wrap_poller_add(struct poller *poller, int fd, uint32_t generation)
{
	int rc = __real_poller_add(poller, fd, generation);

	if (rc == 0 && fd < MAX_FDS) {
		fds[fd].generation = generation;
		fds[fd].poller = poller;
	}
	return rc;
}

void __wrap_poller_remove(struct poller *poller, int fd);
void __wrap_poller_remove(struct poller *poller, int fd)
{
	if (fd >= 0 && fd < MAX_FDS)
		fds[fd].poller = NULL;
	__real_poller_remove(poller, fd);
}

/* A wait is interrupted, or gives fewer events than there are: those stay for the next time. */
int __wrap_poller_wait(struct poller *poller, int64_t timeout, struct poll_event *events, int max);
int __wrap_poller_wait(struct poller *poller, int64_t timeout, struct poll_event *events, int max)
{
	/*
	 * On a virtual clock a look that finds nothing makes the time jump: it has to be the truth. A poller
	 * without a loop is one that a test asks itself.
	 */
	bool jumps = timeout == 0 && loop_current && loop_current->virtual_clock;
	bool may = io && loop_current && !jumps;

	if (may && one_in(16))
		return 0;
	if (may && one_in(2))
		max = 1;
	return __real_poller_wait(poller, timeout, events, max);
}

void __wrap_stack_put(struct stack_pool *pool, struct stack *stack);
void __wrap_stack_put(struct stack_pool *pool, struct stack *stack)
{
	size_t size = stack->size < STAND ? stack->size : STAND;

	if (stacks)
		memset(stack->low + stack->size - size, 0xdb, size);
	__real_stack_put(pool, stack);
}
