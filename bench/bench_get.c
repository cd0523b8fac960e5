/* SPDX-License-Identifier: MIT */
/*
 * bench_get.c - keep-alive GETs with the library: so many connections, each asks again at once.
 *
 * The counterpart of `wrk -t1 -c CONNS`. Bodies are dropped through on_body. Prints one line of
 * name=value, and exits with 1 when any request failed, for then the figures mean nothing.
 */
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "app/units.h"
#include "http/loophound.h"

static const char help[] = "usage: bench-get [OPTIONS] URL\n"
			   "  -c N         connections, each with one request after another (20)\n"
			   "  -d TIME      for so long (5s)\n"
			   "  --cpu N      run on that CPU only\n"
			   "  --cacert F   trust these certificates; --insecure: any\n";

struct bench {
	const char *url;
	int connections, cpu;
	int64_t length; /* nanoseconds */
	struct http_session_options session_options;

	struct http_session *session;
	bool over;
	unsigned long gets, errors;
	uint64_t bytes;
	int first_error;
};

static int drop(void *arg, const void *data, size_t size)
{
	struct bench *bench = arg;

	(void)data;
	bench->bytes += size;
	return 0;
}

ASYNC_SUSPENDS
static int get_and_get(void *arg)
{
	struct bench *bench = arg;
	struct http_options options = { .on_body = drop, .on_body_arg = bench };

	while (!bench->over) {
		struct http_response *response;
		int rc = async_http_get(bench->session, bench->url, &options, &response);

		if (rc < 0 || response->status != 200) {
			bench->first_error = rc < 0 ? rc : -response->status;
			bench->errors++;
		} else {
			bench->gets++;
		}
		if (rc == 0)
			http_response_free(response);
		if (rc == ASYNC_ECANCELED || bench->errors > 1000)
			return rc;
	}
	return 0;
}

static void end(void *arg)
{
	struct bench *bench = arg;

	bench->over = true;
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

ASYNC_SUSPENDS
static int program(void *arg)
{
	struct bench *bench = arg;
	struct async_timer timer = { 0 };
	struct async_task *tasks[256];
	struct http_session_stats stats;

	bench->session = http_session_new(&bench->session_options);
	if (bench->session == NULL)
		return ASYNC_ENOMEM;
	double start = async_time(), cpu = cpu_seconds();
	async_call_later(&timer, (double)bench->length / 1e9, end, bench);
	for (int i = 0; i < bench->connections; i++) {
		tasks[i] = async_create_task(get_and_get, bench);
		if (tasks[i] == NULL)
			return async_last_error();
	}
	async_gather(tasks, (size_t)bench->connections, ASYNC_RETURN_EXCEPTIONS, NULL);
	double seconds = async_time() - start;
	http_session_stats(bench->session, &stats);
	printf("requests_per_s=%.0f cpu_us_per_get=%.2f gets=%lu errors=%lu bytes=%llu "
	       "connections=%lu\n",
	       (double)bench->gets / seconds,
	       (cpu_seconds() - cpu) * 1e6 / (double)(bench->gets ? bench->gets : 1), bench->gets,
	       bench->errors, (unsigned long long)bench->bytes, stats.created);
	async_timer_cancel(&timer);
	return http_session_close(bench->session);
}

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static bool parse(struct bench *bench, int argc, char **argv)
{
	static const struct option options[] = {
		{ "cpu", required_argument, NULL, 'p' }, { "cacert", required_argument, NULL, 'a' },
		{ "insecure", no_argument, NULL, 'k' },	 { "url", required_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },	 { 0 }
	};
	uint64_t number = 0;
	int option;

	while ((option = getopt_long(argc, argv, "c:d:h", options, NULL)) != -1) {
		if (option == 'c' && units_count(optarg, 256, &number) && number > 0)
			bench->connections = (int)number;
		else if (option == 'p' && units_count(optarg, CPU_SETSIZE - 1, &number))
			bench->cpu = (int)number;
		else if (option == 'u')
			bench->url = optarg;
		else if (option == 'a')
			bench->session_options.ca_file = optarg;
		else if (option == 'k')
			bench->session_options.insecure = true;
		else if (option != 'd' || !units_duration(optarg, &bench->length))
			return false;
	}
	if (bench->url == NULL && optind < argc)
		bench->url = argv[optind++];
	return bench->url != NULL && optind == argc;
}

int main(int argc, char **argv)
{
	struct bench bench = { .connections = 20, .cpu = -1, .length = 5000000000 };

	if (!parse(&bench, argc, argv)) {
		fputs(help, stderr);
		return 2;
	}
	if (bench.cpu >= 0 && pin(bench.cpu) < 0)
		perror("bench-get: --cpu");
	bench.session_options.limit = bench.connections;
	int rc = async_run(program, &bench);
	if (rc < 0 || bench.errors > 0)
		fprintf(stderr, "bench-get: %lu requests failed: %s\n", bench.errors,
			async_strerror(rc < 0 ? rc : bench.first_error));
	return rc < 0 || bench.errors > 0;
}
