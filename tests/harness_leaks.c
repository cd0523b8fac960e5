/* SPDX-License-Identifier: MIT */
/*
 * harness_leaks.c - what a test left behind: descriptors, threads, tasks, and memory.
 *
 * The linker sends each allocation of our own objects through the functions below (--wrap, see
 * harness.wrap), which note where it was made; those inside OpenSSL and libc are not ours to count.
 * It works beside ASan and Valgrind, which see the calls as before. Under TSan memory is not
 * counted: the table's lock would order the threads and hide their races.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/harness_internal.h"
#include "runtime/async.h"

void async_count(struct async_counts *counts) __attribute__((weak));
extern const char __executable_start[];

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
int __real_vasprintf(char **text, const char *format, va_list args);

/* ---- The table of live allocations: protected by lock ----------------------------------------- */

struct block {
	struct block *next;
	uintptr_t
		memory; /* complemented: LeakSanitizer and Valgrind must not take it for a pointer */
	size_t size;
	const void *caller;
	bool in_test;
};

enum { BUCKETS = 1 << 16 };
static struct block *buckets[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool in_test;

static uintptr_t disguise(const void *memory)
{
	return ~(uintptr_t)memory;
}

static struct block **bucket_of(const void *memory)
{
	return &buckets[((uintptr_t)memory >> 4) * 2654435761u % BUCKETS];
}

/* Frees the entry; unknown memory was allocated by libc on our behalf, and is not counted. */
static void forget(const void *memory)
{
	if (UNDER_TSAN)
		return;
	pthread_mutex_lock(&lock);
	for (struct block **at = bucket_of(memory); *at != NULL; at = &(*at)->next) {
		struct block *block = *at;

		if (block->memory != disguise(memory))
			continue;
		*at = block->next;
		__real_free(block);
		break;
	}
	pthread_mutex_unlock(&lock);
}

static void *note(void *memory, size_t size, const void *caller)
{
	if (memory == NULL || UNDER_TSAN)
		return memory;
	/* An address that a library freed for us may come back. */
	forget(memory);
	struct block *block = __real_malloc(sizeof(*block));
	if (block == NULL)
		abort();
	struct block **bucket = bucket_of(memory);
	pthread_mutex_lock(&lock);
	*block = (struct block){ *bucket, disguise(memory), size, caller, in_test };
	*bucket = block;
	pthread_mutex_unlock(&lock);
	return memory;
}

/* ---- The wrapped functions -------------------------------------------------------------------- */

#define CALLER __builtin_return_address(0)
#define MUST_FAIL(name) harness_must_fail(HARNESS_ALLOCATION, name, ENOMEM, CALLER)

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return MUST_FAIL("malloc") ? NULL : note(__real_malloc(size), size, CALLER);
}

void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return MUST_FAIL("calloc") ? NULL : note(__real_calloc(count, size), count * size, CALLER);
}

/* The entry goes before the memory does: once freed, another thread may be given the address. */
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size)
{
	if (MUST_FAIL("realloc"))
		return NULL;
	if (memory != NULL)
		forget(memory);
	return note(__real_realloc(memory, size), size, CALLER);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return __wrap_realloc(memory, count * size);
}

void __wrap_free(void *memory);
void __wrap_free(void *memory)
{
	if (memory != NULL)
		forget(memory);
	__real_free(memory);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
	if (MUST_FAIL("posix_memalign"))
		return ENOMEM;
	int error = __real_posix_memalign(memory, alignment, size);
	if (error == 0)
		note(*memory, size, CALLER);
	return error;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	if (MUST_FAIL("aligned_alloc"))
		return NULL;
	return note(__real_aligned_alloc(alignment, size), size, CALLER);
}

char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
	return MUST_FAIL("strdup") ? NULL : note(__real_strdup(text), strlen(text) + 1, CALLER);
}

char *__wrap_strndup(const char *text, size_t size);
char *__wrap_strndup(const char *text, size_t size)
{
	return MUST_FAIL("strndup") ? NULL : note(__real_strndup(text, size), size, CALLER);
}

int __wrap_vasprintf(char **text, const char *format, va_list args);
int __wrap_vasprintf(char **text, const char *format, va_list args)
{
	if (MUST_FAIL("vasprintf"))
		return -1;
	int length = __real_vasprintf(text, format, args);
	if (length >= 0)
		note(*text, (size_t)length + 1, CALLER);
	return length;
}

int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list args;

	if (MUST_FAIL("asprintf"))
		return -1;
	va_start(args, format);
	int length = __real_vasprintf(text, format, args);
	va_end(args);
	if (length >= 0)
		note(*text, (size_t)length + 1, CALLER);
	return length;
}

/* ---- Before and after ------------------------------------------------------------------------- */

enum { MAX_FDS = 1 << 16 };
static bool open_before[MAX_FDS];
static int threads_before;

/* Calls each for every entry of a directory of numbers in /proc. */
static int count_entries(const char *path, void (*each)(int number, int skip))
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (directory == NULL)
		return 0;
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (each != NULL)
			each(atoi(entry->d_name), dirfd(directory));
	}
	closedir(directory);
	return count;
}

/* Valgrind keeps descriptors of its own beyond the limit that it shows to the program. */
static bool is_ours(int fd)
{
	return fd < MAX_FDS && fd < sysconf(_SC_OPEN_MAX);
}

static void note_fd(int fd, int listing)
{
	if (is_ours(fd) && fd != listing)
		open_before[fd] = true;
}

/* A kqueue library on Linux keeps some descriptors, and closes others when it gets to it. */
int kqueue(void) __attribute__((weak));

static bool is_of_kqueue(const char *target)
{
	return kqueue != NULL && strncmp(target, "anon_inode:[event", 17) == 0;
}

static void report_fd(int fd, int listing)
{
	char link[32], target[256] = "";

	if (fd == listing || !is_ours(fd) || open_before[fd])
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, target, sizeof(target) - 1) < 0 || is_of_kqueue(target))
		return;
	harness_fail("the test", 0, "left descriptor %d open: %s", fd, target);
}

void harness_leaks_begin(void)
{
	count_entries("/proc/self/fd", note_fd);
	threads_before = count_entries("/proc/self/task", NULL);
	in_test = true;
}

static void check_memory(void)
{
	size_t blocks = 0, bytes = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct block *block = buckets[i]; block != NULL; block = block->next) {
			if (!block->in_test)
				continue;
			if (blocks++ < 8)
				fprintf(stderr, "  %zu bytes allocated by %s\n", block->size,
					harness_place(block->caller));
			bytes += block->size;
		}
	if (blocks > 0)
		harness_fail("the test", 0, "left %zu blocks of memory, %zu bytes", blocks, bytes);
}

/* A thread that has been joined leaves /proc a moment later. TSan adds one of its own. */
static void check_threads(void)
{
	double deadline = harness_now() + 1 + time_scale() / 5;
	int left;

	while ((left = count_entries("/proc/self/task", NULL) - threads_before - UNDER_TSAN) > 0) {
		if (harness_now() > deadline)
			harness_fail("the test", 0, "left %d threads", left);
		poll(NULL, 0, 1);
	}
}

void harness_leaks_check(void)
{
	struct async_counts counts = { 0 };

	in_test = false;
	fail_none();
	check_threads(); /* first: a thread may have been about to close something */
	count_entries("/proc/self/fd", report_fd);
	check_memory();
	if (async_count != NULL)
		async_count(&counts);
	if (counts.tasks + counts.stacks + counts.timers + counts.fds > 0)
		harness_fail("the test", 0, "left %zu tasks, %zu stacks, %zu timers, %zu fds",
			     counts.tasks, counts.stacks, counts.timers, counts.fds);
}

/* ---- For the harness itself ------------------------------------------------------------------- */

static struct kept {
	struct kept *next;
	_Alignas(max_align_t) char memory[];
} * kept;

void *harness_keep(size_t size)
{
	struct kept *block = __real_calloc(1, sizeof(*block) + size);

	if (block == NULL)
		abort();
	block->next = kept;
	kept = block;
	return block->memory;
}

const char *harness_place(const void *address)
{
	static char place[512];
	char command[512], self[256] = "";
	size_t offset = (uintptr_t)address - (uintptr_t)__executable_start - 1;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return "?";
	snprintf(command, sizeof(command), "addr2line -e '%s' -f -p -s 0x%zx 2>/dev/null", self,
		 offset);
	FILE *pipe = popen(command, "r");
	if (pipe == NULL || fgets(place, sizeof(place), pipe) == NULL)
		snprintf(place, sizeof(place), "%s+0x%zx", self, offset);
	if (pipe != NULL)
		pclose(pipe);
	place[strcspn(place, "\n")] = 0;
	return place;
}
