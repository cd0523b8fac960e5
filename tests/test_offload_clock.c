/* SPDX-License-Identifier: MIT */
/* test_offload_clock.c - to_thread on the virtual clock: time waits for the threads that work. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/fd.h"
#include "tests/harness.h"

static int poke(void *arg)
{
	CHECK_INT(write(*(int *)arg, "x", 1), 1);
	usleep(20000);
	return 0;
}

static int nap_an_hour(void *arg)
{
	(void)arg;
	return async_sleep(3600);
}

/* The byte is an event, but nobody waits for it: nothing is ready, and the thread still works. */
static int poke_and_sleep(void *arg)
{
	struct async_task *nap = async_create_task(nap_an_hour, NULL);
	int ends[2];

	(void)arg;
	CHECK(nap != NULL);
	CHECK_INT(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	CHECK_INT(fd_open(ASYNC_HERE, ends[0]), 0);
	CHECK_INT(async_sleep(0), 0);
	CHECK_INT(async_to_thread(poke, &ends[1]), 0);
	CHECK(async_time() == 0);
	CHECK(!async_task_done(nap));
	CHECK_INT(fd_close(ASYNC_HERE, ends[0]), 0);
	close(ends[1]);
	return 0;
}

TEST(time_does_not_jump_while_a_thread_works_whatever_else_happens)
{
	CHECK_INT(async_run_with(poke_and_sleep, NULL,
				 &(struct async_run_options){ .virtual_clock = true }),
		  0);
}
