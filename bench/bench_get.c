/* SPDX-License-Identifier: MIT */
/*
 * bench_get.c - GETs with the library: so many connections, each asks again at once.
 *
 * With --warm all connections are opened first, by a GET each; then the clock starts.
 * The counterpart of `wrk -t1 -c CONNS`, with what async_http_get() does when nothing is asked for. Each
 * body is compared with the first. It takes the options of bench/peers/get/, prints one line of JSON,
 * and counts what failed, for then the figures mean nothing.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/units.h"
#include "http/loophound.h"

static const char help[] =
	"usage: bench-get [OPTIONS] --url URL\n"
	"  --mode M         keep: each connection is used again (this one if none is named); fresh: never\n"
	"  --connections N  each with one request after another (20)\n"
	"  --seconds TIME   for so long (5)\n"
	"  --gets N         no more than so many\n"
	"  --warm           the clock starts when all connections are open\n"
	"  --cacert F       trust these certificates\n";

struct bench {
	const char *url;
	int connections;
	bool fresh, warm;
	int64_t length; /* nanoseconds */
	uint64_t most;
	struct http_session_options session_options;

	struct http_session *session;
	struct http_response *first; /* what every body is to be like */
	struct async_event all_open, start;
	int open;
	bool over;
	unsigned long begun, gets, errors;
	int first_error;
};

/* True when the response is the first one's, or like it. */
static bool take_response(struct bench *bench, struct http_response *response)
{
	bool good = response->status == 200;

	if (good && !bench->first) {
		bench->first = response;
		return true;
	}
	good = good && response->body.len == bench->first->body.len &&
	       memcmp(response->body.ptr, bench->first->body.ptr, response->body.len) == 0;
	http_response_free(response);
	return good;
}

ASYNC_SUSPENDS
static int get(struct bench *bench, const struct http_options *options)
{
	struct http_response *response;
	int rc = async_http_get(bench->session, bench->url, options, &response);

	if (rc == 0 && take_response(bench, response)) {
		bench->gets++;
		return 0;
	}
	bench->first_error = rc < 0 ? rc : ASYNC_EFAILED;
	bench->errors++;
	return bench->first_error;
}

/* All of them at once, or the next would take the connection of the one before. */
ASYNC_SUSPENDS
static int open_first(struct bench *bench)
{
	static const struct http_options patient = { .connect_timeout = 60, .tls_timeout = 60 };
	int rc = get(bench, &patient);

	if (++bench->open == bench->connections)
		async_event_set(&bench->all_open);
	return rc < 0 ? rc : async_event_wait(&bench->start);
}

ASYNC_SUSPENDS
static int get_and_get(void *arg)
{
	static const struct http_header close = { .name = "Connection", .value = "close" };
	static const struct http_options fresh = { .headers = &close, .header_count = 1 };
	struct bench *bench = arg;
	int rc = bench->warm ? open_first(bench) : 0;

	while (rc == 0 && !bench->over && bench->begun++ < bench->most)
		rc = get(bench, bench->fresh ? &fresh : NULL);
	return rc;
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

ASYNC_SUSPENDS
static int create_all(struct bench *bench, struct async_task **tasks)
{
	for (int i = 0; i < bench->connections; i++) {
		tasks[i] = async_create_task(get_and_get, bench);
		if (tasks[i] == NULL)
			return async_last_error();
	}
	return bench->warm ? async_event_wait(&bench->all_open) : 0;
}

ASYNC_SUSPENDS
static int get_all(struct bench *bench, struct async_task **tasks)
{
	struct async_timer timer = { 0 };
	struct http_session_stats stats;
	double memory = resident();
	int rc = create_all(bench, tasks);

	if (rc < 0)
		return rc;
	bench->gets = 0;
	double start = async_time(), cpu = cpu_seconds();
	async_call_later(&timer, (double)bench->length / 1e9, end, bench);
	async_event_set(&bench->start);
	rc = async_gather(tasks, (size_t)bench->connections, ASYNC_RETURN_EXCEPTIONS, NULL);
	double seconds = async_time() - start, gets = bench->gets ? (double)bench->gets : 1;
	http_session_stats(bench->session, &stats);
	printf("{\"requests_per_s\":%.0f,\"cpu_us\":%.2f,\"gets\":%lu,\"failed\":%lu,\"tasks\":%lu,"
	       "\"opened\":%lu,\"bytes_each\":%.0f}\n",
	       gets / seconds, (cpu_seconds() - cpu) * 1e6 / gets, bench->gets, bench->errors,
	       bench->gets + bench->errors, stats.created,
	       (resident() - memory) / bench->connections);
	async_timer_cancel(&timer);
	return rc;
}

ASYNC_SUSPENDS
static int program(void *arg)
{
	struct bench *bench = arg;
	struct async_task **tasks = calloc((size_t)bench->connections, sizeof(struct async_task *));

	bench->session = http_session_new(&bench->session_options);
	if (bench->session == NULL || tasks == NULL)
		return ASYNC_ENOMEM;
	int rc = get_all(bench, tasks);
	if (bench->first)
		http_response_free(bench->first);
	free(tasks);
	http_session_close(bench->session);
	return rc;
}

static bool parse(struct bench *bench, int argc, char **argv)
{
	static const struct option options[] = { { "mode", required_argument, NULL, 'm' },
						 { "connections", required_argument, NULL, 'c' },
						 { "seconds", required_argument, NULL, 'd' },
						 { "gets", required_argument, NULL, 'n' },
						 { "warm", no_argument, NULL, 'w' },
						 { "cacert", required_argument, NULL, 'a' },
						 { "url", required_argument, NULL, 'u' },
						 { 0 } };
	uint64_t number = 0;
	bool good = true;
	int option;

	while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'm')
			bench->fresh = strcmp(optarg, "fresh") == 0;
		else if (option == 'c' && units_count(optarg, 100000, &number) && number > 0)
			bench->connections = (int)number;
		else if (option == 'd')
			good = units_duration(optarg, &bench->length);
		else if (option == 'n')
			good = units_count(optarg, INT64_MAX, &bench->most);
		else if (option == 'a')
			bench->session_options.ca_file = optarg;
		else if (option == 'u')
			bench->url = optarg;
		else if (option == 'w')
			bench->warm = true;
		else
			good = false;
	}
	return good && bench->url != NULL && optind == argc;
}

int main(int argc, char **argv)
{
	struct bench bench = { .connections = 20, .length = 5000000000, .most = UINT64_MAX };

	if (!parse(&bench, argc, argv)) {
		fputs(help, stderr);
		return 2;
	}
	bench.session_options.limit = bench.connections;
	bench.session_options.keepalive = -1; /* to open them all may take long */
	int rc = async_run(program, &bench);
	if (rc < 0 || bench.errors > 0)
		fprintf(stderr, "bench-get: %lu requests failed: %s\n", bench.errors,
			async_strerror(rc < 0 ? rc : bench.first_error));
	return rc < 0 || bench.errors > 0;
}
