/* SPDX-License-Identifier: MIT */
/* recorded.h - a short life of two tasks, and where the flight recorder writes it. */
#ifndef LOOPHOUND_TESTS_RECORDED_H
#define LOOPHOUND_TESTS_RECORDED_H

#include "runtime/async.h"
#include "tests/harness.h"

static inline int sleeper(void *arg)
{
	(void)arg;
	return async_sleep(0.001);
}

static inline int life(void *arg)
{
	struct async_task *task = async_create_task_with(
		sleeper, NULL, &(struct async_task_options){ .name = "sleeper" });

	(void)arg;
	async_sleep(0);
	return async_await(task);
}

static inline void live(void)
{
	CHECK_INT(async_run(life, NULL), 0);
}

static inline void record_to(const char *file, unsigned on)
{
	CHECK_INT(async_trace_configure(&(struct async_trace_options){ .file = file, .on = on }),
		  0);
}

#endif
