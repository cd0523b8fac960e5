/* SPDX-License-Identifier: MIT */
/* texts.c - small texts that others write: no_proxy and proxies, dates, cookies, .netrc. */
#include "http/httpdate.h"
#include "app/retry.h"
#include "http/cookies.h"
#include "http/headers.h"
#include "http/netrc.h"
#include "http/proxy.h"
#include "tests/fuzz/fuzz.h"

/* A list, and behind a line feed a proxy. */
FUZZ(proxy)
{
	static const char origin[] = "http://a.example.com:8080/";
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	size_t length = line ? (size_t)(line - data) : size;
	char *list = fuzz_string(data, length), why[URL_WHY];
	char *text = line ? fuzz_string(line + 1, size - length - 1) : NULL;
	struct proxy *proxy;
	struct url *url;

	if (url_parse(&url, origin, sizeof(origin) - 1, why) == 0) {
		(void)proxy_is_excepted(list, url);
		url_free(url);
	}
	if (text && proxy_parse(&proxy, text, why) == 0) {
		must(proxy->url->port > 0, "no port");
		proxy_free(proxy);
	}
	free(list);
	free(text);
}

/* A value of Retry-After, and behind a line feed one of Date. */
FUZZ(dates)
{
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	size_t length = line ? (size_t)(line - data) : size;
	char *value = fuzz_string(data, length);
	char *date = line ? fuzz_string(line + 1, size - length - 1) : NULL;
	int64_t seconds;

	must(retry_after(value, date, 1700000000) >= -1, "a wait below none");
	if (httpdate_parse(value, &seconds))
		must(seconds > -100000000000 && seconds < 300000000000, "a date out of range");
	free(value);
	free(date);
}

/* Three lines: a Set-Cookie of http, one of https, and the URL that both come from. */
FUZZ(cookies)
{
	char *lines[3] = { NULL }, why[URL_WHY], *value = NULL;
	struct cookie_jar jar = { .count = 0 };
	struct url *url;
	int64_t seconds;

	for (int i = 0; i < 3; i++) {
		const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
		size_t length = end ? (size_t)(end - data) : size;

		lines[i] = fuzz_string(data, length);
		data += length + (end != NULL);
		size -= length + (end != NULL);
	}
	if (url_parse(&url, lines[2], strlen(lines[2]), why) == 0) {
		must(cookies_set(&jar, url, lines[0], 1000) >= 0, "no memory");
		must(cookies_set(&jar, url, lines[1], 1000) >= 0, "no memory");
		must(cookies_get(&jar, url, 1001, &value) == 0, "no memory");
		must(!value || headers_is_value(value), "a value that cannot be sent");
		must(jar.count <= 2, "more than two");
		url_free(url);
	}
	(void)cookies_date(lines[0], strlen(lines[0]), &seconds);
	free(value);
	cookies_clear(&jar);
	for (int i = 0; i < 3; i++)
		free(lines[i]);
}

/* A host, and behind a line feed a .netrc. */
FUZZ(netrc)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t length = end ? (size_t)(end - data) : size;
	char *host = fuzz_string(data, length), *login = NULL, *password = NULL;
	char *text = fuzz_copy(data + length + (end != NULL), size - length - (end != NULL));
	int line = 0, rc;

	rc = netrc_find(text, size - length - (end != NULL), host, &login, &password, &line);
	must(rc >= 0 || (!login && !password), "a failure that found something");
	must(line >= 1, "line %d", line);
	free(login);
	free(password);
	free(text);
	free(host);
}
