/* SPDX-License-Identifier: MIT */
/* test_parser.c - responses as the parser tells them, however they are cut (parser_story.h). */
#include "tests/harness.h"
#include "tests/parser_story.h"

TEST(a_response_is_told_the_same_however_it_is_cut)
{
	static const struct message messages[] = {
		{ TEXT(OK "Content-Length: 5\r\nX-A:  b c \t\r\n\r\nhello"),
		  "200 content-length=5;x-a=b c;[hello] keep" },
		{ TEXT(OK "Content-Length: 0\r\n\r\n"), "200 content-length=0;[] keep" },
		{ TEXT(OK "Content-Length: 1\r\n\r\nx"), "200 content-length=1;[x] keep" },
		{ TEXT(OK "X:\r\nY: \r\nContent-Length: 1\r\n\r\n\n"),
		  "200 x=;y=;content-length=1;[\n] keep" },
		{ TEXT("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx"),
		  "200 content-length=1;[x] keep" },
		{ TEXT("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx"),
		  "200 content-length=1;[x] keep" },
		{ TEXT("\r\n\r\n" OK "Content-Length: 1\r\n\r\nx"),
		  "200 content-length=1;[x] keep" },
		{ TEXT(OK "A: \x80\xff\r\nContent-Length: 1\r\n\r\nx"),
		  "200 a=\x80\xff;content-length=1;[x] keep" },
		{ TEXT("HTTP/1.1 200 O\0K\r\nContent-Length: 1\r\n\r\nx"),
		  "200 content-length=1;[x] keep" },
		{ TEXT(OK "Set-Cookie: a\r\nset-cookie: b\r\nContent-Length: 0\r\n\r\n"),
		  "200 set-cookie=a;set-cookie=b;content-length=0;[] keep" },
		{ TEXT(OK "Content-Length: 00005  \r\n\r\nhello"),
		  "200 content-length=00005;[hello] keep" },
	};

	check_all(messages);
}

TEST(chunks_become_one_body_and_trailers_go_nowhere)
{
	static const struct message messages[] = {
		{ TEXT(CHUNKED "5\r\nhello\r\n0\r\n\r\n"),
		  "200 transfer-encoding=chunked;[hello] keep" },
		{ TEXT(CHUNKED "1\r\nh\r\n000004;ext=\"1\"\r\nello\r\n0\r\n\r\n"),
		  "200 transfer-encoding=chunked;[hello] keep" },
		{ TEXT(CHUNKED "5 ; a\r\n\r\n\r\n\r\r\n0\r\n\r\n"),
		  "200 transfer-encoding=chunked;[\r\n\r\n\r] keep" },
		{ TEXT(CHUNKED "0\r\nContent-Type: evil\r\nX: y\r\n\r\n"),
		  "200 transfer-encoding=chunked;[] keep" },
		{ TEXT(OK "Transfer-Encoding: CHUNKED \r\n\r\nA\r\n0123456789\r\n0\r\n\r\n"),
		  "200 transfer-encoding=CHUNKED;[0123456789] keep" },
		{ TEXT("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
		  "200 connection=keep-alive;transfer-encoding=chunked;[x] close" },
	};

	check_all(messages);
}

TEST(broken_chunks_are_refused)
{
	static const struct message messages[] = {
		{ TEXT(CHUNKED "ZZ\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "0x5\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "-5\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED " 5\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "FFFFFFFFFFFFFFFFF\r\nhello"), "EPARSE" },
		{ TEXT(CHUNKED "FFFFFFFFFFFFFFFF\r\nhello"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhelloXX0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\rX0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhelloX\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\rXhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5;a\nb\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5;a\rb\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\r\n0\r\nA: b\r\n\rX"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\r\n0\r\nA: b\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\r\n0\r\n A: b\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\r\n"), "EBODY_TRUNCATED" },
		{ TEXT(CHUNKED "5\r\nhello\r\n0\r\n"), "EBODY_TRUNCATED" },
		{ TEXT(CHUNKED "5\r\nhell"), "EBODY_TRUNCATED" },
		{ TEXT(CHUNKED), "EBODY_TRUNCATED" },
	};

	check_all(messages);
}

TEST(a_length_is_one_number_or_nothing)
{
	static const struct message messages[] = {
		{ TEXT(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 5, 5\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 5 5\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: +5\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: -5\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 0x5\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length:\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 18446744073709551616\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 9223372036854775808\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "5\r\nhello\r\n0\r\n\r\n"),
		  "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello"),
		  "EFRAMING" },
		{ TEXT(OK "Content-Length: 6\r\n\r\nhello"), "EBODY_TRUNCATED" },
		{ TEXT(OK "Content-Length: 9223372036854775807\r\n\r\nhello"), "EBODY_TRUNCATED" },
	};

	check_all(messages);
}

TEST(a_transfer_encoding_is_exactly_chunked)
{
	static const struct message messages[] = {
		{ TEXT(OK "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding:\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "0\r\n\r\n"),
		  "EFRAMING" },
	};

	check_all(messages);
}

TEST(what_is_not_http_1_is_refused)
{
	static const struct message messages[] = {
		{ TEXT("SSH-2.0-OpenSSH_9.2\r\n"), "EPARSE" },
		{ TEXT("<html>old</html>"), "EPARSE" },
		{ TEXT("ICY 200 OK\r\n\r\n"), "EPARSE" },
		{ TEXT("HELLO/1.1 200 OK\r\n\r\n"), "EPARSE" },
		{ TEXT("HXXX/1.1 200 OK\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.10 200 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1 200 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 0 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 99 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 1000 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 0200 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 20x OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "EPARSE" },
		{ TEXT("\x15\x03\x01\x00\x02\x02\x28"), "EPARSE" },
	};

	check_all(messages);
}

TEST(header_lines_that_two_could_read_differently_are_refused)
{
	static const struct message messages[] = {
		{ TEXT(OK "Content-Length : 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo Bar: 2\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK " Foo: 2\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\r\n b\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\r\n\tb\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo:\r\n b\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK ": x\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "F\0oo: x\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "F\xc3\xb6: x\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\0b\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\x01z\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\x7f\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\rContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\r\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: \rX: 2\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT("HTTP/1.1 200 O\rK\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT("HTTP/1.1 200\rXContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Content-Length: 2\r\n\rXhi"), "EPARSE" },
		{ TEXT(OK "Content-Length: 0\r\n\rX"), "EPARSE" },
	};

	check_all(messages);
}

TEST(bare_line_feeds_in_heads_are_tolerated_and_counted)
{
	static const struct message messages[] = {
		{ TEXT("HTTP/1.1 200 OK\nContent-Length: 2\nA: b\n\nhi"),
		  "200 content-length=2;a=b;[hi] keep lf 4" },
		{ TEXT("\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nhi"),
		  "200 content-length=2;[hi] keep lf 2" },
		{ TEXT("HTTP/1.1 200\nContent-Length: 2\r\n\r\n\n\n"),
		  "200 content-length=2;[\n\n] keep lf 1" },
		{ TEXT("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\r\n\n\r\n0\r\n\r\n"),
		  "200 transfer-encoding=chunked;[\n] keep lf 3" },
		{ TEXT("HTTP/1.1 100 C\n\nHTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"),
		  "200 content-length=0;[] keep interim 1 lf 3" },
	};

	check_all(messages);
}

TEST(responses_without_a_body_end_with_their_head)
{
	static const struct parser_options head = { .head_request = true };
	static const struct parser_options conditional = { .conditional = true };
	const struct message messages[] = {
		{ TEXT(OK "Content-Length: 5\r\n\r\n"), "200 content-length=5;[] keep", head },
		{ TEXT(CHUNKED), "200 transfer-encoding=chunked;[] keep", head },
		{ TEXT(OK "\r\n"), "200 [] keep", head },
		{ TEXT("HTTP/1.1 404 No\r\nContent-Length: 9223372036854775807\r\n\r\n"),
		  "404 content-length=9223372036854775807;[] keep", head },
		{ TEXT("HTTP/1.1 204 No\r\n\r\n"), "204 [] keep" },
		{ TEXT("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n"),
		  "204 content-length=0;[] keep",
		  {} },
		{ TEXT("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello"),
		  "204 content-length=5;[] close surplus 5",
		  {} },
		{ TEXT("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		  "204 transfer-encoding=chunked;[] close surplus 5",
		  {} },
		{ TEXT("HTTP/1.1 205 Reset\r\n\r\n"), "205 [] keep" },
		{ TEXT("HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\nhi"),
		  "205 content-length=2;[] close surplus 2",
		  {} },
		{ TEXT("HTTP/1.1 304 Same\r\nContent-Length: 5000\r\n\r\n"),
		  "304 content-length=5000;[] keep", conditional },
		{ TEXT("HTTP/1.1 304 Same\r\n\r\n"), "304 [] keep", conditional },
	};

	check_all(messages);
}

TEST(answers_that_were_not_asked_for_are_errors)
{
	static const struct parser_options ranged = { .range = "bytes=0-0" };
	const struct message messages[] = {
		{ TEXT("HTTP/1.1 304 Same\r\n\r\n"), "EUNEXPECTED_304" },
		{ TEXT("HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\nx"), "EUNEXPECTED_206" },
		{ TEXT("HTTP/1.1 206 Part\r\nContent-Range: bytes 0-0/9\r\nContent-Length: 1\r\n\r\nx"),
		  "206 content-range=bytes 0-0/9;content-length=1;[x] keep", ranged },
		{ TEXT("HTTP/1.1 206 Part\r\nContent-Range: bytes 1-1/9\r\nContent-Length: 1\r\n\r\nx"),
		  "EUNEXPECTED_206", ranged },
		{ TEXT("HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\nx"), "EUNEXPECTED_206",
		  ranged },
		{ TEXT("HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
		  "EPARSE",
		  {} },
		{ TEXT(OK "Upgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nhi"),
		  "200 upgrade=h2c;connection=upgrade;content-length=2;[hi] keep",
		  {} },
	};

	check_all(messages);
}

#define EARLY "HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n"

TEST(interim_responses_are_skipped_up_to_eight)
{
	static const struct message messages[] = {
		{ TEXT("HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi"),
		  "200 content-length=2;[hi] keep interim 1" },
		{ TEXT("HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\n" OK
		       "Content-Length: 2\r\n\r\nhi"),
		  "200 content-length=2;[hi] keep interim 1" },
		{ TEXT(EARLY EARLY EARLY EARLY EARLY EARLY EARLY EARLY OK
		       "Content-Length: 2\r\n\r\nhi"),
		  "200 content-length=2;[hi] keep interim 8" },
		{ TEXT(EARLY EARLY EARLY EARLY EARLY EARLY EARLY EARLY EARLY OK
		       "Content-Length: 2\r\n\r\nhi"),
		  "ETOO_MANY_1XX" },
		{ TEXT(EARLY), "ECLOSED_EARLY" },
		{ TEXT(EARLY "HXXP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT("HTTP/1.1 100 C\r\nTransfer-Encoding: x\r\n\r\n" OK "\r\n"), "EFRAMING" },
	};

	check_all(messages);
}

TEST(the_end_of_the_stream_completes_only_what_nothing_else_can)
{
	static const struct message messages[] = {
		{ TEXT(OK "\r\nall of it"), "200 [all of it] close" },
		{ TEXT("HTTP/1.0 200 OK\r\n\r\n"), "200 [] close" },
		{ TEXT(""), "ECLOSED_EARLY" },
		{ TEXT("\r\n"), "ECLOSED_EARLY" },
		{ TEXT("HTTP/1.1 2"), "ECLOSED_EARLY" },
		{ TEXT(OK), "ECLOSED_EARLY" },
		{ TEXT(OK "Content-Length: 2\r\n"), "ECLOSED_EARLY" },
		{ TEXT(OK "Content-Length: 2\r\n\r"), "ECLOSED_EARLY" },
		{ TEXT(OK "Content-Length: 2\r\n\r\n"), "EBODY_TRUNCATED" },
		{ TEXT(OK "Content-Length: 2\r\n\r\nh"), "EBODY_TRUNCATED" },
	};

	check_all(messages);
}

TEST(the_head_decides_whether_the_connection_lives)
{
	static const struct message messages[] = {
		{ TEXT(OK "Connection: close\r\nContent-Length: 0\r\n\r\n"),
		  "200 connection=close;content-length=0;[] close" },
		{ TEXT(OK "Connection: x, Close\r\nContent-Length: 0\r\n\r\n"),
		  "200 connection=x, Close;content-length=0;[] close" },
		{ TEXT("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
		  "200 content-length=0;[] close" },
		{ TEXT("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n"),
		  "200 connection=Keep-Alive;content-length=0;[] keep" },
	};

	check_all(messages);
}

TEST(surplus_is_never_parsed)
{
	static const struct message messages[] = {
		{ TEXT(OK "Content-Length: 2\r\n\r\nhijunk"),
		  "200 content-length=2;[hi] keep surplus 4" },
		{ TEXT(OK "Content-Length: 2\r\n\r\nhi" OK "Content-Length: 2\r\n\r\nho"),
		  "200 content-length=2;[hi] keep surplus 40" },
		{ TEXT(CHUNKED "0\r\n\r\n\r\n"),
		  "200 transfer-encoding=chunked;[] keep surplus 2" },
		{ TEXT("HTTP/1.1 204 No\r\n\r\nx"), "204 [] keep surplus 1" },
	};

	check_all(messages);
}

TEST(bodies_above_the_limit_are_refused_announced_or_not)
{
	static const struct parser_options five = { .max_body = 5 };
	static const struct parser_options head = { .max_body = 5, .head_request = true };
	const struct message messages[] = {
		{ TEXT(OK "Content-Length: 5\r\n\r\nhello"), "200 content-length=5;[hello] keep",
		  five },
		{ TEXT(OK "Content-Length: 6\r\n\r\nhello!"), "EBODY_TOO_LARGE", five },
		{ TEXT(CHUNKED "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), "EBODY_TOO_LARGE", five },
		{ TEXT(OK "\r\nhello!"), "EBODY_TOO_LARGE", five },
		{ TEXT(OK "Content-Length: 6\r\n\r\n"), "200 content-length=6;[] keep", head },
	};

	check_all(messages);
}
