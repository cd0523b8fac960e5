/* SPDX-License-Identifier: MIT */
/*
 * capture_perf.c - where a running thread is, from the kernel's own sampling.
 *
 * The kernel takes a sample whenever the thread has been on a CPU for another PERIOD, with its user
 * registers and the top of its stack, into a ring that is mapped here: the thread itself runs none
 * of our code. Only user mode is asked for, which is what an unprivileged process may have; who spends
 * all of its time in the kernel gives no sample, and is asked by a signal.
 *
 * What is not allowed once is not tried again. Nothing is held between two looks.
 */
#include "runtime/watchdog/internal.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

atomic_bool watchdog_perf_refused;

#if defined(__x86_64__)

#include <asm/perf_regs.h>

enum {
	PERIOD = 200 * 1000,
	STACK = 32 * 1024,
	PAGES = 16,  /* of the ring: one sample fits, and another one */
	PERIODS = 8, /* on a CPU without a sample: all of it was in the kernel */
};
#define PATIENCE INT64_C(1000000000) /* ns that it may have to wait for a CPU */

/* The registers that are sampled, in the order in which the kernel writes them: by their number. */
#define MASK ((1ULL << PERF_REG_X86_BP) | (1ULL << PERF_REG_X86_SP) | (1ULL << PERF_REG_X86_IP))
struct registers {
	uint64_t bp, sp, ip;
};
_Static_assert(PERF_REG_X86_BP < PERF_REG_X86_SP && PERF_REG_X86_SP < PERF_REG_X86_IP,
	       "struct registers is in another order than the kernel's");

static int open_counter(pid_t tid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.sample_period = PERIOD,
		.sample_type = PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.sample_regs_user = MASK,
		.sample_stack_user = STACK,
	};

	return (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/*
 * The first record: header, ABI, registers, size of the stack, the stack, how much of it is real.
 * It begins at the ring's begin, so it is in one piece.
 */
static bool read_sample(const char *data, struct watchdog_capture *capture)
{
	struct perf_event_header header;
	struct registers registers;
	uint64_t abi, size, used;

	memcpy(&header, data, sizeof(header));
	data += sizeof(header);
	memcpy(&abi, data, sizeof(abi));
	if (header.type != PERF_RECORD_SAMPLE || abi != PERF_SAMPLE_REGS_ABI_64)
		return false;
	data += sizeof(abi);
	memcpy(&registers, data, sizeof(registers));
	data += sizeof(registers);
	memcpy(&size, data, sizeof(size));
	data += sizeof(size);
	if (size == 0 || size > STACK)
		return false;
	memcpy(&used, data + size, sizeof(used));
	memcpy(capture->bytes, data, used < size ? used : size);
	capture->stack.size = used < size ? used : size;
	capture->stack.address = registers.sp;
	capture->stack.registers = (struct machine_registers){
		.pc = registers.ip, .sp = registers.sp, .fp = registers.bp, .full = true
	};
	return capture->stack.size > 0;
}

/* Blocked, it would give no sample however long one waits. */
static bool is_running(pid_t tid)
{
	struct watchdog_call call;

	watchdog_call_read(tid, &call);
	return call.state == WATCHDOG_RUNNING;
}

static bool sample(int fd, const struct perf_event_mmap_page *ring, size_t page, pid_t tid,
		   struct watchdog_capture *capture)
{
	const struct timespec moment = { .tv_nsec = PERIOD };
	int64_t end = watchdog_now() + PATIENCE;
	uint64_t ran = 0;
	bool there = false;

	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	while (!there && ran < PERIODS * PERIOD && watchdog_now() < end && is_running(tid)) {
		nanosleep(&moment, NULL);
		if (read(fd, &ran, sizeof(ran)) != sizeof(ran))
			break;
		there = __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE) > 0;
	}
	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	return there && read_sample((const char *)ring + page, capture);
}

bool watchdog_capture_perf(struct watchdog_capture *capture, pid_t tid)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (PAGES + 1) * page;
	bool done = false;
	void *ring;
	int fd;

	if (atomic_load(&watchdog_perf_refused))
		return false;
	fd = open_counter(tid);
	if (fd < 0) {
		atomic_store(&watchdog_perf_refused, true);
		return false;
	}
	ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring != MAP_FAILED) {
		done = sample(fd, ring, page, tid, capture);
		munmap(ring, size);
	}
	close(fd);
	return done;
}

#else

/* Other machines number their registers otherwise: there it is the signal. */
bool watchdog_capture_perf(struct watchdog_capture *capture, pid_t tid)
{
	(void)capture, (void)tid;
	return false;
}

#endif
