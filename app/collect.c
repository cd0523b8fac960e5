/* SPDX-License-Identifier: MIT */
/*
 * collect.c - fetches URLs, many at a time, and writes a line of JSON for each. This file is the
 * frame: what is asked for, which files, one run of the loop, and what the exit status says.
 */
#include "app/collect.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "app/codes.h"
#include "app/collect_files.h"
#include "http/proxy.h"
#include "runtime/portable.h"

static struct collect collect; /* too large for a stack */

static int complain(const char *message)
{
	fprintf(stderr, "collect: %s\n", message);
	return 2;
}

static int show(void (*write)(struct text *text), FILE *to, int status)
{
	struct text text = { 0 };

	write(&text);
	fputs(text_cstr(&text), to);
	text_free(&text);
	/* A help that nobody could read did not help. */
	return fflush(to) == 0 ? status : 5;
}

static const char *environment(const char *name)
{
	return getenv(name);
}

/* ---- What can be seen to be wrong before anything is sent ------------------------------------ */

static int check_url(const char *text, char **origin, char why[JOBS_WHY + 128])
{
	char reason[JOBS_WHY] = "out of memory";
	struct job *job;
	struct url *url;
	bool other;

	if (job_from_url(&job, &url, (struct json_span){ text, strlen(text) }, 1, reason) < 0) {
		snprintf(why, JOBS_WHY + 128, "%.100s: %s", text, reason);
		return -1;
	}
	if (!*origin)
		*origin = strdup(url->origin);
	other = *origin && strcmp(*origin, url->origin) != 0;
	job_free(job);
	url_free(url);
	return other;
}

/* 0, or 2 after a message. */
static int check_urls(const struct options *options)
{
	const char *credential = options_credential(options);
	char why[JOBS_WHY + 128], *origin = NULL;
	int several = 0;

	for (size_t i = 0; i < options->url_count && several >= 0; i++) {
		int rc = check_url(options->urls[i], &origin, why);

		several = rc < 0 ? rc : several | rc;
	}
	free(origin);
	if (several < 0)
		return complain(why);
	if (several && credential) {
		snprintf(why, sizeof why,
			 "%s would go to several hosts; --header-to-all if that is meant",
			 credential);
		return complain(why);
	}
	return 0;
}

static bool names_tls_files(const struct options *options)
{
	return options->cacert || options->capath || options->cert || options->key || options->pin;
}

/* Runs in a loop of its own, before any file is touched. */
static int try_tls(void *arg)
{
	const struct options *options = arg;
	struct net_tls_options tls_options = {
		.ca_file = options->cacert,
		.ca_dir = options->capath,
		.insecure = options->insecure,
		.cert_file = options->cert,
		.key_file = options->key,
		.pins = options->pin,
	};
	struct net_tls_context *tls = NULL;
	int rc = net_tls_client(&tls, &tls_options);

	if (rc < 0)
		fprintf(stderr, "collect: %s\n",
			async_raised(rc) ? async_raised(rc)->message : async_strerror(rc));
	net_tls_context_free(tls);
	return rc < 0 ? 2 : 0;
}

/* -x, or what http_proxy and its like say. */
static int check_proxy(const struct options *options)
{
	char text[64 + URL_WHY], why[URL_WHY];
	struct proxy_rules rules;
	int rc = proxy_rules_make(&rules, options->proxy, options->no_proxy, true, why);

	if (rc == ASYNC_ENOMEM)
		return rc;
	if (rc < 0) {
		snprintf(text, sizeof text, "%s: %s",
			 options->proxy ? "--proxy" : "http_proxy, https_proxy or all_proxy", why);
		return complain(text);
	}
	proxy_rules_free(&rules);
	return 0;
}

static int check_netrc(const struct options *options)
{
	char text[512];

	if (!options->netrc_file || access(options->netrc_file, R_OK) == 0)
		return 0;
	snprintf(text, sizeof text, "--netrc: %s: %s", options->netrc_file, strerror(errno));
	return complain(text);
}

/* ---- One run --------------------------------------------------------------------------------- */

/* As the first part of a ULID: the time in milliseconds, then a little chance. */
static void name_run(char run[24], uint64_t random)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	struct timespec now;
	uint64_t ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	for (int i = 9; i >= 0; i--, ms >>= 5)
		run[i] = digits[ms & 31];
	for (int i = 10; i < 16; i++, random >>= 5)
		run[i] = digits[random & 31];
	run[16] = '\0';
}

/* More loops than requests would be idle. */
static unsigned threads_of(const struct options *options)
{
	uint64_t threads = options->threads;

	if (!threads) {
		long cores = sysconf(_SC_NPROCESSORS_ONLN);

		threads = cores < 1 ? 1 : (uint64_t)cores;
	}
	return (unsigned)(threads < options->concurrency ? threads : options->concurrency);
}

/* As many requests and threads as there may be files. */
static void fit_limit(struct options *options)
{
	unsigned concurrency = (unsigned)options->concurrency, threads = threads_of(options);
	unsigned wanted = threads;

	collect_files_limit(&concurrency, &threads);
	if (!options->quiet && (concurrency < options->concurrency || threads < wanted)) {
		fprintf(stderr, "collect: warning: -j %u", concurrency);
		if (threads < wanted)
			fprintf(stderr, " --threads %u", threads);
		fputs(", since the limit of open files is low\n", stderr);
	}
	options->concurrency = concurrency;
	options->threads = threads;
}

static void prepare(struct collect *c, const struct options *options,
		    const struct collect_files *files)
{
	c->options = options;
	c->rules =
		(struct verdict_rules){ options->expect_json, &options->limited, options->fail_on };
	c->retry = (struct retry_policy){
		.retries = (int)options->retry,
		.base = options->retry_base,
		.cap = options->retry_cap,
		.max_time = options->retry_max_time ? options->retry_max_time : INT64_MAX / 2,
		.max_wait = options->retry_max_wait ? options->retry_max_wait : INT64_MAX / 2,
		.on = options->retry_on,
		.on_default = !options->retry_on_given,
	};
	c->credential = options_credential(options);
	c->input_fd = files->input;
	c->output_fd = files->output;
	c->har_fd = files->har;
	c->threads = threads_of(options);
	if (getrandom(&c->random, sizeof c->random, 0) != sizeof c->random || !c->random)
		c->random = (uint64_t)time(NULL) << 16 | (uint64_t)getpid();
	name_run(c->run, c->random);
}

static int run(void *arg)
{
	return collect_run(arg);
}

/* 0, or the negative errno with which --summary-file failed. */
static int tell_summary(const struct collect *c, const struct collect_files *files)
{
	const struct options *options = c->options;
	struct text text = { 0 };
	const char *why = c->sink_error
				  ? "the output could not be written, and records are missing in it"
			  : c->signals ? "stopped by a signal; run again to go on"
			  : c->late    ? "--deadline passed with unfinished work"
				       : NULL;
	int rc;

	if (options->summary == OPTIONS_SUMMARY_NONE || (options->quiet && files->summary == 2))
		return 0;
	if (options->summary == OPTIONS_SUMMARY_JSON)
		summary_json(&text, &c->summary, c->run);
	else
		summary_text(&text, &c->summary, c->unfinished || c->sink_error ? why : NULL);
	rc = text.failed ? -ENOMEM : progress_write(files->summary, text.data, text.length);
	text_free(&text);
	return files->summary == 2 ? 0 : rc;
}

/* What kept the run from beginning: nothing was sent. */
static int complain_of_start(int rc)
{
	if (!strcmp(codes_find(rc)->name, "internal")) {
		fprintf(stderr, "collect: internal error: %s; please report this\n",
			async_strerror(rc));
		return 1;
	}
	fprintf(stderr, "collect: cannot start: %s%s\n", async_strerror(rc),
		rc == -EMFILE ? "; see ulimit -n" : "");
	return 2;
}

static int conclude(struct collect *c, const struct collect_files *files, int rc)
{
	const char *where = c->options->summary_file;

	if (rc < 0)
		return complain_of_start(rc);
	if (c->sink_error)
		fprintf(stderr, "collect: output%s%s: %s\n", c->options->output ? " " : "",
			c->options->output ? c->options->output : "",
			c->sink_error == -ETIMEDOUT ? "its reader was too slow; records are lost"
						    : async_strerror(c->sink_error));
	else if (!c->summary.items && !c->unfinished && !c->options->quiet)
		fprintf(stderr, "collect: warning: the input holds no URL\n");
	rc = tell_summary(c, files);
	if (rc < 0)
		fprintf(stderr, "collect: --summary-file %s: %s\n", where, async_strerror(rc));
	if (c->har_error < 0)
		fprintf(stderr, "collect: --har %s: %s\n", c->options->har,
			async_strerror(c->har_error));
	rc = rc < 0 ? rc : c->har_error;
	return collect_status(&c->summary, c->sink_error ? c->sink_error : rc, c->signals > 0,
			      c->late, c->unfinished);
}

static int perform(struct options *options)
{
	struct collect_files files;
	char why[COLLECT_FILES_WHY];
	int rc = check_urls(options);

	if (!rc)
		rc = check_proxy(options);
	if (!rc)
		rc = check_netrc(options);
	if (!rc && names_tls_files(options))
		rc = async_run(try_tls, options);
	if (rc)
		return rc < 0 ? 1 : rc;
	if (options->trace && (rc = async_trace_to(options->trace)) < 0) {
		fprintf(stderr, "collect: --trace %s: %s\n", options->trace, async_strerror(rc));
		return 2;
	}
	if (!collect_files_open(&files, options, why))
		return complain(why);
	fit_limit(options);
	/* A closed pipe and a full quota are results of write(), not deaths. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* Bodies and records come and go. */
	portable_keep_freed(16 << 20, 4 << 20);
	codes_register();
	(void)async_install_overflow_handler();
	async_watchdog_configure(&(struct async_watchdog_options){
		.limit = options->watchdog ? (double)options->watchdog / 1e9 : -1 });
	prepare(&collect, options, &files);
	rc = async_run(run, &collect);
	rc = conclude(&collect, &files, rc);
	collect_files_close(&files);
	return rc;
}

int main(int argc, char **argv)
{
	struct options options;
	struct text message = { 0 };
	int status;

	collect_files_occupy();
	tzset(); /* dates are converted on the loop, and the first time this would read a file */
	if (!options_parse(&options, argc, argv, environment, &message))
		status = complain(text_cstr(&message));
	else if (options.action == OPTIONS_HELP)
		status = show(options_help, stdout, 0);
	else if (options.action == OPTIONS_MAN)
		status = show(options_man, stdout, 0);
	else if (options.action == OPTIONS_SHOW_VERSION)
		status = printf("collect %s\n", OPTIONS_VERSION) > 0 && !fflush(stdout) ? 0 : 5;
	else if (!options.url_count && !options.input)
		status = show(options_usage, stderr, 2);
	else
		status = perform(&options);
	text_free(&message);
	options_free(&options);
	return status;
}
