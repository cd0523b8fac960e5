/* SPDX-License-Identifier: MIT */
/* test_request.c - the bytes that go out, and what never does. */
#include <stdlib.h>

#include "http/decode.h"
#include "http/parser.h"
#include "http/request.h"
#include "tests/harness.h"

#define DEFAULTS "Accept: */*\r\nAccept-Encoding: identity\r\nUser-Agent: loophound/0.1\r\n"

static struct url *url_of(const char *text)
{
	char why[URL_WHY];
	struct url *url;

	if (url_parse(&url, text, strlen(text), why) < 0)
		FAIL("%s: %s", text, why);
	return url;
}

static const struct upload *memory(const struct http_options *options)
{
	static struct upload upload;

	upload = (struct upload){ .options = options, .length = (int64_t)options->body_size };
	return &upload;
}

static void check_bytes(struct request request, const char *url, const char *want)
{
	struct url *parsed = url_of(url);
	struct request_bytes bytes;
	char why[REQUEST_WHY];

	request.url = parsed;
	request.keep_encoding = true;
	CHECK_INT(request_write(&request, &bytes, why), 0);
	CHECK_STR(why, "");
	CHECK_MEM(bytes.data, bytes.size, want, strlen(want));
	free(bytes.data);
	url_free(parsed);
}

static void check_refused(struct request request, const char *part)
{
	struct url *parsed = url_of("http://h/");
	struct request_bytes bytes;
	char why[REQUEST_WHY];

	request.url = parsed;
	CHECK_INT(request_write(&request, &bytes, why), HTTP_EREQUEST);
	CHECK_CONTAINS(why, part);
	CHECK(bytes.data == NULL);
	url_free(parsed);
}

TEST(a_plain_get_has_the_default_head)
{
	check_bytes((struct request){ 0 }, "http://example.com/a?b=c",
		    "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\n" DEFAULTS "\r\n");
	check_bytes((struct request){ .method = "HEAD" }, "https://[::1]:8443",
		    "HEAD / HTTP/1.1\r\nHost: [::1]:8443\r\n" DEFAULTS "\r\n");
}

static void check_coding(struct request request, const char *coding)
{
	struct url *parsed = url_of("http://h/");
	struct request_bytes bytes;
	char why[REQUEST_WHY];

	request.url = parsed;
	CHECK_INT(request_write(&request, &bytes, why), 0);
	CHECK(memmem(bytes.data, bytes.size, coding, strlen(coding)));
	free(bytes.data);
	url_free(parsed);
}

TEST(what_can_be_decoded_is_asked_for_unless_only_a_part_is_wanted)
{
	struct http_header range = { "Range", "bytes=0-9" }, own = { "accept-encoding", "br" };

	check_coding((struct request){ 0 },
		     format("\r\nAccept-Encoding: %s\r\n", decode_accepted()));
	check_coding((struct request){ .headers = &range, .header_count = 1 },
		     "\r\nAccept-Encoding: identity\r\n");
	check_coding((struct request){ .headers = &own, .header_count = 1 },
		     "\r\naccept-encoding: br\r\n");
}

TEST(a_header_of_the_caller_replaces_the_default)
{
	struct http_header headers[] = { { "accept", "text/html" },
					 { "X-One", "1" },
					 { "USER-AGENT", "me" },
					 { "host", "other" },
					 { "Connection", "close" } };

	check_bytes((struct request){ .headers = headers, .header_count = 5 }, "http://h/",
		    "GET / HTTP/1.1\r\nAccept-Encoding: identity\r\naccept: text/html\r\n"
		    "X-One: 1\r\nUSER-AGENT: me\r\nhost: other\r\nConnection: close\r\n\r\n");
}

TEST(a_body_has_its_length_and_goes_out_with_the_head)
{
	const struct http_options hello = { .body = "hello", .body_size = 5 };

	check_bytes((struct request){ .method = "POST", .upload = memory(&hello) }, "http://h/",
		    "POST / HTTP/1.1\r\nHost: h\r\n" DEFAULTS "Content-Length: 5\r\n\r\nhello");
	check_bytes((struct request){ .method = "POST" }, "http://h/",
		    "POST / HTTP/1.1\r\nHost: h\r\n" DEFAULTS "Content-Length: 0\r\n\r\n");
	check_bytes((struct request){ .method = "DELETE" }, "http://h/",
		    "DELETE / HTTP/1.1\r\nHost: h\r\n" DEFAULTS "\r\n");
}

TEST(a_large_body_is_left_to_the_caller)
{
	struct url *url = url_of("http://h/");
	struct http_options large = { .body = "x", .body_size = REQUEST_SMALL_BODY + 1 };
	struct request request = { .method = "PUT", .url = url, .upload = memory(&large) };
	struct request_bytes bytes;
	char why[REQUEST_WHY];

	CHECK_INT(request_write(&request, &bytes, why), 0);
	CHECK(!bytes.has_body);
	CHECK_MEM(bytes.data + bytes.size - 9, 9, "16385\r\n\r\n", 9);
	free(bytes.data);
	url_free(url);
}

TEST(user_information_becomes_basic_authorization)
{
	struct http_header own = { "authorization", "Bearer x" };

	/* RFC 7617's own example, and the padding of each length. */
	check_bytes((struct request){ 0 }, "http://Aladdin:open%20sesame@h/",
		    "GET / HTTP/1.1\r\nHost: h\r\n" DEFAULTS
		    "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
	check_bytes((struct request){ 0 }, "http://ab@h/",
		    "GET / HTTP/1.1\r\nHost: h\r\n" DEFAULTS "Authorization: Basic YWI6\r\n\r\n");
	check_bytes((struct request){ 0 }, "http://abc@h/",
		    "GET / HTTP/1.1\r\nHost: h\r\n" DEFAULTS
		    "Authorization: Basic YWJjOg==\r\n\r\n");
	check_bytes((struct request){ 0 }, "http://%c3%bf:@h/",
		    "GET / HTTP/1.1\r\nHost: h\r\n" DEFAULTS "Authorization: Basic w786\r\n\r\n");
	check_bytes((struct request){ .headers = &own, .header_count = 1 }, "http://a:b@h/",
		    "GET / HTTP/1.1\r\nHost: h\r\n" DEFAULTS "authorization: Bearer x\r\n\r\n");
}

TEST(what_could_break_the_framing_is_refused)
{
	static const struct {
		struct http_header header;
		const char *part;
	} bad[] = {
		{ { "", "x" }, "token" },
		{ { NULL, "x" }, "token" },
		{ { "A B", "x" }, "token" },
		{ { "A:", "x" }, "token" },
		{ { "A\r\nB", "x" }, "token" },
		{ { "\xc3\xa4", "x" }, "token" },
		{ { "A", NULL }, "value of A" },
		{ { "A", "x\r\nB: y" }, "value of A" },
		{ { "A", "x\ny" }, "value of A" },
		{ { "A", "x\x01y" }, "value of A" },
		{ { "A", "x\x7f" }, "value of A" },
		{ { "content-length", "5" }, "set by the library" },
		{ { "Transfer-Encoding", "chunked" }, "set by the library" },
		{ { "Expect", "100-continue" }, "set by the library" },
		{ { "Upgrade", "h2c" }, "set by the library" },
		{ { "Connection", "upgrade" }, "set by the library" },
	};
	struct http_header two[] = { { "Host", "a" }, { "host", "b" } };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_refused((struct request){ .headers = &bad[i].header, .header_count = 1 },
			      bad[i].part);
	check_refused((struct request){ .headers = two, .header_count = 2 }, "two Host");
	check_refused((struct request){ .method = "" }, "method");
	check_refused((struct request){ .method = "GET /" }, "method");
	check_refused((struct request){ .method = "G\r\n" }, "method");
	check_refused((struct request){ .method = "CONNECT" }, "prox");
	check_refused((struct request){ .user_agent = "a\nb" }, "user agent");
}

TEST(our_own_parser_reads_what_was_written)
{
	struct url *url = url_of("http://h/p ath?q=\xc3\xa4#f");
	struct http_header header = { "X-Latin", "\xe4\tb" };
	struct http_options three = { .body = "\0\r\n", .body_size = 3 };
	struct request request = { .method = "PATCH",
				   .url = url,
				   .headers = &header,
				   .header_count = 1,
				   .upload = memory(&three) };
	struct parser *parser = parser_new();
	struct request_bytes bytes;
	char why[REQUEST_WHY];
	struct json_span body;
	size_t at = 0, used;

	CHECK_INT(request_write(&request, &bytes, why), 0);
	parser_begin(parser, &(struct parser_options){ .request = true });
	CHECK_INT(parser_feed(parser, bytes.data, bytes.size, &used, &body), PARSER_HEAD);
	CHECK_STR(parser_head(parser)->method, "PATCH");
	CHECK_STR(parser_head(parser)->target, "/p%20ath?q=%C3%A4");
	CHECK_STR(parser_head(parser)->headers[4].value, "\xe4\tb");
	at += used;
	CHECK_INT(parser_feed(parser, bytes.data + at, bytes.size - at, &used, &body), PARSER_BODY);
	CHECK_MEM(body.ptr, body.len, "\0\r\n", 3);
	parser_free(parser);
	free(bytes.data);
	url_free(url);
}

TEST(methods_that_may_be_repeated_are_known)
{
	CHECK(request_is_idempotent("GET") && request_is_idempotent("HEAD") &&
	      request_is_idempotent("PUT") && request_is_idempotent("DELETE"));
	CHECK(!request_is_idempotent("POST") && !request_is_idempotent("PATCH") &&
	      !request_is_idempotent("get"));
}

static void write_with_failures(void)
{
	struct request request = { .method = "GET" };
	char why[URL_WHY > REQUEST_WHY ? URL_WHY : REQUEST_WHY];
	struct request_bytes bytes;
	struct url *url;

	if (url_parse(&url, "http://h/", 9, why) < 0)
		return;
	request.url = url;
	CHECK(request_write(&request, &bytes, why) == 0 || bytes.data == NULL);
	free(bytes.data);
	url_free(url);
}

TEST(running_out_of_memory_is_an_error_code)
{
	for_each_failing_allocation(write_with_failures);
}
