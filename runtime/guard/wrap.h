/* SPDX-License-Identifier: MIT */
/*
 * wrap.h - how a wrapper is written: the function's type, its parameters and their names, and the system
 * call whose rule decides, with the arguments that the call would have.
 *
 *     WRAP(int, fsync, (int fd), (fd), NUMBER(fsync), A(fd))
 *     ENTRY(fsync),     in the table
 */
#ifndef LOOPHOUND_RUNTIME_GUARD_WRAP_H
#define LOOPHOUND_RUNTIME_GUARD_WRAP_H

#include "runtime/guard/rule.h"

#include <errno.h>
#include <stdio.h>

#define NUMBER(call) guard_numbers[CALL_##call]
#define A(argument) ((uint64_t)(uintptr_t)(argument))
#define NEVER A(0) /* a timeout that does not come */
/* What a timeout is given as, as what the rules take. */
#define SPAN(s, ns) (&(struct timespec){ (s), (ns) })
#define MS(ms) ((ms) < 0 ? NEVER : A(SPAN((ms) / 1000, (ms) % 1000 * 1000000L)))
#define US(t) ((t) == NULL ? NEVER : A(SPAN((t)->tv_sec, (t)->tv_usec * 1000)))

/* A stream in memory has none, which is no error of the program's. */
static inline int fd_of(FILE *file)
{
	int saved = errno, fd = file != NULL ? fileno(file) : -1;

	errno = saved;
	return fd;
}

#define CALLER ((uintptr_t)__builtin_return_address(0))

#define LOOK(name, number, ...) \
	if (guard_is_here())    \
	guard_look(name, number, (const uint64_t[6]){ __VA_ARGS__ }, CALLER)
#define LOOK_AT(name, severity) \
	if (guard_is_here())    \
	guard_look_at(name, severity, CALLER)

#define WRAP(type, name, parameters, arguments, number, ...) \
	static type(*real_##name) parameters;                \
	static type wrap_##name parameters                   \
	{                                                    \
		LOOK(#name, number, __VA_ARGS__);            \
		return real_##name arguments;                \
	}

/* For a function of many calls. */
#define WRAP_AT(type, name, parameters, arguments, severity) \
	static type(*real_##name) parameters;                \
	static type wrap_##name parameters                   \
	{                                                    \
		LOOK_AT(#name, severity);                    \
		return real_##name arguments;                \
	}

/* For a lock: only who does not get it at once has to wait. busy is what trying returns then. */
#define WRAP_LOCK(name, parameters, arguments, attempt, busy)     \
	static int(*real_##name) parameters;                      \
	static int wrap_##name parameters                         \
	{                                                         \
		if (guard_is_here()) {                            \
			int saved = errno, rc = (attempt);        \
                                                                  \
			if (rc != (busy))                         \
				return rc;                        \
			errno = saved;                            \
			guard_look_at(#name, GUARD_LOCK, CALLER); \
		}                                                 \
		return real_##name arguments;                     \
	}

#define ENTRY(name)                                                         \
	{                                                                   \
#name, (void *)(wrap_##name), (void **)(void *)&real_##name \
	}

#endif
