/* SPDX-License-Identifier: MIT */
/* probe_none.h - without <sys/sdt.h> there are no probes, and they cost nothing. */
#ifndef LOOPHOUND_RUNTIME_TRACE_PROBE_H
#define LOOPHOUND_RUNTIME_TRACE_PROBE_H

#define TRACE_PROBE1(name, a) ((void)0)
#define TRACE_PROBE2(name, a, b) ((void)0)
#define TRACE_PROBE3(name, a, b, c) ((void)0)
#define TRACE_PROBE4(name, a, b, c, d) ((void)0)

#endif
