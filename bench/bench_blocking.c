/* SPDX-License-Identifier: MIT */
/*
 * bench_blocking.c - runs one cell of the experiment in blocking.h and prints one line of JSON.
 *
 * The line has only what was measured; what it means beside other lines (speed-up, noise, whether the
 * machine was too busy) is for whoever runs many: bench/bench-blocking. bench/peers/README.md lists the
 * names. Exit: 0, 1 when it could not be run, 2 for wrong options.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "app/units.h"
#include "bench/blocking.h"
#include "http/loophound.h"

static const char help[] =
	"usage: bench-blocking [OPTIONS] [URL...]\n"
	"  --mode M      serial   no loop, one task after another\n"
	"                threads  a thread for each task\n"
	"                pool     a pool of threads\n"
	"                block    coroutines that block the loop\n"
	"                yield    coroutines that step aside (this one if none is named)\n"
	"                offload  coroutines that block a thread of a pool\n"
	"  --tasks N     (10)     --block TIME  how long a pause is (50ms)\n"
	"  --share N     how many tasks in a hundred pause (100)\n"
	"  --threads N   of the pool (6)\n"
	"With URLs, task i asks for the i-th of them, round and round, after its pause.\n"
	"Times are 250ms, 5s; a bare number is seconds.\n";

static const struct blocking_mode *find_mode(const char *name)
{
	for (int i = 0; i < 3; i++) {
		if (strcmp(blocking_plain_modes[i].name, name) == 0)
			return &blocking_plain_modes[i];
		if (strcmp(blocking_loop_modes[i].name, name) == 0)
			return &blocking_loop_modes[i];
	}
	return NULL;
}

static bool take_number(const char *text, uint64_t least, uint64_t most, int *number)
{
	uint64_t value = 0;

	if (!units_count(text, most, &value) || value < least)
		return false;
	*number = (int)value;
	return true;
}

static bool parse(struct blocking *cell, int argc, char **argv)
{
	static const struct option options[] = { { "mode", required_argument, NULL, 'm' },
						 { "tasks", required_argument, NULL, 'n' },
						 { "block", required_argument, NULL, 'b' },
						 { "share", required_argument, NULL, 's' },
						 { "threads", required_argument, NULL, 't' },
						 { 0 } };
	bool good = true;
	int option;

	while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'm')
			good = (cell->mode = find_mode(optarg)) != NULL;
		else if (option == 'n')
			good = take_number(optarg, 1, 1000000, &cell->tasks);
		else if (option == 'b')
			good = units_duration(optarg, &cell->pause);
		else if (option == 's')
			good = take_number(optarg, 0, 100, &cell->share);
		else
			good = option == 't' && take_number(optarg, 1, 1000, &cell->threads);
	}
	cell->url_count = argc - optind;
	cell->urls = cell->url_count > 0 ? argv + optind : NULL;
	return good;
}

/* Those that pause are spread evenly among those that do not. */
static bool make_tasks(struct blocking *cell)
{
	cell->task = calloc((size_t)cell->tasks, sizeof(*cell->task));
	for (int i = 0; cell->task != NULL && i < cell->tasks; i++) {
		long before = (long)i * cell->share / 100, after = (i + 1L) * cell->share / 100;

		cell->task[i].cell = cell;
		cell->task[i].pauses = after > before;
		cell->task[i].url = cell->urls ? cell->urls[i % cell->url_count] : NULL;
	}
	return cell->task != NULL;
}

static void print_delays(const char *what, const struct histogram *delays)
{
	static const double percents[] = { 50, 99 };

	/* null, not 0, where the run was too short for any. */
	for (int i = 0; i < 2 && delays->count > 0; i++)
		printf("\"%s_p%.0f_ms\":%.3f,", what, percents[i],
		       (double)histogram_percentile(delays, percents[i]) / 1e6);
	if (delays->count > 0)
		printf("\"%s_max_ms\":%.3f,", what, (double)delays->largest / 1e6);
	else
		printf("\"%s_p50_ms\":null,\"%s_p99_ms\":null,\"%s_max_ms\":null,", what, what,
		       what);
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void print_usage(const struct rusage *before, const struct rusage *after)
{
	printf("\"cpu_s\":%.6f,\"switches_voluntary\":%ld,\"switches_forced\":%ld,",
	       seconds(after->ru_utime) + seconds(after->ru_stime) - seconds(before->ru_utime) -
		       seconds(before->ru_stime),
	       after->ru_nvcsw - before->ru_nvcsw, after->ru_nivcsw - before->ru_nivcsw);
}

static int print(const struct blocking *cell)
{
	static struct histogram latency;
	struct blocking_harm harm;
	int failed = 0;

	if (blocking_harm(cell, &harm) < 0)
		return ASYNC_ENOMEM;
	for (int i = 0; i < cell->tasks; i++) {
		histogram_add(&latency, cell->task[i].done - cell->start);
		failed += cell->task[i].failed;
	}
	printf("\"wall_s\":%.6f,\"beats\":%llu,", (double)(cell->end - cell->start) / 1e9,
	       (unsigned long long)cell->beat.delay.count);
	print_delays("beat", &cell->beat.delay);
	print_delays("task", &latency);
	printf("\"blocks\":%d,\"hurt_mean\":%.2f,\"hurt_max\":%d,", harm.blocks, harm.mean,
	       harm.most);
	if (cell->beat.waited >= 0)
		printf("\"cpu_wait_s\":%.6f,", (double)cell->beat.waited / 1e9);
	else
		printf("\"cpu_wait_s\":null,");
	printf("\"stalls\":%u,\"failed\":%d}\n", cell->stalls, failed);
	return 0;
}

int main(int argc, char **argv)
{
	struct blocking cell = { .mode = find_mode("yield"),
				 .tasks = 10,
				 .share = 100,
				 .pause = 50000000,
				 .threads = 6 };
	struct rusage before, after;

	if (!parse(&cell, argc, argv)) {
		fputs(help, stderr);
		return 2;
	}
	if (!make_tasks(&cell)) {
		perror("bench-blocking");
		return 1;
	}
	getrusage(RUSAGE_SELF, &before);
	int rc = cell.mode->run(&cell);
	getrusage(RUSAGE_SELF, &after);
	if (rc == 0) {
		printf("{\"mode\":\"%s\",\"tasks\":%d,\"block_ms\":%g,\"share\":%d,\"threads\":%d,",
		       cell.mode->name, cell.tasks, (double)cell.pause / 1e6, cell.share,
		       cell.threads);
		print_usage(&before, &after);
		rc = print(&cell);
	}
	if (rc < 0)
		fprintf(stderr, "bench-blocking: %s\n", async_strerror(rc));
	free(cell.task);
	return rc < 0;
}
