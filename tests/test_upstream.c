/* SPDX-License-Identifier: MIT */
/* test_upstream.c - the program: what it says, serves, refuses, and how it ends. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness.h"
#include "tests/peer_certificate.h"

/* Valgrind has words of its own there. */
static void check_silent(const char *err)
{
	if (!under_valgrind())
		CHECK_STR(err, "");
}

static const char *upstream(void)
{
	return built("upstream");
}

struct urls {
	char line[24][128];
};

static void start(struct program *program, struct urls *urls, int count)
{
	program->talks = true;
	program_start(program);
	for (int i = 0; i < count; i++)
		CHECK(program_read_line(program, urls->line[i], sizeof(urls->line[i])));
}

static void stop(struct program *program, int signo)
{
	program_stop(program, signo);
	check_silent(program->err);
	CHECK_INT(program->status, 0);
}

/* What curl gets there: the body, a line break, the status. */
static const char *curl(const char *url, const char *option, const char *value)
{
	struct program program = { .argv = ARGV("curl", "-s", "-m", "5", "-w", "\n%{http_code}",
						url, option, value) };

	if (!have_program("curl"))
		SKIP("no curl");
	run_program(&program);
	return program.out;
}

TEST(it_prints_twelve_urls_and_serves_them_until_a_signal)
{
	static const int signals[] = { SIGTERM, SIGINT };

	for (int i = 0; i < 2; i++) {
		struct program program = { .argv = ARGV(upstream()) };
		struct urls urls;

		start(&program, &urls, 12);
		CHECK_CONTAINS(urls.line[0], "http://127.0.0.1:");
		CHECK_STR(strrchr(urls.line[0], '/'), "/weather");
		CHECK_STR(strrchr(urls.line[11], '/'), "/trains");
		CHECK_CONTAINS(curl(urls.line[11], "-m", "5"), "{\"id\":12,\"api\":\"trains\"");
		CHECK_CONTAINS(curl(urls.line[11], "-m", "5"), "\n200");
		stop(&program, signals[i]);
	}
}

TEST(options_are_the_defaults_of_every_request)
{
	struct program program = { .argv = ARGV(upstream(), "--one-port", "--apis", "3", "--rate",
						"1/h", "--size", "2k", "--address", "127.0.0.1") };
	struct urls urls;

	start(&program, &urls, 3);
	CHECK_INT(strrchr(urls.line[0], '/') - urls.line[0],
		  strrchr(urls.line[2], '/') - urls.line[2]);
	CHECK_INT(strlen(curl(urls.line[0], "-m", "5")), 2048 + 4);
	CHECK_CONTAINS(curl(urls.line[1], "-m", "5"), "\n429");
	stop(&program, SIGTERM);
}

TEST(https_is_served_with_the_certificate_given)
{
	struct certificate certificate = make_certificate(NULL, 30);
	struct program program = { .argv = ARGV(upstream(), "--tls-port", "0", "--cert",
						certificate.cert, "--key", certificate.key) };
	struct urls urls;

	start(&program, &urls, 24);
	CHECK_CONTAINS(urls.line[0], "http://");
	CHECK_CONTAINS(urls.line[12], "https://");
	CHECK_CONTAINS(curl(urls.line[12], "--cacert", certificate.cert), "\n200");
	CHECK_CONTAINS(curl(urls.line[0], "-m", "5"), "\n200");
	CHECK_STR(curl(urls.line[12], "-m", "5"), "\n000");
	stop(&program, SIGTERM);

	struct program tls_only = { .argv = ARGV(upstream(), "--tls-only", "--one-port",
						 "--tls-port", "0", "--cert", certificate.cert,
						 "--key", certificate.key) };
	start(&tls_only, &urls, 12);
	CHECK_CONTAINS(urls.line[0], "https://");
	CHECK_CONTAINS(curl(urls.line[11], "--cacert", certificate.cert), "\"trains\"");
	stop(&tls_only, SIGTERM);
}

TEST(a_request_that_never_ends_does_not_hold_up_the_end)
{
	struct program program = { .argv = ARGV(upstream(), "--apis", "1") };
	struct program client = { .argv = ARGV("curl", "-s", "-v", NULL) };
	struct urls urls;
	char line[128];

	if (!have_program("curl"))
		SKIP("no curl");
	start(&program, &urls, 1);
	*strrchr(urls.line[0], '/') = 0;
	/* Its stderr is on its stdout, so the request is known to be there when the next line comes. */
	const char *command = format("exec curl -sv -m 9 %s/never 2>&1", urls.line[0]);
	client = (struct program){ .argv = ARGV("sh", "-c", command), .talks = true };
	program_start(&client);
	while (program_read_line(&client, line, sizeof(line)) && strcmp(line, "> \r") != 0)
		;
	stop(&program, SIGTERM);
	program_wait(&client);
}

static void refused(const char *const *argv, const char *text)
{
	struct program program = { .argv = argv };

	run_program(&program);
	CHECK_CONTAINS(program.err, text);
	CHECK_STR(program.out, "");
	CHECK_INT(program.status, 2);
}

TEST(wrong_options_are_named_and_exit_with_2)
{
	refused(ARGV(upstream(), "--port", "65536"), "--port cannot be 65536");
	refused(ARGV(upstream(), "--apis", "0"), "--apis cannot be 0");
	refused(ARGV(upstream(), "--apis", "13"), "--apis cannot be 13");
	refused(ARGV(upstream(), "--delay", "fast"), "--delay cannot be fast");
	refused(ARGV(upstream(), "--error-rate", "2"), "--error-rate cannot be 2");
	refused(ARGV(upstream(), "--tls-port", "0"), "go together");
	refused(ARGV(upstream(), "--cert", "x"), "go together");
	refused(ARGV(upstream(), "--tls-only"), "--tls-only needs --tls-port");
	refused(ARGV(upstream(), "--nonsense"), "--help tells more");
	refused(ARGV(upstream(), "weather"), "what is weather?");
}

TEST(what_cannot_be_served_exits_with_1_and_a_reason)
{
	struct program first = { .argv = ARGV(upstream(), "--apis", "1") };
	struct urls urls;

	start(&first, &urls, 1);
	const char *port = format("%d", atoi(strrchr(urls.line[0], ':') + 1));
	struct program second = { .argv = ARGV(upstream(), "--apis", "1", "--port", port) };
	run_program(&second);
	CHECK_INT(second.status, 1);
	CHECK_CONTAINS(second.err, format("upstream: cannot listen on 127.0.0.1 port %s: ", port));
	stop(&first, SIGTERM);

	struct program bad = { .argv = ARGV(upstream(), "--tls-port", "0", "--cert", "/none",
					    "--key", "/none") };
	run_program(&bad);
	CHECK_INT(bad.status, 1);
	CHECK_CONTAINS(bad.err, "/none");
}

TEST(help_teaches)
{
	struct program program = { .argv = ARGV(upstream(), "--help") };

	run_program(&program);
	CHECK_INT(program.status, 0);
	CHECK_CONTAINS(program.out, "collect -i urls.txt");
	CHECK_CONTAINS(program.out, "/stats");
}
