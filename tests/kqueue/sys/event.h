/* SPDX-License-Identifier: MIT */
/*
 * sys/event.h - as much of kqueue as runtime/poll_kqueue.c uses, for tests on Linux.
 *
 * The names are those of FreeBSD; kqueue.c beside it does the work over epoll. Never installed, and
 * no part of the library: on a BSD and on macOS the system's own header is found instead.
 */
#ifndef LOOPHOUND_TESTS_KQUEUE_EVENT_H
#define LOOPHOUND_TESTS_KQUEUE_EVENT_H

#include <stdint.h>
#include <time.h>

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_USER (-11)

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ENABLE 0x0004
#define EV_DISABLE 0x0008
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_ERROR 0x4000
#define EV_EOF 0x8000
#define NOTE_TRIGGER 0x01000000

struct kevent {
	uintptr_t ident;
	short filter;
	unsigned short flags;
	unsigned int fflags;
	int64_t data;
	void *udata;
};

#define EV_SET(event, id, fi, fl, ffl, da, ud)                                                  \
	(*(event) = (struct kevent){ (uintptr_t)(id), (short)(fi), (unsigned short)(fl), (ffl), \
				     (int64_t)(da), (void *)(ud) })

int kqueue(void);
int kevent(int kq, const struct kevent *changes, int nchanges, struct kevent *events, int nevents,
	   const struct timespec *timeout);

#endif
