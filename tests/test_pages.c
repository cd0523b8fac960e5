/* SPDX-License-Identifier: MIT */
/*
 * test_pages.c - item 56: the next page of a list, in the words of a header or of JSON, and
 * build/collect --paginate against servers that lead it elsewhere, in circles or on for ever.
 */
#include "app/pages.h"
#include "net/net.h"
#include "runtime/base.h"
#include "tests/harness.h"
#include "tests/peer_upstream.h"
#include "tests/raw_server.h"

/* ---- What an answer says --------------------------------------------------------------------- */

static int link_of(const char *how, const char *header, const char *body, struct text *link)
{
	struct http_header headers[] = { { "link", header } };
	struct http_response response = { .status = 200,
					  .headers = headers,
					  .header_count = header ? 1 : 0,
					  .body = { (char *)body, body ? strlen(body) : 0 } };

	return pages_link(how, &response, link);
}

static void check_link(const char *how, const char *header, const char *body, const char *want)
{
	struct text link = { 0 };
	int rc = link_of(how, header, body, &link);

	if (want ? rc != 1 || strcmp(text_cstr(&link), want) != 0 : rc != 0)
		FAIL("%s, %s, %s: %d %s", how, header, body, rc, text_cstr(&link));
	text_free(&link);
}

TEST(item_56_a_link_header_names_the_next_page_by_its_rel)
{
	static const struct {
		const char *header, *next;
	} table[] = {
		{ "</2>; rel=\"next\"", "/2" },
		{ "</2>;rel=next", "/2" },
		{ "<?p=2&q=,;>; REL=NEXT", "?p=2&q=,;" },
		{ "</1>; rel=prev, </3>; rel=next", "/3" },
		{ "</1>; rel=\"prev\", </3>; rel=\"last next\"", "/3" },
		{ "</1>; title=\"a, <b>; rel=next\"; rel=prev", NULL },
		{ "</1>; title=\"a\\\"\"; rel=next", "/1" },
		{ "</1>; foo; rel=next", "/1" },
		{ "</1> ; foo = bar ; rel = next", "/1" },
		{ "</1>; rel=prev; rel=next", NULL },
		{ "</1>; rel=nextish", NULL },
		{ "</1>; xrel=next", NULL },
		{ "<>; rel=next", "" },
		{ ", ,</1>;;rel=next", "/1" },
		{ "</1>", NULL },
		{ "</1", NULL },
		{ "</1> rel=next", NULL },
		{ "</1>; rel=\"next", "/1" },
		{ "</1>; title=\"", NULL },
		{ "</1>; rel", NULL },
		{ "</1>; rel=", NULL },
		{ "next", NULL },
		{ "", NULL },
		{ NULL, NULL },
	};

	for (size_t i = 0; i < array_size(table); i++)
		check_link("link_header", table[i].header, "", table[i].next);
}

TEST(item_56_a_place_in_the_json_names_the_next_page_or_the_end)
{
	struct text link = { 0 };

	check_link("$.next", NULL, "{\"next\":\"\\/a\\u003f\"}", "/a?");
	check_link("$.m.next", NULL, "\xEF\xBB\xBF{\"m\":{\"next\":\"/a\"}}", "/a");
	check_link("$.next", NULL, "{\"next\":null}", NULL);
	check_link("$.next", NULL, "{\"next\":false}", NULL);
	check_link("$.next", NULL, "{\"next\":\"\"}", NULL);
	check_link("$.next", NULL, "{}", NULL);
	check_link("$.next", NULL, "[]", NULL);
	static const char *const wrong[] = { "",
					     "hello",
					     "{\"next\":5}",
					     "{\"next\":{}}",
					     "{\"next\":\"/a\"",
					     "{\"next\":true}",
					     "{\"next\":\"/a\",\"next\":\"/b\"}" };
	for (size_t i = 0; i < array_size(wrong); i++)
		if (link_of("$.next", NULL, wrong[i], &link) != HTTP_EJSON)
			FAIL("%s", wrong[i]);
	text_free(&link);
}

TEST(item_56_what_is_no_page_by_its_status_is_the_end_and_no_error)
{
	static const int statuses[] = { 204, 205, 304, 404, 500 };
	struct text link = { 0 };

	for (size_t i = 0; i < array_size(statuses); i++) {
		struct http_response response = { .status = statuses[i], .body = { "<p>", 3 } };

		if (pages_link("$.next", &response, &link) != 0)
			FAIL("%d", statuses[i]);
	}
	text_free(&link);
}

TEST(item_56_a_link_stays_at_its_origin)
{
	static const struct {
		const char *own, *at, *link;
		int rc;
	} table[] = {
		{ "http://a/1", "http://a/1", "2", 0 },
		{ "http://a/1", "http://a/1", "http://A:80/2", 0 },
		{ "http://a/1", "http://a/1", "//a/2", 0 },
		{ "http://a/1", "http://a/1", "//b/2", NET_EADDR_BLOCKED },
		{ "http://a/1", "http://a/1", "http://a:81/2", NET_EADDR_BLOCKED },
		{ "http://a/1", "http://a/1", "https://a/2", NET_EADDR_BLOCKED },
		{ "http://a/1", "http://b/1", "2", NET_EADDR_BLOCKED },
		{ "http://a/1", "http://b/1", "http://a/2", 0 },
		{ "http://a/1", "http://a/1", "javascript:x", HTTP_EREDIRECT_BLOCKED },
		{ "http://a/1", "http://a/1", "http://[", HTTP_EURL },
		{ "http://a/1", "http://a/1", "/\r\nX: y", HTTP_EURL },
	};

	for (size_t i = 0; i < array_size(table); i++) {
		struct json_span link = { table[i].link, strlen(table[i].link) };
		char why[PAGES_WHY];
		struct url *next;
		int rc = pages_resolve(table[i].own, table[i].at, link, &next, why);

		if (rc != table[i].rc || (rc == 0) != (next != NULL))
			FAIL("%s from %s: %d", table[i].link, table[i].own, rc);
		url_free(next);
	}
}

/* ---- The whole program ----------------------------------------------------------------------- */

#define PAGE(headers, body)                                                                    \
	RAW_REQUEST, RAW_SEND("HTTP/1.1 200 OK\r\n" headers "Connection: close\r\n\r\n" body), \
		RAW_END
#define LINK(place) PAGE("Link: <" place ">; rel=\"next\"\r\n", "[]")
#define JSON(place) PAGE("", "{\"next\":" place "}")

/* The n-th connection plays the n-th page. */
struct list {
	const char *how;
	struct raw_step pages[4][3];
	int count;	  /* of these */
	size_t responses; /* in a row from page 1; then comes an error, or nothing */
	const char *code;
};

static struct raw_server server;

static int wait_for_program(void *arg)
{
	program_wait(arg);
	return 0;
}

static int run_list(void *arg)
{
	const struct list *list = arg;
	const struct raw_step *scripts[4];

	for (int i = 0; i < list->count; i++)
		scripts[i] = list->pages[i];
	CHECK_INT(raw_server_start_with(&server, scripts, list->count), 0);
	collect = (struct program){ .argv = ARGV(built("collect"), "-H", "X-Key: k", "--paginate",
						 list->how, "--max-pages", "5", "--summary", "none",
						 /* A page comes from another loop as well. */
						 "--threads", list->count > 1 ? "2" : "1",
						 server.url) };
	program_start(&collect);
	CHECK_INT(async_to_thread(wait_for_program, &collect), 0);
	for (int i = 0; i < server.request_count; i++)
		CHECK_CONTAINS(server.requests[i].text, "X-Key: k");
	raw_server_stop(&server);
	return 0;
}

static void check_list(const struct list *list)
{
	size_t want = list->responses + (list->code ? 1 : 0);
	json_t *all;

	CHECK_INT(async_run(run_list, (void *)list), 0);
	all = records(collect.out);
	if (collect.timed_out || json_array_size(all) != want)
		FAIL("%zu records, not %zu: %s", json_array_size(all), want, collect.out);
	for (size_t i = 0; i < want; i++) {
		json_t *record = json_array_get(all, i);

		CHECK_INT(json_integer_value(json_object_get(record, "page")), (int)i + 1);
		CHECK_INT(json_integer_value(json_object_get(record, "seq")), 1);
		CHECK_STR(code_of(record), i < list->responses ? "none" : list->code);
		/* An error tells of its page as a list would, so that one can ask for it again. */
		if (!strcmp(code_of(record), "max_pages") || !strcmp(code_of(record), "page_loop"))
			CHECK_CONTAINS(json_string_value(json_object_get(record, "url")),
				       server.url);
	}
	json_decref(all);
	CHECK_INT(collect.status, list->code ? 3 : 0);
}

TEST_WITH_LIMIT(item_56_pages_end_or_say_why_they_do_not, 40)
{
	static const struct list lists[] = {
		{ "link_header",
		  { { LINK("/2") }, { LINK("?3") }, { PAGE("", "[]") } },
		  3,
		  3,
		  NULL },
		{ "$.next",
		  { { JSON("\"\\/2\"") }, { JSON("\"3\"") }, { JSON("null") } },
		  3,
		  3,
		  NULL },
		/* Another host, whatever is there. */
		{ "link_header", { { LINK("http://localhost:1/") } }, 1, 1, "addr_blocked" },
		{ "$.next", { { JSON("\"http://169.254.169.254/\"") } }, 1, 1, "addr_blocked" },
		/* Circles of one and of two. */
		{ "link_header", { { LINK("/2") }, { LINK("/2") } }, 2, 2, "page_loop" },
		{ "link_header",
		  { { LINK("/a") }, { LINK("/b") }, { LINK("/a") } },
		  3,
		  3,
		  "page_loop" },
		{ "link_header", { { LINK("#same") } }, 1, 1, "page_loop" },
		/* For ever: relative, so that each is another. Empty pages go on as others do. */
		{ "link_header", { { LINK("x/1") } }, 1, 5, "max_pages" },
		{ "$.next", { { JSON("\"x/1\"") } }, 1, 5, "max_pages" },
		/* What is no link, or none that can be trusted. */
		{ "link_header", { { LINK("ftp://a/") } }, 1, 1, "redirect_blocked" },
		{ "$.next", { { JSON("\"/a\\r\\nX: y\"") } }, 1, 1, "url_invalid" },
		{ "$.next", { { JSON("7") } }, 1, 1, "json_invalid" },
		{ "$.next", { { JSON("\"/2\"") }, { PAGE("", "<html>") } }, 2, 2, "json_invalid" },
		/* An error of a page is the last word. */
		{ "link_header",
		  { { LINK("/2") },
		    { RAW_REQUEST, RAW_SEND("HTTP/1.1 404 N\r\nContent-Length: 0\r\n\r\n"),
		      RAW_END } },
		  2,
		  1,
		  "http_404" },
	};

	for (size_t i = 0; i < array_size(lists); i++)
		check_list(&lists[i]);
}
