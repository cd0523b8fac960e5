/* SPDX-License-Identifier: MIT */
/*
 * kqueue.c - kqueue over epoll, so that the kqueue reactor can be tested on Linux.
 *
 * A queue is an epoll fd; each fd that is watched through it has one registration for both of its
 * filters. It is a shared library of its own: what it allocates is not counted as the program's.
 *
 *  - Adding a second filter reports the first one's state again; a real kqueue would not.
 *  - A user event is an eventfd, and close() is interposed to close it with its queue.
 *  - One lock covers everything but the waiting itself.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/event.h"

enum { MAX_FDS = 1 << 16, BATCH = 1024 };

struct note {
	struct note *next;
	int fd; /* of a user event: its eventfd */
	bool is_user, reads, writes, clear;
	uintptr_t ident;
	void *read_data, *write_data;
};

struct queue {
	struct note *notes;
	struct kevent late[2 * BATCH]; /* there was no room for them in the last call */
	int late_count;
};

static struct queue *queues[MAX_FDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int kqueue(void)
{
	int kq = epoll_create1(EPOLL_CLOEXEC);

	if (kq < 0)
		return -1;
	pthread_mutex_lock(&lock);
	queues[kq] = calloc(1, sizeof(struct queue));
	pthread_mutex_unlock(&lock);
	return kq;
}

static void drop_note(struct note **at)
{
	struct note *note = *at;

	*at = note->next;
	if (note->is_user)
		syscall(SYS_close, note->fd);
	free(note);
}

static void drop_queue(int kq)
{
	while (queues[kq]->notes != NULL)
		drop_note(&queues[kq]->notes);
	free(queues[kq]);
	queues[kq] = NULL;
}

/* A queue's notes go with it; an fd's notes go with the fd, as the kernel's registration does. */
int close(int fd)
{
	pthread_mutex_lock(&lock);
	if (fd >= 0 && fd < MAX_FDS && queues[fd] != NULL)
		drop_queue(fd);
	for (int kq = 0; kq < 1024; kq++)
		for (struct note **at = queues[kq] ? &queues[kq]->notes : NULL; at && *at;)
			if ((*at)->fd == fd && !(*at)->is_user)
				drop_note(at);
			else
				at = &(*at)->next;
	pthread_mutex_unlock(&lock);
	return (int)syscall(SYS_close, fd);
}

static struct note **find(struct queue *queue, uintptr_t ident, bool is_user)
{
	struct note **at = &queue->notes;

	while (*at != NULL && ((*at)->ident != ident || (*at)->is_user != is_user))
		at = &(*at)->next;
	return at;
}

/* Tells epoll what the note has become. */
static int update(int kq, struct note *note, int operation)
{
	struct epoll_event event = { .data.ptr = note };

	event.events = (note->reads || note->is_user ? EPOLLIN | EPOLLRDHUP : 0u) |
		       (note->writes ? EPOLLOUT : 0u) | (note->clear ? EPOLLET : 0u);
	return epoll_ctl(kq, operation, note->fd, &event) < 0 ? errno : 0;
}

static int add(int kq, const struct kevent *change)
{
	bool is_user = change->filter == EVFILT_USER;
	struct note **at = find(queues[kq], change->ident, is_user), *note = *at;
	bool is_new = note == NULL;
	int error;

	if (is_new) {
		note = *at = calloc(1, sizeof(*note));
		note->ident = change->ident;
		note->is_user = is_user;
		note->fd = is_user ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : (int)change->ident;
		if (note->fd < 0) {
			error = errno;
			*at = note->next;
			free(note);
			return error;
		}
	}
	note->clear = change->flags & EV_CLEAR;
	if (change->filter == EVFILT_WRITE) {
		note->writes = true;
		note->write_data = change->udata;
	} else {
		note->reads = change->filter == EVFILT_READ;
		note->read_data = change->udata;
	}
	error = update(kq, note, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD);
	if (error != 0 && is_new)
		drop_note(at);
	return error;
}

static int remove_filter(int kq, const struct kevent *change)
{
	struct note **at = find(queues[kq], change->ident, change->filter == EVFILT_USER);
	struct note *note = *at;
	int error = 0;

	if (note == NULL)
		return ENOENT;
	if (change->filter == EVFILT_READ)
		note->reads = false;
	else if (change->filter == EVFILT_WRITE)
		note->writes = false;
	if (!note->is_user && (note->reads || note->writes))
		return update(kq, note, EPOLL_CTL_MOD);
	if (epoll_ctl(kq, EPOLL_CTL_DEL, note->fd, &(struct epoll_event){ 0 }) < 0)
		error = errno;
	drop_note(at);
	return error;
}

/* Enabling what is enabled changes nothing, and tells whether it is there at all. */
static int enable(int kq, const struct kevent *change)
{
	struct note *note = *find(queues[kq], change->ident, change->filter == EVFILT_USER);

	if (note == NULL || (change->filter == EVFILT_READ && !note->reads) ||
	    (change->filter == EVFILT_WRITE && !note->writes))
		return ENOENT;
	return 0;
}

/* Triggered from other threads and signal handlers: no lock, the note of a user event stays. */
static int trigger(int kq, const struct kevent *change)
{
	struct note *note = *find(queues[kq], change->ident, true);
	uint64_t one = 1;

	if (note == NULL)
		return ENOENT;
	return write(note->fd, &one, sizeof(one)) < 0 && errno != EAGAIN ? errno : 0;
}

static int apply(int kq, const struct kevent *change)
{
	int error = 0;

	if (change->filter == EVFILT_USER && change->fflags & NOTE_TRIGGER &&
	    !(change->flags & EV_ADD))
		return trigger(kq, change);
	pthread_mutex_lock(&lock);
	if (change->flags & EV_ADD)
		error = add(kq, change);
	else if (change->flags & EV_DELETE)
		error = remove_filter(kq, change);
	else if (change->flags & EV_ENABLE)
		error = enable(kq, change);
	pthread_mutex_unlock(&lock);
	return error;
}

/* One registration may give an event for each of its filters. */
static int translate(const struct epoll_event *from, struct kevent *to)
{
	const struct note *note = from->data.ptr;
	unsigned short flags = note->clear ? EV_CLEAR : 0;
	bool gone = from->events & (EPOLLHUP | EPOLLERR);
	int n = 0, available = 0;

	if (note->is_user) {
		EV_SET(to, note->ident, EVFILT_USER, flags, 0, 0, note->read_data);
		return 1;
	}
	if (note->reads && (from->events & (EPOLLIN | EPOLLRDHUP) || gone)) {
		ioctl(note->fd, FIONREAD, &available);
		EV_SET(&to[n++], note->ident, EVFILT_READ,
		       flags | (from->events & EPOLLRDHUP || gone ? EV_EOF : 0), 0, available,
		       note->read_data);
	}
	if (note->writes && (from->events & EPOLLOUT || gone))
		EV_SET(&to[n++], note->ident, EVFILT_WRITE, flags | (gone ? EV_EOF : 0), 0, 0,
		       note->write_data);
	return n;
}

static int wait_some(int kq, struct kevent *events, int nevents, const struct timespec *timeout)
{
	struct queue *queue = queues[kq];
	struct epoll_event ready[BATCH];
	int n, given = 0, left = queue->late_count, taken = 0;

	while (given < nevents && taken < left)
		events[given++] = queue->late[taken++];
	for (int i = taken; i < left; i++)
		queue->late[i - taken] = queue->late[i];
	queue->late_count -= taken;
	if (given > 0)
		return given;
	n = epoll_pwait2(kq, ready, nevents < BATCH ? nevents : BATCH, timeout, NULL);
	if (n < 0)
		return -1;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < n; i++) {
		struct kevent both[2];
		int count = translate(&ready[i], both);

		for (int j = 0; j < count; j++)
			if (given < nevents)
				events[given++] = both[j];
			else
				queue->late[queue->late_count++] = both[j];
	}
	pthread_mutex_unlock(&lock);
	return given;
}

int kevent(int kq, const struct kevent *changes, int nchanges, struct kevent *events, int nevents,
	   const struct timespec *timeout)
{
	int reported = 0;

	for (int i = 0; i < nchanges; i++) {
		int error = apply(kq, &changes[i]);

		if (error == 0 && !(changes[i].flags & EV_RECEIPT))
			continue;
		if (reported == nevents) {
			errno = error;
			return -1;
		}
		events[reported] = changes[i];
		events[reported].flags = EV_ERROR;
		events[reported++].data = error;
	}
	if (reported > 0 || nevents == 0)
		return reported;
	return wait_some(kq, events, nevents, timeout);
}
