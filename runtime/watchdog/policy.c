/* SPDX-License-Identifier: MIT */
/*
 * policy.c - which stalls are reported. Pure: a stall and the time in, yes or no out.
 *
 * The same stack again is only counted, and reported at its 2nd, 4th, 8th ... time. Different ones
 * have a quota a minute. What is not the code's fault has a quota of its own, so that a busy machine
 * cannot hide a finding, and so have turns of many short slices. A minute in which something was
 * hidden ends with a line that says how much.
 */
#include "runtime/watchdog/internal.h"
#include "runtime/watchdog/text.h"

#include <string.h>

#define MINUTE INT64_C(60000000000)

/* The same functions one inside the other are the same stack: lines may vary within a loop. */
static uint64_t hash_stack(const struct watchdog_stall *stall)
{
	const uint64_t prime = UINT64_C(1099511628211);
	uint64_t hash = UINT64_C(14695981039346656037) + watchdog_verdict(stall);

	for (size_t i = 0; i < stall->frame_count; i++) {
		const char *name = stall->frames[i].function;

		if (name[0] == '\0')
			hash = (hash ^ stall->frames[i].offset) * prime;
		for (; *name != '\0'; name++)
			hash = (hash ^ (unsigned char)*name) * prime;
		hash *= prime;
	}
	return hash;
}

/* A table that is full forgets one. */
static unsigned count_stack(struct watchdog_policy *policy, uint64_t stack)
{
	size_t start = stack % POLICY_SEEN, i = start;

	while (policy->seen[i].count != 0 && policy->seen[i].stack != stack) {
		i = (i + 1) % POLICY_SEEN;
		if (i == start) {
			policy->seen[i].count = 0;
			break;
		}
	}
	policy->seen[i].stack = stack;
	return ++policy->seen[i].count;
}

static void begin_minute(struct watchdog_policy *policy, int64_t now)
{
	policy->minute = now;
	memset(policy->shown, 0, sizeof(policy->shown));
	policy->repeated = policy->over = 0;
}

bool policy_admit(struct watchdog_policy *policy, int64_t now, struct watchdog_stall *stall)
{
	static const unsigned quota[] = { POLICY_FINDINGS, POLICY_OTHERS, POLICY_TURNS };
	enum async_verdict verdict = watchdog_verdict(stall);
	bool finding = watchdog_is_finding(verdict);
	int kind = verdict == ASYNC_VERDICT_BUSY ? 2 : !finding;

	if (policy->minute == 0 ||
	    (now - policy->minute >= MINUTE && policy->repeated + policy->over == 0))
		begin_minute(policy, now);
	stall->seen = finding ? count_stack(policy, hash_stack(stall)) : 1;
	if ((stall->seen & (stall->seen - 1)) != 0) {
		policy->repeated++;
		return false;
	}
	if (policy->shown[kind] == quota[kind]) {
		policy->over++;
		return false;
	}
	policy->shown[kind]++;
	return true;
}

size_t policy_hidden(struct watchdog_policy *policy, int64_t now, bool force, char *buffer,
		     size_t size)
{
	struct watchdog_text text = text_begin(buffer, size);

	if (policy->repeated + policy->over == 0 || (!force && now - policy->minute < MINUTE))
		return 0;
	text_add(&text, "[watchdog] in the last %lld s not shown: ",
		 text_whole_ms(now - policy->minute) / 1000);
	if (policy->repeated > 0)
		text_add(&text, "%u like others before%s", policy->repeated,
			 policy->over > 0 ? ", " : "");
	if (policy->over > 0)
		text_add(&text, "%u of more than %d findings, or %d of other kinds, a minute",
			 policy->over, POLICY_FINDINGS, POLICY_OTHERS);
	text_add(&text, "\n");
	begin_minute(policy, now);
	return text.used;
}
