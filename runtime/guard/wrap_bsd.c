/* SPDX-License-Identifier: MIT */
/* wrap_bsd.c - what is wrapped on the BSDs: all that POSIX and C have. */
#include "runtime/guard/internal.h"

const struct guard_wrapper *const guard_tables[] = {
	guard_loader_wrappers, guard_wrappers,	     guard_lock_wrappers,
	guard_file_wrappers,   guard_posix_wrappers, NULL,
};
