/* SPDX-License-Identifier: MIT */
/* harness_internal.h - what the harness's files ask of each other. */
#ifndef LOOPHOUND_TESTS_HARNESS_INTERNAL_H
#define LOOPHOUND_TESTS_HARNESS_INTERNAL_H

#include <sys/resource.h>

#include "tests/harness.h"

enum harness_outcome {
	HARNESS_PASSED = 0,
	HARNESS_FAILED = 1,
	HARNESS_SKIPPED = 77,
	HARNESS_NOT_HERE = 78,
};

double harness_now(void);
/*
 * Waits for the child to end, at most so long: its wait status, or -1 when the time is over (the
 * child is still there then).
 */
int harness_wait_child(pid_t pid, double seconds, struct rusage *usage);
/* An unnamed file for output, close-on-exec. */
int harness_scratch_file(void);
/* "exit status 3" or "signal 11 (Segmentation fault)"; static storage. */
const char *harness_describe_status(int status);

/* harness_leaks.c: what is there before the body runs, and a failure for what is left after it. */
void harness_leaks_begin(void);
void harness_leaks_check(void);
/* Memory of the harness, never counted as a leak, reachable for LeakSanitizer. */
void *harness_keep(size_t size);
/* "task_new at runtime/task.c:88", with the help of addr2line. */
const char *harness_place(const void *address);

/* harness_faults.c */
enum harness_fault_kind { HARNESS_ALLOCATION, HARNESS_SYSCALL };
/* True when this call is the one that has to fail; errno is set then. */
bool harness_must_fail(enum harness_fault_kind kind, const char *function, int error,
		       const void *caller);

/* harness_program.c: the directory that temp_dir() would make in that process. */
const char *harness_temp_dir_of(pid_t pid);

#endif
