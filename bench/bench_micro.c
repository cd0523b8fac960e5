/* SPDX-License-Identifier: MIT */
/*
 * bench_micro.c - runs one of the small measurements in micro.h and prints its line of JSON.
 *
 * It takes the options that bench/peers/micro/ take, so that ours and theirs are called alike. The
 * Makefile links it with each way to switch stacks, too: bench-micro-asm and so on.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/units.h"
#include "bench/micro.h"
#include "runtime/async.h"

static const struct micro_mode *const modes[] = {
	&micro_switch_mode,	  &micro_yield_mode,  &micro_sched_yield_mode,
	&micro_pipe_mode,	  &micro_create_mode, &micro_heap_mode,
	&micro_near_mode,	  &micro_timers_mode, &micro_gate_mode,
	&micro_gate_threads_mode, &micro_sleep_mode,  &micro_bare_sleep_mode,
};
#define MODES (sizeof(modes) / sizeof(modes[0]))

int64_t micro_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int micro_run(const struct micro *micro, int (*program)(void *arg), void *arg)
{
	struct async_run_options options = { .virtual_clock = micro->virtual_clock };

	return async_run_with(program, arg, &options);
}

static int64_t cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

struct micro_start micro_begin(void)
{
	return (struct micro_start){ micro_now(), cpu_now() };
}

int micro_print(const struct micro *micro, int count, struct micro_start start)
{
	printf("{\"ns\":%.3f,\"cpu_ns\":%.3f,\"tasks\":%d,\"count\":%d}\n",
	       (double)(micro_now() - start.wall) / count, (double)(cpu_now() - start.cpu) / count,
	       micro->tasks, count);
	return 0;
}

static int usage(void)
{
	fputs("usage: bench-micro --mode M [--tasks N] [--count N] [--record] [--virtual]\n"
	      "  --tasks N   how many there are at once (1)\n"
	      "  --count N   how often, all together; 0: a number that takes half a second or so\n"
	      "  --record    with the flight recorder on\n"
	      "  --virtual   on the virtual clock\n",
	      stderr);
	for (size_t i = 0; i < MODES; i++)
		fprintf(stderr, "  --mode %-12s %s\n", modes[i]->name, modes[i]->what);
	return 2;
}

static const struct micro_mode *find(const char *name)
{
	for (size_t i = 0; i < MODES; i++)
		if (strcmp(modes[i]->name, name) == 0)
			return modes[i];
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "mode", required_argument, NULL, 'm' },
						 { "tasks", required_argument, NULL, 't' },
						 { "count", required_argument, NULL, 'n' },
						 { "record", no_argument, NULL, 'r' },
						 { "virtual", no_argument, NULL, 'v' },
						 { 0 } };
	static const struct async_trace_options recorder = { .size = 1 << 20 };
	struct micro micro = { .tasks = 1 };
	const struct micro_mode *mode = NULL;
	uint64_t number = 0;
	int option, rc;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'm' && (mode = find(optarg)))
			continue;
		else if (option == 't' && units_count(optarg, 10000000, &number) && number > 0)
			micro.tasks = (int)number;
		else if (option == 'n' && units_count(optarg, 1000000000, &number))
			micro.count = (int)number;
		else if (option == 'r')
			micro.record = true;
		else if (option == 'v')
			micro.virtual_clock = true;
		else
			return usage();
	}
	if (!mode || optind < argc)
		return usage();
	if (micro.record)
		async_trace_configure(&recorder);
	rc = mode->run(&micro);
	if (rc < 0)
		fprintf(stderr, "bench-micro: %s: %s\n", mode->name, async_strerror(rc));
	return rc < 0;
}
