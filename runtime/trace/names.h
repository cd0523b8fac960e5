/* SPDX-License-Identifier: MIT */
/* names.h - words for numbers, as both formats use them. */
#ifndef LOOPHOUND_RUNTIME_TRACE_NAMES_H
#define LOOPHOUND_RUNTIME_TRACE_NAMES_H

#include "runtime/trace/event.h"

/* What the event TRACE_YIELD waits for, as the end of "it waits for ...". */
const char *trace_wait_word(const struct trace_event *yield);
/* By enum trace_wait: does the event's value, an fd or a task, belong behind it? */
bool trace_wait_has_detail(unsigned wait);

/* Who woke, by enum trace_by, as the end of "woken by ..."; the value may belong behind it. */
const char *trace_by_word(unsigned by);
bool trace_by_has_detail(unsigned by);

#endif
