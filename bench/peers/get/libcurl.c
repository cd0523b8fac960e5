/* SPDX-License-Identifier: MIT */
/*
 * libcurl.c - GETs with libcurl's multi interface: so many easy handles, each added again when it is done.
 *
 * One thread, curl_multi_poll() between rounds, bodies counted. The connections are the multi handle's.
 */
#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const char *url, *cacert;
static int connections = 20;
static double seconds = 5;
static long fresh;
static unsigned long gets, failed;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static size_t take(char *data, size_t size, size_t count, void *bytes)
{
	(void)data;
	*(size_t *)bytes += size * count;
	return size * count;
}

static void add(CURLM *multi, CURLSH *share, size_t *bytes)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		exit(1);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, bytes);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, bytes);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30000L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, fresh);
	curl_easy_setopt(easy, CURLOPT_SHARE, share);
	if (cacert)
		curl_easy_setopt(easy, CURLOPT_CAINFO, cacert);
	curl_multi_add_handle(multi, easy);
}

/* Looks at all that are done; those go on unless the time is over. */
static void collect(CURLM *multi, int over)
{
	static size_t expected;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi, &left))) {
		CURL *easy = message->easy_handle;
		CURLcode result = message->data.result;
		size_t *bytes;
		long status = 0;

		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&bytes);
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		if (!expected)
			expected = *bytes;
		if (result == CURLE_OK && status == 200 && *bytes == expected)
			gets++;
		else
			failed++;
		*bytes = 0;
		curl_multi_remove_handle(multi, easy);
		if (over)
			curl_easy_cleanup(easy);
		else
			curl_multi_add_handle(multi, easy);
	}
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = { { "about", no_argument, NULL, 'b' },
						 { "mode", required_argument, NULL, 'm' },
						 { "url", required_argument, NULL, 'u' },
						 { "connections", required_argument, NULL, 'c' },
						 { "seconds", required_argument, NULL, 's' },
						 { "cacert", required_argument, NULL, 'a' },
						 { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'b') {
			printf("{\"name\":\"libcurl\",\"version\":\"%s\",\"modes\":[\"keep\",\"fresh\"]}\n",
			       curl_version());
			exit(0);
		}
		if (option == 'm')
			fresh = strcmp(optarg, "fresh") == 0;
		else if (option == 'u')
			url = optarg;
		else if (option == 'c')
			connections = atoi(optarg);
		else if (option == 's')
			seconds = atof(optarg);
		else if (option == 'a')
			cacert = optarg;
		else
			exit(2);
	}
}

int main(int argc, char **argv)
{
	int running = 1;

	parse(argc, argv);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURLM *multi = curl_multi_init();
	CURLSH *share = curl_share_init(); /* of TLS sessions, which new connections resume */
	size_t *bytes = calloc((size_t)connections, sizeof(*bytes));
	if (!url || !multi || !share || !bytes)
		return 2;
	curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)connections);
	double start = now(), used = cpu();
	for (int i = 0; i < connections; i++)
		add(multi, share, &bytes[i]);
	while (running) {
		curl_multi_perform(multi, &running);
		collect(multi, now() - start >= seconds);
		if (curl_multi_poll(multi, NULL, 0, running ? 100 : 0, NULL) != CURLM_OK)
			return 1;
		running = running || now() - start < seconds;
	}
	double took = now() - start;
	printf("{\"requests_per_s\":%.0f,\"cpu_us\":%.2f,\"gets\":%lu,\"failed\":%lu,\"tasks\":%lu}\n",
	       (double)gets / took, (cpu() - used) * 1e6 / (double)(gets ? gets : 1), gets, failed,
	       gets + failed);
	curl_multi_cleanup(multi);
	curl_share_cleanup(share);
	free(bytes);
	return 0;
}
