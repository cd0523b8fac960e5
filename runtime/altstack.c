/* SPDX-License-Identifier: MIT */
/*
 * altstack.c - sigaltstack(2), counted per thread. Nothing is changed where the program, or a
 * sanitizer, has set one up; and only our own is taken down again.
 */
#include "runtime/altstack.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>

/* Room for a register file with all vector extensions, and for the handlers that we chain to. */
enum { SIZE = 64 * 1024 };

static _Thread_local struct {
	int holds;
	void *memory; /* NULL: the stack is somebody else's */
} mine;
static pthread_key_t at_exit;
static int key_error;

static void take_down(void *memory)
{
	stack_t now, off = { .ss_flags = SS_DISABLE };

	if (sigaltstack(NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE) && now.ss_sp == memory)
		sigaltstack(&off, NULL);
	munmap(memory, SIZE);
	mine.memory = NULL;
	mine.holds = 0;
}

static void make_key(void)
{
	key_error = -pthread_key_create(&at_exit, take_down);
}

static int set_up(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	stack_t now, ours = { .ss_size = SIZE };
	int rc;

	if (sigaltstack(NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE))
		return 0;
	pthread_once(&once, make_key);
	if (key_error != 0)
		return key_error;
	ours.ss_sp = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ours.ss_sp == MAP_FAILED)
		return -errno;
	rc = sigaltstack(&ours, NULL) == 0 ? -pthread_setspecific(at_exit, ours.ss_sp) : -errno;
	if (rc == 0)
		mine.memory = ours.ss_sp;
	else
		take_down(ours.ss_sp);
	return rc;
}

int altstack_hold(void)
{
	int rc = mine.holds == 0 ? set_up() : 0;

	if (rc == 0)
		mine.holds++;
	return rc;
}

void altstack_drop(void)
{
	if (mine.holds == 0 || --mine.holds > 0 || mine.memory == NULL)
		return;
	pthread_setspecific(at_exit, NULL);
	take_down(mine.memory);
}
