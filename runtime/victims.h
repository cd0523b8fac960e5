/* SPDX-License-Identifier: MIT */
/*
 * victims.h - whom a stall harms: what is ready and cannot run, and which timers are late.
 *
 * Called on the watchdog's thread while the loop runs on: it takes no lock and reads the loop's
 * lists through the kernel, which stops at what is not there, so a list that changes meanwhile gives
 * a wrong number but never a fault. The caller checks the generation again.
 */
#ifndef LOOPHOUND_RUNTIME_VICTIMS_H
#define LOOPHOUND_RUNTIME_VICTIMS_H

#include "runtime/account.h"
#include "runtime/heartbeat.h"

#include <stdbool.h>

enum { VICTIMS_MAX = 4096 }; /* nobody waits for an exact count of more */

struct victims {
	unsigned tasks, callbacks; /* ready */
	unsigned late;		   /* timers that are due and cannot fire */
	int64_t worst;		   /* ns that the first of these is late */
	int64_t next;  /* ns until the first timer is due, if none is late; 0: there is none */
	bool has_task; /* a task waits for that one: */
	struct task_view task;
};

/* Only how late the first timer is, in ns; 0: none is. */
int64_t victims_lag(const struct heartbeat *hb, int64_t now);
/* What the loop's accounts say of its turn. False when they cannot be read. */
bool victims_turn(const struct heartbeat *hb, struct account_turn *turn);

void victims_look(const struct heartbeat *hb, int64_t now, struct victims *victims);

/* The task that awaits this one, perhaps through gather() and its kin. False when there is none. */
bool victims_awaiter(const void *task, struct task_view *awaiter);

#endif
