/* SPDX-License-Identifier: MIT */
/* test_practice_data.c - twelve APIs, each body valid JSON of the size asked for. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/practice_data.h"
#include "tests/harness.h"

static char buffer[70000];

TEST(each_body_is_an_object_that_names_its_api)
{
	for (int i = 0; i < PRACTICE_APIS; i++) {
		const struct practice_api *api = &practice_apis[i];
		size_t size = practice_body(buffer, sizeof(buffer), api, 70 + i, 0);
		json_t *object = json_loadb(buffer, size,
					    JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);

		CHECK_INT(size, strlen(buffer));
		CHECK(json_is_object(object));
		CHECK_INT((int)json_number_value(json_object_get(object, "id")), 70 + i);
		CHECK_STR(json_string_value(json_object_get(object, "api")), api->name);
		CHECK(json_object_size(object) > 3);
		json_decref(object);
	}
}

TEST(a_body_is_padded_to_exactly_the_size_asked_for)
{
	size_t plain = practice_body(NULL, 0, &practice_apis[0], 1, 0);

	for (size_t size = 0; size < plain + 40; size++) {
		size_t got = practice_body(buffer, sizeof(buffer), &practice_apis[0], 1, size);
		json_t *object = json_loadb(buffer, got, 0, NULL);

		/* The frame of the member takes 13 bytes: a gap below that cannot be filled. */
		CHECK_INT(got, size > plain + 13 ? size : plain);
		CHECK_INT(practice_body(NULL, 0, &practice_apis[0], 1, size), got);
		CHECK_INT(strlen(buffer), got);
		CHECK(json_is_object(object));
		json_decref(object);
	}
	CHECK_INT(practice_body(buffer, sizeof(buffer), &practice_apis[2], 1, 65536), 65536);
}

TEST(nothing_is_written_past_the_capacity)
{
	size_t plain = practice_body(NULL, 0, &practice_apis[0], 1, 0);

	memset(buffer, 'z', 200);
	CHECK_INT(practice_body(buffer, 10, &practice_apis[0], 1, 0), plain);
	CHECK_INT(buffer[10], 'z');
	CHECK_INT(practice_body(buffer, plain + 1, &practice_apis[0], 1, 190), 190);
	CHECK_INT(buffer[plain + 1], 'z');
}

TEST(paths_lead_to_their_api_and_nothing_else_does)
{
	static const char *const none[] = { "/", "", "/weathe", "/weatherx", "weather", "/stats" };

	CHECK(practice_api_of("/weather", 8) == &practice_apis[0]);
	CHECK(practice_api_of("/weather/7", 10) == &practice_apis[0]);
	CHECK(practice_api_of("/trains?x", 7) == &practice_apis[11]);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK(practice_api_of(none[i], strlen(none[i])) == NULL);
}
