/* SPDX-License-Identifier: MIT */
/*
 * ticks.h - the cheapest clock there is: 8 to 11 ns on x86-64, where clock_gettime() takes 20 to 40.
 *
 * Its unit is the processor's own. Who wants nanoseconds compares it with the monotonic clock over
 * some stretch, as account.c does, and TICKS_SHORT, somewhere between 10 and 64 us, is for those who
 * only want to know that something was not long.
 */
#ifndef LOOPHOUND_RUNTIME_TICKS_H
#define LOOPHOUND_RUNTIME_TICKS_H

#include <stdint.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)

#define TICKS_SHORT ((uint64_t)32768)

static inline uint64_t ticks_now(void)
{
	return __builtin_ia32_rdtsc();
}

#elif defined(__aarch64__)

static inline uint64_t ticks_a_second(void)
{
	uint64_t frequency;

	__asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
	return frequency;
}
#define TICKS_SHORT (ticks_a_second() >> 15)

static inline uint64_t ticks_now(void)
{
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
}

#else

#define TICKS_SHORT ((uint64_t)32768)

static inline uint64_t ticks_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#endif
#endif
