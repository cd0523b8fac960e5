/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_machine.c - build/collect on a machine that is short of something, by item 72 and 77
 * of hostile.md: files, ports, buffers, memory. A filter of the kernel makes one system call fail
 * for this test and all that it starts; a shell's ulimit does the rest.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "runtime/base.h"
#include "tests/peer_upstream.h"

static bool has_tools(void)
{
	return UNDER_ASAN || UNDER_TSAN || under_valgrind();
}

/* ---- Calls that fail ------------------------------------------------------------------------- */

/* The low half of the first argument; for socket() that is the family. */
#define FIRST offsetof(struct seccomp_data, args[0])

/* From here on the call fails with that errno; only with that first argument, unless it is -1. */
static void forbid(int call, int first, int error)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIRST),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)first, 0, first == -1 ? 0 : 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { array_size(rules), rules };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		NOT_HERE("the kernel takes no filter of system calls");
}

/* Three items are errors of this machine, each after a second attempt, without haste. */
static void fails_locally(const char *code, const char *says)
{
	COLLECT_INPUT("http://127.0.0.1:1/\nhttp://127.0.0.1:2/\nhttp://127.0.0.1:3/\n", "-i", "-",
		      "--retry", "1", "--retry-base", "20ms", "--retry-max-time", "400ms");
	json_t *all = records(collect.out);

	CHECK_INT(collect.status, 4);
	CHECK_INT(json_array_size(all), 3);
	for (int line = 1; line <= 3; line++) {
		json_t *error = json_object_get(by_line(all, line), "error");

		CHECK_STR(string_in(error, "code"), code);
		CHECK_STR(string_in(error, "class"), "local");
		CHECK_CONTAINS(string_in(error, "message"), says);
		CHECK(json_integer_value(json_object_get(by_line(all, line), "attempts")) >= 2);
	}
	json_decref(all);
	CHECK(collect.cpu < 1 * time_scale());
}

TEST(item_72_without_a_file_in_the_whole_system_it_is_this_machine)
{
	forbid(SYS_socket, AF_INET, ENFILE);
	fails_locally("local_fds", "Too many open files in system");
}

TEST(item_72_without_a_descriptor_it_is_this_machine)
{
	forbid(SYS_socket, AF_INET, EMFILE);
	fails_locally("local_fds", "Too many open files");
}

TEST(item_72_without_buffers_it_is_this_machine)
{
	forbid(SYS_socket, AF_INET, ENOBUFS);
	fails_locally("local_ports", "No buffer space available");
}

TEST(item_72_without_a_free_port_it_is_this_machine)
{
	forbid(SYS_connect, -1, EADDRNOTAVAIL);
	fails_locally("local_ports", "Cannot assign requested address");
}

TEST(item_72_without_memory_in_the_kernel_it_is_this_machine)
{
	forbid(SYS_connect, -1, ENOBUFS);
	fails_locally("local_ports", "No buffer space available");
}

#define CANNOT_CONNECT(name, error, code)                                                  \
	TEST(item_67_##name##_has_a_code_of_its_own_and_is_tried_again)                    \
	{                                                                                  \
		forbid(SYS_connect, -1, (error));                                          \
		COLLECT("http://127.0.0.1:1/", "--retry", "1", "--retry-base", "1ms");     \
		CHECK_INT(collect.status, 4);                                              \
		CHECK_CONTAINS(collect.out, "\"code\":\"" code "\",\"phase\":\"connect\"," \
					    "\"class\":\"transient\"");                    \
		CHECK_CONTAINS(collect.out, "\"attempts\":2");                             \
	}

TEST(item_67_a_host_to_which_nothing_connects_is_not_hammered)
{
	char *input = format("%s", "");
	size_t tried = 0;

	for (int i = 0; i < 200; i++)
		input = format("%shttp://127.0.0.1:1/%d\n", input, i);
	COLLECT_INPUT(input, "-i", "-", "--retry", "1", "--retry-base", "1ms");
	json_t *all = records(collect.out);

	CHECK_INT(collect.status, 4);
	CHECK_INT(json_array_size(all), 200);
	for (size_t i = 0; i < 200; i++) {
		CHECK_STR(code_of(json_array_get(all, i)), "connect_refused");
		tried +=
			json_integer_value(json_object_get(json_array_get(all, i), "attempts")) > 0;
	}
	json_decref(all);
	/* 10 that failed for good, and those in flight meanwhile. */
	CHECK(tried >= 10 && tried <= 10 + 2 * 8);
	CHECK_CONTAINS(collect.out, "not sent: the last 1");
	CHECK_CONTAINS(collect.out,
		       "items of http://127.0.0.1:1 could not connect, with connect_refused");
}

CANNOT_CONNECT(an_unreachable_net, ENETUNREACH, "connect_unreachable")
CANNOT_CONNECT(an_unreachable_host, EHOSTUNREACH, "connect_unreachable")
CANNOT_CONNECT(a_refused_connection, ECONNREFUSED, "connect_refused")
CANNOT_CONNECT(a_connection_that_times_out, ETIMEDOUT, "connect_timeout")

TEST(without_threads_nothing_is_lost)
{
	const char *out = temp_path("out");
	char *input = format("%s", "");

	if (has_tools())
		NOT_HERE("the tools need threads of their own");
	start_upstream(1, NULL, NULL);
	/* What is large is work for a thread. */
	for (int i = 0; i < 20; i++)
		input = format("%s%s\n", input, at(0, i % 5 ? "/weather" : "/weather?size=300k"));
	forbid(SYS_clone3, -1, EAGAIN);
	COLLECT("-i", temp_file("list", input), "-o", out, "--summary", "none", "--watchdog", "off",
		"--retry", "0", "--paginate", "$.next", "--har", temp_path("har"));
	CHECK_STR(collect.err, "");
	CHECK_INT(collect.status, 0);
	CHECK_INT(count_records(out), 20);
	stop_upstream();
}

/* ---- Memory ---------------------------------------------------------------------------------- */

/* However little there is: no death, no torn record, and 0 only when all is there. */
TEST_WITH_LIMIT(item_77_with_little_memory_all_that_is_missing_is_said, 60)
{
	static const char *const limits[] = { "20000", "26000", "32000", "36000",
					      "40000", "48000", "60000", "90000" };
	char *input = format("%s", "");

	if (has_tools())
		NOT_HERE("the tools need memory of their own");
	start_upstream(1, NULL, NULL);
	for (int i = 0; i < 20; i++)
		input = format("%s%s\n", input, at(0, "/weather?size=200000"));
	for (size_t i = 0; i < array_size(limits); i++) {
		run_collect(input, ARGV("/bin/sh", "-c", "ulimit -v $1; shift; exec \"$@\"", "sh",
					limits[i], built("collect"), "-i", "-", "--retry", "0",
					"--summary", "none"));
		json_t *all = records(collect.out);
		size_t good = 0;

		for (size_t k = 0; k < json_array_size(all); k++)
			good += !strcmp(code_of(json_array_get(all, k)), "none");
		if (collect.status > 5 || (collect.status == 0) != (good == 20))
			FAIL("with %s KiB status %d and %zu responses: %s", limits[i],
			     collect.status, good, collect.err);
		if (collect.status == 3 || collect.status == 4)
			CHECK(json_array_size(all) == 20 ||
			      strstr(collect.out, "input_failed") != NULL);
		json_decref(all);
	}
	stop_upstream();
}
