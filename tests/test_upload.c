/* SPDX-License-Identifier: MIT */
/* test_upload.c - request bodies from files and functions, and servers that do not want them. */
#include <stdlib.h>

#include "runtime/base.h"
#include "tests/raw_client.h"

/* ---- A server that takes any body ------------------------------------------------------------ */

static struct http_server *taker;
static int taker_port;
static struct {
	int count;
	size_t size;
	bool right; /* the pattern, from its beginning */
	char length[32], coding[32];
} taken;

/* The byte at a place in every body here. */
static char pattern(size_t at)
{
	return (char)('a' + at % 23);
}

static const char *value_of(const struct http_server_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (strcmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	return "";
}

static int take(void *arg, const struct http_server_request *request,
		struct http_server_response *response)
{
	(void)arg;
	taken.count++;
	taken.size = request->body.len;
	taken.right = true;
	for (size_t i = 0; i < request->body.len; i++)
		taken.right &= request->body.ptr[i] == pattern(i);
	snprintf(taken.length, sizeof(taken.length), "%s", value_of(request, "content-length"));
	snprintf(taken.coding, sizeof(taken.coding), "%s", value_of(request, "transfer-encoding"));
	response->status = 201;
	return 0;
}

static void start_taker(void)
{
	struct http_server_options options = { .max_body = 8 << 20 };
	struct net_listener *listener;

	memset(&taken, 0, sizeof(taken));
	CHECK_INT(net_listen(&listener, "127.0.0.1", 0), 0);
	taker_port = net_listener_port(listener);
	CHECK_INT(http_server_start(&taker, listener, &options, take, NULL), 0);
}

static void stop_taker(void)
{
	client_test_end();
	http_server_stop(taker, 0);
}

static int send_to_taker(struct http_options options)
{
	options.method = "PUT";
	return ask(format("http://127.0.0.1:%d/", taker_port), &options);
}

/* ---- A function that gives a body ------------------------------------------------------------ */

static struct {
	size_t size, at;
	int calls, rewinds, code;
} given;

static ssize_t give(void *arg, void *buffer, size_t size)
{
	char *out = buffer;

	(void)arg;
	given.calls++;
	if (given.code)
		return given.code;
	if (size > given.size - given.at)
		size = given.size - given.at;
	/* Pieces of odd sizes, and others run meanwhile. */
	if (size > 10007)
		size = 10007;
	for (size_t i = 0; i < size; i++)
		out[i] = pattern(given.at + i);
	given.at += size;
	(void)async_sleep(0);
	return (ssize_t)size;
}

static int give_again(void *arg)
{
	(void)arg;
	given.at = 0;
	given.rewinds++;
	return 0;
}

static struct http_options from_function(size_t size, int64_t length)
{
	memset(&given, 0, sizeof(given));
	given.size = size;
	return (struct http_options){ .read_body = give, .read_body_length = length };
}

static const char *pattern_file(size_t size)
{
	char *text = malloc(size + 1);
	const char *path;

	for (size_t i = 0; i < size; i++)
		text[i] = pattern(i);
	text[size] = '\0';
	path = temp_file("body", text);
	free(text);
	return path;
}

/* ---- What is sent ---------------------------------------------------------------------------- */

CLIENT_TEST(a_file_arrives_whole_with_its_length)
{
	static const size_t sizes[] = { 0, 1, 65536, 65537, 300000 };

	start_taker();
	for (size_t i = 0; i < array_size(sizes); i++) {
		CHECK_INT(
			send_to_taker((struct http_options){ .body_file = pattern_file(sizes[i]) }),
			0);
		CHECK_INT(answer->status, 201);
		CHECK_INT(taken.size, sizes[i]);
		CHECK(taken.right);
		CHECK_STR(taken.length, format("%zu", sizes[i]));
		CHECK_INT(answer->reused, i > 0);
	}
	stop_taker();
}

static ssize_t give_all_there_is_room_for(void *arg, void *buffer, size_t size)
{
	size_t *left = arg, n = *left < size ? *left : size;

	for (size_t i = 0; i < n; i++)
		((char *)buffer)[i] = pattern(given.at + i);
	given.at += n;
	*left -= n;
	return (ssize_t)n;
}

CLIENT_TEST(a_chunk_leaves_in_one_write)
{
	size_t left = 4096;
	struct http_options options = { .read_body = give_all_there_is_room_for,
					.read_body_arg = &left };
	int sends;

	given.at = 0;
	start_taker();
	fail_call("send", 1000, EIO);
	CHECK_INT(send_to_taker(options), 0);
	sends = fail_calls();
	fail_none();
	CHECK_INT(taken.size, 4096);
	CHECK(taken.right);
	/* The head, a chunk and the last one; the answer is the taker's. */
	CHECK_INT(sends, 3 + 1);
	/* The largest there can be, and one more. */
	left = 65536 + 4096;
	given.at = 0;
	CHECK_INT(send_to_taker(options), 0);
	CHECK_INT(taken.size, 65536 + 4096);
	CHECK(taken.right);
	stop_taker();
}

static ssize_t give_too_much(void *arg, void *buffer, size_t size)
{
	(void)arg;
	(void)buffer;
	return (ssize_t)size + 1;
}

static int send_too_much(void *arg)
{
	(void)arg;
	start_taker();
	return send_to_taker((struct http_options){ .read_body = give_too_much });
}

TEST(a_function_that_gives_more_than_there_is_room_for_aborts)
{
	EXPECT_ABORT(async_run(send_too_much, NULL), "http_options.read_body: more than the 65536");
}

CLIENT_TEST(a_function_of_unknown_length_is_sent_in_chunks)
{
	static const size_t sizes[] = { 0, 1, 100000 };

	start_taker();
	for (size_t i = 0; i < array_size(sizes); i++) {
		CHECK_INT(send_to_taker(from_function(sizes[i], 0)), 0);
		CHECK_INT(taken.size, sizes[i]);
		CHECK(taken.right);
		CHECK_STR(taken.coding, "chunked");
		CHECK_STR(taken.length, "");
		CHECK_INT(answer->reused, i > 0);
	}
	stop_taker();
}

CLIENT_TEST(a_function_of_known_length_is_sent_with_it)
{
	start_taker();
	CHECK_INT(send_to_taker(from_function(100000, 100000)), 0);
	CHECK_INT(taken.size, 100000);
	CHECK(taken.right);
	CHECK_STR(taken.length, "100000");
	stop_taker();
}

CLIENT_TEST(a_body_of_another_length_than_announced_is_an_error)
{
	start_taker();
	CHECK_INT(send_to_taker(from_function(9, 10)), HTTP_EREQUEST);
	CHECK_STR(async_raised(HTTP_EREQUEST)->message,
		  "the body is shorter than the 10 bytes that were announced");
	CHECK_INT(send_to_taker(from_function(11, 10)), HTTP_EREQUEST);
	CHECK_STR(async_raised(HTTP_EREQUEST)->message,
		  "the body is longer than the 10 bytes that were announced");
	CHECK_INT(taken.count, 0);
	stop_taker();
}

CLIENT_TEST(what_the_function_returns_ends_the_request)
{
	struct http_options options;

	start_taker();
	options = from_function(10, 0);
	given.code = -EPIPE;
	CHECK_INT(send_to_taker(options), -EPIPE);
	CHECK_STR(failure.phase, "send");
	stop_taker();
}

CLIENT_TEST(a_file_that_cannot_be_sent_is_named)
{
	start_taker();
	CHECK_INT(send_to_taker((struct http_options){ .body_file = "/nowhere/body" }), -ENOENT);
	CHECK_CONTAINS(async_raised(-ENOENT)->message, "/nowhere/body: ");
	CHECK_INT(send_to_taker((struct http_options){ .body_file = temp_dir() }), -EINVAL);
	CHECK_CONTAINS(async_raised(-EINVAL)->message, "is not a regular file");
	CHECK_INT(send_to_taker((struct http_options){
			  .body_file = "/nowhere", .body = "x", .body_size = 1 }),
		  HTTP_EREQUEST);
	stop_taker();
}

/* ---- Expect: 100-continue -------------------------------------------------------------------- */

CLIENT_TEST(a_body_that_waits_for_leave_gets_it)
{
	struct http_options options;

	start_taker();
	options = from_function(100000, 0);
	options.expect_continue = true;
	CHECK_INT(send_to_taker(options), 0);
	CHECK_INT(taken.size, 100000);
	options = (struct http_options){ .body = "abc", .body_size = 3, .expect_continue = true };
	CHECK_INT(send_to_taker(options), 0);
	CHECK_INT(taken.size, 3);
	CHECK(answer->reused);
	stop_taker();
}

CLIENT_TEST(an_answer_instead_of_leave_is_the_response_and_nothing_is_sent)
{
	static const struct raw_step refuses[] = {
		RAW_REQUEST, RAW_SEND("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"), RAW_HOLD,
		RAW_END
	};
	struct http_options options = from_function(10, 0);

	options.method = "POST";
	options.expect_continue = true;
	serve(refuses);
	CHECK_INT(ask("/", &options), 0);
	CHECK_INT(answer->status, 403);
	CHECK_INT(given.calls, 0);
	CHECK_CONTAINS(server.requests[0].text, "Expect: 100-continue\r\n");
	CHECK_INT(ask("/", &options), 0);
	CHECK(!answer->reused);
}

CLIENT_TEST_VIRTUAL(a_server_that_says_nothing_gets_the_body_after_a_second)
{
	static struct async_event sent;
	static const struct raw_step silent[] = { RAW_REQUEST, RAW_AWAIT(&sent), RAW_SEND(HI),
						  RAW_AGAIN };
	struct http_options options = {
		.method = "POST", .body = "hello", .body_size = 5, .expect_continue = true
	};
	double start = async_time();
	struct asking asking = { .options = options };

	serve(silent);
	ask_later(&asking, "/");
	async_sleep(1.5);
	async_event_set(&sent);
	CHECK_INT(ask_join(&asking), 0);
	CHECK_NEAR(async_time() - start, 1.5, 0.01);
	asking_free(&asking);
}

/* ---- Again, and never ------------------------------------------------------------------------ */

static const struct raw_step sends_on[] = {
	RAW_REQUEST, RAW_SEND("HTTP/1.1 307 T\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"),
	RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN
};

CLIENT_TEST(a_redirect_that_keeps_the_body_sends_it_again_from_the_beginning)
{
	struct http_options options = from_function(5, 5);

	options.method = "PUT";
	options.rewind_body = give_again;
	serve(sends_on);
	CHECK_INT(ask("/", &options), 0);
	CHECK_INT(given.rewinds, 1);
	CHECK_CONTAINS(server.requests[1].text, "PUT /there ");
	CHECK_CONTAINS(server.requests[1].text, "\r\n\r\nabcde");
	CHECK_INT(ask("/", &(struct http_options){ .method = "PUT", .body_file = pattern_file(5) }),
		  0);
	CHECK_CONTAINS(server.requests[3].text, "\r\n\r\nabcde");
}

CLIENT_TEST(a_body_that_cannot_be_sent_again_is_an_error_then)
{
	struct http_options options = from_function(5, 5);

	options.method = "PUT";
	serve(sends_on);
	CHECK_INT(ask("/", &options), HTTP_EREQUEST);
	CHECK_CONTAINS(async_raised(HTTP_EREQUEST)->message, "no rewind_body");
}

CLIENT_TEST_VIRTUAL(a_server_that_takes_no_more_is_a_write_timeout)
{
	static const struct raw_step deaf[] = { RAW_WAIT(1000), RAW_END };
	static char large[16 << 20];
	struct http_options options = {
		.method = "PUT", .body = large, .body_size = sizeof(large), .write_timeout = 7
	};
	double start = async_time();

	serve(deaf);
	CHECK_INT(ask("/", &options), HTTP_EWRITE_TIMEOUT);
	CHECK_STR(failure.phase, "send");
	CHECK_NEAR(async_time() - start, 7, 0.1);
}
