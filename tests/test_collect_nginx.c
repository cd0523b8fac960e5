/* SPDX-License-Identifier: MIT */
/* The whole program against a server that others wrote. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/peer_nginx.h"
#include "tests/peer_upstream.h"

#undef COLLECT
#define COLLECT(...) run_collect(NULL, ARGV(built("collect"), "--summary", "none", __VA_ARGS__))

static json_t *only_record(void)
{
	json_error_t error;
	json_t *json = json_loads(collect.out, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		FAIL("%s: %.500s%s", error.text, collect.out, collect.err);
	return json;
}

static const char *text_at(json_t *json, const char *outer, const char *inner)
{
	json_t *object = inner ? json_object_get(json, outer) : json;
	const char *text = json_string_value(json_object_get(object, inner ? inner : outer));

	return text ? format("%s", text) : NULL;
}

TEST(a_response_over_https_is_verified_with_the_given_certificate)
{
	struct nginx nginx;
	json_t *record;

	nginx_start(
		&nginx,
		"ssl_protocols TLSv1.3; location /a { default_type application/json; return 200 '{\"a\":1}'; }");
	COLLECT("--cacert", nginx.certificate.cert, format("%s/a", nginx.tls_url));
	CHECK_INT(collect.status, 0);
	record = only_record();
	CHECK_STR(text_at(record, "conn", "tls"), "TLSv1.3");
	CHECK_STR(text_at(record, "headers", "content-type"), "application/json");
	CHECK_CONTAINS(collect.out, "\"body\":{\"a\":1}}");
	json_decref(record);
	nginx_stop(&nginx);
}

TEST(a_public_key_that_is_not_pinned_is_an_error_even_when_insecure)
{
	static const char pin[] = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	struct nginx nginx;
	json_t *record;

	nginx_start(&nginx, "location / { return 200 'x'; }");
	COLLECT("--insecure", "--pin", pin, format("%s/", nginx.tls_url));
	CHECK_INT(collect.status, 4);
	record = only_record();
	CHECK_STR(text_at(record, "error", "code"), "tls_pin");
	CHECK_STR(text_at(record, "error", "phase"), "tls");
	CHECK_STR(text_at(record, "error", "class"), "config");
	json_decref(record);
	nginx_stop(&nginx);
}

TEST(a_certificate_that_nobody_vouches_for_is_an_error_unless_insecure)
{
	struct nginx nginx;
	json_t *record;

	nginx_start(&nginx, "location / { return 200 'x'; }");
	COLLECT(format("%s/", nginx.tls_url));
	CHECK_INT(collect.status, 4);
	record = only_record();
	CHECK_STR(text_at(record, "error", "code"), "tls_cert_untrusted");
	CHECK_STR(text_at(record, "error", "phase"), "tls");
	CHECK_STR(text_at(record, "error", "class"), "config");
	CHECK_INT(json_integer_value(json_object_get(record, "attempts")), 1);
	json_decref(record);
	COLLECT("--insecure", format("%s/", nginx.tls_url));
	CHECK_STR(collect.err, "");
	CHECK_INT(collect.status, 0);
	COLLECT(format("https://127.0.0.1:%d/", nginx.port), "--retry", "0");
	CHECK_INT(collect.status, 4);
	CHECK_CONTAINS(collect.out, "\"code\":\"tls_protocol\"");
	nginx_stop(&nginx);
}

TEST(connections_are_kept_and_no_more_than_allowed_are_made)
{
	char *input = format("%s", "");
	struct nginx nginx;
	long long highest = 0, reused = 0;
	char *at;

	nginx_start(&nginx, "location / { return 200 'x'; }");
	for (int i = 0; i < 300; i++)
		input = format("%s%s/%d\n", input, nginx.url, i);
	run_collect(input,
		    ARGV(built("collect"), "-i", "-", "--per-host", "5", "--summary", "none"));
	CHECK_INT(collect.status, 0);
	at = collect.out;
	while ((at = strstr(at, "\"conn\":{\"id\":"))) {
		long long id = atoll(at += strlen("\"conn\":{\"id\":"));

		highest = id > highest ? id : highest;
		reused += strncmp(strchr(at, ','), ",\"reused\":true", 14) == 0;
	}
	CHECK_INT(highest, 5);
	CHECK_INT(reused, 295);
	nginx_stop(&nginx);
}

TEST(a_body_that_nginx_compresses_comes_out_as_it_was)
{
	char *json = format("[%0*d", 4000, 1);
	struct nginx nginx;
	json_t *record;

	nginx_start(&nginx, "gzip on; gzip_types application/json; gzip_min_length 1; "
			    "location / { default_type application/json; }");
	/* Numbers with leading zeroes are not JSON: quotes make them a string. */
	json[1] = '"';
	json = format("%s\"]", json);
	FILE *file = fopen(format("%s/a", nginx.root), "w");

	CHECK(file && fputs(json, file) >= 0 && fclose(file) == 0);
	COLLECT(format("%s/a", nginx.url));
	CHECK_INT(collect.status, 0);
	CHECK_CONTAINS(collect.out, format("\"body\":%s}", json));
	record = only_record();
	CHECK_STR(text_at(record, "headers", "content-encoding"), "gzip");
	json_t *bytes = json_object_get(record, "bytes");

	CHECK(json_integer_value(json_object_get(bytes, "wire")) < 200);
	CHECK_INT(json_integer_value(json_object_get(bytes, "body")), strlen(json));
	json_decref(record);
	nginx_stop(&nginx);
}

/* nginx is no proxy, but takes a request for a whole URL, as every server has to. */
TEST(the_proxy_of_the_environment_is_asked_unless_the_call_says_otherwise)
{
	struct nginx nginx;

	nginx_start(&nginx, "location / { return 200 '$host $request_uri'; }");
	setenv("http_proxy", nginx.url, 1);
	COLLECT("http://origin.test/a?b");
	CHECK_CONTAINS(collect.out, "\"body_text\":\"origin.test /a?b\"");
	COLLECT("--retry", "0", "-x", "http://127.0.0.1:1", "http://origin.test/");
	CHECK_CONTAINS(collect.out, "\"code\":\"connect_refused\"");
	CHECK_CONTAINS(collect.out, "127.0.0.1:1");
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	COLLECT("--noproxy", "127.0.0.0/8", format("%s/straight", nginx.url));
	CHECK_CONTAINS(collect.out, "\"body_text\":\"127.0.0.1 /straight\"");
	setenv("http_proxy", "gopher://p", 1);
	COLLECT("http://origin.test/");
	CHECK_INT(collect.status, 2);
	CHECK_CONTAINS(collect.err, "http_proxy");
	unsetenv("http_proxy");
	nginx_stop(&nginx);
}

TEST(headers_methods_and_bodies_reach_the_server)
{
	struct nginx nginx;
	const char *log;

	nginx_start(&nginx,
		    "location / { client_body_in_single_buffer on; add_header X-Seen "
		    "\"$request_method $http_x_one $http_x_two $content_length\" always; "
		    "add_header Set-Cookie a=1; add_header Set-Cookie b=2; return 200 'ok'; }");
	run_collect(format("{\"url\":\"%s/p\",\"method\":\"PUT\",\"headers\":{\"X-Two\":\"job\"},"
			   "\"body\":{\"k\":[1,2]}}\n",
			   nginx.url),
		    ARGV(built("collect"), "-i", "-", "-H", "X-One: all", "-H", "X-Two: all",
			 "--summary", "none"));
	CHECK_INT(collect.status, 0);
	CHECK_CONTAINS(collect.out, "\"method\":\"PUT\"");
	CHECK_CONTAINS(collect.out, "\"x-seen\":\"PUT all job 11\"");
	CHECK_CONTAINS(collect.out, "\"set-cookie\":[\"a=1\",\"b=2\"]");
	run_collect(format("{\"url\":\"%s/h\",\"method\":\"HEAD\"}\n", nginx.url),
		    ARGV(built("collect"), "-i", "-", "--summary", "none"));
	CHECK_INT(collect.status, 0);
	CHECK_CONTAINS(collect.out, "\"body_text\":\"\"");
	log = nginx_stop(&nginx);
	CHECK_CONTAINS(log, "PUT /p");
	CHECK_CONTAINS(log, "HEAD /h");
}

TEST(redirects_are_followed_as_far_as_allowed_and_never_down_to_plain)
{
	struct nginx nginx;
	json_t *record;

	nginx_start(&nginx,
		    "location /one { return 302 /two; } location /two { return 302 /three; } "
		    "location /three { return 200 'x'; } "
		    "location /down { return 301 http://127.0.0.1:1/; } "
		    "location /file { return 302 file:///etc/passwd; }");
	COLLECT(format("%s/one", nginx.url), "--max-redirs", "2");
	CHECK_INT(collect.status, 0);
	record = only_record();
	CHECK_STR(text_at(record, "url", NULL), format("%s/one", nginx.url));
	CHECK_STR(text_at(record, "final_url", NULL), format("%s/three", nginx.url));
	json_decref(record);
	COLLECT(format("%s/one", nginx.url), "--max-redirs", "1");
	CHECK_CONTAINS(collect.out, "\"code\":\"redirect_limit\"");
	COLLECT(format("%s/one", nginx.url), "--max-redirs", "0");
	CHECK_CONTAINS(collect.out,
		       "\"code\":\"http_302\",\"phase\":\"head\",\"class\":\"config\"");
	COLLECT("--insecure", format("%s/down", nginx.tls_url));
	CHECK_CONTAINS(collect.out, "\"code\":\"redirect_downgrade\"");
	COLLECT(format("%s/file", nginx.url));
	CHECK_CONTAINS(collect.out, "\"code\":\"redirect_blocked\"");
	nginx_stop(&nginx);
}

TEST(a_file_that_has_not_changed_is_told_as_unchanged)
{
	struct nginx nginx;
	json_t *record;
	const char *etag;

	nginx_start(&nginx, "");
	CHECK_INT(chmod(temp_file(format("%s/f", strrchr(nginx.root, '/') + 1), "content"), 0644),
		  0);
	COLLECT(format("%s/f", nginx.url));
	CHECK_INT(collect.status, 0);
	record = only_record();
	etag = text_at(record, "headers", "etag");
	CHECK(etag);
	json_decref(record);
	COLLECT(format("%s/f", nginx.url), "-H", format("If-None-Match: %s", etag));
	CHECK_INT(collect.status, 0);
	record = only_record();
	CHECK_STR(text_at(record, "type", NULL), "unchanged");
	CHECK_INT(json_integer_value(json_object_get(record, "status")), 304);
	json_decref(record);
	nginx_stop(&nginx);
}

TEST(a_large_body_arrives_whole)
{
	size_t size = 5 << 20;
	char *body = malloc(size + 1);
	struct nginx nginx;
	json_t *record;
	const char *got;

	for (size_t i = 0; i < size; i++)
		body[i] = (char)(i % 61 == 60 ? '\n' : 'a' + i % 26);
	body[size] = '\0';
	nginx_start(&nginx, "");
	CHECK_INT(chmod(temp_file(format("%s/big", strrchr(nginx.root, '/') + 1), body), 0644), 0);
	COLLECT("--cacert", nginx.certificate.cert, format("%s/big", nginx.tls_url));
	CHECK_INT(collect.status, 0);
	CHECK_STR(collect.err, ""); /* the watchdog saw nothing */
	record = only_record();
	got = json_string_value(json_object_get(record, "body_text"));
	CHECK(got && !strcmp(got, body));
	json_decref(record);
	free(body);
	nginx_stop(&nginx);
}
