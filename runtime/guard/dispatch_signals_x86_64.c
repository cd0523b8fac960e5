/* SPDX-License-Identifier: MIT */
/*
 * dispatch_signals_x86_64.c - SIGSYS is the guard's, for good, and the program must not notice.
 *
 *  - A SIGSYS that is blocked kills: masks are edited, of the thread, of handlers, and of what a handler
 *    returns to. A wait under a mask with SIGSYS in it is made unguarded.
 *  - The program's own handler for SIGSYS is kept aside, and gets what is not ours.
 *  - Other threads are not trapped, but may change a handler all the same. So libc's two functions
 *    for that are interposed, in all threads.
 *  - The handler returns by an rt_sigreturn of its own, since libc's would be trapped.
 */
#include "runtime/guard/dispatch.h"

#include "runtime/symbol/maps.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MASK_SIZE 8 /* of the kernel's sigset */
#define RESTORER 0x04000000
#define SIGSYS_BIT (UINT64_C(1) << (SIGSYS - 1))

/* The kernel's own struct sigaction. */
struct action {
	void (*handler)(int number, siginfo_t *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static struct action before; /* what SIGSYS did, and does for the program */

static long set_action(int number, const struct action *action, struct action *old)
{
	return syscall(SYS_rt_sigaction, number, action, old, MASK_SIZE);
}

/* -errno in rax is the kernel's own convention. */
static enum way done(greg_t *r, long result)
{
	r[REG_RAX] = result < 0 ? -errno : result;
	return DONE;
}

/* ---- Masks ----------------------------------------------------------------------------------- */

/* The frame is at sp, and needs no more than the address of another instruction. */
enum way dispatch_return(greg_t *r)
{
	ucontext_t *frame = (ucontext_t *)r[REG_RSP];

	sigdelset(&frame->uc_sigmask, SIGSYS);
	r[REG_RIP] = (greg_t)(uintptr_t)guard_return;
	return ANEW;
}

/* Asked of the thread's own mask, which is what the handler returns to. */
enum way dispatch_mask(ucontext_t *context)
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

static bool has_sigsys(uint64_t address)
{
	uint64_t mask;

	return address != 0 && maps_read(&mask, sizeof(mask), address) == sizeof(mask) &&
	       (mask & SIGSYS_BIT);
}

enum way dispatch_wait(greg_t *r)
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
	return has_sigsys(address) ? REWIND : RESUME;
}

/* ---- Handlers -------------------------------------------------------------------------------- */

enum way dispatch_action(greg_t *r)
{
	struct action action = before, *old = (struct action *)r[REG_RDX];
	bool sets = r[REG_RSI] != 0;

	if (r[REG_R10] != MASK_SIZE || (!sets && r[REG_RDI] != SIGSYS) ||
	    (sets && maps_read(&action, sizeof(action), (uintptr_t)r[REG_RSI]) != sizeof(action)))
		return RESUME;
	action.mask &= ~SIGSYS_BIT;
	if (r[REG_RDI] != SIGSYS)
		return done(r, set_action((int)r[REG_RDI], &action, old));
	if (old != NULL)
		*old = before;
	before = action;
	return done(r, 0);
}

void dispatch_pass_on(int number, siginfo_t *info, void *context)
{
	void (*handler)(int, siginfo_t *, void *) = before.handler;

	if ((uintptr_t)handler == (uintptr_t)SIG_IGN)
		return;
	if ((uintptr_t)handler != (uintptr_t)SIG_DFL) {
		handler(number, info, context);
		return;
	}
	if (guard_mine != NULL)
		guard_mine->hb->selector = 0;
	set_action(number, &before, NULL);
	raise(number);
}

static int (*real_sigaction)(int number, const struct sigaction *action, struct sigaction *old);
static sighandler_t (*real_signal)(int number, sighandler_t handler);

/* The same as dispatch_action(), in libc's terms. */
static int act_on_sigsys(const struct sigaction *action, struct sigaction *old)
{
	struct action now = before;

	if (action != NULL) {
		before = (struct action){ .handler = action->sa_sigaction,
					  .flags = (unsigned long)(unsigned)action->sa_flags };
		memcpy(&before.mask, &action->sa_mask, sizeof(before.mask));
	}
	if (old != NULL) {
		*old = (struct sigaction){ .sa_sigaction = now.handler,
					   .sa_flags =
						   (int)(now.flags & ~(unsigned long)RESTORER) };
		memcpy(&old->sa_mask, &now.mask, sizeof(now.mask));
	}
	return 0;
}

static int wrap_sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	struct sigaction edited;

	if (number == SIGSYS)
		return act_on_sigsys(action, old);
	if (action == NULL)
		return real_sigaction(number, action, old);
	edited = *action;
	sigdelset(&edited.sa_mask, SIGSYS);
	return real_sigaction(number, &edited, old);
}

static sighandler_t wrap_signal(int number, sighandler_t handler)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;

	if (number != SIGSYS)
		return real_signal(number, handler);
	act_on_sigsys(&action, &old);
	return old.sa_handler;
}

static const struct guard_wrapper wrappers[] = {
	{ "sigaction", (void *)wrap_sigaction, (void **)(void *)&real_sigaction },
	{ "signal", (void *)wrap_signal, (void **)(void *)&real_signal },
	{ NULL, NULL, NULL },
};

/* ---- On -------------------------------------------------------------------------------------- */

/* Those that are there already. */
static void edit_handlers(void)
{
	struct action action;

	for (int number = 1; number < 65; number++)
		if (set_action(number, NULL, &action) == 0 && (action.mask & SIGSYS_BIT)) {
			action.mask &= ~SIGSYS_BIT;
			set_action(number, &action, NULL);
		}
}

static long install(void (*handler)(int, siginfo_t *, void *))
{
	/* The others wait until the call is made: they come on the coroutine's stack, as ever. */
	struct action action = { .handler = handler,
				 .mask = ~SIGSYS_BIT,
				 .flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART |
					  RESTORER,
				 .restorer = guard_return },
		      now;

	if (set_action(SIGSYS, NULL, &now) == 0 && now.handler == handler)
		return 0;
	before = now;
	return set_action(SIGSYS, &action, NULL);
}

int dispatch_signals_start(void (*handler)(int, siginfo_t *, void *))
{
	uint64_t ours = SIGSYS_BIT;

	if (install(handler) != 0 ||
	    syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &ours, NULL, MASK_SIZE) != 0)
		return -errno;
	(void)guard_symbols_put(wrappers); /* a program linked statically has no slots */
	edit_handlers();
	return 0;
}
