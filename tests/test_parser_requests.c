/* SPDX-License-Identifier: MIT */
/* test_parser_requests.c - requests as the parser tells them to the server, however they are cut. */
#include "tests/harness.h"
#include "tests/parser_story.h"

TEST(a_request_is_told_the_same_however_it_is_cut)
{
	static const struct parser_options request = { .request = true };
	static const struct parser_options five = { .request = true, .max_body = 5 };
	const struct message messages[] = {
		{ TEXT("GET /a?b=c%20d HTTP/1.1\r\nHost: x\r\n\r\n"),
		  "GET /a?b=c%20d host=x;[] keep", request },
		{ TEXT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
		  "POST / host=x;content-length=5;[hello] keep", five },
		{ TEXT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nhello!"),
		  "EBODY_TOO_LARGE", five },
		{ TEXT("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
		  "PUT / host=x;transfer-encoding=chunked;[hello] keep", five },
		{ TEXT("GET / HTTP/1.0\r\n\r\n"), "GET / [] close", request },
		{ TEXT("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
		  "GET / connection=keep-alive;[] keep", request },
		{ TEXT("GET http://x/y HTTP/1.1\r\nHost: x\r\n\r\n"),
		  "GET http://x/y host=x;[] keep", request },
		{ TEXT("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), "OPTIONS * host=x;[] keep",
		  request },
		{ TEXT("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"),
		  "GET /a host=x;[] keep surplus 28", request },
		{ TEXT("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n"
		       "Connection: Upgrade\r\n\r\n"),
		  "GET / host=x;upgrade=h2c;connection=Upgrade;[] keep", request },
	};

	check_all(messages);
}

TEST(broken_requests_are_refused)
{
	static const struct parser_options r = { .request = true };
	const struct message messages[] = {
		{ TEXT("GET / HTTP/1.1\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET /\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET / HXXP/1.1\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "EPARSE", r },
		{ TEXT("NONSENSE / HTTP/1.1\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET /\t HTTP/1.1\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET / HTTP/1.1\rXHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET / HTTP/1.1\r\nHost : x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"), "EPARSE", r },
		{ TEXT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		  "EFRAMING", r },
		{ TEXT("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"), "EFRAMING",
		  r },
		{ TEXT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		  "EFRAMING", r },
		{ TEXT("GET / HTTP/1.1\r\nHost: x\r\n"), "ECLOSED_EARLY", r },
		{ TEXT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell"),
		  "EBODY_TRUNCATED", r },
	};

	check_all(messages);
}
