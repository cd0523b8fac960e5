/* SPDX-License-Identifier: MIT */
/*
 * test_guard.c - the strict guard against a table of calls: those that may block are all found and
 * named with the right line, those that may not are never mentioned, and all return what they
 * return without it. Once by system calls, once by interposed symbols.
 *
 * Each row is one line, for that line is what the guard has to name. Long, because the table is.
 */
#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/guarded.h"
#include "tests/harness.h"

/* The harness stands between a test and these: their frames would be the innermost of the program. */
ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __real_write(int fd, const void *from, size_t n);
ssize_t __real_recv(int fd, void *to, size_t n, int flags);
ssize_t __real_send(int fd, const void *from, size_t n, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __real_readv(int fd, const struct iovec *to, int n);
ssize_t __real_writev(int fd, const struct iovec *from, int n);
int __real_connect(int fd, const struct sockaddr *to, socklen_t size);
int __real_accept4(int fd, struct sockaddr *from, socklen_t *size, int flags);
int __real_epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *t,
			const sigset_t *mask);
int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **found);
int __real_open(const char *path, int flags, ...);
int __real_fcntl(int fd, int command, ...);
int __real_socket(int domain, int type, int protocol);

/* ---- What the calls work on ------------------------------------------------------------------ */

static int pipes[2], pair[2], nonblocking[2], listener, ready[8], null, zero, file, epoll, counter;
static struct sockaddr_in there;
static socklen_t there_size = sizeof there;
static const char *path;
static char byte;
static sem_t none_left, one_left;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER, unheld = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static mtx_t held_mtx;
static cnd_t cnd;
static mqd_t queue, nonblocking_queue;
static FILE *pipe_file, *memory_file;
static DIR *folder;
static char eight[8];
static const struct addrinfo numeric = { .ai_flags = AI_NUMERICHOST };
static struct addrinfo *found;
static int rc;
static sigset_t usr1;
static int number;
static siginfo_t info;
static struct rusage usage;
static struct stat status;

#define TICK (&(struct timespec){ .tv_nsec = 1000000 })
#define NOW (&(struct timespec){ 0 })
#define TICK_US (&(struct timeval){ .tv_usec = 1000 })
#define BYTE (&(struct iovec){ &byte, 1 })
#define MESSAGE (&(struct msghdr){ .msg_iov = BYTE, .msg_iovlen = 1 })
#define MESSAGES ((struct mmsghdr[1]){ { .msg_hdr = { .msg_iov = BYTE, .msg_iovlen = 1 } } })
#define READS(fd) (&(struct pollfd){ (fd), POLLIN, 0 })
#define THERE ((struct sockaddr *)&there)

static const struct timespec *soon(clockid_t clock)
{
	static struct timespec until;

	clock_gettime(clock, &until);
	until.tv_nsec += 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return &until;
}

static fd_set *set_of(int fd)
{
	static fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return &set;
}

static void wake_up(int signo)
{
	(void)signo;
}

static void set_alarm(long us)
{
	const struct itimerval timer = { .it_value = { .tv_usec = us },
					 .it_interval = { .tv_usec = us } };

	CHECK_INT(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

/* Interrupts what would sleep for long, and again should it not sleep yet. */
#define CUT_SHORT(call)                      \
	({                                   \
		set_alarm(3000);             \
		long result_ = (long)(call); \
		set_alarm(0);                \
		result_;                     \
	})

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}

/* Ends when the main thread is seen waiting for it. */
static void *pass_by(void *arg)
{
	char text[32] = "", wanted[32];
	const char *of_main = format("/proc/self/task/%d/syscall", (int)getpid());

	snprintf(wanted, sizeof wanted, "%d ", SYS_futex);
	while (strncmp(text, wanted, strlen(wanted)) != 0) {
		int fd = __real_open(of_main, O_RDONLY | O_CLOEXEC);

		nanosleep(TICK, NULL);
		CHECK(fd >= 0 && __real_read(fd, text, sizeof text - 1) > 0);
		close(fd);
	}
	return arg;
}

static pthread_t thread(void)
{
	pthread_t id;

	CHECK_INT(pthread_create(&id, NULL, pass_by, NULL), 0);
	return id;
}

/* A new connection for accept() to find: made by a non-blocking connect(). */
static int knock(int from)
{
	return (__real_connect(from, THERE, there_size) == 0 || errno == EINPROGRESS) - 1;
}

static int new_socket(int type)
{
	return __real_socket(AF_INET, SOCK_STREAM | type, 0);
}

static void open_queues(void)
{
	const char *name = format("/loophound-%d", (int)getpid());

	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600,
			&(struct mq_attr){ .mq_maxmsg = 2, .mq_msgsize = 8 });
	nonblocking_queue = mq_open(name, O_RDWR | O_NONBLOCK);
	CHECK_INT(mq_unlink(name), 0);
	CHECK_INT(mq_send(queue, eight, 8, 0), 0);
}

static void set_up(void)
{
	memset(eight, 'x', sizeof eight);
	path = temp_file("file", "some text\nand more\n");
	signal(SIGUSR2, wake_up);
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = wake_up }, NULL);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	CHECK_INT(pipe(pipes), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, nonblocking), 0);
	for (int i = 0; i < 4; i++) {
		CHECK_INT(__real_write(pipes[1], eight, 8), 8);
		CHECK_INT(__real_write(pair[1], eight, 8), 8);
	}
	CHECK_INT(__real_write(pipes[1], "a line\n", 7), 7);
	there = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	listener = new_socket(0);
	CHECK_INT(bind(listener, THERE, sizeof there), 0);
	CHECK_INT(getsockname(listener, THERE, &there_size), 0);
	CHECK_INT(listen(listener, 16), 0);
	for (int i = 0; i < 8; i++)
		ready[i] = new_socket(i & 1 ? SOCK_NONBLOCK : 0);
	null = __real_open("/dev/null", O_RDWR | O_CLOEXEC);
	zero = __real_open("/dev/zero", O_RDONLY | O_CLOEXEC);
	file = __real_open(path, O_RDWR | O_CLOEXEC);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	counter = eventfd(4, EFD_CLOEXEC);
	sem_init(&none_left, 0, 0);
	sem_init(&one_left, 0, 100);
	pthread_mutex_lock(&held);
	mtx_init(&held_mtx, mtx_timed);
	mtx_lock(&held_mtx);
	cnd_init(&cnd);
	pipe_file = fdopen(dup(pipes[0]), "r");
	memory_file = fmemopen(eight, sizeof eight, "r");
	open_queues();
	folder = opendir("/");
	pthread_rwlock_rdlock(&rwlock);
}

/* ---- The rows -------------------------------------------------------------------------------- */

#define NOT_INLINED __attribute__((noinline))
static volatile long after;

/* A store behind the call keeps it from becoming a tail call. */
#define ROW(id, call)                         \
	enum { line_##id = __LINE__ };        \
	static NOT_INLINED long do_##id(void) \
	{                                     \
		errno = 0;                    \
		after = (long)(call);         \
		return after;                 \
	}

/* clang-format off */
ROW(sleep, CUT_SHORT(sleep(1) > 0))
ROW(usleep, usleep(1000))
ROW(nanosleep, nanosleep(TICK, NULL))
ROW(nanosleep_cut_short, CUT_SHORT(nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL)))
ROW(clock_nanosleep, clock_nanosleep(CLOCK_MONOTONIC, 0, TICK, NULL))
ROW(clock_nanosleep_until, CUT_SHORT(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){ .tv_sec = INT32_MAX }, NULL)))
ROW(thrd_sleep, thrd_sleep(TICK, NULL))
ROW(pause, CUT_SHORT(pause()))
ROW(sigsuspend, CUT_SHORT(sigsuspend(&usr1)))
ROW(sigtimedwait, sigtimedwait(&usr1, &info, TICK))
ROW(sigwait, (raise(SIGUSR1), sigwait(&usr1, &number)))
ROW(sigwaitinfo, (raise(SIGUSR1), sigwaitinfo(&usr1, &info)))
ROW(poll_nothing, poll(NULL, 0, 1))
ROW(select_nothing, select(0, NULL, NULL, NULL, TICK_US))
ROW(ppoll_nothing, ppoll(NULL, 0, TICK, NULL))
ROW(pselect_nothing, pselect(0, NULL, NULL, NULL, TICK, NULL))

ROW(poll, poll(READS(listener), 1, 1))
ROW(ppoll, ppoll(READS(listener), 1, TICK, NULL))
ROW(select, select(listener + 1, set_of(listener), NULL, NULL, TICK_US))
ROW(pselect, pselect(listener + 1, set_of(listener), NULL, NULL, TICK, NULL))
ROW(epoll_wait, epoll_wait(epoll, &(struct epoll_event){ 0 }, 1, 1))
ROW(epoll_pwait, epoll_pwait(epoll, &(struct epoll_event){ 0 }, 1, 1, NULL))
ROW(epoll_pwait2, __real_epoll_pwait2(epoll, &(struct epoll_event){ 0 }, 1, TICK, NULL))
ROW(read, __real_read(pipes[0], &byte, 1))
ROW(readv, __real_readv(pipes[0], BYTE, 1))
ROW(read_of_a_counter, __real_read(counter, &(uint64_t){ 0 }, 8))
ROW(write, __real_write(pipes[1], "x", 1))
ROW(writev, __real_writev(pipes[1], BYTE, 1))
ROW(recv, __real_recv(pair[0], &byte, 1, 0))
ROW(recvfrom, recvfrom(pair[0], &byte, 1, 0, NULL, NULL))
ROW(recvmsg, __real_recvmsg(pair[0], MESSAGE, 0))
ROW(recvmmsg, recvmmsg(pair[0], MESSAGES, 1, 0, NULL))
ROW(send, __real_send(pair[0], "x", 1, MSG_NOSIGNAL))
ROW(sendto, sendto(pair[0], "x", 1, 0, NULL, 0))
ROW(sendmsg, __real_sendmsg(pair[0], MESSAGE, 0))
ROW(sendmmsg, sendmmsg(pair[0], MESSAGES, 1, 0))
ROW(sendfile, sendfile(pair[0], file, NULL, 1))
ROW(splice, splice(pipes[0], NULL, pair[0], NULL, 1, 0))
ROW(connect, __real_connect(ready[0], THERE, there_size))
ROW(accept, (knock(ready[1]), accept(listener, NULL, NULL) > 0))
ROW(accept4, (knock(ready[3]), __real_accept4(listener, NULL, NULL, 0) > 0))
ROW(msgrcv, msgrcv(-1, &byte, 0, 0, 0))
ROW(msgsnd, msgsnd(-1, &(long){ 1 }, 0, 0))
ROW(mq_send, mq_send(queue, eight, 8, 0))
ROW(mq_receive, mq_receive(queue, eight, 8, NULL))
ROW(fgets, (fgets(eight, 8, pipe_file) != NULL))
ROW(getaddrinfo, (rc = __real_getaddrinfo("localhost", "80", NULL, &found), freeaddrinfo(found), rc))

ROW(sem_timedwait, sem_timedwait(&none_left, soon(CLOCK_REALTIME)))
ROW(sem_clockwait, sem_clockwait(&none_left, CLOCK_MONOTONIC, soon(CLOCK_MONOTONIC)))
ROW(mutex, pthread_mutex_timedlock(&held, soon(CLOCK_REALTIME)))
ROW(cond_timedwait, pthread_cond_timedwait(&condition, &held, soon(CLOCK_REALTIME)))
ROW(rwlock, pthread_rwlock_timedwrlock(&rwlock, soon(CLOCK_REALTIME)))
ROW(mtx, mtx_timedlock(&held_mtx, soon(CLOCK_REALTIME)))
ROW(cnd_timedwait, cnd_timedwait(&cnd, &held_mtx, soon(CLOCK_REALTIME)))
ROW(semop, semop(-1, &(struct sembuf){ 0 }, 1))
ROW(semtimedop, semtimedop(-1, &(struct sembuf){ 0 }, 1, TICK))
ROW(pthread_join, pthread_join(thread(), NULL))
ROW(flock, flock(file, LOCK_EX))
ROW(fcntl_lock, __real_fcntl(file, F_SETLKW, &(struct flock){ .l_type = F_RDLCK }))

ROW(wait, (child(), wait(NULL) > 0))
ROW(waitpid, (waitpid(child(), NULL, 0) > 0))
ROW(wait3, (child(), wait3(NULL, 0, &usage) > 0))
ROW(wait4, (wait4(child(), NULL, 0, &usage) > 0))
ROW(waitid, waitid(P_PID, (id_t)child(), &info, WEXITED))
ROW(system, system("exit 3"))
ROW(pclose, pclose(popen("exit 4", "r")))

ROW(open, __real_open("/etc/hostname-that-is-not", O_RDONLY))
ROW(stat, stat(path, &status))
ROW(lstat, lstat(path, &status))
ROW(fstatat, fstatat(AT_FDCWD, path, &status, 0))
ROW(access, access(path, R_OK))
ROW(read_of_a_file, __real_read(file, &byte, 1))
ROW(pread, pread(file, &byte, 1, 0))
ROW(pwrite, pwrite(file, "S", 1, 0))
ROW(write_to_a_file, __real_write(file, "o", 1))
ROW(fsync, fsync(file))
ROW(fdatasync, fdatasync(file))
ROW(ftruncate, ftruncate(file, 10))
ROW(truncate, truncate(path, 10))
ROW(unlink, unlink("/nowhere/at/all"))
ROW(rename, rename("/nowhere/at/all", "/nowhere/else"))
ROW(mkdir, mkdir("/nowhere/at/all", 0700))
ROW(rmdir, rmdir("/nowhere/at/all"))
ROW(openat, openat(AT_FDCWD, "/nowhere/at/all", O_RDONLY))
ROW(creat, creat("/nowhere/at/all", 0600))
ROW(fopen, (fopen("/nowhere/at/all", "r") != NULL))
ROW(opendir, (opendir("/nowhere/at/all") != NULL))
ROW(readdir, (readdir(folder) != NULL))
ROW(preadv, preadv(file, BYTE, 1, 0))
ROW(pwritev, pwritev(file, BYTE, 1, 0))
ROW(statx, statx(AT_FDCWD, path, 0, STATX_SIZE, &(struct statx){ 0 }))
ROW(faccessat, faccessat(AT_FDCWD, path, R_OK, 0))
ROW(statfs, statfs(path, &(struct statfs){ 0 }))
ROW(fallocate, fallocate(file, 0, 0, 10))
ROW(sync_file_range, sync_file_range(file, 0, 0, 0))
ROW(copy_file_range, copy_file_range(file, NULL, file, NULL, 0, 0))
ROW(link, link("/nowhere/at/all", "/nowhere/else"))
ROW(symlink, symlink("all", "/nowhere/at/all"))
ROW(remove, remove("/nowhere/at/all"))
ROW(unlinkat, unlinkat(AT_FDCWD, "/nowhere/at/all", 0))
ROW(renameat, renameat(AT_FDCWD, "/nowhere/at/all", AT_FDCWD, "/nowhere/else"))
ROW(mkdirat, mkdirat(AT_FDCWD, "/nowhere/at/all", 0700))
/* clang-format on */

#define SLEEP(id)                                \
	{                                        \
#id, do_##id, line_##id, "sleep" \
	}
#define NET(id)                                \
	{                                      \
#id, do_##id, line_##id, "net" \
	}
#define LOCKED(id)                              \
	{                                       \
#id, do_##id, line_##id, "lock" \
	}
#define PROCESS(id)                                \
	{                                          \
#id, do_##id, line_##id, "process" \
	}
#define DISK(id)                                \
	{                                       \
#id, do_##id, line_##id, "disk" \
	}

static const struct row {
	const char *name;
	long (*run)(void);
	int line;
	const char *severity;
} blocking[] = {
	SLEEP(sleep),
	SLEEP(usleep),
	SLEEP(nanosleep),
	SLEEP(nanosleep_cut_short),
	SLEEP(clock_nanosleep),
	SLEEP(clock_nanosleep_until),
	SLEEP(thrd_sleep),
	SLEEP(pause),
	SLEEP(sigsuspend),
	SLEEP(sigtimedwait),
	SLEEP(sigwait),
	SLEEP(sigwaitinfo),
	SLEEP(poll_nothing),
	SLEEP(select_nothing),
	SLEEP(ppoll_nothing),
	SLEEP(pselect_nothing),
	NET(poll),
	NET(ppoll),
	NET(select),
	NET(pselect),
	NET(epoll_wait),
	NET(epoll_pwait),
	NET(epoll_pwait2),
	NET(read),
	NET(readv),
	NET(read_of_a_counter),
	NET(write),
	NET(writev),
	NET(recv),
	NET(recvfrom),
	NET(recvmsg),
	NET(recvmmsg),
	NET(send),
	NET(sendto),
	NET(sendmsg),
	NET(sendmmsg),
	NET(sendfile),
	NET(splice),
	NET(connect),
	NET(accept),
	NET(accept4),
	NET(msgrcv),
	NET(msgsnd),
	NET(mq_send),
	NET(mq_receive),
	NET(fgets),
	NET(getaddrinfo),
	LOCKED(sem_timedwait),
	LOCKED(sem_clockwait),
	LOCKED(mutex),
	LOCKED(cond_timedwait),
	LOCKED(rwlock),
	LOCKED(mtx),
	LOCKED(cnd_timedwait),
	LOCKED(semop),
	LOCKED(semtimedop),
	LOCKED(pthread_join),
	LOCKED(flock),
	LOCKED(fcntl_lock),
	PROCESS(wait),
	PROCESS(waitpid),
	PROCESS(wait3),
	PROCESS(wait4),
	PROCESS(waitid),
	PROCESS(system),
	PROCESS(pclose),
	DISK(open),
	DISK(stat),
	DISK(lstat),
	DISK(fstatat),
	DISK(access),
	DISK(read_of_a_file),
	DISK(pread),
	DISK(pwrite),
	DISK(write_to_a_file),
	DISK(fsync),
	DISK(fdatasync),
	DISK(ftruncate),
	DISK(truncate),
	DISK(unlink),
	DISK(rename),
	DISK(mkdir),
	DISK(rmdir),
	DISK(openat),
	DISK(creat),
	DISK(fopen),
	DISK(opendir),
	DISK(readdir),
	DISK(preadv),
	DISK(pwritev),
	DISK(statx),
	DISK(faccessat),
	DISK(statfs),
	DISK(fallocate),
	DISK(sync_file_range),
	DISK(copy_file_range),
	DISK(link),
	DISK(symlink),
	DISK(remove),
	DISK(unlinkat),
	DISK(renameat),
	DISK(mkdirat),
};

/* clang-format off */
ROW(no_sleep, nanosleep(NOW, NULL))
ROW(no_sleep_until, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, TICK, NULL))
ROW(no_poll_nothing, poll(NULL, 0, 0))
ROW(no_poll, poll(READS(listener), 1, 0))
ROW(no_ppoll, ppoll(READS(listener), 1, NOW, NULL))
ROW(no_select, select(listener + 1, set_of(listener), NULL, NULL, &(struct timeval){ 0 }))
ROW(no_pselect, pselect(listener + 1, set_of(listener), NULL, NULL, NOW, NULL))
ROW(no_epoll, epoll_wait(epoll, &(struct epoll_event){ 0 }, 1, 0))
ROW(no_epoll_pwait2, __real_epoll_pwait2(epoll, &(struct epoll_event){ 0 }, 1, NOW, NULL))
ROW(no_sigtimedwait, sigtimedwait(&usr1, &info, NOW))
ROW(no_read, __real_read(nonblocking[0], &byte, 1))
ROW(no_readv, __real_readv(nonblocking[0], BYTE, 1))
ROW(no_write, __real_write(nonblocking[0], "x", 1))
ROW(no_writev, __real_writev(nonblocking[0], BYTE, 1))
ROW(no_recv, __real_recv(nonblocking[0], &byte, 1, 0))
ROW(no_recvfrom, recvfrom(nonblocking[0], &byte, 1, 0, NULL, NULL))
ROW(no_recvmsg, __real_recvmsg(nonblocking[0], MESSAGE, 0))
ROW(no_send, __real_send(nonblocking[0], "x", 1, 0))
ROW(no_sendto, sendto(nonblocking[0], "x", 1, 0, NULL, 0))
ROW(no_sendmsg, __real_sendmsg(nonblocking[0], MESSAGE, 0))
ROW(dont_recv, __real_recv(pair[0], &byte, 1, MSG_DONTWAIT))
ROW(dont_recvmsg, __real_recvmsg(pair[0], MESSAGE, MSG_DONTWAIT))
ROW(dont_recvmmsg, recvmmsg(pair[0], MESSAGES, 1, MSG_DONTWAIT, NULL))
ROW(dont_send, __real_send(pair[0], "x", 1, MSG_DONTWAIT))
ROW(dont_sendmsg, __real_sendmsg(pair[0], MESSAGE, MSG_DONTWAIT))
ROW(dont_sendmmsg, sendmmsg(pair[0], MESSAGES, 1, MSG_DONTWAIT))
ROW(no_connect, __real_connect(ready[5], THERE, there_size))
ROW(no_accept, accept(nonblocking[0], NULL, NULL))
ROW(bad_fd, __real_read(-1, &byte, 1))
ROW(bad_pointer, syscall(SYS_nanosleep, 1, NULL))
ROW(no_such_call, syscall(4000))
ROW(to_null, __real_write(null, "x", 1))
ROW(from_zero, __real_read(zero, &byte, 1))
ROW(numeric_host, (rc = __real_getaddrinfo("127.0.0.1", "80", &numeric, &found), freeaddrinfo(found), rc))
ROW(no_msgrcv, msgrcv(-1, &byte, 0, 0, IPC_NOWAIT))
ROW(no_wait, waitpid(-1, NULL, WNOHANG))
ROW(no_waitid, waitid(P_ALL, 0, &info, WEXITED | WNOHANG))
ROW(free_mutex, pthread_mutex_lock(&unheld) + pthread_mutex_unlock(&unheld))
ROW(try_mutex, pthread_mutex_trylock(&held))
ROW(free_semaphore, sem_wait(&one_left))
ROW(try_semaphore, sem_trywait(&none_left))
ROW(signal_nobody, pthread_cond_signal(&condition))
ROW(try_flock, flock(file, LOCK_SH | LOCK_NB))
ROW(unlock_flock, flock(file, LOCK_UN))
ROW(no_mq_receive, (mq_receive(nonblocking_queue, eight, 8, NULL), mq_receive(nonblocking_queue, eight, 8, NULL)))
ROW(memory_stream, (fgets(eight, 8, memory_file) != NULL))
ROW(events_that_are_there, syscall(SYS_io_getevents, 0L, 0L, 1L, NULL, NULL))
ROW(try_lock, __real_fcntl(file, F_SETLK, &(struct flock){ .l_type = F_RDLCK }))
ROW(get_flags, __real_fcntl(null, F_GETFL))
ROW(fstat, fstat(file, &status))
ROW(lseek, lseek(file, 0, SEEK_SET))
ROW(ioctl, ioctl(pair[0], FIONREAD, &number))
ROW(gettime, clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &(struct timespec){ 0 }))
ROW(getpid, getpid() > 0)
ROW(kill_nobody, kill(getpid(), 0))
ROW(raise, raise(SIGUSR2))
ROW(sigprocmask, sigprocmask(SIG_SETMASK, &usr1, NULL))
ROW(bad_sigprocmask, syscall(SYS_rt_sigprocmask, 77, &usr1, NULL, 8))
ROW(sigaction, sigaction(SIGUSR2, NULL, &(struct sigaction){ 0 }))
ROW(socket, __real_socket(AF_INET, SOCK_STREAM, 0) > 0)
ROW(getsockname, getsockname(listener, THERE, &there_size))
ROW(dup, close(dup(null)))
ROW(eventfd, close(eventfd(0, EFD_NONBLOCK)))
ROW(timerfd, close(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)))
ROW(epoll_ctl, epoll_ctl(epoll, EPOLL_CTL_DEL, null, NULL))
ROW(map, mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
ROW(big_malloc, (free(malloc(1 << 22)), 0))
ROW(uname, uname(&(struct utsname){ .sysname = "" }))
ROW(getrandom, getrandom(&byte, 1, 0))
ROW(sched_yield, sched_yield())
ROW(getrusage, getrusage(RUSAGE_SELF, &usage))
/* clang-format on */

#define LEGAL(id)                             \
	{                                     \
#id, do_##id, line_##id, NULL \
	}

static const struct row legal[] = {
	LEGAL(no_sleep),
	LEGAL(no_sleep_until),
	LEGAL(no_poll_nothing),
	LEGAL(no_poll),
	LEGAL(no_ppoll),
	LEGAL(no_select),
	LEGAL(no_pselect),
	LEGAL(no_epoll),
	LEGAL(no_epoll_pwait2),
	LEGAL(no_sigtimedwait),
	LEGAL(no_read),
	LEGAL(no_readv),
	LEGAL(no_write),
	LEGAL(no_writev),
	LEGAL(no_recv),
	LEGAL(no_recvfrom),
	LEGAL(no_recvmsg),
	LEGAL(no_send),
	LEGAL(no_sendto),
	LEGAL(no_sendmsg),
	LEGAL(dont_recv),
	LEGAL(dont_recvmsg),
	LEGAL(dont_recvmmsg),
	LEGAL(dont_send),
	LEGAL(dont_sendmsg),
	LEGAL(dont_sendmmsg),
	LEGAL(no_connect),
	LEGAL(no_accept),
	LEGAL(bad_fd),
	LEGAL(bad_pointer),
	LEGAL(no_such_call),
	LEGAL(to_null),
	LEGAL(from_zero),
	LEGAL(numeric_host),
	LEGAL(no_msgrcv),
	LEGAL(no_wait),
	LEGAL(no_waitid),
	LEGAL(free_mutex),
	LEGAL(try_mutex),
	LEGAL(free_semaphore),
	LEGAL(try_semaphore),
	LEGAL(signal_nobody),
	LEGAL(try_flock),
	LEGAL(try_lock),
	LEGAL(get_flags),
	LEGAL(fstat),
	LEGAL(lseek),
	LEGAL(ioctl),
	LEGAL(gettime),
	LEGAL(getpid),
	LEGAL(kill_nobody),
	LEGAL(raise),
	LEGAL(sigprocmask),
	LEGAL(bad_sigprocmask),
	LEGAL(sigaction),
	LEGAL(socket),
	LEGAL(getsockname),
	LEGAL(dup),
	LEGAL(eventfd),
	LEGAL(timerfd),
	LEGAL(epoll_ctl),
	LEGAL(map),
	LEGAL(big_malloc),
	LEGAL(uname),
	LEGAL(getrandom),
	LEGAL(sched_yield),
	LEGAL(getrusage),
	LEGAL(unlock_flock),
	LEGAL(no_mq_receive),
	LEGAL(memory_stream),
	LEGAL(events_that_are_there),
};

/* ---- Running them ---------------------------------------------------------------------------- */

struct result {
	long value;
	int error;
};

struct table {
	const struct row *rows;
	size_t count;
	struct result *results; /* shared with the child */
};
#define TABLE(rows) ((struct table){ rows, sizeof(rows) / sizeof((rows)[0]), NULL })

static int run_rows(void *arg)
{
	const struct table *table = arg;

	for (size_t i = 0; i < table->count; i++) {
		long value = table->rows[i].run();

		table->results[i] = (struct result){ value, errno };
		async_sleep(0);
	}
	return 0;
}

static int run_table(void *arg)
{
	set_up();
	return async_run(run_rows, arg);
}

static const char *run(const char *words, struct table *table, int wanted)
{
	table->results = mmap(NULL, table->count * sizeof(struct result), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(table->results != MAP_FAILED);
	return guarded(words, run_table, table, wanted);
}

/* The row's own line in the sum: "[strict]      1 x sleep    usleep(0.001 s) in do_usleep FILE:LINE". */
static void check_named(const char *text, const struct row *row)
{
	const char *place = format(" in do_%s tests/test_guard.c:%d\n", row->name, row->line);
	const char *severity = format(" x %-8s ", row->severity);
	const char *at = text;

	while ((at = strstr(at, place)) != NULL) {
		const char *start = at;

		while (start > text && start[-1] != '\n')
			start--;
		if (memmem(start, (size_t)(at - start), severity, strlen(severity)) != NULL)
			return;
		at++;
	}
	FAIL("%s%s is not in: %s", severity, place, text);
}

static void all_are_found(const char *words)
{
	struct table table = TABLE(blocking);
	const char *text = run(words, &table, 86);

	CHECK(table.count >= 50);
	if (!guarded_has_names())
		NOT_HERE("no names in this build");
	for (size_t i = 0; i < table.count; i++)
		check_named(text, &table.rows[i]);
}

TEST_WITH_LIMIT(each_call_that_may_block_is_found_and_named, 30)
{
	all_are_found("strict");
}

TEST_WITH_LIMIT(interposed_symbols_find_them_too, 30)
{
	all_are_found("strict=symbols");
}

TEST(no_call_that_cannot_block_is_mentioned)
{
	struct table table = TABLE(legal);

	CHECK(table.count >= 50);
	CHECK_STR(run("strict", &table, 0), "");
	CHECK_STR(run("strict=symbols", &table, 0), "");
}

static void same_results(struct table table)
{
	struct table with = table, interposed = table;

	if (UNDER_TSAN)
		NOT_HERE("TSan takes a coroutine for another thread, which may not unlock");
	run("off", &table, 0);
	run("strict", &with, -1);
	run("strict=symbols", &interposed, -1);
	for (size_t i = 0; i < table.count; i++) {
		const struct result *plain = &table.results[i];

		if (plain->value != with.results[i].value || plain->error != with.results[i].error)
			FAIL("%s: %ld, errno %d, and guarded %ld, errno %d", table.rows[i].name,
			     plain->value, plain->error, with.results[i].value,
			     with.results[i].error);
		if (plain->value != interposed.results[i].value ||
		    plain->error != interposed.results[i].error)
			FAIL("%s: %ld, errno %d, and interposed %ld, errno %d", table.rows[i].name,
			     plain->value, plain->error, interposed.results[i].value,
			     interposed.results[i].error);
	}
}

TEST_WITH_LIMIT(all_return_what_they_return_unguarded, 30)
{
	same_results(TABLE(blocking));
	same_results(TABLE(legal));
}
