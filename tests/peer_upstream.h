/* SPDX-License-Identifier: MIT */
/*
 * peer_upstream.h - build/upstream as the peer of build/collect, and what collect wrote.
 *
 * One upstream and one collect at a time: their state is global to the test's process.
 */
#ifndef LOOPHOUND_TESTS_PEER_UPSTREAM_H
#define LOOPHOUND_TESTS_PEER_UPSTREAM_H

#include <jansson.h>

#include "tests/harness.h"

/* Starts it with so many of its APIs, and one option (NULL: none) with its value. */
void start_upstream(int apis, const char *option, const char *value);
void stop_upstream(void);
/* "http://127.0.0.1:PORT" of the i-th API, with the path behind it. */
const char *at(int api, const char *path);

/* The last run of collect. A hang fails the test. */
extern struct program collect;
#define COLLECT(...) run_collect(NULL, ARGV(built("collect"), __VA_ARGS__))
#define COLLECT_INPUT(text, ...) run_collect((text), ARGV(built("collect"), __VA_ARGS__))
void run_collect(const char *input, const char *const *argv);

/* The records of a text, each line of which has to be valid JSON by itself. json_decref() it. */
json_t *records(const char *text);
size_t count_records(const char *path);
/* The record with that "seq"; belongs to the array. */
json_t *by_line(json_t *all, int line);
const char *string_in(json_t *record, const char *name);
/* "http_404", or "none" when it is not an error. */
const char *code_of(json_t *record);
/* A number of a JSON text, such as "failed" of a summary. */
long long number_in(const char *json_text, const char *name);

#endif
