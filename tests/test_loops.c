/* SPDX-License-Identifier: MIT */
/* test_loops.c - several loops in several threads: side by side, made and closed again and again. */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/harness.h"

#define THREADS 4
#define ROUNDS 8

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static void in_threads(void *(*fn)(void *arg))
{
	pthread_t threads[THREADS];
	static int numbers[THREADS];

	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		CHECK_INT(pthread_create(&threads[i], NULL, fn, &numbers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* ---- A bit of everything ----------------------------------------------------------------------- */

struct shared {
	struct async_lock lock;
	struct async_queue queue;
	int inside, sum;
};

static int on_thread(void *arg)
{
	return *(int *)arg * 2;
}

static int produce(void *arg)
{
	struct shared *shared = arg;
	static int items[5] = { 1, 2, 3, 4, 5 };

	for (int i = 0; i < 5; i++) {
		async_sleep(0.0001);
		CHECK_INT(async_queue_put(&shared->queue, &items[i]), 0);
	}
	return 0;
}

static int consume(void *arg)
{
	struct shared *shared = arg;

	for (int i = 0; i < 5; i++) {
		void *item;

		CHECK_INT(async_queue_get(&shared->queue, &item), 0);
		CHECK_INT(async_lock_acquire(&shared->lock), 0);
		CHECK_INT(++shared->inside, 1);
		async_sleep(0);
		shared->sum += *(int *)item;
		shared->inside--;
		async_lock_release(&shared->lock);
	}
	return 0;
}

static int for_ever(void *arg)
{
	(void)arg;
	return async_sleep(1000);
}

static void note_signal(void *arg)
{
	(void)arg;
}

static int everything(void *arg)
{
	struct shared shared = { 0 };
	struct async_task *tasks[4];
	struct async_timeout limit;
	int number = *(int *)arg;

	CHECK_INT(async_queue_init(&shared.queue, 2), 0);
	for (int i = 0; i < 4; i++)
		tasks[i] = async_create_task(i % 2 ? produce : consume, &shared);
	CHECK_INT(async_gather(tasks, 4, ASYNC_RAISE, NULL), 0);
	CHECK_INT(shared.sum, 30);
	async_queue_destroy(&shared.queue);
	CHECK_INT(async_to_thread(on_thread, &number), 2 * number);
	async_timeout_begin(&limit, 0.001);
	CHECK_INT(async_timeout_end(&limit, async_sleep(10)), ASYNC_ETIMEOUT);
	CHECK_INT(async_add_signal_handler(SIGUSR1, note_signal, NULL), ASYNC_ERUNTIME);
	CHECK_STR(async_raised(ASYNC_ERUNTIME)->message,
		  "add_signal_handler() only works in the main thread");
	/* Left over for the end of run. */
	CHECK_INT(async_spawn(for_ever, NULL), 0);
	async_sleep(0);
	return number;
}

static void *run_everything(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		const struct async_run_options *clock = i % 2 ? &virtual_clock : NULL;

		CHECK_INT(async_run_with(everything, arg, clock), *(int *)arg);
	}
	return NULL;
}

TEST_WITH_LIMIT(loops_side_by_side_do_not_meet, 20)
{
	in_threads(run_everything);
}

/* ---- Clocks ------------------------------------------------------------------------------------- */

static int sleep_long(void *arg)
{
	double seconds = 1000.0 * (1 + *(int *)arg);

	CHECK_INT(async_sleep(seconds), 0);
	CHECK_NEAR(async_time(), seconds, 1e-6);
	return 0;
}

static void *run_virtual(void *arg)
{
	CHECK_INT(async_run_with(sleep_long, arg, &virtual_clock), 0);
	return NULL;
}

TEST(each_loop_has_a_virtual_clock_of_its_own)
{
	in_threads(run_virtual);
}

/* ---- Watchdogs ---------------------------------------------------------------------------------- */

static pthread_mutex_t report_lock = PTHREAD_MUTEX_INITIALIZER;
static bool reported[THREADS];

static void note_stall(const struct async_stall *stall, void *arg)
{
	(void)arg;
	pthread_mutex_lock(&report_lock);
	for (int i = 0; i < THREADS; i++)
		if (stall->task[0] == 's' && stall->task[8] == '0' + i)
			reported[i] = true;
	pthread_mutex_unlock(&report_lock);
}

static bool is_reported(int i)
{
	bool is;

	pthread_mutex_lock(&report_lock);
	is = reported[i];
	pthread_mutex_unlock(&report_lock);
	return is;
}

/* Holds its loop until the watchdog has said so. */
static int stall(void *arg)
{
	while (!is_reported(*(int *)arg))
		usleep(500);
	return 0;
}

static int stall_by_name(void *arg)
{
	char name[32];

	snprintf(name, sizeof name, "staller-%d", *(int *)arg);
	return async_await(
		async_create_task_with(stall, arg, &(struct async_task_options){ .name = name }));
}

static void *run_stall(void *arg)
{
	CHECK_INT(async_run(stall_by_name, arg), 0);
	return NULL;
}

TEST_WITH_LIMIT(each_loop_has_a_watchdog_that_names_its_own_task, 20)
{
	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	unsetenv("LOOPHOUND_WATCHDOG"); /* strict or not: what blocks here is what is tested */
	async_watchdog_configure(
		&(struct async_watchdog_options){ .limit = 0.01, .report = note_stall });
	in_threads(run_stall);
}

/* ---- Messages between loops --------------------------------------------------------------------- */

#define MESSAGES 200

struct node {
	struct async_loop *loop;
	atomic_int received;
	struct async_handle sent[MESSAGES]; /* to the next one */
	struct async_event all;
};

static struct node ring[THREADS];
static pthread_barrier_t assembled;

static void receive(void *arg)
{
	struct node *node = arg;

	if (atomic_fetch_add(&node->received, 1) + 1 == MESSAGES)
		async_event_set(&node->all);
}

static int send_and_receive(void *arg)
{
	int number = *(int *)arg;
	struct node *me = &ring[number], *next = &ring[(number + 1) % THREADS];

	me->loop = async_get_running_loop();
	pthread_barrier_wait(&assembled);
	for (int i = 0; i < MESSAGES; i++) {
		CHECK_INT(async_call_soon_threadsafe(next->loop, &me->sent[i], receive, next), 0);
		if (i % 50 == 0)
			async_sleep(0);
	}
	CHECK_INT(async_event_wait(&me->all), 0);
	/* Nobody closes before all have got theirs: an unread message would be lost. */
	pthread_barrier_wait(&assembled);
	return 0;
}

static void *run_node(void *arg)
{
	CHECK_INT(async_run(send_and_receive, arg), 0);
	return NULL;
}

TEST(loops_send_each_other_calls)
{
	pthread_barrier_init(&assembled, NULL, THREADS);
	in_threads(run_node);
	pthread_barrier_destroy(&assembled);
}

/* ---- Calls to a loop that closes ---------------------------------------------------------------- */

static struct async_loop *_Atomic target;
static atomic_int accepted, ran;
static atomic_bool stop_posting;

static void note_run(void *arg)
{
	(void)arg;
	atomic_fetch_add(&ran, 1);
}

/* The next loop opens when the last one has closed: then its handles are free, run or not. */
static void *post_until_closed(void *arg)
{
	struct async_handle handles[64] = { 0 };
	struct async_loop *loop = NULL;

	(void)arg;
	while (!atomic_load(&stop_posting)) {
		int i = 0;

		while (loop == atomic_load(&target))
			if (atomic_load(&stop_posting))
				return NULL;
		loop = atomic_load(&target);
		while (i < 64 && async_call_soon_threadsafe(loop, &handles[i], note_run, NULL) == 0)
			i++;
		atomic_fetch_add(&accepted, i);
	}
	return NULL;
}

static int publish(void *arg)
{
	(void)arg;
	atomic_store(&target, async_get_running_loop());
	return async_sleep(0.0005);
}

TEST_WITH_LIMIT(calls_to_a_loop_that_closes_run_or_are_refused, 20)
{
	pthread_t posters[2];

	for (int i = 0; i < 2; i++)
		CHECK_INT(pthread_create(&posters[i], NULL, post_until_closed, NULL), 0);
	for (int i = 0; i < 50; i++)
		CHECK_INT(async_run(publish, NULL), 0);
	atomic_store(&stop_posting, true);
	for (int i = 0; i < 2; i++)
		pthread_join(posters[i], NULL);
	CHECK(ran <= accepted);
}
