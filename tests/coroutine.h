/* SPDX-License-Identifier: MIT */
/* coroutine.h - a bare context with a stack of its own, for tests of switching. */
#ifndef LOOPHOUND_TESTS_COROUTINE_H
#define LOOPHOUND_TESTS_COROUTINE_H

#include <stdint.h>
#include <sys/mman.h>

#include "runtime/context.h"
#include "tests/harness.h"

enum { STACK = 64 * 1024 };

struct coroutine {
	struct context context;
	struct context *home;
	int state;
	uint64_t sum;
};

static inline char *make_stack(size_t size)
{
	char *low = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(low != MAP_FAILED);
	return low;
}

static inline void create(struct coroutine *coroutine, struct context *home,
			  void (*entry)(void *arg))
{
	*coroutine = (struct coroutine){ .home = home };
	context_create(&coroutine->context, make_stack(STACK), STACK, entry, coroutine);
}

static inline void destroy(struct coroutine *coroutine)
{
	char *low = coroutine->context.low;

	context_destroy(&coroutine->context);
	munmap(low, STACK);
}

static inline void resume(struct coroutine *coroutine)
{
	context_switch(coroutine->home, &coroutine->context);
}

static inline void pause_here(struct coroutine *coroutine)
{
	context_switch(&coroutine->context, coroutine->home);
}

static inline void leave(struct coroutine *coroutine)
{
	context_exit(&coroutine->context, coroutine->home);
}

#endif
