/* SPDX-License-Identifier: MIT */
/*
 * sigpipe.c - sockets have MSG_NOSIGNAL, pipes have nothing of the kind.
 *
 * The signal of a write is its thread's: blocked here, it stays pending, and is taken back before
 * the mask becomes what it was. One that was pending before is somebody else's and left alone.
 */
#include "runtime/sigpipe.h"

#include "runtime/async.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

static bool is_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE);
}

ssize_t sigpipe_write(int fd, const void *data, size_t size)
{
	sigset_t only, before;
	bool of_another;
	ssize_t n;
	int taken;

	sigemptyset(&only);
	sigaddset(&only, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &only, &before);
	of_another = sigismember(&before, SIGPIPE) && is_pending();
	n = write(fd, data, size);
	if (n < 0)
		n = -errno;
	/* None is pending where the program ignores it. */
	if (n == -EPIPE && !of_another && is_pending())
		async_blocking("it is pending", 0.05)
			sigwait(&only, &taken);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}
