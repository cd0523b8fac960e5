/* SPDX-License-Identifier: MIT */
/*
 * practice_data.c - twelve small worlds.
 *
 * Some of the values are there to be handled with care: text beyond ASCII, a number that no double
 * holds, one that would change if it were parsed and printed again.
 */
#include "app/practice_data.h"

#include <stdio.h>
#include <string.h>

const struct practice_api practice_apis[PRACTICE_APIS] = {
	{ "weather", "\"city\":\"Lisbon\",\"celsius\":21.50,\"sky\":\"clear\",\"wind_kmh\":12" },
	{ "users", "\"name\":\"Ada Lovelace\",\"email\":\"ada@example.org\",\"admin\":true" },
	{ "quotes", "\"text\":\"Le silence éternel…\",\"author\":\"Blaise Pascal\"" },
	{ "stocks", "\"symbol\":\"HND\",\"price\":0.10000000000000001,\"volume\":120000" },
	{ "rates", "\"base\":\"EUR\",\"to\":{\"USD\":1.0812,\"JPY\":163.05,\"CHF\":0.9645}" },
	{ "books", "\"title\":\"Molloy\",\"year\":1951,\"isbn\":\"9780802144478\"" },
	{ "films", "\"title\":\"Playtime\",\"year\":1967,\"minutes\":124,\"seen\":null" },
	{ "music", "\"artist\":\"Nina Simone\",\"tracks\":[\"Sinnerman\",\"Four Women\"]" },
	{ "cities", "\"name\":\"Zürich\",\"people\":443037,\"at\":[47.3769,8.5417]" },
	{ "planets",
	  "\"name\":\"Saturn\",\"moons\":146,\"mass_g\":568340000000000000000000000000" },
	{ "recipes", "\"dish\":\"ratatouille\",\"needs\":[\"aubergine\",\"tomato\"]" },
	{ "trains", "\"from\":\"Basel\",\"to\":\"Milano\",\"late_min\":7,\"stops\":[]" },
};

const struct practice_api *practice_api_of(const char *path, size_t length)
{
	for (int i = 0; i < PRACTICE_APIS; i++) {
		size_t n = strlen(practice_apis[i].name);

		if (length > n && path[0] == '/' &&
		    memcmp(path + 1, practice_apis[i].name, n) == 0 &&
		    (length == n + 1 || path[n + 1] == '/'))
			return &practice_apis[i];
	}
	return NULL;
}

size_t practice_body(char *buffer, size_t capacity, const struct practice_api *api, int id,
		     size_t size)
{
	static const char frame[] = ",\"padding\":\"\"";
	int n = snprintf(buffer, capacity, "{\"id\":%d,\"api\":\"%s\",%s}", id, api->name,
			 api->fields);
	size_t length = (size_t)n, pad = size > length + sizeof(frame) - 1 ? size - length : 0;

	if (pad == 0 || size >= capacity)
		return pad == 0 ? length : size;
	/* Over the closing brace: the frame without its last quote, the filling, quote and brace. */
	char *at = buffer + length - 1;
	memcpy(at, frame, sizeof(frame) - 2);
	at += sizeof(frame) - 2;
	memset(at, 'x', pad - (sizeof(frame) - 1));
	memcpy(buffer + size - 2, "\"}", 3);
	return size;
}
