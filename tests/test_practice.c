/* SPDX-License-Identifier: MIT */
/* test_practice.c - the practice APIs answer, misbehave on request, and count, through our client. */
#include <stdio.h>
#include <stdlib.h>

#include "app/practice.h"
#include "app/practice_data.h"
#include "http/loophound.h"
#include "tests/harness.h"

struct scene {
	struct practice_options options;
	int (*play)(struct scene *scene);
	struct practice *practice;
	struct http_session *session;
};

static int stage(void *arg)
{
	struct scene *scene = arg;

	CHECK_INT(practice_start(&scene->practice, &scene->options), 0);
	scene->session = http_session_new(NULL);
	CHECK(scene->session != NULL);
	CHECK_INT(scene->play(scene), 0);
	CHECK_INT(http_session_close(scene->session), 0);
	practice_stop(scene->practice, 0.1);
	return 0;
}

static void play(int (*act)(struct scene *scene), struct practice_options options)
{
	struct scene scene = { .options = options, .play = act };

	scene.options.plain = true;
	CHECK_INT(async_run(stage, &scene), 0);
}

/* The url of an API with something behind it. */
static const char *url_of(struct scene *scene, int api, const char *behind)
{
	char url[PRACTICE_URL];

	CHECK(practice_url(scene->practice, api, url));
	return format("%s%s", url, behind);
}

/* Another path on that API's origin. */
static const char *path_of(struct scene *scene, int api, const char *path)
{
	char *url = format("%s", url_of(scene, api, ""));

	*strrchr(url, '/') = 0;
	return format("%s%s", url, path);
}

static struct http_response *get(struct scene *scene, const char *url)
{
	struct http_response *response;

	int rc = async_http_get(scene->session, url, NULL, &response);
	if (rc < 0)
		FAIL("%s: %s", url, async_strerror(rc));
	return response;
}

/* GET, and only the status and one value of the body (a path of json_get(), NULL: none). */
static int get_value(struct scene *scene, const char *url, const char *path, char **value)
{
	struct http_response *response = get(scene, url);
	struct json_span span;
	int status = response->status;

	if (path != NULL) {
		CHECK_INT(json_get(response->body, path, &span), 0);
		*value = format("%.*s", (int)span.len, span.ptr);
	}
	http_response_free(response);
	return status;
}

static int status_of(struct scene *scene, const char *url)
{
	return get_value(scene, url, NULL, NULL);
}

static int stat_of(struct scene *scene, const char *name)
{
	char *value;

	CHECK_INT(get_value(scene, path_of(scene, 0, "/stats"), format("$.%s", name), &value), 200);
	return atoi(value);
}

static int ask_all(struct scene *scene)
{
	char *value, url[PRACTICE_URL];

	for (int i = 0; i < PRACTICE_APIS; i++) {
		CHECK_INT(get_value(scene, url_of(scene, i, ""), "$.api", &value), 200);
		CHECK_STR(value, practice_apis[i].name);
		CHECK_INT(get_value(scene, url_of(scene, i, "/77?id=5"), "$.id", &value), 200);
		CHECK_STR(value, "5");
	}
	CHECK(!practice_url(scene->practice, PRACTICE_APIS, url));
	CHECK_INT(stat_of(scene, "requests"), 2 * PRACTICE_APIS);
	return 0;
}

TEST(twelve_apis_answer_on_an_origin_each)
{
	play(ask_all, (struct practice_options){ 0 });
}

TEST(twelve_apis_answer_on_one_origin)
{
	play(ask_all, (struct practice_options){ .one_port = true });
}

static int misbehave(struct scene *scene)
{
	char *value;
	struct http_response *response = get(scene, url_of(scene, 0, "?size=10k"));

	CHECK_INT(response->body.len, 10240);
	http_response_free(response);
	CHECK_INT(status_of(scene, url_of(scene, 0, "?status=418")), 418);
	CHECK_INT(get_value(scene, url_of(scene, 0, "?delay=soon"), "$.error", &value), 400);
	CHECK_STR(value, "bad value for delay");
	CHECK_INT(status_of(scene, path_of(scene, 0, "/nowhere")), 404);
	/* The API of another origin is not here. */
	CHECK_INT(status_of(scene, path_of(scene, 0, "/users")), 404);
	double start = async_time();
	CHECK_INT(status_of(scene, url_of(scene, 0, "?delay=50ms&jitter=10ms")), 200);
	CHECK(async_time() - start >= 0.05);
	return 0;
}

TEST(knobs_of_the_query_are_obeyed)
{
	play(misbehave, (struct practice_options){ 0 });
}

static int draw_errors(struct scene *scene)
{
	int failed = 0;

	for (uint64_t n = 0; n < 40; n++) {
		int status = status_of(scene, url_of(scene, 1, "?error_rate=0.3"));

		CHECK_INT(status, practice_chance(scene->options.seed, n) < 0.3 ? 503 : 200);
		failed += status == 503;
	}
	CHECK(failed > 0 && failed < 40);
	CHECK_INT(stat_of(scene, "failed"), failed);
	return 0;
}

TEST(the_seed_decides_which_requests_fail)
{
	play(draw_errors, (struct practice_options){ .seed = 7 });
}

static int exceed_the_rate(struct scene *scene)
{
	for (int i = 0; i < 3; i++)
		CHECK_INT(status_of(scene, url_of(scene, 2, "")), 200);
	struct http_response *response = get(scene, url_of(scene, 2, ""));
	CHECK_INT(response->status, 429);
	CHECK_STR(http_response_header(response, "Retry-After"), "3600");
	http_response_free(response);
	/* Another origin has a limit of its own. */
	CHECK_INT(status_of(scene, url_of(scene, 3, "")), 200);
	CHECK_INT(stat_of(scene, "limited"), 1);
	return 0;
}

TEST(above_the_rate_comes_429_with_retry_after)
{
	struct practice_options options = { 0 };

	CHECK_INT(practice_knobs_set(&options.knobs, "rate", "1/h,burst=3"), 0);
	play(exceed_the_rate, options);
}

static int follow(struct scene *scene)
{
	struct http_response *response = get(scene, path_of(scene, 0, "/redirect?n=3"));

	CHECK_INT(response->status, 200);
	CHECK_INT(response->redirects, 3);
	CHECK_STR(response->url, url_of(scene, 0, ""));
	http_response_free(response);
	int rc = async_http_get(scene->session, path_of(scene, 0, "/loop"), NULL, &response);
	CHECK(rc == HTTP_EREDIRECT_LOOP || rc == HTTP_EREDIRECT_LIMIT);
	return 0;
}

TEST(redirects_lead_to_the_api_or_nowhere)
{
	play(follow, (struct practice_options){ 0 });
}

static int ask_the_rude(struct scene *scene)
{
	static const struct {
		const char *path;
		int code;
	} table[] = { { "/truncate", HTTP_EBODY_TRUNCATED },
		      { "/stall", HTTP_EBODY_IDLE },
		      { "/halfhead", HTTP_EHEADER_TIMEOUT },
		      { "/close", HTTP_ECLOSED_EARLY },
		      { "/garbage", HTTP_EPARSE },
		      { "/conflict", HTTP_EFRAMING },
		      { "/badchunk", HTTP_EPARSE },
		      { "/never", HTTP_EHEADER_TIMEOUT },
		      { "/surplus", 0 },
		      { "/text", 0 },
		      { "/binary", 0 } };
	struct http_options hurry = { .first_byte_timeout = 0.1, .idle_timeout = 0.1 };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct http_response *response;
		int rc = http_request(scene->session, path_of(scene, 4, table[i].path), &hurry,
				      &response);

		if (rc != table[i].code)
			FAIL("%s: %s, not %s", table[i].path, async_errname(rc),
			     async_errname(table[i].code));
		if (rc == 0)
			http_response_free(response);
	}
	CHECK_INT(status_of(scene, url_of(scene, 4, "")), 200);
	return 0;
}

TEST(each_rude_path_is_the_error_it_stands_for)
{
	play(ask_the_rude, (struct practice_options){ 0 });
}

static int get_slowly(void *arg)
{
	struct scene *scene = arg;

	return status_of(scene, url_of(scene, 5, "?delay=100ms")) == 200 ? 0 : ASYNC_EFAILED;
}

static int crowd(struct scene *scene)
{
	struct async_task *tasks[9];

	for (int i = 0; i < 9; i++) {
		tasks[i] = async_create_task(get_slowly, scene);
		CHECK(tasks[i] != NULL);
	}
	CHECK_INT(async_gather(tasks, 9, ASYNC_RAISE, NULL), 0);
	CHECK_INT(stat_of(scene, "peak_in_flight"), 9);
	CHECK_INT(stat_of(scene, "peak_connections"), 9);
	CHECK_INT(stat_of(scene, "in_flight"), 0);
	return 0;
}

TEST(the_most_at_once_is_counted)
{
	play(crowd, (struct practice_options){ 0 });
}

static int stop_early(void *arg)
{
	struct practice_options options = { .plain = true, .apis = 2 };
	struct scene scene = { 0 };

	(void)arg;
	CHECK_INT(practice_start(&scene.practice, &options), 0);
	scene.session = http_session_new(NULL);
	struct async_task *task = async_create_task(get_slowly, &scene);
	CHECK(task != NULL);
	async_cancel(task);
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	http_session_close(scene.session);
	practice_stop(scene.practice, 0);
	practice_stop(NULL, 0);
	return 0;
}

TEST(stopping_leaves_nothing_behind)
{
	CHECK_INT(async_run(stop_early, NULL), 0);
}

static int start_twice(void *arg)
{
	struct practice_options options = { .plain = true, .one_port = true };
	struct practice *first, *second;
	char url[PRACTICE_URL];

	(void)arg;
	CHECK_INT(practice_start(&first, &options), 0);
	CHECK(practice_url(first, 0, url));
	options.port = atoi(strrchr(url, ':') + 1);
	CHECK_INT(practice_start(&second, &options), -EADDRINUSE);
	practice_stop(first, 0);
	return 0;
}

TEST(a_port_in_use_is_an_error)
{
	CHECK_INT(async_run(start_twice, NULL), 0);
}

static int start_and_stop(void *arg)
{
	struct practice_options options = { .plain = true, .apis = 2 };
	struct practice *practice;

	(void)arg;
	if (practice_start(&practice, &options) == 0)
		practice_stop(practice, 0);
	return 0;
}

static void run_briefly(void)
{
	async_run(start_and_stop, NULL);
}

TEST_WITH_LIMIT(no_memory_is_survived_at_every_allocation, 30)
{
	for_each_failing_allocation(run_briefly);
}

TEST_WITH_LIMIT(no_descriptors_are_survived_at_every_call, 30)
{
	for_each_failing_syscall(run_briefly);
}

/* Ends with the answer's code, as the peer's kernel saw it: a reset would have lost some of it. */
static int ask_in_pieces(struct scene *scene)
{
	static const char *const pieces[] = { "GET /trunc", "ate HTTP/1.1\r\nHost: h\r\n", "\r\n" };
	struct net_stream *stream;
	char answer[256];
	size_t used = 0;
	ssize_t n;
	struct http_response *response;
	int port;

	/* The rude ones live behind a redirection. */
	CHECK_INT(http_request(scene->session, path_of(scene, 4, "/surplus"), NULL, &response), 0);
	port = atoi(strrchr(response->url, ':') + 1);
	http_response_free(response);
	CHECK_INT(net_connect(&stream, "127.0.0.1", port, NULL), 0);
	for (size_t i = 0; i < 3; i++) {
		CHECK_INT(net_write(stream, pieces[i], strlen(pieces[i])), 0);
		CHECK_INT(async_sleep(0.002), 0);
	}
	while ((n = net_read(stream, answer + used, sizeof answer - 1 - used)) > 0)
		used += (size_t)n;
	CHECK_INT(n, 0);
	answer[used] = '\0';
	CHECK_CONTAINS(answer, "{\"id\":1,");
	net_close(stream);
	return 0;
}

TEST(a_rude_path_may_be_asked_for_in_pieces)
{
	play(ask_in_pieces, (struct practice_options){ 0 });
}
