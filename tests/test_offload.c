/* SPDX-License-Identifier: MIT */
/* test_offload.c - to_thread: results, limits, cancellation, abandoned jobs, the end of run. */
#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/harness.h"

static int square(void *arg)
{
	int *number = arg;

	*number *= *number;
	return *number > 100 ? -ERANGE : *number;
}

static int results(void *arg)
{
	int number = 7;

	(void)arg;
	CHECK_INT(async_to_thread(square, &number), 49);
	CHECK_INT(number, 49);
	CHECK_INT(async_to_thread(square, &number), -ERANGE);
	number = 5;
	CHECK_INT(async_to_thread_copy(square, &number, sizeof number, NULL), 25);
	CHECK_INT(number, 25);
	return 0;
}

TEST(a_job_returns_its_value_and_its_argument_comes_back)
{
	CHECK_INT(async_run(results, NULL), 0);
}

static int wait_for_the_other(void *arg)
{
	sem_t *other = arg;

	sem_post(&other[0]);
	sem_wait(&other[1]);
	return 0;
}

static int meet(void *arg)
{
	return async_to_thread(wait_for_the_other, arg);
}

static int answer(void *arg)
{
	sem_t *other = arg;

	sem_wait(&other[0]);
	sem_post(&other[1]);
	return 0;
}

static int meet_as_well(void *arg)
{
	return async_to_thread(answer, arg);
}

static int go_in_pairs(void *arg)
{
	sem_t pair[2];

	(void)arg;
	sem_init(&pair[0], 0, 0);
	sem_init(&pair[1], 0, 0);
	/* From the second time on one thread at least is idle, and both jobs are there at once. */
	for (int i = 0; i < 20; i++) {
		struct async_task *tasks[] = { async_create_task(meet, pair),
					       async_create_task(meet_as_well, pair) };
		int number = 1;

		CHECK_INT(async_gather(tasks, 2, ASYNC_RAISE, NULL), 0);
		async_task_release(tasks[0]);
		async_task_release(tasks[1]);
		CHECK_INT(async_to_thread(square, &number), 1);
	}
	sem_destroy(&pair[0]);
	sem_destroy(&pair[1]);
	return 0;
}

static int after_one_thread(void *arg)
{
	int number = 1;

	/* One thread, and it is idle by the time the two jobs come. */
	CHECK_INT(async_to_thread(square, &number), 1);
	CHECK_INT(async_sleep(0.02), 0);
	return go_in_pairs(arg);
}

TEST(two_jobs_that_need_each_other_do_not_share_one_idle_thread)
{
	CHECK_INT(async_run(after_one_thread, NULL), 0);
}

static atomic_int running, peak;
static sem_t gate;

static int wait_at_gate(void *arg)
{
	int now = atomic_fetch_add(&running, 1) + 1;

	(void)arg;
	if (now > atomic_load(&peak))
		atomic_store(&peak, now);
	sem_wait(&gate);
	atomic_fetch_sub(&running, 1);
	return 1;
}

static int offload_gate(void *arg)
{
	return async_to_thread(wait_at_gate, arg);
}

static void wait_for_running(int count)
{
	while (atomic_load(&running) < count)
		async_sleep(0.0005);
}

static int more_jobs_than_threads(void *arg)
{
	struct async_task *tasks[10];
	struct async_counts counts;

	(void)arg;
	for (int i = 0; i < 10; i++)
		tasks[i] = async_create_task(offload_gate, NULL);
	wait_for_running(3);
	async_sleep(0.005);
	CHECK_INT(atomic_load(&peak), 3);
	async_count(&counts);
	CHECK_INT(counts.threads, 3);
	for (int i = 0; i < 10; i++)
		sem_post(&gate);
	CHECK_INT(async_gather(tasks, 10, ASYNC_RAISE, NULL), 0);
	CHECK_INT(atomic_load(&peak), 3);
	return 0;
}

TEST(no_more_jobs_run_at_once_than_the_pool_has_threads)
{
	sem_init(&gate, 0, 0);
	CHECK_INT(async_run_with(more_jobs_than_threads, NULL,
				 &(struct async_run_options){ .max_threads = 3 }),
		  0);
}

static int default_threads(void *arg)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	(void)arg;
	CHECK_INT(async_max_threads(), cpus + 4 < 32 ? cpus + 4 : 32);
	return 0;
}

TEST(the_pool_has_min_32_cpus_plus_4_threads)
{
	CHECK_INT(async_run(default_threads, NULL), 0);
}

static int never_run(void *arg)
{
	*(int *)arg = 1;
	return 0;
}

static int offload_never(void *arg)
{
	return async_to_thread(never_run, arg);
}

static int cancel_queued(void *arg)
{
	struct async_task *busy = async_create_task(offload_gate, NULL), *queued;
	int ran = 0;

	(void)arg;
	wait_for_running(1);
	queued = async_create_task(offload_never, &ran);
	async_sleep(0);
	async_cancel(queued);
	CHECK_INT(async_await(queued), ASYNC_ECANCELED);
	sem_post(&gate);
	CHECK_INT(async_await(busy), 1);
	CHECK_INT(ran, 0);
	return 0;
}

TEST(a_queued_job_whose_awaiter_is_cancelled_never_runs)
{
	sem_init(&gate, 0, 0);
	CHECK_INT(async_run_with(cancel_queued, NULL,
				 &(struct async_run_options){ .max_threads = 1 }),
		  0);
}

static void open_gate(void *arg)
{
	(void)arg;
	sem_post(&gate);
}

static int cancel_running(void *arg)
{
	struct async_task *task = async_create_task(offload_gate, NULL);
	struct async_timer timer = { 0 };

	(void)arg;
	wait_for_running(1);
	async_cancel(task);
	async_sleep(0);
	async_sleep(0);
	CHECK(!async_task_done(task));
	async_call_later(&timer, 0.001, open_gate, NULL);
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	CHECK_INT(atomic_load(&running), 0);
	return 0;
}

TEST(a_running_job_is_waited_for_since_its_argument_is_on_the_awaiters_stack)
{
	sem_init(&gate, 0, 0);
	CHECK_INT(async_run(cancel_running, NULL), 0);
}

static atomic_int freed;

static void note_free(void *arg)
{
	CHECK_STR(arg, "copied");
	atomic_fetch_add(&freed, 1);
}

static int offload_copy(void *arg)
{
	char text[16] = "copied";

	(void)arg;
	return async_to_thread_copy(wait_at_gate, text, sizeof text, note_free);
}

static int abandon(void *arg)
{
	struct async_task *task = async_create_task(offload_copy, NULL);

	(void)arg;
	wait_for_running(1);
	async_cancel(task);
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	CHECK_INT(atomic_load(&running), 1);
	sem_post(&gate);
	return 0;
}

TEST(an_abandoned_job_runs_on_alone_and_run_waits_for_its_thread)
{
	sem_init(&gate, 0, 0);
	CHECK_INT(async_run(abandon, NULL), 0);
	CHECK_INT(atomic_load(&running), 0);
	CHECK_INT(atomic_load(&freed), 1);
}

static int quick(void *arg)
{
	(void)arg;
	return 9;
}

struct with_pool {
	struct async_pool *pool;
	int (*fn)(void *arg);
};

static int run_in_pool(void *arg)
{
	struct with_pool *with = arg;
	char copy = 0;

	return async_pool_run(with->pool, with->fn, &copy, 1, NULL);
}

static int stuck_jobs(void *arg)
{
	struct async_pool *pool = async_pool_new(2);
	struct with_pool stuck = { pool, wait_at_gate }, free_one = { pool, quick };
	struct async_task *tasks[2];

	(void)arg;
	for (int i = 0; i < 2; i++)
		tasks[i] = async_create_task(run_in_pool, &stuck);
	wait_for_running(2);
	for (int i = 0; i < 2; i++)
		async_cancel(tasks[i]);
	/* Both threads of the pool are stuck for good; another job finds one all the same. */
	CHECK_INT(run_in_pool(&free_one), 9);
	return 0;
}

TEST(stuck_jobs_that_were_given_up_starve_nobody_and_do_not_hold_up_the_end)
{
	sem_init(&gate, 0, 0);
	CHECK_INT(async_run(stuck_jobs, NULL), 0);
	CHECK_INT(atomic_load(&running), 2);
	for (int i = 0; i < 2; i++)
		sem_post(&gate);
	while (atomic_load(&running) > 0)
		usleep(100);
	usleep(2000);
}

static int many(void *arg)
{
	for (int i = 0; i < 50; i++)
		CHECK_INT(async_to_thread(quick, arg), 9);
	return 0;
}

static int storm(void *arg)
{
	struct async_task *tasks[20];

	for (int i = 0; i < 20; i++)
		tasks[i] = async_create_task(many, arg);
	return async_gather(tasks, 20, ASYNC_RAISE, NULL);
}

TEST(a_thousand_jobs_from_twenty_tasks_all_come_back)
{
	CHECK_INT(async_run(storm, NULL), 0);
}

static int one_of_each(void *arg)
{
	char byte = 0;

	(void)arg;
	async_to_thread(quick, NULL);
	async_to_thread_copy(quick, &byte, 1, NULL);
	return 0;
}

static void run_one_of_each(void)
{
	async_run(one_of_each, NULL);
}

TEST(each_allocation_and_each_thread_may_fail)
{
	for_each_failing_allocation(run_one_of_each);
	for_each_failing_syscall(run_one_of_each);
}
