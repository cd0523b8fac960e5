/* SPDX-License-Identifier: MIT */
/* signal.h - signals that the runtime itself asks for. The name of the libc header is <signal.h>. */
#ifndef LOOPHOUND_RUNTIME_SIGNAL_H
#define LOOPHOUND_RUNTIME_SIGNAL_H

struct async_loop;

/*
 * As async_add_signal_handler(), but it is nothing that a loop could wait for: with nothing else left
 * it is a deadlock. If the loop has not looked at the last one for half a second, the next one does
 * what it does by default.
 */
int signal_add_interrupt(int signo, void (*run)(void *arg), void *arg);
/*
 * The same for a signal that asks for a report: run(arg) is called between two turns, outside of any
 * slice, and a stuck loop's watchdog sees it in heartbeat.asked_at. The next one within 2 s does what
 * it does by default.
 */
int signal_add_report(int signo, void (*run)(void *arg), void *arg);
/* Those of them that are left: a program may have put a handler of its own in their place. */
void signal_remove_interrupts(struct async_loop *loop);

/* The signal whose callback the handle at that address is; 0: it is another one. On any thread. */
int signal_of_handle(const void *handle);

#endif
