/* SPDX-License-Identifier: MIT */
/*
 * bench_idle.c - what a connection costs while it is kept for later: bytes of memory each.
 *
 * So many GETs at once make so many connections, which then lie idle in the pool. Prints one line of
 * name=value; kernel memory is not in it. Exits with 1 above --max, or when a GET failed.
 */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/units.h"
#include "http/loophound.h"

static const char help[] = "usage: bench-idle [OPTIONS] URL\n"
			   "  -c N         idle connections (500)\n"
			   "  --max SIZE   fail when one of them has more allocated\n"
			   "  --cacert F   trust these certificates; --insecure: any\n";

struct bench {
	const char *url;
	int connections;
	uint64_t max;
	struct http_session_options session_options;

	struct http_session *session;
	double allocated, resident; /* bytes a connection */
};

ASYNC_SUSPENDS
static int get(void *arg)
{
	struct bench *bench = arg;
	struct http_response *response;
	int rc = async_http_get(bench->session, bench->url, NULL, &response);

	if (rc == 0)
		http_response_free(response);
	return rc;
}

/* So many at once; 0, or how the first that failed did. */
ASYNC_SUSPENDS
static int get_all(struct bench *bench, int count)
{
	struct async_task **tasks = calloc((size_t)count, sizeof(struct async_task *));
	int rc = tasks ? 0 : ASYNC_ENOMEM, started = 0;

	for (; rc == 0 && started < count; started++) {
		tasks[started] = async_create_task(get, bench);
		if (!tasks[started])
			rc = async_last_error();
	}
	for (int i = 0; i < started; i++) {
		int own = async_await(tasks[i]);

		async_task_release(tasks[i]);
		rc = rc < 0 ? rc : own;
	}
	free(tasks);
	return rc;
}

static double resident(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file && fscanf(file, "%*s %lu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return (double)(info.uordblks + info.hblkhd);
}

ASYNC_SUSPENDS
static int measure(struct bench *bench)
{
	double allocated_before, resident_before;
	struct http_session_stats stats;
	int rc = get_all(bench, 1);

	malloc_trim(0);
	allocated_before = allocated();
	resident_before = resident();
	if (rc == 0)
		rc = get_all(bench, bench->connections);
	if (rc < 0)
		return rc;
	malloc_trim(0);
	http_session_stats(bench->session, &stats);
	if ((int)stats.idle != bench->connections) {
		fprintf(stderr, "bench-idle: %u connections are idle\n", stats.idle);
		return ASYNC_EFAILED;
	}
	/* One of them was there before. */
	bench->allocated = (allocated() - allocated_before) / (stats.idle - 1);
	bench->resident = (resident() - resident_before) / (stats.idle - 1);
	return 0;
}

/* Once for the stacks of the tasks, which stay, and once for what only the connections hold. */
ASYNC_SUSPENDS
static int program(void *arg)
{
	struct bench *bench = arg;
	int rc = 0;

	for (int i = 0; i < 2 && rc == 0; i++) {
		bench->session = http_session_new(&bench->session_options);
		if (bench->session == NULL)
			return ASYNC_ENOMEM;
		rc = measure(bench);
		(void)http_session_close(bench->session);
	}
	return rc;
}

static bool parse(struct bench *bench, int argc, char **argv)
{
	static const struct option options[] = { { "max", required_argument, NULL, 'm' },
						 { "cacert", required_argument, NULL, 'a' },
						 { "insecure", no_argument, NULL, 'k' },
						 { 0 } };
	uint64_t number = 0;
	int option;

	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (option == 'c' && units_count(optarg, 20000, &number) && number > 1)
			bench->connections = (int)number;
		else if (option == 'a')
			bench->session_options.ca_file = optarg;
		else if (option == 'k')
			bench->session_options.insecure = true;
		else if (option != 'm' || !units_size(optarg, &bench->max))
			return false;
	}
	bench->url = argv[optind];
	return optind == argc - 1;
}

int main(int argc, char **argv)
{
	struct bench bench = { .connections = 500, .session_options.keepalive = -1 };
	int rc;

	if (!parse(&bench, argc, argv)) {
		fputs(help, stderr);
		return 2;
	}
	bench.session_options.limit = -1;
	rc = async_run(program, &bench);
	if (rc < 0) {
		fprintf(stderr, "bench-idle: %s\n", async_strerror(rc));
		return 1;
	}
	printf("connections=%d allocated_bytes_each=%.0f resident_bytes_each=%.0f\n",
	       bench.connections, bench.allocated, bench.resident);
	return bench.max > 0 && bench.allocated > (double)bench.max;
}
