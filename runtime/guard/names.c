/* SPDX-License-Identifier: MIT */
/*
 * names.c - from what the handler left to the frames of a report. To open the debug information takes
 * tens of milliseconds, so all guards share it: it is opened when the first call is to be named,
 * and given back with the last guard.
 */
#include "runtime/guard/internal.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* For functions of many calls: none that the watchdog knows, yet one. */
enum { NO_CALL = 1 << 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct symbols *symbols;
static uint64_t version; /* of the modules that they know */
static unsigned users;
/* Whose they are: in a child, another thread may have held the lock. */
static _Atomic(pid_t) process;

void guard_names_hold(void)
{
	if (process != 0 && process != getpid()) {
		pthread_mutex_init(&lock, NULL);
		symbols = NULL;
		users = 0;
	}
	pthread_mutex_lock(&lock);
	process = getpid();
	users++;
	pthread_mutex_unlock(&lock);
}

void guard_names_drop(void)
{
	pthread_mutex_lock(&lock);
	if (--users == 0) {
		symbol_free(symbols);
		symbols = NULL;
	}
	pthread_mutex_unlock(&lock);
}

static void open_symbols(void)
{
	uint64_t now = guard_modules_version();

	if (version != now) {
		symbol_free(symbols);
		symbols = NULL;
	}
	version = now;
	if (symbols != NULL)
		return;
	symbols = symbol_new();
	if (symbols != NULL)
		symbol_warm(symbols);
}

/*
 * A wrapper's frames, up to where it returns to, are shown as the one of libc that it stands for. Where
 * there is no way from one frame to the next, the caller stands for all of them.
 */
static void fold_wrapper(struct watchdog_stall *stall, const struct guard_call *call)
{
	struct symbol_stack caller = { .registers.pc = call->caller - 1 };
	struct symbol_frame *frames = stall->frames;
	size_t own = 0;

	while (own < stall->frame_count && frames[own].pc != call->caller)
		own++;
	if (own == 0 || own == stall->frame_count) {
		own = 1;
		stall->frame_count = 1 + symbol_unwind(symbols, &caller, frames + 1, 1);
	}
	own--;
	frames[own] = (struct symbol_frame){ .owner = SYMBOL_SYSTEM, .module = "libc.so" };
	snprintf(frames[own].function, sizeof(frames[own].function), "%s", call->name);
	stall->frame_count -= own;
	memmove(frames, frames + own, stall->frame_count * sizeof(frames[0]));
}

static void unwind(const struct guard_note *note, struct watchdog_stall *stall)
{
	struct symbol_stack stack = { .registers = note->registers,
				      .bytes = (const unsigned char *)note->stack,
				      .address = note->address,
				      .size = note->size };

	stall->frame_count = symbol_unwind(symbols, &stack, stall->frames, WATCHDOG_FRAMES);
	if (note->call.caller != 0)
		fold_wrapper(stall, &note->call);
}

/* As the watchdog's own reports want it: a thread seen blocked in that call. */
void guard_names_find(const struct guard_note *note, struct watchdog_stall *stall)
{
	*stall = (struct watchdog_stall){ .callback = note->callback,
					  .view = note->view,
					  .blocked = 1,
					  .sleep = note->call.severity == GUARD_SLEEP
							   ? note->call.seconds
							   : -1 };
	stall->call = (struct watchdog_call){ .state = WATCHDOG_BLOCKED,
					      .number = note->call.number >= 0 ? note->call.number
									       : NO_CALL };
	memcpy(stall->call.arguments, note->call.arguments, sizeof(stall->call.arguments));
	if (note->call.fd >= 0)
		memcpy(stall->target, note->call.target, sizeof(note->call.target));
	pthread_mutex_lock(&lock);
	open_symbols();
	if (symbols != NULL)
		unwind(note, stall);
	pthread_mutex_unlock(&lock);
}
