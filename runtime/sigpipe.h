/* SPDX-License-Identifier: MIT */
/* sigpipe.h - write(2) to a pipe whose reader may be gone: -EPIPE, and never the signal. */
#ifndef LOOPHOUND_RUNTIME_SIGPIPE_H
#define LOOPHOUND_RUNTIME_SIGPIPE_H

#include <sys/types.h>

/* How many bytes, or a negative errno. Whatever the program does with SIGPIPE stays as it is. */
ssize_t sigpipe_write(int fd, const void *data, size_t size);

#endif
