/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_cuts.c - the pieces in which an answer comes never matter, and whatever one
 * allocation or system call of a GET over TLS does not give ends in an answer or in an error.
 */
#include <stdlib.h>

#include "app/codes.h"
#include "http/decode.h"
#include "http/parser.h"
#include "runtime/base.h"
#include "tests/certs.h"
#include "tests/hostile.h"
#include "tests/raw_client.h"

#define OK "HTTP/1.1 200 OK\r\n"

/* ---- All pairs of cuts ----------------------------------------------------------------------- */

/* What parser and decoder make of an answer that comes in three pieces. */
struct outcome {
	int rc, status;
	size_t size;
	char body[64];
};

static int decode_piece(struct decode *decode, struct outcome *outcome, struct json_span piece)
{
	const char *decoded = piece.ptr;
	ssize_t n = (ssize_t)piece.len;

	if (decode)
		decode_feed(decode, piece.ptr, piece.len);
	while (!decode || (n = decode_read(decode, &decoded)) > 0) {
		CHECK(outcome->size + (size_t)n <= sizeof(outcome->body));
		memcpy(outcome->body + outcome->size, decoded, (size_t)n);
		outcome->size += (size_t)n;
		if (!decode)
			return 0;
	}
	return (int)n;
}

static int feed_piece(struct parser *parser, struct decode **decode, struct outcome *outcome,
		      const char *data, size_t size)
{
	char why[DECODE_WHY];
	struct json_span body;
	size_t used;
	int rc;

	for (;;) {
		rc = parser_feed(parser, data, size, &used, &body);
		data += used;
		size -= used;
		if (rc == PARSER_HEAD) {
			const struct parser_head *head = parser_head(parser);

			outcome->status = head->status;
			rc = decode_open(decode, head->headers, head->header_count, why);
		} else if (rc == PARSER_BODY) {
			rc = decode_piece(*decode, outcome, body);
		} else {
			return rc;
		}
		if (rc < 0)
			return rc;
	}
}

static void come_in_three(const struct fault *fault, size_t one, size_t two,
			  struct outcome *outcome)
{
	const size_t cuts[] = { 0, one, two, fault->size };
	struct parser *parser = parser_new();
	struct decode *decode = NULL;
	int rc = PARSER_MORE;

	*outcome = (struct outcome){ 0 };
	for (int i = 0; i < 3 && rc == PARSER_MORE; i++) {
		/* A copy of its own size, so that a sanitizer sees each step beyond it. */
		size_t size = cuts[i + 1] - cuts[i];
		char *piece = malloc(size + !size);

		memcpy(piece, fault->bytes + cuts[i], size);
		rc = feed_piece(parser, &decode, outcome, piece, size);
		free(piece);
	}
	if (rc == PARSER_MORE && fault->ending != RAW_VERB_AGAIN)
		rc = parser_finish(parser);
	if (rc == PARSER_DONE && decode && outcome->status != 204)
		rc = decode_finish(decode) < 0 ? decode_finish(decode) : PARSER_DONE;
	outcome->rc = rc;
	decode_close(decode);
	parser_free(parser);
}

TEST_WITH_LIMIT(every_fault_is_the_same_in_any_three_pieces, 60)
{
	for (size_t i = 0; i < hostile_fault_count; i++) {
		const struct fault *fault = &hostile_faults[i];
		struct outcome whole, cut;

		come_in_three(fault, 0, 0, &whole);
		for (size_t one = 0; one <= fault->size; one++)
			for (size_t two = one; two <= fault->size; two++) {
				come_in_three(fault, one, two, &cut);
				if (cut.rc != whole.rc)
					FAIL("%s cut at %zu and %zu: %s, not %s", fault->name, one,
					     two, async_errname(cut.rc), async_errname(whole.rc));
				if (cut.rc == PARSER_DONE)
					CHECK_MEM(cut.body, cut.size, whole.body, whole.size);
			}
	}
}

/* "hello" in gzip and chunks, with an interim response and a trailer. */
#define LONG                                                                                  \
	"HTTP/1.1 103 E\r\n\r\n" OK "Content-Encoding: gzip\r\nTransfer-Encoding: "           \
	"chunked\r\n\r\n19\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6" \
	"\x10\x36\5\0\0\0\r\n0\r\nX: y\r\n\r\n"

TEST_WITH_LIMIT(an_answer_may_be_cut_anywhere_twice, 60)
{
	static const struct fault fault = { .bytes = LONG,
					    .size = sizeof(LONG) - 1,
					    .ending = RAW_VERB_AGAIN };
	struct outcome cut;

	for (size_t one = 0; one <= fault.size; one++)
		for (size_t two = one; two <= fault.size; two++) {
			come_in_three(&fault, one, two, &cut);
			CHECK_INT(cut.rc, PARSER_DONE);
			CHECK_MEM(cut.body, cut.size, "hello", 5);
		}
}

static void cut_on_the_wire(void)
{
	static const struct raw_step script[] = {
		RAW_REQUEST, RAW_SEND(OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
		RAW_AGAIN
	};

	serve(script);
	for (size_t one = 1; one < script[1].size; one++)
		for (size_t two = one + 1; two < script[1].size; two++) {
			server.cut = one;
			server.second_cut = two;
			CHECK_INT(ask("/", NULL), 0);
			CHECK_STR(answer->body.ptr, "hi");
		}
	CHECK_INT(server.accepted, 1);
}

TEST_WITH_LIMIT(on_the_wire_too_it_may_be_cut_anywhere_twice, 60)
{
	client_test_run(cut_on_the_wire, true);
}

/* ---- One failure ----------------------------------------------------------------------------- */

static struct certs_pair certificate;

static int get_in_need(void *arg)
{
	static const struct raw_step script[] = { RAW_REQUEST, RAW_SEND(LONG), RAW_AGAIN };
	struct net_tls_context *tls = NULL;
	/* A send that only pretends to have failed leaves a peer that waits for the rest. */
	struct http_options options = { .timeout = 1 };
	int rc;

	(void)arg;
	if (net_tls_server(&tls, certificate.cert, certificate.key) < 0)
		return 0;
	server.tls = tls;
	if (raw_server_start(&server, script) == 0) {
		session = http_session_new(
			&(struct http_session_options){ .ca_file = certificate.cert });
		rc = session ? ask("/", &options) : ASYNC_ENOMEM;
		if (rc == 0)
			CHECK_MEM(answer->body.ptr, answer->body.len, "hello", 5);
		/* Never internal: that is a bug's code. */
		else if (!strcmp(codes_find(rc)->name, "internal"))
			FAIL("%s", async_errname(rc));
	}
	client_test_end();
	server.tls = NULL;
	net_tls_context_free(tls);
	return 0;
}

static void run_in_need(void)
{
	(void)async_run(get_in_need, NULL);
}

TEST_WITH_LIMIT(any_one_allocation_of_a_get_over_tls_may_fail, 120)
{
	certificate = certs_make(&(struct certs_request){ .name = "good", .san = "IP:127.0.0.1" });
	for_each_failing_allocation(run_in_need);
}

TEST_WITH_LIMIT(any_one_system_call_of_a_get_over_tls_may_fail, 120)
{
	certificate = certs_make(&(struct certs_request){ .name = "good", .san = "IP:127.0.0.1" });
	for_each_failing_syscall(run_in_need);
}
