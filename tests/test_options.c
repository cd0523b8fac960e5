/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "app/options.h"
#include "tests/harness.h"

static const char *environment[8]; /* names and values in turn */

static const char *get(const char *name)
{
	for (int i = 0; i < 8 && environment[i]; i += 2)
		if (!strcmp(environment[i], name))
			return environment[i + 1];
	return NULL;
}

static struct options options;
static struct text message;

static bool parse(const char *const *argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	message.length = 0;
	return options_parse(&options, argc, (char *const *)argv, get, &message);
}

static void done(void)
{
	options_free(&options);
	text_free(&message);
}

#define GOOD(...)                                                 \
	do {                                                      \
		if (!parse(ARGV("collect", __VA_ARGS__)))         \
			FAIL("refused: %s", text_cstr(&message)); \
	} while (0)
#define BAD(text, ...)                                       \
	do {                                                 \
		CHECK(!parse(ARGV("collect", __VA_ARGS__))); \
		CHECK_CONTAINS(text_cstr(&message), text);   \
		done();                                      \
	} while (0)

TEST(the_defaults_are_those_of_the_manual)
{
	const int64_t second = 1000000000;

	GOOD("http://a/");
	CHECK_INT(options.concurrency, 64);
	CHECK_INT(options.per_host, 8);
	CHECK_INT(options.lookahead, 10000);
	CHECK_INT(options.mem, 256 << 20);
	CHECK_INT(options.rate.interval, 0);
	CHECK_INT(options.dns_timeout, 5 * second);
	CHECK_INT(options.connect_timeout, 5 * second);
	CHECK_INT(options.tls_timeout, 5 * second);
	CHECK_INT(options.first_byte_timeout, 30 * second);
	CHECK_INT(options.idle_timeout, 15 * second);
	CHECK_INT(options.max_time, 60 * second);
	CHECK_INT(options.deadline, 0);
	CHECK_INT(options.grace, 10 * second);
	CHECK_INT(options.retry, 3);
	CHECK_INT(options.retry_base, second / 2);
	CHECK_INT(options.retry_cap, 30 * second);
	CHECK_INT(options.retry_max_time, 120 * second);
	CHECK_INT(options.retry_max_wait, 300 * second);
	CHECK_INT(options.max_body, 64 << 20);
	CHECK_INT(options.max_redirs, 10);
	CHECK_INT(options.watchdog, second / 10);
	CHECK(!options.expect_json && !options.quiet && !options.append && !options.insecure);
	CHECK_INT(options.summary, OPTIONS_SUMMARY_TEXT);
	CHECK_INT(options.progress, OPTIONS_PROGRESS_AUTO);
	CHECK(choice_has_status(&options.fail_on, 404) &&
	      !choice_has_status(&options.fail_on, 204));
	done();
}

TEST(values_are_joined_or_apart_and_urls_stand_anywhere)
{
	GOOD("run", "http://a/", "-j50", "--per-host=25", "http://b/", "-o", "x", "-qm", "2m",
	     "--rate", "5/30s,burst=2", "--", "-i");
	CHECK_INT(options.concurrency, 50);
	CHECK_INT(options.per_host, 25);
	CHECK_STR(options.output, "x");
	CHECK(options.quiet);
	CHECK_INT(options.max_time, INT64_C(120000000000));
	CHECK_INT(options.rate.interval, INT64_C(6000000000));
	CHECK_INT(options.rate.burst, 2);
	CHECK_INT(options.url_count, 3);
	CHECK_STR(options.urls[2], "-i");
	done();
}

TEST(a_lone_dash_is_a_value_and_the_last_one_wins)
{
	GOOD("-i", "-", "-o", "-", "-j", "1", "-j", "2", "--watchdog", "off");
	CHECK_STR(options.input, "-");
	CHECK_STR(options.output, "-");
	CHECK_INT(options.concurrency, 2);
	CHECK_INT(options.watchdog, 0);
	done();
}

TEST(a_flag_wins_over_the_environment_and_that_over_the_default)
{
	environment[0] = "COLLECT_PER_HOST";
	environment[1] = "3";
	environment[2] = "COLLECT_CONCURRENCY";
	environment[3] = "5";
	environment[4] = "COLLECT_QUIET";
	environment[5] = "1";
	environment[6] = "COLLECT_INPUT";
	environment[7] = "list";
	GOOD("--per-host", "4", "http://a/");
	CHECK_INT(options.per_host, 4);
	CHECK_INT(options.concurrency, 5);
	CHECK(options.quiet);
	CHECK(!options.input); /* the URL is a flag too */
	done();
	environment[3] = "many";
	BAD("COLLECT_CONCURRENCY: 'many' is not a number from 1 to 100000", "http://a/");
	environment[3] = "";
	environment[5] = "maybe";
	BAD("COLLECT_QUIET: 'maybe'", "http://a/");
	environment[5] = "0";
	GOOD("http://a/");
	CHECK_INT(options.concurrency, 64);
	CHECK(!options.quiet);
	done();
}

TEST(a_typo_gets_the_nearest_name)
{
	BAD("unknown option --concurency; did you mean --concurrency?", "--concurency", "5");
	BAD("unknown option --per-hots=5; did you mean --per-host?", "--per-hots=5");
	BAD("did you mean --help?", "--halp");
	BAD("unknown option -Z", "-Z");
	CHECK(!parse(ARGV("collect", "--xyzzy-nothing-like-it")));
	CHECK_STR(text_cstr(&message), "unknown option --xyzzy-nothing-like-it");
	done();
}

TEST(a_wrong_value_is_named_together_with_what_was_expected)
{
	BAD("--concurrency: '0' is not a number from 1", "--concurrency", "0");
	BAD("-j: 'x' is not a number", "-jx");
	BAD("--rate: '10' is not a rate such as 10/s", "--rate", "10");
	BAD("--max-body: '1Q' is not a size", "--max-body", "1Q");
	BAD("--mem: '1k' is not a size of at least", "--mem", "1k");
	BAD("-m: 'soon' is not a duration", "-m", "soon");
	BAD("--summary: 'yaml' is not text|json|none", "--summary", "yaml");
	BAD("--expect: 'xml' is not any|json", "--expect", "xml");
	BAD("--progress: 'ba' is not auto|bar|plain|none", "--progress", "ba");
	BAD("--fail-on-status: '99' is not statuses", "--fail-on-status", "99");
	BAD("--retry-on: '429,nonsense' is not statuses", "--retry-on", "429,nonsense");
	BAD("--watchdog: '0'", "--watchdog", "0");
	BAD("--paginate: '$.a[' is not link_header, or", "--paginate", "$.a[");
	BAD("--paginate: 'next' is not link_header, or", "--paginate", "next");
	BAD("--also-limited: '200:$a=b' is not", "--also-limited", "200:$a=b");
	BAD("-j needs a value: N", "-j");
	BAD("--output needs a value: FILE|-", "--output");
	BAD("--append takes no value", "--append=1");
}

TEST(what_does_not_fit_together_is_refused)
{
	BAD("URLs and -i together", "-i", "x", "http://a/");
	BAD("--append needs -o FILE", "--append", "http://a/");
	BAD("--append needs -o FILE", "--append", "-o", "-", "http://a/");
	BAD("-q and -v", "-q", "-v", "http://a/");
}

TEST(a_summary_file_is_json_unless_text_was_asked_for)
{
	GOOD("--summary-file", "f", "http://a/");
	CHECK_INT(options.summary, OPTIONS_SUMMARY_JSON);
	done();
	GOOD("--summary-file", "f", "--summary", "text", "http://a/");
	CHECK_INT(options.summary, OPTIONS_SUMMARY_TEXT);
	done();
}

TEST(headers_come_from_arguments_and_from_a_file)
{
	const char *file = temp_file("h", "# secret\nAuthorization: Bearer x \r\n\nX-Empty:\n");

	GOOD("-H", "Accept: a/b", "-H", format("@%s", file), "http://a/");
	CHECK_INT(options.headers.count, 3);
	CHECK_STR(options.headers.items[0].name, "Accept");
	CHECK_STR(options.headers.items[0].value, "a/b");
	CHECK_STR(options.headers.items[1].value, "Bearer x");
	CHECK_STR(options.headers.items[2].name, "X-Empty");
	CHECK_STR(options.headers.items[2].value, "");
	CHECK_STR(fields_credential(&options.headers), "Authorization");
	done();
	BAD("No such file", "-H", "@/nowhere", "http://a/");
	BAD("a header is written", "-H", "no colon", "http://a/");
	BAD("a header is written", "-H", "a b: c", "http://a/");
	BAD("control character", "-H", "A: b\nC: d", "http://a/");
	BAD("Transfer-Encoding is not for -H", "-H", "Transfer-Encoding: chunked", "http://a/");
	BAD("connection is not for -H", "-H", "connection: upgrade", "http://a/");
}

TEST(a_header_with_a_mistake_is_not_repeated_since_it_may_be_a_secret)
{
	CHECK(!parse(ARGV("collect", "-H", "Bearer hunter2", "http://a/")));
	CHECK(!strstr(text_cstr(&message), "hunter2"));
	done();
}

TEST(kinds_of_addresses_are_a_list)
{
	GOOD("http://a/");
	CHECK_INT(options.addr_deny, NET_KIND_LINK_LOCAL);
	done();
	GOOD("--addr-deny", "private,loopback", "http://a/");
	CHECK_INT(options.addr_deny, NET_KIND_PRIVATE | NET_KIND_LOOPBACK);
	done();
	GOOD("--addr-deny", "none", "http://a/");
	CHECK_INT(options.addr_deny, 0);
	done();
	BAD("or none", "--addr-deny", "privat", "http://a/");
	BAD("or none", "--addr-deny", "private,", "http://a/");
	BAD("or none", "--addr-deny", "", "http://a/");
	BAD("at most 1 MiB", "--har-body", "2M", "http://a/");
}

TEST(a_password_is_named_and_not_given)
{
	environment[0] = "SECRET";
	environment[1] = "hunter2";
	environment[2] = "HOME";
	environment[3] = "/home/me";
	GOOD("-u", "me:env:SECRET", "http://a/");
	CHECK_STR(options.user, "me");
	CHECK_STR(options.password, "hunter2");
	CHECK_STR(options_credential(&options), "--user");
	done();
	GOOD("-ume", "--header-to-all", "--netrc", "http://a/");
	CHECK_STR(options.user, "me");
	CHECK(!options.password && !options_credential(&options));
	CHECK_STR(options.netrc_file, "/home/me/.netrc");
	done();
	GOOD("--bearer-env", "SECRET", "--netrc-file", "n", "--netrc", "http://a/");
	CHECK_STR(options.bearer, "hunter2");
	CHECK_STR(options_credential(&options), "--bearer-env");
	CHECK_STR(options.netrc_file, "n");
	done();
	CHECK(!parse(ARGV("collect", "-u", "me:hunter2", "http://a/")));
	CHECK(!strstr(text_cstr(&message), "hunter2"));
	done();
	BAD("--user is USER", "-u", "me:env:", "http://a/");
	BAD("--user: the environment has no NONE", "-u", "me:env:NONE", "http://a/");
	BAD("one or the other", "-u", "me", "--bearer-env", "SECRET", "http://a/");
	environment[2] = NULL;
	BAD("--netrc: the environment has no HOME", "--netrc", "http://a/");
}

TEST(what_looks_like_a_credential_is_one)
{
	static const char *const secret[] = { "authorization",	 "Cookie",
					      "X-Api-Key",	 "Proxy-Authorization",
					      "x-auth-token",	 "PRIVATE-TOKEN",
					      "X-Client-Secret", "apikey" };
	static const char *const harmless[] = { "Accept", "User-Agent", "If-None-Match",
						"Idempotency-Key", "X-Request-Id" };

	for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
		CHECK(fields_is_credential(secret[i]));
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		CHECK(!fields_is_credential(harmless[i]));
}

TEST(help_names_every_option_and_its_default)
{
	struct text help = { 0 };

	GOOD("--help", "--nonsense");
	CHECK_INT(options.action, OPTIONS_HELP);
	options_help(&help);
	for (size_t i = 0; i < options_count; i++)
		CHECK_CONTAINS(text_cstr(&help), format("--%s", options_table[i].name));
	CHECK_CONTAINS(text_cstr(&help), "(64)");
	text_free(&help);
	done();
	GOOD("--version");
	CHECK_INT(options.action, OPTIONS_SHOW_VERSION);
	done();
}

TEST(the_version_is_the_one_of_the_makefile)
{
	CHECK_CONTAINS(read_file(in_source("Makefile"), NULL),
		       format("VERSION = %s\n", OPTIONS_VERSION));
}

static void parse_everything(void)
{
	environment[0] = "HOME";
	environment[1] = "/";
	(void)parse(
		ARGV("collect", "-H", "A: b", "-H", "C: d", "-u", "me", "--netrc", "http://a/"));
	done();
}

TEST(memory_may_run_out_anywhere)
{
	for_each_failing_allocation(parse_everything);
}
