/* SPDX-License-Identifier: MIT */
/* cookies_psl.c - the list of public suffixes, from libpsl, which distributions keep up to date. */
#include <libpsl.h>

#include "http/cookies.h"

bool cookies_is_public_suffix(const char *domain)
{
	return psl_is_public_suffix(psl_builtin(), domain);
}
