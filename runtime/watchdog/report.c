/* SPDX-License-Identifier: MIT */
/*
 * report.c - the report of a stall as text. Pure: a stall in, characters out.
 *
 * The numbers come first, then the word for them; then whom it harms, where it is, and what to call
 * instead. stack.c shows where.
 */
#include "runtime/watchdog/internal.h"
#include "runtime/watchdog/text.h"

#include <string.h>

/* ---- Verdict -------------------------------------------------------------------------------- */

static const char *prefix_of(enum async_verdict verdict)
{
	return verdict == ASYNC_VERDICT_STARVED	  ? "starved"
	       : verdict == ASYNC_VERDICT_STOPPED ? "stopped"
						  : "stall";
}

static void add_name(struct watchdog_text *text, const struct task_view *task)
{
	text_add(text, "task %llu \"%s\"", (unsigned long long)task->id, task->name);
}

static void add_task(struct watchdog_text *text, const struct watchdog_stall *stall)
{
	text_add(text, "[%s #%u] ", prefix_of(watchdog_verdict(stall)), stall->number);
	if (stall->slices.count > 0)
		text_add(text, "a turn of %u slices", stall->slices.count);
	else if (stall->callback)
		text_add(text, "%s", stall->who);
	else
		add_name(text, &stall->view);
}

/* " in read(5 = pipe:[4711], timeout 0.3 s)" */
static void add_arguments(struct watchdog_text *text, const struct watchdog_stall *stall)
{
	if (stall->sleep >= 0 || (stall->fd < 0 && stall->timeout < 0))
		return;
	text_add(text, "(");
	if (stall->fd >= 0)
		text_add(text, "%d", stall->fd);
	if (stall->target[0] != '\0')
		text_add(text, " = %s", stall->target);
	if (stall->timeout >= 0)
		text_add(text, "%stimeout %.3g s", stall->fd >= 0 ? ", " : "", stall->timeout);
	text_add(text, ")");
}

static void add_call(struct watchdog_text *text, const struct watchdog_stall *stall)
{
	const char *name = watchdog_call_name(stall->call.number);

	if (stall->call.state != WATCHDOG_BLOCKED)
		return;
	if (stall->call.number < 0) {
		text_add(text, " in a page fault");
	} else if (name == NULL) {
		text_add(text, " in system call %ld", stall->call.number);
	} else {
		text_add(text, " in %s", name);
		add_arguments(text, stall);
	}
}

static void add_word(struct watchdog_text *text, const struct watchdog_stall *stall)
{
	enum async_verdict verdict = watchdog_verdict(stall);

	text_add(text, "%s", watchdog_verdict_name(verdict));
	if (!watchdog_is_finding(verdict)) {
		text_add(text, stall->traced ? ": a debugger is attached"
			       : verdict == ASYNC_VERDICT_STOPPED
				       ? ": the process did not run"
				       : ": the machine had no CPU for it");
		return;
	}
	if (verdict == ASYNC_VERDICT_BUSY) {
		text_add(text, ": no slice was longer than ");
		text_add_ms(text, stall->slices.longest);
	} else if (verdict != ASYNC_VERDICT_CPU)
		add_call(text, stall);
	else if (stall->user + stall->kernel > 0)
		text_add(text, stall->user >= stall->kernel ? " in user code" : " in the kernel");
	if (verdict == ASYNC_VERDICT_CPU && stall->kernel > stall->user && stall->faults >= 1000)
		text_add(text, ", %llu page faults", (unsigned long long)stall->faults);
}

static void add_part(struct watchdog_text *text, const char *name, int64_t ns)
{
	if (ns < 1000000)
		return;
	text_add(text, " | %s ", name);
	text_add_ms(text, ns);
}

static void add_verdict(struct watchdog_text *text, const struct watchdog_stall *stall)
{
	text_add(text, "  verdict   ");
	add_word(text, stall);
	text_add(text, "   cpu ");
	text_add_ms(text, stall->cpu);
	text_add(text, " | blocked ");
	text_add_ms(text, stall->blocked);
	if (stall->has_waiting) {
		text_add(text, " | waiting for a CPU ");
		text_add_ms(text, stall->waiting);
	}
	add_part(text, "stopped", stall->late);
	add_part(text, "taken by other machines", stall->stolen);
	add_part(text, "over the group's quota", stall->throttled);
	text_add(text, "\n");
}

/* ---- Harm ------------------------------------------------------------------------------------ */

static void add_count(struct watchdog_text *text, unsigned count, const char *one, const char *many)
{
	text_add(text, "%u%s %s", count, count >= VICTIMS_MAX ? " or more" : "",
		 count == 1 ? one : many);
}

static void add_worst(struct watchdog_text *text, const struct victims *victims)
{
	text_add(text, " (worst %lld ms: ", text_whole_ms(victims->worst));
	if (victims->has_task)
		add_name(text, &victims->task);
	else
		text_add(text, "a callback");
	if (victims->has_task && victims->task.waiting_at != NULL)
		text_add(text, " at %s", victims->task.waiting_at);
	text_add(text, ")");
}

static void add_harm(struct watchdog_text *text, const struct victims *victims)
{
	const char *between = "";

	text_add(text, "  harm      ");
	if (victims->tasks > 0) {
		add_count(text, victims->tasks, "task was ready", "tasks were ready");
		between = ", ";
	}
	if (victims->callbacks > 0) {
		text_add(text, "%s", between);
		add_count(text, victims->callbacks, "callback was ready", "callbacks were ready");
		between = ", ";
	}
	if (victims->late > 0) {
		text_add(text, "%s", between);
		add_count(text, victims->late, "timer late", "timers late");
		add_worst(text, victims);
	} else {
		text_add(text, "%s", between[0] ? "" : "nobody was ready, no timer is late");
		if (victims->next > 0)
			text_add(text, ", the next timer is due in %lld ms",
				 text_whole_ms(victims->next));
	}
	text_add(text, "\n");
}

/* ---- Who it is ------------------------------------------------------------------------------- */

static void add_origin(struct watchdog_text *text, const struct watchdog_stall *stall)
{
	const struct task_view *view = &stall->view;

	if (stall->callback || view->created_at == NULL)
		return;
	text_add(text, "            created");
	if (view->creator != 0) {
		text_add(text, " by task %llu", (unsigned long long)view->creator);
		if (view->creator_name[0] != '\0')
			text_add(text, " \"%s\"", view->creator_name);
	}
	text_add(text, " %s %s", strchr(view->created_at, ':') ? "at" : "by", view->created_at);
	if (view->label != NULL && strchr(view->created_at, ':'))
		text_add(text, " to run %s", view->label);
	if (stall->awaiter.id != 0) {
		text_add(text, ", awaited by ");
		add_name(text, &stall->awaiter);
		if (stall->awaiter.waiting_at != NULL)
			text_add(text, " at %s", stall->awaiter.waiting_at);
	}
	text_add(text, "\n");
}

/* "18 slices, 95.2 ms: tasks created at crawler.c:201 to run fetch_one"; nothing if all were short. */
static void add_most(struct watchdog_text *text, const struct account_turn *turn)
{
	const struct account_share *most = &turn->shares[0];

	if (most->slices == 0)
		return;
	text_add(text, "  most      %u slice%s, ", most->slices, most->slices == 1 ? "" : "s");
	text_add_ms(text, most->ns);
	if (most->created_at == NULL)
		text_add(text, ": callbacks");
	else
		text_add(text, ": tasks created %s %s", strchr(most->created_at, ':') ? "at" : "by",
			 most->created_at);
	if (most->label != NULL)
		text_add(text, " to run %s", most->label);
	text_add(text, "\n");
}

/* ---- Interface ------------------------------------------------------------------------------- */

size_t watchdog_report_title(const struct watchdog_stall *stall, char *buffer, size_t size)
{
	struct watchdog_text text = text_begin(buffer, size);

	text_add(&text, "%lld ms: ", text_whole_ms(stall->held));
	add_word(&text, stall);
	return text.used;
}

size_t watchdog_report(const struct watchdog_stall *stall, char *buffer, size_t size)
{
	struct watchdog_text text = text_begin(buffer, size);
	bool finding = watchdog_is_finding(watchdog_verdict(stall));
	char advice[256];

	add_task(&text, stall);
	text_add(&text,
		 stall->over ? " held the loop %lld ms (limit %lld ms"
			     : " has held the loop %lld ms and still does (limit %lld ms",
		 text_whole_ms(stall->held), text_whole_ms(stall->limit));
	if (stall->seen > 1)
		text_add(&text, "; this stack for the %u%s time", stall->seen,
			 stall->seen == 2 ? "nd" : "th");
	text_add(&text, ")\n");
	add_verdict(&text, stall);
	if (!finding)
		return text.used;
	if (!stall->over)
		add_harm(&text, &stall->victims);
	if (stall->slices.count > 0)
		add_most(&text, &stall->slices);
	if (stall->slices.count == 0 || stall->shown)
		watchdog_add_stack(&text, stall);
	if (stall->slices.count == 0)
		add_origin(&text, stall);
	if (watchdog_advise(stall, advice, sizeof(advice)) > 0)
		text_add(&text, "  instead   %s\n", advice);
	return text.used;
}

/* ", stuck", or ", moving: now in parse crawler.c:99" */
static void add_progress(struct watchdog_text *text, const struct watchdog_stall *stall)
{
	if (stall->looks == 0)
		return;
	text_add(text, stall->moved > 0 ? ", moving: last seen in %s " : ", stuck in %s ",
		 stall->now.function[0] ? stall->now.function : "?");
	watchdog_add_place(text, &stall->now);
}

size_t watchdog_report_lasts(const struct watchdog_stall *stall, char *buffer, size_t size)
{
	struct watchdog_text text = text_begin(buffer, size);

	add_task(&text, stall);
	text_add(&text, " still holds the loop, for %lld ms now (limit %lld ms)",
		 text_whole_ms(stall->held), text_whole_ms(stall->limit));
	add_progress(&text, stall);
	text_add(&text, "\n");
	add_verdict(&text, stall);
	add_harm(&text, &stall->victims);
	return text.used;
}

size_t watchdog_report_end(const struct watchdog_stall *stall, char *buffer, size_t size)
{
	struct watchdog_text text = text_begin(buffer, size);

	add_task(&text, stall);
	text_add(&text, " held the loop %lld ms (limit %lld ms)", text_whole_ms(stall->held),
		 text_whole_ms(stall->limit));
	add_progress(&text, stall);
	text_add(&text, "\n");
	return text.used;
}

size_t watchdog_report_total(const struct watchdog_totals *totals, char *buffer, size_t size)
{
	struct watchdog_text text = text_begin(buffer, size);

	text_add(&text, "[watchdog] ");
	add_count(&text, totals->findings, "stall", "stalls");
	text_add(&text, ", %lld ms in all, the longest %lld ms", text_whole_ms(totals->held),
		 text_whole_ms(totals->longest));
	if (totals->hidden > 0)
		text_add(&text, "; %u not shown", totals->hidden);
	if (totals->starved + totals->stopped > 0)
		text_add(&text, "; not the code's fault: starved %u, stopped %u", totals->starved,
			 totals->stopped);
	text_add(&text, "\n");
	return text.used;
}
