/* SPDX-License-Identifier: MIT */
/*
 * harness_stress_table.c - what the stress leaves alone, and why.
 *
 * An aspect that a test or a whole file pins is taken out of that test's environment; the other aspects
 * stay. No entry may hide a bug: each says what the test is about. With STRESS_ALL=1 nothing is taken out,
 * which shows what an entry is still good for.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/harness_stress.h"

#define SHUFFLE "LOOPHOUND_SHUFFLE"
#define FRESH "LOOPHOUND_FRESH_STACKS"
#define JUNK "STRESS_STACKS"
#define IO "STRESS_IO"

static const struct {
	const char *name; /* a test, or a binary with all of its tests */
	const char *aspect, *reason;
} table[] = {
	{ "test_conformance", SHUFFLE, "each trace is the order of its steps" },
	{ "what_has_come_already_is_no_reason_to_close_the_connection", IO,
	  "the body has come with the head" },
	{ "test_waiters", SHUFFLE, "letters say who came first; it shuffles by itself" },
	{ "test_net_waiters", SHUFFLE, "letters say who came first; it shuffles by itself" },
	{ "a_wake_up_and_a_cancel_meet_in_every_order_on_streams_and_servers", IO,
	  "letters say in which turn an fd is noticed" },
	{ "test_model", SHUFFLE, "checks first come, first served; it shuffles by itself" },
	{ "abort_sends_everybody_away_until_a_reset_mends_it", SHUFFLE, "who arrived last" },
	{ "who_is_cancelled_has_left_and_the_others_wait_for_one_more", SHUFFLE,
	  "who arrived last" },
	{ "debug_mode_names_what_held_the_loop", SHUFFLE,
	  "the callback and the task, in that order" },
	{ "notify_wakes_so_many_in_order_and_notify_all_the_rest", SHUFFLE, "the order" },
	{ "a_cancelled_head_of_the_line_passes_the_lock_on_in_its_turn", SHUFFLE,
	  "the line's order" },
	{ "one_that_was_woken_and_cancelled_in_the_same_turn_passes_its_slot_on", SHUFFLE,
	  "which of two gets the slot" },
	{ "who_waits_for_its_origin_keeps_nobody_else_waiting", SHUFFLE, "the line's order" },
	{ "five_requests_share_one_connection_in_order_though_the_third_is_cancelled", SHUFFLE,
	  "the third is cancelled while it waits, not while it is sent" },
	{ "a_notification_is_passed_on_by_who_leaves_with_an_error", SHUFFLE,
	  "who holds the lock when it is cancelled" },
	{ "two_conditions_share_a_lock_and_not_their_waiters", SHUFFLE, "who waits already" },
	{ "destroying_an_awaited_task_and_running_a_running_loop_abort", SHUFFLE,
	  "the waiter waits before the task is destroyed" },
	{ "leases_are_given_in_the_order_asked_and_a_cancelled_one_is_skipped", SHUFFLE,
	  "the line's order" },
	{ "memory_is_waited_for_and_never_by_everybody_at_once", SHUFFLE,
	  "which of two is refused" },
	{ "ending_as_completed_under_a_waiter_aborts", SHUFFLE, "the waiter waits before the end" },
	{ "reset_sends_away_who_waits_and_keeps_who_comes", SHUFFLE, "who arrived already" },
	{ "who_is_cancelled_comes_back_with_the_lock_however_often", SHUFFLE,
	  "who holds the lock" },
	{ "who_is_cancelled_for_good_comes_back_with_the_lock_too", SHUFFLE, "who holds the lock" },
	{ "async_close_wakes_the_waiter_with_an_error", SHUFFLE, "the waiter waits already" },
	{ "a_second_reader_is_refused", SHUFFLE, "which of two is the second" },
	{ "a_raw_close_under_a_waiter_aborts_and_names_both_places", SHUFFLE,
	  "the waiter waits already" },
	{ "destroying_a_queue_that_somebody_waits_on_aborts", SHUFFLE, "the waiter waits already" },
	{ "what_has_to_wait_again_after_a_cancellation_does_not_spin_in_level_mode", SHUFFLE,
	  "the waiter waits before it is cancelled" },
	{ "who_gives_up_on_a_slot_of_the_pool_gives_back_that_of_its_origin", SHUFFLE,
	  "which of two gives up" },
	{ "a_newcomer_does_not_overtake_those_who_wait", SHUFFLE, "the line's order" },
	{ "a_cancel_in_flight_closes_that_connection_and_the_next_one_connects_anew", SHUFFLE,
	  "which of two is in flight" },
	{ "an_event_that_is_set_lets_newcomers_pass_at_once_and_wakes_who_waited_though_cleared",
	  SHUFFLE, "who came first" },
	{ "each_allocation_may_fail", SHUFFLE,
	  "the callback runs before main, whose frame it is in" },
	{ "close_wakes_the_receiver_and_a_second_one_is_refused", SHUFFLE,
	  "which of two is second" },
	{ "several_tasks_wait_for_one_child_and_a_cancelled_one_leaves_alone", SHUFFLE,
	  "the waiter waits before it is cancelled" },
	{ "without_pidfds_threads_wait_with_the_same_results", SHUFFLE,
	  "the waiter waits before it is cancelled" },
	{ "close_kills_wakes_who_waits_and_leaves_the_reaping_to_the_loop", SHUFFLE,
	  "the waiter waits before it closes" },
	{ "without_pidfds_close_kills", SHUFFLE, "the waiter waits before it closes" },
	{ "a_second_task_is_refused_and_close_ends_the_first", SHUFFLE, "which of two is second" },
	{ "a_task_that_does_not_wait_runs_is_ready_or_not_started", SHUFFLE,
	  "one has not started when it is looked at" },
	{ "each_kind_of_wait_has_its_words_its_time_and_the_first_limit", SHUFFLE,
	  "each waits before it is looked at" },
	{ "a_server_prints_whom_it_waits_for_and_serves_on", IO,
	  "it waits when it is looked at, and has not been woken for nothing" },
	{ "a_stuck_loops_tasks_are_printed_by_the_watchdog_which_says_where_it_is", SHUFFLE,
	  "one task waits before the other one is stuck" },
	{ "what_is_not_there_is_not_read_and_a_stray_kind_is_not_believed", SHUFFLE,
	  "the task waits before it is looked at" },
	{ "an_fd_becomes_ready_and_wakes", SHUFFLE, "the events are in order" },
	{ "a_cancellation_wakes_and_ends", SHUFFLE, "the events are in order" },
	{ "what_a_task_waits_for_has_a_name", SHUFFLE, "the events are in order" },
	{ "who_gathers_is_woken_by_the_last_to_end", SHUFFLE, "the events are in order" },
	{ "items_58_63_servers_that_speak_another_tls", IO,
	  "a flight comes as a whole: a reset in the middle of it may drown the alert" },
	{ "a_callback_may_close_the_fd_of_one_that_is_due_after_it", SHUFFLE,
	  "which of two in a turn is first" },
	{ "a_task_and_a_callback_cannot_have_one_direction_both", SHUFFLE,
	  "the task waits before the callback is added" },
	{ "a_writer_is_called_once_in_each_turn_also_when_other_work_is_ready", SHUFFLE,
	  "the writer is before main in each turn" },
	{ "what_only_the_program_can_cause_aborts_with_asyncios_text", SHUFFLE,
	  "which of two is the second one" },
	{ "a_woken_getter_whose_item_is_gone_waits_again_at_the_end", SHUFFLE, "the line's order" },
	{ "run_cancels_awaits_and_reports_what_is_left", SHUFFLE, "the order of cancellation" },
	{ "item_80_what_comes_with_the_head_of_a_tunnel_is_refused", IO,
	  "head and surplus come in one read" },
	{ "item_80_what_comes_with_the_head_of_a_tunnel_is_no_answer_to_connect", IO,
	  "head and surplus come in one read" },
	{ "each_loop_has_its_watchdog", IO, "what a loop says goes out in one write" },
	{ "items_14_15_32_what_is_left_over_is_no_answer_to_the_next_request", IO,
	  "one look, as the next request begins, has to see what is left over" },
	{ "items_14_15_surplus_bytes_cost_the_connection_and_nothing_else", IO,
	  "body and surplus come in one read" },
	{ "a_read_of_a_short_message_is_one_system_call", IO, "counts system calls" },
	{ "a_reset_keeps_its_errno", IO, "one look has to take in a whole ticket" },
	{ "a_late_ticket_keeps_the_quiet_and_data_or_the_end_do_not", IO,
	  "one look has to take in a whole ticket" },
	{ "lesson_1_draws_the_staircase_and_the_report_under_the_second_row", SHUFFLE,
	  "the rows are in order" },
	{ "half_a_record_breaks_the_quiet", IO, "one look has to take in a whole ticket" },
	{ "at_eof_looks_before_it_answers", IO, "one look has to see the end" },
	{ "writes_in_vain_are_warned_of_after_as_many_as_in_asyncio", IO,
	  "counts writes, which none may interrupt" },
	{ "limit_exactly", IO, "asyncio, too, says so only when the separator came with the line" },
	{ "limit_with_a_long_separator", IO,
	  "asyncio, too, says so only when the separator came with the line" },
	{ "line_over_the_limit_with_its_end", IO,
	  "asyncio, too, drops only what has come of the line" },
	{ "line_over_the_limit_without_an_end", IO,
	  "asyncio, too, drops only what has come of the line" },
	{ "read_at_the_end", IO, "one read takes all that was written" },
	{ "read_takes_what_is_there", IO, "one read takes all that was written" },
	{ "what_is_buffered_outlives_the_close", IO,
	  "one read takes both lines, before the close" },
	{ "what_is_written_during_the_handshake_goes_out_encrypted", SHUFFLE,
	  "the handshake begins before the write" },
	{ "a_handler_cancelled_before_it_began_closes_its_connection", SHUFFLE,
	  "main is before the handler" },
	{ "a_read_pipe_closes_itself_at_its_end", SHUFFLE, "the close is before main" },
	{ "where_there_is_no_address_it_is_the_fd_or_the_path", SHUFFLE,
	  "each waits before it is looked at" },
};

enum { ENTRIES = sizeof table / sizeof table[0] };

static bool is_named(const char *name, const char *binary, const char *test)
{
	size_t length = strlen(name);

	/* test_watchdog_O0 is test_watchdog. */
	return strcmp(name, test) == 0 ||
	       (strncmp(binary, name, length) == 0 &&
		(binary[length] == '\0' || strcmp(binary + length, "_O0") == 0));
}

void stress_except(const char *binary, const char *test)
{
	for (int i = 0; i < ENTRIES && !getenv("STRESS_ALL"); i++)
		if (is_named(table[i].name, binary, test))
			unsetenv(table[i].aspect);
}
