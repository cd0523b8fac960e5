/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_more.c - build/collect against what is right HTTP and wrong nevertheless: JSON that
 * is none, redirects, URLs, proxies, and a machine that is short of descriptors.
 */
#include "runtime/base.h"
#include "tests/hostile_lines.h"
#include "tests/peer_upstream.h"

/* ---- JSON ------------------------------------------------------------------------------------ */

#define JSON_BODY(text) CLOSES(OK "Content-Type: application/json\r\n\r\n" text)

/* 200,000 arrays in one another. */
static struct fault deep(const char *bracket)
{
	const char *head = OK "Content-Type: application/json\r\n\r\n";
	size_t size = strlen(head) + 200000;
	char *bytes = format("%*s", (int)size, "");

	memcpy(bytes, head, strlen(head));
	for (size_t i = strlen(head); i < size; i++)
		bytes[i] = bracket[(i - strlen(head)) % strlen(bracket)];
	return (struct fault){ "44 deep", .bytes = bytes, .size = size, .code = "json_too_deep",
			       .phase = "body" };
}

TEST_WITH_LIMIT(items_43_to_48_what_is_no_json_is_an_error_with_its_place, 40)
{
#define INVALID .code = "json_invalid", .phase = "body"
	const struct line lines[] = {
		{ .fault = { "43 invalid UTF-8", JSON_BODY("[\"\xff\"]"), INVALID },
		  .says = "at byte 2" },
		{ .fault = { "43 overlong", JSON_BODY("[\"\xc0\xaf\"]"), INVALID },
		  .says = "at byte 2" },
		{ .fault = { "43 a surrogate", JSON_BODY("[\"\xed\xa0\x80\"]"), INVALID },
		  .says = "body_b64" },
		{ .fault = { "43 a lone escaped surrogate", JSON_BODY("[\"\\ud800\"]"), INVALID } },
		{ .fault = { "43 a raw NUL", JSON_BODY("[\"\0\"]"), INVALID },
		  .says = "at byte 2" },
		{ .fault = deep("[") },
		{ .fault = deep("{\"\":") },
		{ .fault = { "45 huge numbers",
			     JSON_BODY("[1e300,1234567890123456789,0.10000000000000001]"),
			     IS(200, NULL) } },
		{ .fault = { "46 a BOM", JSON_BODY("\xef\xbb\xbf[1]"), IS(200, NULL) },
		  .says = "\"body\": [1]" },
		{ .fault = { "46 NaN", JSON_BODY("[NaN]"), INVALID } },
		{ .fault = { "46 Infinity", JSON_BODY("-Infinity"), INVALID } },
		{ .fault = { "46 data behind", JSON_BODY("{} x"), INVALID }, .says = "at byte 3" },
		{ .fault = { "46 two values", JSON_BODY("{}{}"), INVALID } },
		{ .fault = { "46 nothing", JSON_BODY(""), INVALID } },
		{ .fault = { "46 cut in a string", JSON_BODY("[\"abc"), INVALID } },
		{ .fault = { "46 a trailing comma", JSON_BODY("[1,]"), INVALID } },
		{ .fault = { "46 a leading zero", JSON_BODY("[01]"), INVALID } },
		{ .fault = { "46 an empty 204", BYTES("HTTP/1.1 204 N\r\n\r\n"), IS(204, "") } },
		{ .fault = { "47 a login page",
			     CLOSES(OK "Content-Type: text/html\r\n\r\n<html>log in</html>"),
			     .code = "unexpected_content_type", .phase = "body" },
		  .says = "log in" },
		{ .fault = { "47 a login page that is no JSON", JSON_BODY("<html>log in</html>"),
			     INVALID },
		  .says = "log in" },
		{ .fault = { "48 U+2028", JSON_BODY("[\"\xe2\x80\xa8\"]"), IS(200, NULL) } },
		{ .fault = { "48 line ends between tokens", JSON_BODY("[\r\n1,\n2\r]\n"),
			     IS(200, NULL) },
		  .says = "\"body\": [1, 2]" },
		{ .fault = { "48 a line end in a string", JSON_BODY("[\"a\nb\"]"), INVALID } },
	};

	HOSTILE_RUN(lines, 10, "--expect", "json");
	/* Raw: the numbers are digit for digit what was sent. */
	CHECK_CONTAINS(collect.out, "\"body\":[1e300,1234567890123456789,0.10000000000000001]");
	HOSTILE_RUN(
		((const struct line[]){
			{ .fault = { "48 with text", CLOSES(OK "\r\na\nb\r\n\xe2\x80\xa8"),
				     IS(200, "a\nb\r\n\xe2\x80\xa8") } },
			{ .fault = { "43 with bytes", CLOSES(OK "\r\n\xff\n\0"), IS(200, NULL) },
			  .says = "\"body_b64\": \"/woA\"" } }),
		10, "--expect", "any");
}

TEST(item_45_numbers_and_double_keys_are_passed_on_as_they_came)
{
	static const char body[] = "[1e400,-1e-400,123456789012345678901234567890,1E+2,-0.0,"
				   "{\"a\":1,\"a\":2},0.30000000000000004440892098500626]";
	const char *answer = format(OK "Content-Type: application/json\r\n\r\n%s", body);
	static struct raw_step script[3];

	script[0] = (struct raw_step)RAW_REQUEST;
	script[1] = (struct raw_step)RAW_SEND_BYTES(answer, strlen(answer));
	hostile_play((const struct raw_step *[]){ script }, 1, "%s\n",
		     ARGV("--expect", "json", "--summary", "none"));
	CHECK_INT(collect.status, 0);
	CHECK_CONTAINS(collect.out, format("\"body\":%s}\n", body));
}

/* ---- Redirects ------------------------------------------------------------------------------- */

#define TO(place) "HTTP/1.1 302 F\r\nLocation: " place "\r\nContent-Length: 0\r\n\r\n"
#define HOP(place) RAW_SEND(TO(place)), RAW_REQUEST

TEST_WITH_LIMIT(items_49_to_55_redirects_go_no_further_than_allowed, 40)
{
#define REDIRECT(error) .code = (error), .phase = "redirect"
	const struct line lines[] = {
		{ .fault = { "49 a loop of one", BYTES(TO("/")), REDIRECT("redirect_loop") } },
		{ .fault = { "49 a loop of two",
			     STEPS(HOP("/a"), HOP("/b"), HOP("/a"), RAW_SEND(HI)),
			     REDIRECT("redirect_loop") } },
		{ .fault = { "49 a loop by another spelling",
			     STEPS(HOP("/a/b"), HOP("/a/../a/./b"), RAW_SEND(HI)),
			     REDIRECT("redirect_loop") } },
		{ .fault = { "49 a loop by a fragment", STEPS(HOP("/a"), HOP("/a#x"), RAW_SEND(HI)),
			     REDIRECT("redirect_loop") } },
		{ .fault = { "49 too many",
			     STEPS(HOP("/1"), HOP("/2"), HOP("/3"), HOP("/4"), HOP("/5"), HOP("/6"),
				   HOP("/7"), HOP("/8"), HOP("/9"), HOP("/10"), HOP("/11"),
				   RAW_SEND(HI)),
			     REDIRECT("redirect_limit") } },
		{ .fault = { "49 as many as allowed",
			     STEPS(HOP("/1"), HOP("/2"), HOP("/3"), HOP("/4"), HOP("/5"), HOP("/6"),
				   HOP("/7"), HOP("/8"), HOP("/9"), HOP("/10"), RAW_SEND(HI)),
			     IS(200, "hi") },
		  .says = "/10\"" },
		{ .fault = { "51 another origin", BYTES(TO("http://localhost:1/")),
			     .code = "connect_refused" },
		  .unheard = "localhost" },
		{ .fault = { "53 this machine in octal", STEPS(HOP("http://0177.0.0.1/")),
			     REDIRECT("url_invalid") } },
		{ .fault = { "53 this machine as a number", STEPS(HOP("http://2130706433/")),
			     REDIRECT("url_invalid") } },
		{ .fault = { "54 a tab", STEPS(HOP("/a\tb"), RAW_SEND(HI)),
			     REDIRECT("url_invalid") } },
		{ .fault = { "54 a space", STEPS(HOP("/a b"), RAW_SEND(HI)), IS(200, "hi") },
		  .heard = "GET /a%20b HTTP/1.1\r\n" },
		{ .fault = { "54 other bytes", STEPS(HOP("/\xc3\xa4"), RAW_SEND(HI)),
			     IS(200, "hi") },
		  .heard = "GET /%C3%A4 HTTP/1.1\r\n" },
		{ .fault = { "54 an encoded line end", STEPS(HOP("/a%0d%0aX:y"), RAW_SEND(HI)),
			     IS(200, "hi") },
		  .heard = "GET /a%0d%0aX:y HTTP/1.1\r\n" },
		{ .fault = { "55 a reference", STEPS(HOP("?q=1#f"), RAW_SEND(HI)), IS(200, "hi") },
		  .heard = "GET /?q=1 HTTP/1.1\r\n",
		  .unheard = "#" },
		{ .fault = { "55 an empty host", STEPS(HOP("///x"), RAW_SEND(HI)),
			     REDIRECT("url_invalid") } },
		{ .fault = { "55 a port too high", STEPS(HOP("//localhost:65536/x"), RAW_SEND(HI)),
			     REDIRECT("url_invalid") } },
		{ .fault = { "55 two Locations",
			     STEPS(RAW_SEND(
				     "HTTP/1.1 302 F\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 2\r\n\r\nhi")),
			     .code = "http_parse", .phase = "redirect" } },
		{ .fault = { "55 one Location twice",
			     STEPS(RAW_SEND(
					   "HTTP/1.1 302 F\r\nLocation: /a\r\nLocation: /a\r\nContent-Length: 2\r\n\r\nhi"),
				   RAW_REQUEST, RAW_SEND(HI)),
			     IS(200, "hi") } },
	};

	HOSTILE_RUN(lines, 10, "--first-byte-timeout", "5s");
}

TEST(item_51_a_configured_header_does_not_cross_to_another_origin)
{
	const struct line lines[] = {
		{ .fault = { "51 by another name", BYTES(TO("//localhost:@PORT/x")),
			     REDIRECT("redirect_loop") },
		  .heard = "X-Api-Key: k",
		  .unheard = "X-Api-Key" },
		{ .fault = { "51 by the same name", BYTES(TO("/x")), REDIRECT("redirect_loop") },
		  .heard = "GET /x HTTP/1.1\r\n" },
	};

	HOSTILE_RUN(lines, 10, "-H", "X-Api-Key: k", "--header-to-all");
}

/* The n-th connection plays the n-th script: the second one is at another origin. */
TEST(item_51_only_accept_and_user_agent_do)
{
	static const char *const secrets[] = { "Authorization: Bearer t", "Cookie: c=1",
					       "X-Api-Key: k", "Referer: http://in.side/",
					       "X-Any: x" };
	static const struct raw_step first[] = { RAW_REQUEST, RAW_SEND(TO("//localhost:@PORT/x")),
						 RAW_END };
	static const struct raw_step second[] = { RAW_REQUEST, RAW_SEND(HI), RAW_END };
	const char *there;

	hostile_play((const struct raw_step *[]){ first, second }, 2, "%s\n",
		     ARGV("--header-to-all", "-H", secrets[0], "-H", secrets[1], "-H", secrets[2],
			  "-H", secrets[3], "-H", secrets[4], "-H", "User-Agent: me/1", "-H",
			  "Accept: a/b"));
	CHECK_INT(collect.status, 0);
	there = hostile_heard[1];
	CHECK_CONTAINS(there, "GET /x HTTP/1.1\r\nHost: localhost:");
	CHECK_CONTAINS(there, "User-Agent: me/1\r\n");
	CHECK_CONTAINS(there, "Accept: a/b\r\n");
	for (size_t i = 0; i < array_size(secrets); i++) {
		CHECK_CONTAINS(hostile_heard[0], secrets[i]);
		if (strcasestr(there, format("%.*s:", (int)strcspn(secrets[i], ":"), secrets[i])))
			FAIL("%s has crossed: %s", secrets[i], there);
	}
}

/* ---- URLs ------------------------------------------------------------------------------------ */

TEST(items_66_67_68_what_cannot_be_asked_is_said_and_what_refuses_is_tried_again)
{
#define URL(text)                                                                       \
	{                                                                               \
		.url = (text), .fault = { text, .code = "url_invalid", .phase = "url" } \
	}
#define LABEL "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	const struct line lines[] = {
		URL("http://a:0/"),
		URL("http://a:65536/"),
		URL("http://a:x/"),
		URL("http:///x"),
		URL("http://"),
		URL("http://a@b@c/"),
		URL("ftp://a/"),
		URL("file:///etc/passwd"),
		URL("http://[::1/"),
		URL("http://2130706433/"),
		URL("http://0x7f.1/"),
		URL("http://a..b/"),
		URL("http://" LABEL ".test/"),
		{ .url = "http://127.0.0.1:1/",
		  .fault = { "67 refused", .code = "connect_refused", .phase = "connect" } },
		{ .url = "http://169.254.1.1/",
		  .fault = { "53 link-local", .code = "addr_blocked", .phase = "connect" } },
		{ .url = "http://[::ffff:169.254.1.1]/",
		  .fault = { "53 link-local in IPv6", .code = "addr_blocked",
			     .phase = "connect" } },
		{ .url = "http://127.0.0.1:%d/a\tb",
		  .fault = { "54 a tab", .code = "url_invalid", .phase = "url" } },
		{ .url = "{\"url\":\"http://127.0.0.1:%d/a\\r\\nX: y\"}",
		  .fault = { "54 a line end", .code = "url_invalid", .phase = "url" } },
		{ .url = "{\"url\":\"http://127.0.0.1:%d/\",\"headers\":{\"A\":\"b\\r\\nX: y\"}}",
		  .fault = { "54 a line end in a header", BYTES(HI), .code = "request_invalid",
			     .phase = "url" } },
	};

	HOSTILE_RUN(lines, 10, "--connect-timeout", "3s");
}

/* ---- Proxies --------------------------------------------------------------------------------- */

static void by_proxy(struct line line)
{
	hostile_is_proxy = true;
	hostile_run(&line, 1, 10,
		    ARGV("--summary", "none", "--connect-timeout", "500ms", "--first-byte-timeout",
			 "500ms"));
}
#define PLAIN .url = "http://origin.test/"
#define SECURE .url = "https://origin.test/"

TEST_WITH_LIMIT(item_80_proxies_that_do_wrong, 60)
{
#define PROXY(error) .code = (error), .phase = "proxy"
	by_proxy((struct line){ SECURE,
				.fault = { "80 407 to CONNECT",
					   BYTES("HTTP/1.1 407 A\r\nContent-Length: 2\r\n\r\nhi"),
					   PROXY("proxy_auth") },
				.heard = "CONNECT origin.test:443 HTTP/1.1\r\n" });
	by_proxy((struct line){ PLAIN,
				.fault = { "80 407 to GET",
					   BYTES("HTTP/1.1 407 A\r\nContent-Length: 2\r\n\r\nhi"),
					   PROXY("proxy_auth") },
				.heard = "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n" });
	by_proxy((struct line){ SECURE,
				.fault = { "80 CONNECT refused",
					   BYTES("HTTP/1.1 502 B\r\nContent-Length: 2\r\n\r\nhi"),
					   PROXY("proxy_refused") } });
	by_proxy((struct line){
		SECURE,
		.fault = {
			"80 CONNECT redirected",
			BYTES("HTTP/1.1 302 F\r\nLocation: http://evil.test/\r\nContent-Length: 0\r\n\r\n"),
			PROXY("proxy_refused") } });
	by_proxy((struct line){ SECURE, .fault = { "80 no HTTP", BYTES("SSH-2.0-OpenSSH\r\n"),
						   PROXY("proxy_protocol") } });
	by_proxy((struct line){
		SECURE, .fault = { "80 no answer", BYTES(""), .code = "connect_timeout" } });
	by_proxy((struct line){ SECURE, .fault = { "80 an end instead of an answer", CLOSES(""),
						   PROXY("proxy_protocol") } });
	by_proxy(
		(struct line){ SECURE, .fault = { "80 half a head", CLOSES("HTTP/1.1 200 OK\r\nX:"),
						  PROXY("proxy_protocol") } });
	by_proxy((struct line){
		SECURE,
		.fault = { "80 the tunnel ends at once",
			   .script = (const struct raw_step[]){ RAW_REQUEST,
								RAW_SEND("HTTP/1.1 200 OK\r\n\r\n"),
								RAW_CALL(raw_hear_hello), RAW_END },
			   .code = "tls_truncated", .phase = "tls" } });
	by_proxy((struct line){ SECURE,
				.fault = { "80 no TLS in the tunnel",
					   STEPS(RAW_SEND("HTTP/1.1 200 OK\r\n\r\n"), RAW_WAIT(0.1),
						 RAW_SEND("HTTP/1.1 400 B\r\n\r\n")),
					   .code = "tls_protocol", .phase = "tls" } });
	by_proxy((struct line){ PLAIN,
				.fault = { "80 truncated",
					   CLOSES("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi"),
					   .code = "body_truncated", .phase = "body" } });
	by_proxy((struct line){ PLAIN, .fault = { "80 right", BYTES(HI), IS(200, "hi") },
				.heard = "GET http://origin.test/ HTTP/1.1\r\n" });
}

TEST(item_80_what_comes_with_the_head_of_a_tunnel_is_no_answer_to_connect)
{
	by_proxy((struct line){
		SECURE, .fault = { "80 an answer with a body",
				   BYTES("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
				   .code = "proxy_protocol" } });
}

/* ---- The machine ----------------------------------------------------------------------------- */

TEST_WITH_LIMIT(item_72_with_few_descriptors_all_is_fetched_in_the_end, 40)
{
	const char *summary = temp_path("summary");
	char *input = format("%s", "");

	if (UNDER_ASAN || UNDER_TSAN || under_valgrind())
		NOT_HERE("the tools need descriptors of their own");
	start_upstream(1, NULL, NULL);
	for (int i = 0; i < 200; i++)
		input = format("%s%s\n", input, at(0, "/weather?delay=20ms"));
	run_collect(input, ARGV("/bin/sh", "-c", "ulimit -n 40; exec \"$0\" \"$@\"",
				built("collect"), "-i", "-", "-j", "200", "--per-host", "200",
				"--watchdog", "off", "--summary-file", summary));
	CHECK_CONTAINS(collect.err, "since the limit of open files is low");
	CHECK_INT(number_in(read_file(summary, NULL), "ok"), 200);
	CHECK_INT(collect.status, 0);
	CHECK(collect.cpu < 2);
	stop_upstream();
}
