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
 *  - A SIGSYS that is blocked kills: masks are edited, of the thread and of handlers.
 *  - The handler returns by an rt_sigreturn of its own, since libc's would be trapped.
 *
 * A child after fork() and a program after execve() are not guarded: the kernel sees to that.
 */
#include "runtime/guard/internal.h"

#include "runtime/symbol/maps.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
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
#define MASK_SIZE 8    /* of the kernel's sigset */
#define RESTORER 0x04000000
#define SIGSYS_BIT (UINT64_C(1) << (SIGSYS - 1))

extern const char guard_text_begin[], guard_text_end[];
void guard_resume(void);
void guard_return(void);

/* The kernel's own struct sigaction. */
struct action {
	void (*handler)(int number, siginfo_t *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static struct action before; /* what SIGSYS did */

static long set_action(int number, const struct action *action, struct action *old)
{
	return syscall(SYS_rt_sigaction, number, action, old, MASK_SIZE);
}

/* ---- Going on -------------------------------------------------------------------------------- */

enum way {
	RESUME, /* the handler returns to guard_resume() */
	DONE,	/* the call has been made, its result is in rax */
	REWIND, /* it is made where it was, and the guard is off until the next slice */
	ANEW,	/* the instruction pointer says where */
};

static void leave_address(uintptr_t sp, greg_t address)
{
	memcpy((void *)(sp - GUARD_ROOM), &address, sizeof(address));
}

/* -errno in rax is the kernel's own convention. */
static enum way done(greg_t *r, long result)
{
	r[REG_RAX] = result < 0 ? -errno : result;
	return DONE;
}

/* ---- Masks ----------------------------------------------------------------------------------- */

/* Asked of the thread's own mask, which is what the handler returns to. */
static enum way change_mask(ucontext_t *context)
{
	greg_t *r = context->uc_mcontext.gregs;
	uint64_t mask, ours = SIGSYS_BIT;
	long result;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &context->uc_sigmask, NULL, MASK_SIZE);
	result = syscall(SYS_rt_sigprocmask, r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10]);
	enum way way = done(r, result);

	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &ours, &mask, MASK_SIZE);
	mask &= ~SIGSYS_BIT;
	memcpy(&context->uc_sigmask, &mask, sizeof(mask));
	return way;
}

/* The program's own handler for SIGSYS gets what is not ours. */
static enum way change_action(greg_t *r)
{
	struct action action, *old = (struct action *)r[REG_RDX];

	if (r[REG_RSI] == 0 || r[REG_R10] != MASK_SIZE ||
	    maps_read(&action, sizeof(action), (uintptr_t)r[REG_RSI]) != sizeof(action))
		return RESUME;
	action.mask &= ~SIGSYS_BIT;
	if (r[REG_RDI] != SIGSYS)
		return done(r, set_action((int)r[REG_RDI], &action, old));
	if (old != NULL)
		*old = before;
	before = action;
	return done(r, 0);
}

static bool mask_has_sigsys(uint64_t address)
{
	uint64_t mask;

	return address != 0 && maps_read(&mask, sizeof(mask), address) == sizeof(mask) &&
	       (mask & SIGSYS_BIT);
}

static enum way wait_with_mask(greg_t *r)
{
	uint64_t address;

	switch (r[REG_RAX]) {
	case SYS_rt_sigsuspend:
		address = (uint64_t)r[REG_RDI];
		break;
	case SYS_ppoll:
		address = (uint64_t)r[REG_R10];
		break;
	case SYS_pselect6:
		if (r[REG_R9] == 0 ||
		    maps_read(&address, sizeof(address), (uintptr_t)r[REG_R9]) != sizeof(address))
			return RESUME;
		break;
	default: /* epoll_pwait and epoll_pwait2 */
		address = (uint64_t)r[REG_R8];
	}
	return mask_has_sigsys(address) ? REWIND : RESUME;
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

static enum way choose(ucontext_t *context)
{
	greg_t *r = context->uc_mcontext.gregs;

	switch (r[REG_RAX]) {
	case SYS_rt_sigreturn:
		r[REG_RIP] = (greg_t)(uintptr_t)guard_return;
		return ANEW;
	case SYS_rt_sigprocmask:
		return change_mask(context);
	case SYS_rt_sigaction:
		return change_action(r);
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
		return wait_with_mask(r);
	}
	return RESUME;
}

static void pass_on(int number, siginfo_t *info, void *context)
{
	void (*handler)(int, siginfo_t *, void *) = before.handler;

	if ((uintptr_t)handler == (uintptr_t)SIG_IGN)
		return;
	if ((uintptr_t)handler != (uintptr_t)SIG_DFL) {
		handler(number, info, context);
		return;
	}
	signal(number, SIG_DFL);
	raise(number);
}

static void trapped(int number, siginfo_t *info, void *data)
{
	struct guard *guard = guard_mine;
	ucontext_t *context = data;
	greg_t *r = context->uc_mcontext.gregs;
	int saved = errno;
	enum way way = REWIND;

	if (info->si_code != DISPATCHED || guard == NULL) {
		pass_on(number, info, data);
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

/* Those that are there already; later ones come by when a guarded slice makes them. */
static void edit_handlers(void)
{
	struct action action;

	for (int number = 1; number < 65; number++)
		if (set_action(number, NULL, &action) == 0 && (action.mask & SIGSYS_BIT)) {
			action.mask &= ~SIGSYS_BIT;
			set_action(number, &action, NULL);
		}
}

static long install(void)
{
	/* The others wait until the call is made: they come on the coroutine's stack, as ever. */
	struct action action = { .handler = trapped,
				 .mask = ~SIGSYS_BIT,
				 .flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART |
					  RESTORER,
				 .restorer = guard_return },
		      now;

	if (set_action(SIGSYS, NULL, &now) == 0 && now.handler == trapped)
		return 0;
	before = now;
	return set_action(SIGSYS, &action, NULL);
}

static int switch_on(struct guard *guard)
{
	uintptr_t begin = (uintptr_t)guard_text_begin, end = (uintptr_t)guard_text_end;

	return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, begin, end - begin,
		     &guard->hb->selector) == 0
		       ? 0
		       : -errno;
}

int guard_dispatch_start(struct guard *guard)
{
	uint64_t ours = SIGSYS_BIT;

	if (install() != 0 || syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &ours, NULL, MASK_SIZE) != 0)
		return -errno;
	edit_handlers();
	return switch_on(guard);
}

void guard_dispatch_stop(void)
{
	prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
}
