/* SPDX-License-Identifier: MIT */
/* The whole program, against build/upstream: what it takes, what it says of each line, what it refuses. */
#include "tests/peer_upstream.h"

/* ---- Records --------------------------------------------------------------------------------- */

TEST(each_url_gives_one_response_and_the_exit_status_is_0)
{
	json_t *all, *record;

	start_upstream(2, NULL, NULL);
	COLLECT(at(0, "/weather"), at(1, "/users?id=7"), "--summary", "json");
	CHECK_INT(collect.status, 0);
	all = records(collect.out);
	CHECK_INT(json_array_size(all), 2);
	record = by_line(all, 2);
	CHECK_STR(string_in(record, "type"), "response");
	CHECK_STR(string_in(record, "url"), at(1, "/users?id=7"));
	CHECK_INT(json_integer_value(json_object_get(record, "status")), 200);
	CHECK_INT(json_integer_value(json_object_get(json_object_get(record, "body"), "id")), 7);
	CHECK_INT(number_in(collect.err, "ok"), 2);
	CHECK_INT(number_in(collect.err, "requests"), 2);
	json_decref(all);
	stop_upstream();
}

TEST(a_body_is_passed_on_digit_for_digit)
{
	start_upstream(12, NULL, NULL);
	COLLECT(at(3, "/stocks"));
	CHECK_CONTAINS(collect.out, "0.10000000000000001,");
	COLLECT(at(9, "/planets"));
	CHECK_CONTAINS(collect.out, "568340000000000000000000000000}");
	stop_upstream();
}

TEST(text_and_binary_bodies_are_responses_and_with_expect_json_errors)
{
	json_t *all;

	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/text"), at(0, "/binary"));
	CHECK_INT(collect.status, 0);
	all = records(collect.out);
	CHECK_CONTAINS(string_in(by_line(all, 1), "body_text"), "The quick brown fox.\n");
	CHECK(string_in(by_line(all, 2), "body_b64"));
	json_decref(all);
	COLLECT("--expect", "json", at(0, "/text"), at(0, "/binary"), at(0, "/weather"));
	CHECK_INT(collect.status, 3);
	all = records(collect.out);
	CHECK_STR(code_of(by_line(all, 1)), "unexpected_content_type");
	CHECK_STR(code_of(by_line(all, 2)), "unexpected_content_type");
	CHECK_STR(code_of(by_line(all, 3)), "none");
	json_decref(all);
	stop_upstream();
}

TEST(every_way_to_misbehave_is_an_error_of_its_own_and_harms_nobody)
{
	static const struct {
		const char *path, *code;
	} cases[] = {
		{ "/truncate", "body_truncated" },
		{ "/stall", "body_idle_timeout" },
		{ "/halfhead", "header_timeout" },
		{ "/never", "header_timeout" },
		{ "/close", "conn_closed_early" },
		{ "/garbage", "http_parse" },
		{ "/conflict", "framing_conflict" },
		{ "/badchunk", "http_parse" },
		{ "/loop", "redirect_loop" },
		{ "/weather?status=404", "http_404" },
		{ "/surplus", "none" },
		{ "/redirect?n=3", "none" },
		{ "/weather", "none" },
	};
	const size_t count = sizeof cases / sizeof *cases;
	char *input = format("%s", "");
	json_t *all;

	start_upstream(1, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		input = format("%s%s\n", input, at(0, cases[i].path));
	COLLECT_INPUT(input, "-i", "-", "--retry", "0", "--first-byte-timeout", "300ms",
		      "--idle-timeout", "300ms", "--per-host", "20");
	CHECK_INT(collect.status, 3);
	all = records(collect.out);
	CHECK_INT(json_array_size(all), count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(code_of(by_line(all, (int)i + 1)), cases[i].code))
			FAIL("%s gave %s, not %s", cases[i].path, code_of(by_line(all, (int)i + 1)),
			     cases[i].code);
	CHECK_STR(string_in(by_line(all, 12), "final_url"), at(0, "/weather"));
	json_decref(all);
	stop_upstream();
}

TEST(a_har_file_has_an_entry_for_each_attempt_and_each_redirect)
{
	const char *har = temp_path("run.har");
	json_t *file, *entries;

	start_upstream(1, NULL, NULL);
	COLLECT("--har", har, "--retry", "2", "--retry-base", "1ms", at(0, "/weather"),
		at(0, "/close"), at(0, "/redirect?n=3"));
	CHECK_INT(collect.status, 3);
	file = json_load_file(har, 0, NULL);
	entries = json_object_get(json_object_get(file, "log"), "entries");
	/* What is rude here is somewhere else: /close leads there. */
	CHECK_INT(json_array_size(entries), 1 + 3 * 2 + 4);
	json_decref(file);
	stop_upstream();
}

TEST(nothing_listens_there_and_there_is_no_such_name)
{
	json_t *all;

	/*
	 * A port that was free a moment ago: upstream had it. It has answered, so its main task sleeps:
	 * TSan keeps a signal for the coroutine that it interrupts, where it is lost if that one is
	 * about to wait for it.
	 */
	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/weather"));
	CHECK_INT(collect.status, 0);
	stop_upstream();
	COLLECT_INPUT(format("%s\nhttp://name.invalid/\n", at(0, "/")), "-i", "-", "--retry", "1",
		      "--retry-base", "1ms");
	CHECK_INT(collect.status, 4);
	all = records(collect.out);
	CHECK_STR(code_of(by_line(all, 1)), "connect_refused");
	CHECK_INT(json_integer_value(json_object_get(by_line(all, 1), "attempts")), 2);
	CHECK(!strncmp(code_of(by_line(all, 2)), "dns_", 4));
	json_decref(all);
}

/* ---- Input ----------------------------------------------------------------------------------- */

TEST(a_bad_line_is_an_error_record_and_the_others_are_fetched)
{
	json_t *all;

	start_upstream(1, NULL, NULL);
	COLLECT_INPUT(
		format("# a comment\n\nnonsense\n%s\r\n{\"url\":\"%s\",\"ref\":[1,\"x\"],"
		       "\"headers\":{\"X-A\":\"b\"}}\n{\"ulr\":1}\nhttp://a:65536/\nhttp:///x\n%s",
		       at(0, "/weather"), at(0, "/weather"), at(0, "/weather?id=2")),
		"-i", "-");
	CHECK_INT(collect.status, 3);
	all = records(collect.out);
	CHECK_INT(json_array_size(all), 7);
	CHECK_STR(code_of(by_line(all, 3)), "url_invalid");
	CHECK_CONTAINS(string_in(json_object_get(by_line(all, 3), "error"), "message"),
		       "did you mean https://nonsense?");
	CHECK_STR(code_of(by_line(all, 4)), "none");
	CHECK_STR(json_string_value(json_array_get(json_object_get(by_line(all, 5), "ref"), 1)),
		  "x");
	CHECK_STR(code_of(by_line(all, 6)), "line_invalid");
	CHECK_STR(code_of(by_line(all, 7)), "url_invalid");
	CHECK_STR(code_of(by_line(all, 8)), "url_invalid");
	CHECK_STR(code_of(by_line(all, 9)), "none");
	json_decref(all);
	stop_upstream();
}

static void run_shell(const char *command, const char *path)
{
	collect = (struct program){ .argv = ARGV("/bin/sh", "-c", command, built("collect"),
						 at(0, "/weather"), path) };
	run_program(&collect);
}

TEST(with_closed_standard_files_nothing_lands_in_the_output)
{
	const char *path = temp_path("out");

	start_upstream(1, NULL, NULL);
	run_shell("exec \"$0\" -v \"$1\" -o \"$2\" 2>&-", path);
	CHECK_INT(collect.status, 0);
	CHECK_INT(count_records(path), 1);
	run_shell("exec \"$0\" -v \"$1\" -o \"$2\" <&- >&- 2>&-", path);
	CHECK_INT(collect.status, 0);
	CHECK_INT(count_records(path), 1);
	run_shell("exec \"$0\" \"$1\" >&-", path);
	CHECK_INT(collect.status, 2);
	CHECK_CONTAINS(collect.err, "cannot open output stdout");
	run_shell("exec \"$0\" -i - <&-", path);
	CHECK_INT(collect.status, 2);
	stop_upstream();
}

TEST(a_summary_that_cannot_be_written_is_said_and_is_5)
{
	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/weather"), "--summary-file", "/dev/full");
	CHECK_INT(collect.status, 5);
	CHECK_CONTAINS(collect.err, "--summary-file /dev/full: No space left");
	CHECK_CONTAINS(collect.out, "\"type\":\"response\"");
	stop_upstream();
}

TEST(too_few_descriptors_to_start_are_the_machines_fault)
{
	if (UNDER_ASAN || UNDER_TSAN || under_valgrind())
		NOT_HERE("the tools need descriptors of their own");
	start_upstream(1, NULL, NULL);
	/* What make and CI have open would be in the loader's way. */
	run_shell("exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit -n 4; exec \"$0\" \"$1\"", "");
	CHECK_INT(collect.status, 2);
	CHECK_CONTAINS(collect.err, "cannot start: Too many open files; see ulimit -n");
	stop_upstream();
}

TEST(a_refused_line_keeps_its_ref)
{
	json_t *all;

	COLLECT_INPUT("{\"url\":\"http://a/\",\"method\":\"GE T\",\"ref\": {\"n\":7}}\n"
		      "{\"ref\":\"x\\\"y\",\"ulr\":1}\n",
		      "-i", "-");
	CHECK_INT(collect.status, 4);
	all = records(collect.out);
	CHECK_INT(json_integer_value(json_object_get(json_object_get(by_line(all, 1), "ref"), "n")),
		  7);
	CHECK_STR(string_in(by_line(all, 2), "ref"), "x\"y");
	json_decref(all);
}

TEST(what_a_failed_attempt_received_is_in_the_summary_and_where_it_was_in_the_record)
{
	json_t *all;

	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/truncate"), "--retry", "0", "--summary", "json");
	CHECK_CONTAINS(collect.err, "\"bytes\":{\"wire\":8,\"body\":8}");
	COLLECT(at(0, "/redirect?n=3"), "--max-redirs", "2");
	all = records(collect.out);
	CHECK_STR(code_of(by_line(all, 1)), "redirect_limit");
	CHECK_CONTAINS(string_in(by_line(all, 1), "final_url"), at(0, "/redirect?n=1"));
	json_decref(all);
	stop_upstream();
}

TEST(an_empty_input_is_a_warning_and_0)
{
	COLLECT_INPUT("\n# nothing\n", "-i", "-");
	CHECK_INT(collect.status, 0);
	CHECK_STR(collect.out, "");
	CHECK_CONTAINS(collect.err, "warning: the input holds no URL");
	COLLECT("-i", "/dev/null", "-q");
	CHECK_INT(collect.status, 0);
	CHECK_STR(collect.err, "");
}

#define REFUSED(text, ...)                         \
	do {                                       \
		COLLECT(__VA_ARGS__);              \
		CHECK_INT(collect.status, 2);      \
		CHECK_STR(collect.out, "");        \
		CHECK_CONTAINS(collect.err, text); \
	} while (0)

TEST(what_is_wrong_with_the_call_is_said_and_nothing_is_sent)
{
	const char *out = temp_file("out", "precious\n");

	REFUSED("did you mean https://example.com/?", "example.com/");
	REFUSED("65536", "http://a:65536/");
	REFUSED("did you mean --concurrency?", "--concurency", "5", "http://a/");
	REFUSED("cannot open input /nowhere: No such file", "-i", "/nowhere", "-o", out);
	REFUSED("Is a directory", "-i", temp_dir(), "-o", out);
	REFUSED("cannot open output", "-i", "/dev/null", "-o", temp_dir());
	REFUSED("is the input and the output", "-i", out, "-o", out);
	REFUSED("several hosts", "-H", "Authorization: x", "http://a/", "http://b/");
	REFUSED("--proxy: a proxy is http://", "-x", "ftp://p", "http://127.0.0.1:1/", "-o", out);
	REFUSED(out, "--cacert", out, "http://127.0.0.1:1/", "-o", out);
	REFUSED("/nowhere: No such file", "--capath", "/nowhere", "http://127.0.0.1:1/");
	REFUSED("cannot load a certificate from", "--cert", out, "http://127.0.0.1:1/");
	REFUSED("is for no certificate", "--key", out, "http://127.0.0.1:1/");
	REFUSED("\"sha1//x\" is not sha256//", "--pin", "sha1//x", "http://127.0.0.1:1/");
	REFUSED("cannot open HAR file", "--har", temp_dir(), "http://127.0.0.1:1/");
	REFUSED("is the HAR file and something else", "--har", out, "-o", out, "http://a/");
	REFUSED("host:port:address", "--resolve", "a:80", "http://127.0.0.1:1/");
	REFUSED("1.2|1.3", "--tls-min", "1.1", "http://127.0.0.1:1/");
	CHECK_STR(read_file(out, NULL), "precious\n");
	COLLECT("-q");
	CHECK_INT(collect.status, 2);
	CHECK_CONTAINS(collect.err, "usage: collect");
	CHECK_CONTAINS(collect.err, "collect man");
}

TEST(help_and_version_go_to_stdout)
{
	COLLECT("--help");
	CHECK_INT(collect.status, 0);
	CHECK_CONTAINS(collect.out, "--retry-max-wait");
	COLLECT("--version");
	CHECK_CONTAINS(collect.out, "collect 0.");
}

TEST(a_credential_stays_with_the_first_origin)
{
	json_t *all;
	char *input;

	start_upstream(2, NULL, NULL);
	input = format("%s\n%s\n%s\n", at(0, "/weather"), at(1, "/users"), at(0, "/weather?id=2"));
	COLLECT_INPUT(input, "-i", "-", "-H", "X-Api-Key: k");
	CHECK_INT(collect.status, 3);
	all = records(collect.out);
	CHECK_STR(code_of(by_line(all, 1)), "none");
	CHECK_STR(code_of(by_line(all, 2)), "credential_origin");
	CHECK_STR(code_of(by_line(all, 3)), "none");
	json_decref(all);
	COLLECT_INPUT(input, "-i", "-", "-H", "X-Api-Key: k", "--header-to-all");
	CHECK_INT(collect.status, 0);
	stop_upstream();
}
