/* SPDX-License-Identifier: MIT */
/*
 * message.c - requests and responses: however a message is cut into pieces, the parser tells the same
 * of it, and what it lets through keeps the promises of parser.h.
 *
 * The first byte says what the message is measured against, the second one how long the pieces are.
 */
#include "http/headers.h"
#include "http/parser.h"
#include "tests/fuzz/fuzz.h"

/* What is left of a message. */
struct outcome {
	int rc; /* PARSER_DONE or a negative code */
	int status;
	size_t fields, surplus;
	uint64_t hash; /* of method, target, headers and body */
	uint64_t body;
	bool keep_alive;
};

static void check_head(const struct parser_head *head, bool request)
{
	if (request) {
		must(head->method && *head->target, "a request without a method or target");
		for (const char *at = head->target; *at; at++)
			must(*at > ' ' && *at < 0x7f, "a byte in a target");
	} else {
		must(head->status >= 200 && head->status <= 599, "status %d", head->status);
	}
	must(head->header_count <= HEADERS_MAX_FIELDS, "too many fields");
	for (size_t i = 0; i < head->header_count; i++) {
		const struct http_header *header = &head->headers[i];

		must(headers_is_token(header->name, strlen(header->name)), "a name");
		must(headers_is_value(header->value), "a value");
	}
	must(!(head->chunked && head->content_length >= 0), "a length beside chunks");
}

static void hash_head(struct outcome *outcome, const struct parser_head *head)
{
	outcome->status = head->status;
	outcome->fields = head->header_count;
	if (head->target)
		outcome->hash = fuzz_hash(outcome->hash, head->target, strlen(head->target));
	for (size_t i = 0; i < head->header_count; i++) {
		const struct http_header *header = &head->headers[i];

		outcome->hash = fuzz_hash(outcome->hash, header->name, strlen(header->name) + 1);
		outcome->hash = fuzz_hash(outcome->hash, header->value, strlen(header->value) + 1);
	}
}

/* One piece, to its end or the message's. PARSER_MORE, PARSER_DONE or a negative code. */
static int feed(struct parser *parser, const struct parser_options *options, const char *piece,
		size_t size, struct outcome *outcome)
{
	size_t at = 0, used;
	struct json_span body;
	int event = PARSER_MORE;

	while (at < size && event >= 0 && event != PARSER_DONE) {
		event = parser_feed(parser, piece + at, size - at, &used, &body);
		must(used <= size - at, "more used than there was");
		at += used;
		if (event == PARSER_HEAD) {
			check_head(parser_head(parser), options->request);
			hash_head(outcome, parser_head(parser));
		} else if (event == PARSER_BODY) {
			must(body.ptr >= piece && body.ptr + body.len <= piece + size, "a body");
			outcome->hash = fuzz_hash(outcome->hash, body.ptr, body.len);
			outcome->body += body.len;
		} else if (event == PARSER_MORE) {
			must(at == size, "not all was used");
		}
	}
	outcome->surplus = size - at;
	return event == PARSER_HEAD || event == PARSER_BODY ? PARSER_MORE : event;
}

static struct outcome parse(const struct parser_options *options, const uint8_t *data, size_t size,
			    size_t step)
{
	struct outcome outcome = { .rc = PARSER_MORE };
	struct parser *parser = parser_new();

	must(parser, "no memory");
	parser_begin(parser, options);
	for (size_t at = 0; at < size && outcome.rc == PARSER_MORE; at += step) {
		size_t length = size - at < step ? size - at : step;
		char *piece = fuzz_copy(data + at, length);

		outcome.rc = feed(parser, options, piece, length, &outcome);
		outcome.surplus += size - at - length;
		free(piece);
	}
	if (outcome.rc == PARSER_MORE)
		outcome.rc = parser_finish(parser);
	if (outcome.rc == PARSER_DONE)
		outcome.keep_alive = parser_head(parser)->keep_alive;
	else
		must(*parser_why(parser), "a failure without a reason");
	if (options->max_body)
		must(outcome.body <= options->max_body || outcome.rc < 0, "a body too large");
	parser_free(parser);
	return outcome;
}

static void check(const struct parser_options *options, const uint8_t *data, size_t size,
		  size_t step)
{
	struct outcome whole = parse(options, data, size, size + 1);
	struct outcome cut = parse(options, data, size, step);

	/*
	 * A message with several faults is refused for one of them, which may depend on the pieces; and
	 * so may how much of a broken body came before it was seen to be broken.
	 */
	must((whole.rc < 0) == (cut.rc < 0), "whole %d, in pieces of %zu %d", whole.rc, step,
	     cut.rc);
	if (whole.rc != PARSER_DONE)
		return;
	must(whole.status == cut.status && whole.fields == cut.fields && whole.body == cut.body &&
		     whole.hash == cut.hash && whole.keep_alive == cut.keep_alive &&
		     whole.surplus == cut.surplus,
	     "in pieces of %zu it is another message", step);
}

FUZZ(response)
{
	struct parser_options options = { 0 };

	if (size < 2)
		return;
	options.head_request = data[0] & 1;
	options.conditional = data[0] & 2;
	options.range = data[0] & 4 ? "bytes=0-9" : NULL;
	options.max_body = data[0] & 8 ? 100 : 0;
	check(&options, data + 2, size - 2, data[1] ? data[1] : 1);
}

FUZZ(request)
{
	struct parser_options options = { .request = true };

	if (size < 2)
		return;
	options.max_body = data[0] & 8 ? 100 : 0;
	check(&options, data + 2, size - 2, data[1] ? data[1] : 1);
}
