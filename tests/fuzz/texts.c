/* SPDX-License-Identifier: MIT */
/* texts.c - small texts that others write: no_proxy and proxies, Retry-After and dates. */
#include "app/httpdate.h"
#include "app/retry.h"
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
