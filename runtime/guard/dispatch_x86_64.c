/* SPDX-License-Identifier: MIT */
/*
 * dispatch_x86_64.c - syscall user dispatch: while the selector is 1, each system call of the thread
 * becomes a SIGSYS, wherever it is made, inside libc too.
 *
 * The handler looks at the call, notes it if it may block, and sends the thread on to make the very
 * same call in guard_resume(), which is in the range that the kernel lets pass. So the call runs on
 * its own stack with its own signal mask: it is interrupted, restarted, and back-traced as ever.
 * The handler itself is not interrupted: signals wait for its end.
 *
 * What goes another way, each learned by doing:
 *  - rt_sigreturn has its registers at sp, and needs no more than the address of another instruction.
 *  - A thread or process that starts on a stack of its own goes on there: it finds the address there.
 *  - vfork's child spoils its parent's stack: the call is made where it was, unguarded until the
 *    next slice. So are 32-bit calls, and those that wait under a mask with SIGSYS in it.
 *  - SIGSYS itself, and masks that would block it: dispatch_signals_x86_64.c.
 *
 * A child after fork() and a program after execve() are not guarded: the kernel sees to that.
 */
#include "runtime/guard/dispatch.h"

#include "runtime/symbol/maps.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH /* older headers */
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#define PR_SYS_DISPATCH_ON 1
#endif
#define DISPATCHED 2   /* si_code: SYS_USER_DISPATCH */
#define GUARD_ROOM 144 /* as in resume_x86_64.S */

extern const char guard_text_begin[], guard_text_end[];
void guard_resume(void);

const char guard_backend[] = "dispatch";

static void leave_address(uintptr_t sp, greg_t address)
{
	memcpy((void *)(sp - GUARD_ROOM), &address, sizeof(address));
}

/* ---- New threads and processes --------------------------------------------------------------- */

static enum way start_on(uint64_t flags, uint64_t top, greg_t *r)
{
	if (top != 0)
		leave_address(top, r[REG_RIP]);
	else if (flags & CLONE_VM)
		return REWIND;
	return RESUME;
}

static enum way clone_old(greg_t *r)
{
	enum way way = start_on((uint64_t)r[REG_RDI], (uint64_t)r[REG_RSI], r);

	if (r[REG_RSI] != 0)
		r[REG_RSI] -= GUARD_ROOM;
	return way;
}

/* The size is the caller's to read again, but no libc does. */
static enum way clone_new(greg_t *r)
{
	struct clone_args *arguments = (struct clone_args *)r[REG_RDI], copy;
	enum way way;

	if (r[REG_RSI] < (greg_t)CLONE_ARGS_SIZE_VER0 ||
	    maps_read(&copy, CLONE_ARGS_SIZE_VER0, (uintptr_t)arguments) != CLONE_ARGS_SIZE_VER0)
		return RESUME;
	way = start_on(copy.flags, copy.stack ? copy.stack + copy.stack_size : 0, r);
	if (copy.stack != 0)
		arguments->stack_size -= GUARD_ROOM;
	return way;
}

/* ---- The handler ----------------------------------------------------------------------------- */

static void judge(struct guard *guard, const greg_t *r)
{
	struct guard_call call = { .number = (long)r[REG_RAX],
				   .arguments = { (uint64_t)r[REG_RDI], (uint64_t)r[REG_RSI],
						  (uint64_t)r[REG_RDX], (uint64_t)r[REG_R10],
						  (uint64_t)r[REG_R8], (uint64_t)r[REG_R9] } };
	struct machine_registers registers = { .pc = (uintptr_t)r[REG_RIP],
					       .sp = (uintptr_t)r[REG_RSP],
					       .fp = (uintptr_t)r[REG_RBP],
					       .full = true };

	if (guard_decide(&call))
		guard_note(guard, &call, &registers);
}

/* A library is being loaded: its functions are to be told apart from now on. */
static void note_code(const greg_t *r)
{
	if (!(r[REG_RDX] & PROT_EXEC))
		return;
	guard_mine->hb->noted = 1;
	if (r[REG_R10] & MAP_FIXED)
		guard_code_add(guard_mine, (uintptr_t)r[REG_RDI],
			       (uintptr_t)(r[REG_RDI] + r[REG_RSI]));
}

static enum way choose(ucontext_t *context)
{
	greg_t *r = context->uc_mcontext.gregs;

	switch (r[REG_RAX]) {
	case SYS_rt_sigreturn:
		return dispatch_return(r);
	case SYS_rt_sigprocmask:
		return dispatch_mask(context);
	case SYS_rt_sigaction:
		return dispatch_action(r);
	case SYS_vfork:
		return REWIND;
	case SYS_clone:
		return clone_old(r);
	case SYS_clone3:
		return clone_new(r);
	case SYS_rt_sigsuspend:
	case SYS_ppoll:
	case SYS_pselect6:
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
		return dispatch_wait(r);
	case SYS_mmap:
		note_code(r);
	}
	return RESUME;
}

static void trapped(int number, siginfo_t *info, void *data)
{
	struct guard *guard = guard_mine;
	ucontext_t *context = data;
	greg_t *r = context->uc_mcontext.gregs;
	int saved = errno;
	enum way way = REWIND;

	if (info->si_code != DISPATCHED || guard == NULL) {
		dispatch_pass_on(number, info, data);
		return;
	}
	guard->hb->selector = 0;
	if (info->si_arch == AUDIT_ARCH_X86_64) {
		judge(guard, r);
		way = choose(context);
	}
	if (way == RESUME) {
		leave_address((uintptr_t)r[REG_RSP], r[REG_RIP]);
		r[REG_RSP] -= GUARD_ROOM;
		r[REG_RIP] = (greg_t)(uintptr_t)guard_resume;
	} else if (way == REWIND) {
		r[REG_RIP] -= 2;
	}
	errno = saved;
	guard->hb->selector = way != REWIND;
}

/* ---- On and off ------------------------------------------------------------------------------ */

static int switch_on(struct guard *guard)
{
	uintptr_t begin = (uintptr_t)guard_text_begin, end = (uintptr_t)guard_text_end;

	return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, begin, end - begin,
		     &guard->hb->selector) == 0
		       ? 0
		       : -errno;
}

void __asan_init(void) __attribute__((weak));
void __tsan_init(void) __attribute__((weak));
void __msan_init(void) __attribute__((weak));

static bool under_sanitizer(void)
{
	return __asan_init != NULL || __tsan_init != NULL || __msan_init != NULL;
}

int guard_dispatch_start(struct guard *guard)
{
	int rc = under_sanitizer() ? -ENOSYS : dispatch_signals_start(trapped);

	return rc < 0 ? rc : switch_on(guard);
}

void guard_dispatch_stop(void)
{
	prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
}
