/* SPDX-License-Identifier: MIT */
/*
 * border.c - linked behind the tests' own objects and before the libraries: what stands at a lower
 * address is a test, whose calls are the peer's and the observer's and are left alone.
 */
#include "tests/harness_stress.h"

void stress_border(void)
{
}
