/* SPDX-License-Identifier: MIT */
/*
 * test_fuzz.c - the fuzzer's targets with what it has found worth keeping, and with each of those
 * texts cut short. `make fuzz` looks for more.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>

#include "tests/harness.h"

static void feed_file(const char *path, void (*target)(const uint8_t *data, size_t size))
{
	size_t size;
	char *text = read_file(path, &size);

	for (size_t length = size;; length -= length > 200 ? 97 : 1) {
		target((const uint8_t *)text, length);
		if (length == 0)
			break;
	}
}

static void feed_corpus(const char *name, void (*target)(const uint8_t *data, size_t size))
{
	const char *path = in_source(format("tests/fuzz/corpus/%s", name));
	DIR *directory = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!directory)
		FAIL("no corpus in %s", path);
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.') {
			feed_file(format("%s/%s", path, entry->d_name), target);
			count++;
		}
	closedir(directory);
	CHECK(count > 0);
}

#define CORPUS(name)                             \
	TEST(the_corpus_of_##name)               \
	{                                        \
		feed_corpus(#name, fuzz_##name); \
	}

CORPUS(response)
CORPUS(request)
CORPUS(url)
CORPUS(decode)
CORPUS(json)
CORPUS(proxy)
CORPUS(dates)
CORPUS(cookies)
CORPUS(netrc)
