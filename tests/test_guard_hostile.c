/* SPDX-License-Identifier: MIT */
/*
 * test_guard_hostile.c - the strict guard among programs whose signals are their own: those that use
 * SIGSYS themselves, block it, jump out of handlers, filter their system calls. All do what they do
 * without it, and what blocks is found.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/guarded.h"
#include "tests/harness.h"

static volatile long after;
static atomic_int hits;

static void tick(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
	after++;
}

/* ---- SIGSYS is the program's own as well ------------------------------------------------------ */

static void hit(int number)
{
	int saved = errno;

	(void)number;
	(void)!write(-1, "", 1);
	atomic_fetch_add(&hits, 1);
	errno = saved;
}

static void hit_with_info(int number, siginfo_t *info, void *context)
{
	(void)context;
	CHECK_INT(info->si_signo, number);
	CHECK_INT(info->si_pid, getpid());
	hit(number);
}

static int raises_sigsys(void *arg)
{
	for (int i = 1; i <= 3; i++) {
		raise(SIGSYS);
		CHECK_INT(atomic_load(&hits), i);
		async_sleep(0);
	}
	tick();
	return arg != NULL;
}

static int raises_sigsys_into_an_older_handler(void *arg)
{
	struct sigaction action = { .sa_sigaction = hit_with_info, .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &action, NULL);
	return async_run(raises_sigsys, arg);
}

TEST(sigsys_reaches_a_handler_that_was_there_before)
{
	CHECK_CONTAINS(guarded("strict", raises_sigsys_into_an_older_handler, NULL, 86),
		       "1 x sleep");
}

static int installs_sigsys(void *arg)
{
	signal(SIGSYS, hit);
	return raises_sigsys(arg);
}

TEST(sigsys_reaches_a_handler_installed_on_a_coroutine)
{
	guarded_both_ways(installs_sigsys, "1 x sleep");
}

static int ignores_sigsys(void *arg)
{
	signal(SIGSYS, SIG_IGN);
	raise(SIGSYS);
	tick();
	return arg != NULL;
}

TEST(sigsys_can_be_ignored)
{
	guarded_both_ways(ignores_sigsys, "1 x sleep");
}

static void *install_sigsys_on_a_thread(void *arg)
{
	struct sigaction action = { .sa_handler = hit };

	if (arg != NULL)
		signal(SIGSYS, hit);
	else
		sigaction(SIGSYS, &action, NULL);
	return NULL;
}

static int installs_sigsys_on_a_thread(void *arg)
{
	pthread_t thread;

	for (int i = 0; i < 2; i++) {
		CHECK_INT(pthread_create(&thread, NULL, install_sigsys_on_a_thread,
					 i > 0 ? &thread : NULL),
			  0);
		async_blocking("it ends at once", 0)
			pthread_join(thread, NULL);
	}
	return raises_sigsys(arg);
}

TEST(sigsys_reaches_a_handler_installed_by_another_thread)
{
	guarded_both_ways(installs_sigsys_on_a_thread, "1 x sleep");
}

static int dies_of_sigsys(void *arg)
{
	raise(SIGSYS);
	return arg != NULL;
}

static int dies_in_a_child(void *arg)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(async_run(dies_of_sigsys, arg));
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	CHECK_INT(WTERMSIG(status), SIGSYS);
	return 0;
}

TEST(sigsys_kills_where_nobody_handles_it)
{
	guarded("strict", dies_in_a_child, NULL, 0);
	guarded("strict=symbols", dies_in_a_child, NULL, 0);
}

/* ---- Masks ----------------------------------------------------------------------------------- */

static void *install_full_mask(void *arg)
{
	struct sigaction action = { .sa_handler = hit };

	sigfillset(&action.sa_mask);
	CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
	return arg;
}

static int gets_a_threads_handler(void *arg)
{
	pthread_t thread;

	CHECK_INT(pthread_create(&thread, NULL, install_full_mask, arg), 0);
	async_blocking("it ends at once", 0)
		pthread_join(thread, NULL);
	raise(SIGUSR1);
	CHECK_INT(atomic_load(&hits), 1);
	tick();
	return 0;
}

TEST(a_handler_with_a_full_mask_from_another_thread_does_no_harm)
{
	guarded_both_ways(gets_a_threads_handler, "1 x sleep");
}

static void fill_mask_to_return_to(int number, siginfo_t *info, void *data)
{
	ucontext_t *context = data;

	(void)info;
	hit(number);
	sigfillset(&context->uc_sigmask);
}

static int returns_to_a_full_mask(void *arg)
{
	struct sigaction action = { .sa_sigaction = fill_mask_to_return_to,
				    .sa_flags = SA_SIGINFO };
	sigset_t seen;

	(void)arg;
	CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
	raise(SIGUSR1);
	pthread_sigmask(SIG_BLOCK, NULL, &seen);
	CHECK(sigismember(&seen, SIGUSR2));
	tick();
	return 0;
}

TEST(a_handler_that_returns_to_a_full_mask_does_no_harm)
{
	guarded_both_ways(returns_to_a_full_mask, "1 x sleep");
}

/* ---- Jumps ----------------------------------------------------------------------------------- */

static sigjmp_buf place;

static void jump_out(int number)
{
	hit(number);
	siglongjmp(place, 1);
}

static int jumps_out_of_a_blocked_call(void *arg)
{
	struct sigaction action = { .sa_handler = jump_out };
	const struct itimerval soon = { .it_value = { .tv_usec = 1000 } };

	(void)arg;
	CHECK_INT(sigaction(SIGALRM, &action, NULL), 0);
	for (int i = 1; i <= 20; i++) {
		if (sigsetjmp(place, 1) == 0) {
			setitimer(ITIMER_REAL, &soon, NULL);
			nanosleep(&(struct timespec){ .tv_sec = 5 }, NULL);
		}
		CHECK_INT(atomic_load(&hits), i);
		async_sleep(0);
	}
	return 0;
}

TEST(a_handler_jumps_out_of_a_blocked_call)
{
	/* One that comes before the call, on a busy machine, has nothing to jump out of. */
	guarded_both_ways(jumps_out_of_a_blocked_call, "nanosleep(5 s) in jumps_out_of");
}

static int jumps_on_an_own_signal_stack(void *arg)
{
	static char memory[64 * 1024];
	stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) }, before;
	struct sigaction action = { .sa_handler = jump_out, .sa_flags = SA_ONSTACK };

	(void)arg;
	CHECK_INT(sigaltstack(&stack, &before), 0);
	CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
	for (int i = 1; i <= 20; i++) {
		if (sigsetjmp(place, 1) == 0)
			raise(SIGUSR1);
		CHECK_INT(atomic_load(&hits), i);
		async_sleep(0);
	}
	CHECK_INT(sigaltstack(&before, NULL), 0);
	tick();
	return 0;
}

TEST(a_handler_jumps_on_a_signal_stack_of_the_programs)
{
	guarded_both_ways(jumps_on_an_own_signal_stack, "1 x sleep");
}

/* As small as a signal's frame allows, with nothing below it. */
static int has_a_small_signal_stack(void *arg)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (getauxval(AT_MINSIGSTKSZ) + 4096 + page - 1) / page * page;
	char *memory =
		mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = { .ss_sp = memory + page, .ss_size = size };
	stack_t off = { .ss_flags = SS_DISABLE }, before;
	int ends[2];

	CHECK_INT(mprotect(memory, page, PROT_NONE), 0);
	CHECK_INT(pipe(ends), 0);
	CHECK_INT(sigaltstack(&stack, &before), 0);
	CHECK_INT(dprintf(ends[1], "x"), 1);
	CHECK_INT(sigaltstack(&off, NULL), 0);
	tick(); /* on the coroutine's stack, then */
	CHECK_INT(sigaltstack(&before, NULL), 0);
	return arg != NULL;
}

TEST(a_small_signal_stack_is_enough_and_none_will_do)
{
	CHECK_CONTAINS(guarded_run("strict", has_a_small_signal_stack, 86), "1 x sleep");
	CHECK_CONTAINS(guarded_run("strict=symbols", has_a_small_signal_stack, 86), "1 x sleep");
}

/* ---- Filters --------------------------------------------------------------------------------- */

static void filter(int number, unsigned action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	CHECK_INT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	CHECK_INT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* As sandboxes do: the call's result is what the handler says. */
static void emulate(int number, siginfo_t *info, void *data)
{
	ucontext_t *context = data;

	CHECK_INT(info->si_syscall, SYS_getppid);
#if defined(__x86_64__)
	context->uc_mcontext.gregs[REG_RAX] = 4711;
#elif defined(__aarch64__)
	context->uc_mcontext.regs[0] = 4711;
#endif
	hit(number);
}

static int asks_for_its_parent(void *arg)
{
	(void)arg;
	for (int i = 1; i <= 10; i++) {
		CHECK_INT(getppid(), 4711);
		async_sleep(0);
	}
	CHECK_INT(atomic_load(&hits), 10);
	tick();
	return 0;
}

static int sandboxed(void *arg)
{
	struct sigaction action = { .sa_sigaction = emulate, .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &action, NULL);
	filter(SYS_getppid, SECCOMP_RET_TRAP);
	return async_run(asks_for_its_parent, arg);
}

TEST(a_sandbox_that_emulates_calls_goes_on_doing_so)
{
	CHECK_CONTAINS(guarded("strict", sandboxed, NULL, 86), "1 x sleep");
	CHECK_CONTAINS(guarded("strict=symbols", sandboxed, NULL, 86), "1 x sleep");
}

static int ticks(void *arg)
{
	tick();
	return arg != NULL;
}

static int cannot_read_itself(void *arg)
{
	filter(SYS_process_vm_readv, SECCOMP_RET_ERRNO | EPERM);
	return async_run(ticks, arg);
}

TEST(where_reading_ones_memory_is_forbidden_calls_are_found_all_the_same)
{
	CHECK_CONTAINS(guarded("strict", cannot_read_itself, NULL, 86), "1 x sleep");
	CHECK_CONTAINS(guarded("strict=symbols", cannot_read_itself, NULL, 86), "1 x sleep");
}
