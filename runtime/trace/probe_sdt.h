/* SPDX-License-Identifier: MIT */
/*
 * probe_sdt.h - the hooks as USDT probes, "loophound:NAME": a nop each until bpftrace, perf or gdb
 * puts something there. README.md lists their arguments. Chosen when <sys/sdt.h> is installed.
 */
#ifndef LOOPHOUND_RUNTIME_TRACE_PROBE_H
#define LOOPHOUND_RUNTIME_TRACE_PROBE_H

#include <sys/sdt.h>

#define TRACE_PROBE1(name, a) DTRACE_PROBE1(loophound, name, a)
#define TRACE_PROBE2(name, a, b) DTRACE_PROBE2(loophound, name, a, b)
#define TRACE_PROBE3(name, a, b, c) DTRACE_PROBE3(loophound, name, a, b, c)
#define TRACE_PROBE4(name, a, b, c, d) DTRACE_PROBE4(loophound, name, a, b, c, d)

#endif
