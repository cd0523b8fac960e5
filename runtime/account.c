/* SPDX-License-Identifier: MIT */
/* account.c - see account.h. */
#include "runtime/account.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base.h"
#include "runtime/loop.h"
#include "runtime/task.h"

/* Each bucket's bound is twice that of the one before. */
#define FIRST_BOUND ACCOUNT_SHORT

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * TIMER_SECOND + now.tv_nsec;
}

void account_open(struct account *account)
{
	account->opened_ticks = ticks_now();
	account->opened_ns = now_ns();
}

static int bucket_of(int64_t ns)
{
	int bucket = 0;

	for (int64_t bound = FIRST_BOUND; ns >= bound && bucket < ASYNC_HISTOGRAM_BUCKETS - 1;
	     bound *= 2)
		bucket++;
	return bucket;
}

static void add(struct async_histogram *histogram, int64_t ns, uint64_t times)
{
	histogram->count[bucket_of(ns)] += times;
	histogram->total += times;
	if ((double)ns / 1e9 > histogram->longest)
		histogram->longest = (double)ns / 1e9;
}

/* ---- Slices ---------------------------------------------------------------------------------- */

/* The ticks since the loop was opened and the ns of the same stretch give the ratio. */
static int64_t ns_of(const struct account *account, uint64_t ticks)
{
	uint64_t all_ticks = ticks_now() - account->opened_ticks;
	int64_t all_ns = now_ns() - account->opened_ns;

	if (all_ticks == 0 || ticks > all_ticks)
		return 0;
	return (int64_t)((double)ticks * (double)all_ns / (double)all_ticks);
}

static bool is_same(const struct account_share *share, const struct task *task)
{
	return share->slices > 0 && share->created_at == (task ? task->created_at : NULL) &&
	       share->label == (task ? task->label : NULL);
}

/* Whoever comes when all places are taken is not told: there are larger ones. */
static void add_share(struct account_turn *turn, const struct task *task, int64_t ns)
{
	struct account_share *shares = turn->shares;
	int at = 0;

	while (at < ACCOUNT_SHARES && shares[at].slices > 0 && !is_same(&shares[at], task))
		at++;
	if (at == ACCOUNT_SHARES)
		return;
	if (shares[at].slices == 0 && task) {
		shares[at].created_at = task->created_at;
		shares[at].label = task->label;
	}
	shares[at].slices++;
	shares[at].ns += ns;
	for (; at > 0 && shares[at].ns > shares[at - 1].ns; at--) {
		struct account_share larger = shares[at];

		shares[at] = shares[at - 1];
		shares[at - 1] = larger;
	}
}

static void note_turn(struct account_turn *turn, const struct heartbeat *hb,
		      const struct task *task, int64_t ns)
{
	uint64_t number = atomic_load_explicit(&hb->turn, memory_order_relaxed);

	if (turn->turn != number)
		*turn = (struct account_turn){ .turn = number,
					       .first = atomic_load(&hb->generation) };
	turn->ns += ns;
	if (ns > turn->longest)
		turn->longest = ns;
	add_share(turn, task, ns);
}

void heartbeat_account(struct heartbeat *hb, uint64_t ticks)
{
	struct async_loop *loop = container_of(hb, struct async_loop, heartbeat);
	struct account *account = &loop->account;
	struct task *task = (struct task *)atomic_load_explicit(&hb->task, memory_order_relaxed);
	int64_t ns = ns_of(account, ticks);
	char buffer[TASK_NAME];

	if (ns < FIRST_BOUND)
		return;
	if (task && ns > task->longest_slice)
		task->longest_slice = ns;
	if ((double)ns / 1e9 > account->slices.longest)
		snprintf(account->longest_task, sizeof account->longest_task, "%s",
			 task ? task_name(task, buffer) : "");
	add(&account->slices, ns, 1);
	note_turn(&account->turn, hb, task, ns);
}

/* ---- Timers ---------------------------------------------------------------------------------- */

/* How many of lag, lag - BEAT, lag - 2 BEAT ... are at least that: but the first only down to 0. */
static uint64_t beats_from(int64_t lag, int64_t bound)
{
	return lag < bound ? 0 : (uint64_t)((lag - bound) / ACCOUNT_BEAT) + 1;
}

void account_lag(struct account *account, int64_t ns)
{
	struct async_histogram *lag = &account->lag;
	int64_t bound = FIRST_BOUND;
	uint64_t above, all;

	if (ns < ACCOUNT_BEAT) {
		add(lag, ns < 0 ? 0 : ns, 1);
		return;
	}
	/* From bucket to bucket: so many samples are above its bound, so many are left for it. */
	all = beats_from(ns, 1);
	lag->total += all;
	for (int i = 0; i < ASYNC_HISTOGRAM_BUCKETS - 1; i++, bound *= 2, all = above) {
		above = beats_from(ns, bound);
		lag->count[i] += all - above;
	}
	lag->count[ASYNC_HISTOGRAM_BUCKETS - 1] += all;
	if ((double)ns / 1e9 > lag->longest)
		lag->longest = (double)ns / 1e9;
}

/* ---- Reading --------------------------------------------------------------------------------- */

void account_read(const struct account *account, const struct heartbeat *hb,
		  struct async_accounts *out)
{
	uint64_t slices = atomic_load(&hb->generation) / 2;

	out->turns = atomic_load(&hb->turn);
	out->slices = account->slices;
	out->lag = account->lag;
	/* The generation has 32 bits. */
	out->slices.count[0] = slices > out->slices.total ? slices - out->slices.total : 0;
	out->slices.total += out->slices.count[0];
	memcpy(out->longest_task, account->longest_task, sizeof out->longest_task);
}

void async_watchdog_accounts(struct async_accounts *accounts)
{
	*accounts = (struct async_accounts){ 0 };
	if (loop_current)
		account_read(&loop_current->account, &loop_current->heartbeat, accounts);
}

double async_histogram_bound(int bucket)
{
	return bucket < 0 || bucket >= ASYNC_HISTOGRAM_BUCKETS - 1
		       ? __builtin_inf()
		       : FIRST_BOUND / 1e9 * (double)(1 << bucket);
}

double async_task_longest_slice(struct async_task *task)
{
	return (double)task_of("?", "async_task_longest_slice", task)->longest_slice / 1e9;
}

/* ---- Printing -------------------------------------------------------------------------------- */

static void name_bucket(int bucket, char name[24])
{
	bool last = bucket == ASYNC_HISTOGRAM_BUCKETS - 1;
	double seconds = async_histogram_bound(last ? bucket - 1 : bucket);

	snprintf(name, 24, "%s %.4g %s", last ? "from" : "<",
		 seconds < 1e-3 ? seconds * 1e6
		 : seconds < 1	? seconds * 1e3
				: seconds,
		 seconds < 1e-3 ? "us"
		 : seconds < 1	? "ms"
				: "s");
}

size_t account_text(const struct async_accounts *accounts, char *text, size_t size)
{
	size_t used;
	char name[24];
	int length = snprintf(
		text, size,
		"[watchdog] %llu turns, %llu slices, the longest %.1f ms%s%s; %llu timers, the "
		"latest by %.1f ms\n  %-14s %12s %12s\n",
		(unsigned long long)accounts->turns, (unsigned long long)accounts->slices.total,
		accounts->slices.longest * 1e3, accounts->longest_task[0] ? " in " : "",
		accounts->longest_task, (unsigned long long)accounts->lag.total,
		accounts->lag.longest * 1e3, "time", "slices", "timers late");

	used = length > 0 ? (size_t)length : 0;
	for (int i = 0; i < ASYNC_HISTOGRAM_BUCKETS && used < size; i++) {
		if (accounts->slices.count[i] == 0 && accounts->lag.count[i] == 0)
			continue;
		name_bucket(i, name);
		length = snprintf(text + used, size - used, "  %-14s %12llu %12llu\n", name,
				  (unsigned long long)accounts->slices.count[i],
				  (unsigned long long)accounts->lag.count[i]);
		used += length > 0 ? (size_t)length : 0;
	}
	return used < size ? used : size - 1;
}

size_t async_watchdog_accounts_text(char *text, size_t size)
{
	struct async_accounts accounts;

	async_watchdog_accounts(&accounts);
	return size > 0 ? account_text(&accounts, text, size) : 0;
}
