/* SPDX-License-Identifier: MIT */
/* fatal.c - see fatal.h. */
#include "runtime/fatal.h"

void fatal_pass_on(const struct sigaction *before, int number, siginfo_t *info, void *context)
{
	if (before->sa_handler == SIG_IGN && info->si_code <= 0)
		return; /* a fault cannot be ignored */
	if (before->sa_flags & SA_SIGINFO) {
		before->sa_sigaction(number, info, context);
	} else if (before->sa_handler == SIG_DFL || before->sa_handler == SIG_IGN) {
		/* A fault happens again when this returns; what was sent, or comes of abort(), is sent again. */
		signal(number, SIG_DFL);
		if (info->si_code <= 0)
			raise(number);
	} else {
		before->sa_handler(number);
	}
}
