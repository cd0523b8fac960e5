/* SPDX-License-Identifier: MIT */
/* hold.c - see hold.h. What is needed, threads and servers and files, is on this machine. */
#include "bench/hold.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <resolv.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOLD 0.5   /* seconds */
#define SHORT 0.07 /* less than the limit of all who watch, which is 0.1 */
#define NAP(seconds) usleep((useconds_t)((seconds)*1e6))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BURNERS 4

static atomic_uint sink;

static double clock_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The lines after this one hold the loop, so many of them. */
#define LINES_THAT_HOLD(count) begin(__FILE__, __LINE__ + 1, __LINE__ + (count))
static void begin(const char *file, int first, int last)
{
	char text[200];
	int length = snprintf(text, sizeof(text), "\n@begin %.6f %s %d %d\n",
			      clock_of(CLOCK_MONOTONIC), file, first, last);

	sink += (unsigned)write(STDOUT_FILENO, text, (size_t)length);
}

static void end(void)
{
	char text[100];
	int length = snprintf(text, sizeof(text), "\n@end %.6f\n", clock_of(CLOCK_MONOTONIC));

	sink += (unsigned)write(STDOUT_FILENO, text, (size_t)length);
}

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static void start(void *(*function)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, NULL) != 0)
		fail("a thread");
	pthread_detach(thread);
}

static int listen_here(int type, struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (struct sockaddr *)address, size) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 5) < 0) ||
	    getsockname(fd, (struct sockaddr *)address, &size) < 0)
		fail("a socket");
	return fd;
}

/* ---- Blocked --------------------------------------------------------------------------------- */

static void sleep_(void)
{
	LINES_THAT_HOLD(1);
	NAP(HOLD);
	end();
}

static int ends[2];

static void *write_later(void *arg)
{
	NAP(HOLD);
	sink += (unsigned)write(ends[1], "x", 1);
	return arg;
}

static void read_pipe(void)
{
	char byte;

	if (pipe(ends) < 0)
		fail("a pipe");
	start(write_later);
	LINES_THAT_HOLD(1);
	sink += (unsigned)read(ends[0], &byte, 1);
	end();
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool taken;

static void *hold_mutex(void *arg)
{
	pthread_mutex_lock(&mutex);
	taken = true;
	NAP(HOLD);
	pthread_mutex_unlock(&mutex);
	return arg;
}

static void lock(void)
{
	start(hold_mutex);
	while (!taken)
		NAP(0.0001);
	LINES_THAT_HOLD(1);
	pthread_mutex_lock(&mutex);
	end();
	pthread_mutex_unlock(&mutex);
}

/* A name server that does not answer: the resolver's timeout is a second. */
static void resolve(void)
{
	struct addrinfo *list = NULL;
	struct sockaddr_in address;

	listen_here(SOCK_DGRAM, &address);
	if (res_init() < 0)
		fail("res_init");
	_res.nscount = 1;
	_res.nsaddr_list[0] = address;
	_res.retrans = _res.retry = 1;
	LINES_THAT_HOLD(1);
	getaddrinfo("slow.invalid.", "80", NULL, &list);
	end();
}

/* So much is written before that fsync() takes its time. */
static int dirty_file(size_t mb)
{
	const char *directory = getenv("TMPDIR");
	size_t size = 1 << 20;
	char path[400], *block = calloc(1, size);
	int fd;

	snprintf(path, sizeof(path), "%s/bench-detectors.XXXXXX",
		 directory ? directory : "/var/tmp");
	fd = mkstemp(path);
	unlink(path);
	for (size_t i = 0; fd >= 0 && i < mb; i++) {
		memset(block, (int)(i + 1), size);
		if (write(fd, block, size) != (ssize_t)size)
			fail(path);
	}
	free(block);
	if (fd < 0)
		fail(path);
	return fd;
}

static int dirty = -1;

static void begin_sync(void)
{
	size_t mb = 128;
	double took = 0;

	for (; mb < 1024; mb *= 2) {
		int fd = dirty_file(mb);
		double start = clock_of(CLOCK_MONOTONIC);

		fsync(fd);
		took = clock_of(CLOCK_MONOTONIC) - start;
		close(fd);
		if (took > HOLD / 2)
			break;
	}
	dirty = dirty_file((size_t)((double)mb * HOLD / took) + 1);
}

static void sync_file(void)
{
	LINES_THAT_HOLD(1);
	fsync(dirty);
	end();
}

/* A library that knows nothing of loops, and a server that takes its time. */
static struct sockaddr_in server;
static int listener;

static void *serve_late(void *arg)
{
	static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	char request[1000];
	int fd = accept(listener, NULL, NULL);

	sink += (unsigned)read(fd, request, sizeof(request));
	NAP(HOLD);
	sink += (unsigned)write(fd, reply, sizeof(reply) - 1);
	close(fd);
	return arg;
}

enum { CURL_URL = 10002 }; /* its number is part of libcurl's binary interface */
static struct {
	void *(*init)(void);
	int (*set)(void *handle, int option, ...);
	int (*perform)(void *handle);
	void *handle;
} curl;

static void begin_curl(void)
{
	void *library = dlopen("libcurl.so.4", RTLD_NOW);
	char url[64];

	if (library == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(77);
	}
	curl.init = (void *(*)(void))dlsym(library, "curl_easy_init");
	curl.set = (int (*)(void *, int, ...))dlsym(library, "curl_easy_setopt");
	curl.perform = (int (*)(void *))dlsym(library, "curl_easy_perform");
	listener = listen_here(SOCK_STREAM, &server);
	start(serve_late);
	curl.handle = curl.init();
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(server.sin_port));
	curl.set(curl.handle, CURL_URL, url);
}

static void fetch(void)
{
	LINES_THAT_HOLD(1);
	int rc = curl.perform(curl.handle);
	end();
	if (rc != 0)
		fprintf(stderr, "libcurl failed: %d\n", rc);
}

/* ---- Computing ------------------------------------------------------------------------------- */

static void compute(double seconds)
{
	double until = clock_of(CLOCK_THREAD_CPUTIME_ID) + seconds;

	LINES_THAT_HOLD(3);
	while (clock_of(CLOCK_THREAD_CPUTIME_ID) < until)
		for (unsigned i = 0; i < 10000; i++)
			sink += i;
	end();
}

static void cpu(void)
{
	compute(HOLD);
}

static void faults(void)
{
	double until = clock_of(CLOCK_THREAD_CPUTIME_ID) + HOLD;
	size_t size = 8 << 20;

	LINES_THAT_HOLD(6);
	while (clock_of(CLOCK_THREAD_CPUTIME_ID) < until) {
		char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);
		for (size_t i = 0; pages != MAP_FAILED && i < size; i += 4096)
			pages[i] = 1;
		munmap(pages, size);
	}
	end();
}

/* ---- Not the code's fault -------------------------------------------------------------------- */

static pid_t others[BURNERS];

static void begin_starved(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	for (size_t i = 0; i < COUNT(others); i++) {
		others[i] = fork();
		while (others[i] == 0)
			sink++;
	}
}

static void starved(void)
{
	compute(SHORT);
}

static void end_starved(void)
{
	for (size_t i = 0; i < COUNT(others); i++) {
		kill(others[i], SIGKILL);
		waitpid(others[i], NULL, 0);
	}
}

static void begin_stopped(void)
{
	pid_t process = getpid();
	char byte;

	if (pipe(ends) < 0)
		fail("a pipe");
	others[0] = fork();
	if (others[0] != 0)
		return;
	sink += (unsigned)read(ends[0], &byte, 1);
	NAP(SHORT / 2);
	kill(process, SIGSTOP);
	NAP(HOLD);
	kill(process, SIGCONT);
	_exit(0);
}

static void stopped(void)
{
	sink += (unsigned)write(ends[1], "x", 1);
	compute(SHORT);
}

static void end_stopped(void)
{
	waitpid(others[0], NULL, 0);
}

/* ---- The table ------------------------------------------------------------------------------- */

static void short_sleep(void)
{
	LINES_THAT_HOLD(1);
	NAP(SHORT);
	end();
}

const struct scenario scenarios[] = {
	{ "sleep", sleep_, NULL, NULL },
	{ "pipe", read_pipe, NULL, NULL },
	{ "lock", lock, NULL, NULL },
	{ "getaddrinfo", resolve, NULL, NULL },
	{ "fsync", sync_file, begin_sync, NULL },
	{ "cpu", cpu, NULL, NULL },
	{ "faults", faults, NULL, NULL },
	{ "slices", short_sleep, NULL, NULL },
	{ "callback", sleep_, NULL, NULL },
	{ "curl", fetch, begin_curl, NULL },
	{ "starved", starved, begin_starved, end_starved },
	{ "stopped", stopped, begin_stopped, end_stopped },
};
const size_t scenario_count = COUNT(scenarios);
