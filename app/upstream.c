/* SPDX-License-Identifier: MIT */
/*
 * upstream.c - build/upstream: the practice APIs as a program, to try collectors against.
 *
 * It prints the URLs that it serves on stdout, one a line, once they can be asked, and serves until
 * SIGINT or SIGTERM. Everything else goes to stderr. Exit: 0 after a signal, 1 when it could not
 * listen, 2 for wrong options.
 */
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/practice.h"
#include "app/practice_data.h"

static const char help[] =
	"usage: upstream [OPTIONS]\n"
	"Serves twelve small JSON APIs on this machine, to practise collecting from.\n"
	"Prints their URLs, one a line, when they are ready; SIGINT or SIGTERM ends it.\n"
	"\n"
	"    upstream >urls.txt &            twelve origins, on ports that the kernel picks\n"
	"    collect -i urls.txt             the twelve answers\n"
	"\n"
	"where\n"
	"  --address A         listen there (127.0.0.1)\n"
	"  --port N            the first API has port N, the next N+1, and so on; 0: any\n"
	"  --apis N            only the first N of the twelve\n"
	"  --one-port          all of them on one port\n"
	"  --tls-port N        HTTPS too, from that port on; 0: any. Needs --cert F and --key F\n"
	"  --tls-only          no plain HTTP\n"
	"how they answer: for every request, and per request as a query: /weather?delay=200ms\n"
	"  --delay 200ms       wait before the answer         --jitter 50ms  up to so much longer\n"
	"  --error-rate 0.1    so many answers are a 503      --seed N       other random numbers\n"
	"  --rate 20/s         more is a 429 with Retry-After; 20/s,burst=5 lets five come at once\n"
	"  --retry-after 2s    the least that Retry-After says\n"
	"  --status 404        always that status             --size 64k     a body of that size\n"
	"paths on every port\n"
	"  /stats              requests, refusals, connections: the most there were at once\n"
	"  /redirect?n=3 /loop           redirects, and too many of them\n"
	"  /text /binary                 bodies that are not JSON\n"
	"  /never /stall /halfhead       no answer; half a body, half a head, then silence\n"
	"  /truncate /close /garbage     half a body and the end; the end at once; not HTTP\n"
	"  /conflict /badchunk /surplus  broken framing, and more bytes than announced\n";

struct command {
	struct practice_options practice;
	bool helped;
};

enum letter {
	OPTION_HELP = 'h',
	OPTION_ADDRESS = 256,
	OPTION_PORT,
	OPTION_APIS,
	OPTION_ONE_PORT,
	OPTION_TLS_PORT,
	OPTION_TLS_ONLY,
	OPTION_CERT,
	OPTION_KEY,
	OPTION_SEED,
	OPTION_KNOB,
};

static const struct option options[] = {
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "address", required_argument, NULL, OPTION_ADDRESS },
	{ "port", required_argument, NULL, OPTION_PORT },
	{ "apis", required_argument, NULL, OPTION_APIS },
	{ "one-port", no_argument, NULL, OPTION_ONE_PORT },
	{ "tls-port", required_argument, NULL, OPTION_TLS_PORT },
	{ "tls-only", no_argument, NULL, OPTION_TLS_ONLY },
	{ "cert", required_argument, NULL, OPTION_CERT },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "delay", required_argument, NULL, OPTION_KNOB },
	{ "jitter", required_argument, NULL, OPTION_KNOB },
	{ "error-rate", required_argument, NULL, OPTION_KNOB },
	{ "rate", required_argument, NULL, OPTION_KNOB },
	{ "retry-after", required_argument, NULL, OPTION_KNOB },
	{ "status", required_argument, NULL, OPTION_KNOB },
	{ "size", required_argument, NULL, OPTION_KNOB },
	{ 0 },
};

static bool take_knob(struct command *command, const char *name, const char *value)
{
	char knob[32];

	snprintf(knob, sizeof(knob), "%s", name);
	for (char *dash = strchr(knob, '-'); dash != NULL; dash = strchr(dash, '-'))
		*dash = '_';
	return practice_knobs_set(&command->practice.knobs, knob, value) == 0;
}

static bool take_number(const char *text, uint64_t limit, int *number)
{
	uint64_t value = 0;
	bool fit = units_count(text, limit, &value);

	*number = (int)value;
	return fit;
}

static bool take(struct command *command, int option, const char *name, const char *value)
{
	struct practice_options *practice = &command->practice;

	switch (option) {
	case OPTION_HELP:
		return command->helped = true;
	case OPTION_ADDRESS:
		practice->address = value;
		return true;
	case OPTION_PORT:
		return take_number(value, 65535, &practice->port);
	case OPTION_APIS:
		return take_number(value, PRACTICE_APIS, &practice->apis) && practice->apis > 0;
	case OPTION_ONE_PORT:
		return practice->one_port = true;
	case OPTION_TLS_PORT:
		practice->tls = true;
		return take_number(value, 65535, &practice->tls_port);
	case OPTION_TLS_ONLY:
		practice->plain = false;
		return true;
	case OPTION_CERT:
		practice->cert_file = value;
		return true;
	case OPTION_KEY:
		practice->key_file = value;
		return true;
	case OPTION_SEED:
		return units_count(value, UINT32_MAX, &practice->seed);
	default:
		return take_knob(command, name, value);
	}
}

static bool complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("upstream: ", stderr);
	vfprintf(stderr, format, args);
	fputs("; upstream --help tells more\n", stderr);
	va_end(args);
	return false;
}

static bool parse(struct command *command, int argc, char **argv)
{
	int at = 0, option;

	command->practice.plain = true;
	while ((option = getopt_long(argc, argv, "h", options, &at)) != -1) {
		if (option == '?')
			return complain("wrong options");
		if (!take(command, option, options[at].name, optarg))
			return complain("--%s cannot be %s", options[at].name, optarg);
	}
	if (optind < argc)
		return complain("what is %s?", argv[optind]);
	const struct practice_options *practice = &command->practice;
	if (!practice->tls != !practice->cert_file || !practice->tls != !practice->key_file)
		return complain("--tls-port, --cert and --key go together");
	if (!practice->plain && !practice->tls)
		return complain("--tls-only needs --tls-port");
	return true;
}

static void stop(void *arg)
{
	async_event_set(arg);
}

ASYNC_SUSPENDS
static int serve(void *arg)
{
	const struct command *command = arg;
	struct async_event stopped = { 0 };
	struct practice *practice;
	char url[PRACTICE_URL];

	int rc = practice_start(&practice, &command->practice);
	if (rc < 0)
		return rc;
	async_add_signal_handler(SIGINT, stop, &stopped);
	async_add_signal_handler(SIGTERM, stop, &stopped);
	async_blocking("whoever started this waits for these few lines", 0.05) {
		for (int i = 0; practice_url(practice, i, url); i++)
			puts(url);
		fflush(stdout);
	}
	async_event_wait(&stopped);
	async_remove_signal_handler(SIGINT);
	async_remove_signal_handler(SIGTERM);
	practice_stop(practice, 1);
	return 0;
}

/* The text of a failure belongs to the task, so it is printed from within. */
ASYNC_SUSPENDS
static int serve_or_say_why(void *arg)
{
	struct async_task *task = async_create_task(serve, arg);

	if (task == NULL)
		return async_last_error();
	int rc = async_await(task);
	if (rc < 0)
		fprintf(stderr, "upstream: %s\n",
			async_task_error(task) ? async_task_error(task)->message
					       : async_strerror(rc));
	async_task_release(task);
	return rc;
}

int main(int argc, char **argv)
{
	struct command command = { 0 };

	if (!parse(&command, argc, argv))
		return 2;
	tzset(); /* dates are converted on the loop, and the first time this would read a file */
	if (command.helped) {
		fputs(help, stdout);
		return 0;
	}
	return async_run(serve_or_say_why, &command) < 0;
}
