/* SPDX-License-Identifier: MIT */
/*
 * test_waiters.c - wake-ups meet cancellations (see waiters.h) at whatever the runtime has to wait for.
 *
 * The file is long because the table is: one primitive after the other.
 */
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runtime/base.h"
#include "runtime/loop.h"
#include "tests/harness.h"
#include "tests/waiters.h"

/* All that is waited on in any of the tests; each uses its own. */
struct world {
	struct async_lock lock;
	struct async_semaphore semaphore;
	struct async_condition condition;
	struct async_event event;
	struct async_barrier barrier;
	struct async_queue queue;
	struct async_future future;
	struct async_timer timer;
	struct async_task *child;
	struct async_process *process;
	struct async_future several[6];
	struct async_completion *completion;
	int completed;
	int items, pipe[2];
	sem_t gate, started;
};

/* ---- Locks and semaphores: who got it keeps it ------------------------------------------------ */

static void lock_prepare(struct world *world)
{
	CHECK_INT(async_lock_acquire(&world->lock), 0);
}

static int lock_wait(struct world *world)
{
	return async_lock_acquire(&world->lock);
}

static void lock_wake(struct world *world)
{
	CHECK_INT(async_lock_release(&world->lock), 0);
}

static int lock_spare(struct world *world)
{
	return !async_lock_locked(&world->lock);
}

static void semaphore_prepare(struct world *world)
{
	CHECK_INT(async_semaphore_init(&world->semaphore, 0), 0);
}

static void bounded_prepare(struct world *world)
{
	CHECK_INT(async_bounded_semaphore_init(&world->semaphore, 3), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(async_semaphore_acquire(&world->semaphore), 0);
}

static int semaphore_wait(struct world *world)
{
	return async_semaphore_acquire(&world->semaphore);
}

static void semaphore_wake(struct world *world)
{
	CHECK_INT(async_semaphore_release(&world->semaphore), 0);
}

static int semaphore_spare(struct world *world)
{
	return world->semaphore.value;
}

/* ---- Condition, event, barrier ---------------------------------------------------------------- */

static int has_items(void *world)
{
	return ((struct world *)world)->items > 0;
}

static int condition_wait(struct world *world)
{
	int rc = async_condition_acquire(&world->condition);

	if (rc < 0)
		return rc;
	rc = async_condition_wait_for(&world->condition, has_items, world);
	if (rc > 0)
		world->items--;
	CHECK_INT(async_condition_release(&world->condition), 0);
	return rc;
}

static void condition_wake(struct world *world)
{
	CHECK_INT(async_condition_acquire(&world->condition), 0);
	world->items++;
	CHECK_INT(async_condition_notify(&world->condition, 1), 0);
	CHECK_INT(async_condition_release(&world->condition), 0);
}

static int items_spare(struct world *world)
{
	return world->items;
}

static int event_wait(struct world *world)
{
	return async_event_wait(&world->event);
}

static void event_wake(struct world *world)
{
	async_event_set(&world->event);
	async_event_clear(&world->event);
}

static void barrier_prepare(struct world *world)
{
	CHECK_INT(async_barrier_init(&world->barrier, 3), 0);
}

static int barrier_wait(struct world *world)
{
	return async_barrier_wait(&world->barrier);
}

static int arrive(void *world)
{
	return barrier_wait(world);
}

static void barrier_again(struct world *world)
{
	CHECK_INT(world->barrier.count, 0);
	CHECK_INT(world->barrier.state, ASYNC_BARRIER_FILLING);
	CHECK_INT(async_spawn(arrive, world), 0);
	waiters_yield(2);
}

/* The last one passes at once; who is not the last has to wait elsewhere. */
static void barrier_wake(struct world *world)
{
	if (async_barrier_n_waiting(&world->barrier) == 2)
		CHECK_INT(async_barrier_wait(&world->barrier), 2);
	else
		CHECK_INT(async_spawn(arrive, world), 0);
}

/* ---- Queue: an item to get, room to put, all done --------------------------------------------- */

static int get_wait(struct world *world)
{
	void *item;

	return async_queue_get(&world->queue, &item);
}

static void get_wake(struct world *world)
{
	CHECK_INT(async_queue_put_nowait(&world->queue, "item"), 0);
}

static int get_spare(struct world *world)
{
	return (int)async_queue_qsize(&world->queue);
}

static void put_prepare(struct world *world)
{
	CHECK_INT(async_queue_init(&world->queue, 1), 0);
	CHECK_INT(async_queue_put_nowait(&world->queue, "first"), 0);
}

static int put_wait(struct world *world)
{
	return async_queue_put(&world->queue, "item");
}

static void put_wake(struct world *world)
{
	void *item;

	CHECK_INT(async_queue_get_nowait(&world->queue, &item), 0);
}

static int put_spare(struct world *world)
{
	return 1 - (int)async_queue_qsize(&world->queue);
}

static int all_done_wait(struct world *world)
{
	return async_queue_join(&world->queue);
}

static void all_done_wake(struct world *world)
{
	CHECK_INT(async_queue_task_done(&world->queue), 0);
}

static void queue_cleanup(struct world *world)
{
	async_queue_destroy(&world->queue);
}

/* ---- Futures, tasks, gather, sleep ------------------------------------------------------------ */

static void future_prepare(struct world *world)
{
	async_future_init(&world->future);
}

static int future_wait_for(struct world *world)
{
	return async_future_await(&world->future);
}

static void future_wake(struct world *world)
{
	async_future_set_result(&world->future, 7);
}

static int child(void *world)
{
	return future_wait_for(world);
}

static void child_prepare(struct world *world)
{
	future_prepare(world);
	world->child = async_create_task(child, world);
	CHECK(world->child != NULL);
	waiters_yield(2);
}

static int join_wait(struct world *world)
{
	return async_await(world->child);
}

static void join_wake(struct world *world)
{
	future_wake(world);
	waiters_yield(1);
}

static int gather_wait(struct world *world)
{
	return async_gather(&world->child, 1, ASYNC_RAISE, NULL);
}

static void gather_wake(struct world *world)
{
	future_wake(world);
	waiters_yield(2);
}

static void due(void *future)
{
	async_future_set_result(future, 0);
}

/* The timer that main waits for stands before those of the sleepers and has the same deadline. */
static void sleep_prepare(struct world *world)
{
	future_prepare(world);
	async_call_later(&world->timer, 1, due, &world->future);
}

static int sleep_wait(__attribute__((unused)) struct world *world)
{
	return async_sleep(1);
}

static void sleep_wake(struct world *world)
{
	CHECK_INT(async_future_await(&world->future), 0);
}

/* ---- From outside: an fd, a thread ------------------------------------------------------------ */

static void fd_prepare(struct world *world)
{
	CHECK_INT(pipe2(world->pipe, O_NONBLOCK), 0);
}

static int fd_wait_for(struct world *world)
{
	int rc = async_wait_readable(world->pipe[0]);
	char byte;

	return rc < 0 ? rc : (int)read(world->pipe[0], &byte, 1);
}

static void fd_wake(struct world *world)
{
	CHECK_INT(write(world->pipe[1], "x", 1), 1);
	waiters_yield(1);
}

static int fd_spare(struct world *world)
{
	int bytes = -1;

	CHECK_INT(ioctl(world->pipe[0], FIONREAD, &bytes), 0);
	return bytes;
}

static void fd_cleanup(struct world *world)
{
	struct async_counts counts;

	async_count(&counts);
	CHECK_INT(counts.fds, 0);
	close(world->pipe[0]);
	close(world->pipe[1]);
}

static void thread_prepare(struct world *world)
{
	sem_init(&world->gate, 0, 0);
	sem_init(&world->started, 0, 0);
}

static int pass_the_gate(void *arg)
{
	struct world *world = arg;

	sem_post(&world->started);
	sem_wait(&world->gate);
	return 1;
}

static int thread_wait(struct world *world)
{
	return async_to_thread(pass_the_gate, world);
}

/* A job that is still queued would not run at all. */
static void thread_begun(struct world *world)
{
	sem_wait(&world->started);
}

/* The job is back with the loop, which in two turns has told its waiter. */
static void thread_wake(struct world *world)
{
	sem_post(&world->gate);
	while (!atomic_load(&loop_current->has_posted))
		sched_yield();
	waiters_yield(2);
}

static void thread_cleanup(struct world *world)
{
	sem_destroy(&world->gate);
	sem_destroy(&world->started);
}

static void completion_prepare(struct world *world)
{
	struct async_future *futures[array_size(world->several)];

	for (size_t i = 0; i < array_size(futures); i++)
		async_future_init(futures[i] = &world->several[i]);
	world->completion =
		async_as_completed_futures(futures, array_size(futures), ASYNC_NO_TIMEOUT);
	CHECK(world->completion != NULL);
}

static int completion_wait(struct world *world)
{
	return async_as_completed_next(world->completion, NULL);
}

/* A future's callback runs a turn later, and with it the wake-up. */
static void completion_wake(struct world *world)
{
	CHECK_INT(async_future_set_result(&world->several[world->completed++], 0), 0);
	waiters_yield(1);
}

static void completion_cleanup(struct world *world)
{
	async_as_completed_end(world->completion);
}

static void process_prepare(struct world *world)
{
	const char *const argv[] = { "cat", NULL };
	const struct async_process_options options = { .stdin_from = ASYNC_PIPE };

	CHECK_INT(async_create_subprocess_exec(&world->process, argv, &options), 0);
}

static int process_wait(struct world *world)
{
	return async_process_wait(world->process, NULL);
}

/* Until the loop has noticed its end, whose waiters run a turn later at the earliest. */
static void process_wake(struct world *world)
{
	CHECK_INT(async_process_close_pipe(world->process, 0), 0);
	while (!async_process_returncode(world->process, NULL))
		waiters_yield(1);
}

static void process_cleanup(struct world *world)
{
	async_process_close(world->process);
}

/* ---- The table -------------------------------------------------------------------------------- */

/* clang-format off */
static const struct primitive primitives[] = {
	/* A and B by meeting: wake cancel, cancel wake, wake turn cancel, cancel turn wake */
	{ "lock", "ccgc", "ggwg", .prepare = lock_prepare,
	  .wait = lock_wait, .wake = lock_wake, .spare = lock_spare },
	{ "semaphore", "ccgc", "ggwg", .prepare = semaphore_prepare,
	  .wait = semaphore_wait, .wake = semaphore_wake, .spare = semaphore_spare },
	{ "bounded semaphore", "ccgc", "ggwg", .prepare = bounded_prepare,
	  .wait = semaphore_wait, .wake = semaphore_wake, .spare = semaphore_spare },
	{ "condition", "ccgc", "ggwg",
	  .wait = condition_wait, .wake = condition_wake, .spare = items_spare },
	{ "event", "ccgc", "gggg", .wait = event_wait, .wake = event_wake },
	{ "barrier", "ccgc", "gggw", .prepare = barrier_prepare,
	  .wait = barrier_wait, .wake = barrier_wake, .again = barrier_again },
	{ "queue get", "ccgc", "ggwg",
	  .wait = get_wait, .wake = get_wake, .spare = get_spare, .cleanup = queue_cleanup },
	{ "queue put", "ccgc", "ggwg", .prepare = put_prepare,
	  .wait = put_wait, .wake = put_wake, .spare = put_spare, .cleanup = queue_cleanup },
	{ "queue join", "ccgc", "gggg", .prepare = get_wake, .wait = all_done_wait,
	  .wake = all_done_wake, .again = get_wake, .cleanup = queue_cleanup },
	/* To cancel who awaits a future is to cancel the future, for all who await it. */
	{ "future", "ccgc", "gcgc", .prepare = future_prepare,
	  .wait = future_wait_for, .wake = future_wake, .again = future_prepare },
	{ "join", "ccgc", "gcgc", .prepare = child_prepare,
	  .wait = join_wait, .wake = join_wake, .again = child_prepare },
	{ "gather", "ccgc", "gcgc", .prepare = child_prepare,
	  .wait = gather_wait, .wake = gather_wake, .again = child_prepare },
	{ "sleep", "ccgc", "gggg", .prepare = sleep_prepare,
	  .wait = sleep_wait, .wake = sleep_wake, .again = sleep_prepare },
	{ "fd wait", "ccgc", NULL, .prepare = fd_prepare,
	  .wait = fd_wait_for, .wake = fd_wake, .spare = fd_spare, .cleanup = fd_cleanup },
	{ "to_thread", "ccgc", NULL, .prepare = thread_prepare,
	  .wait = thread_wait, .begun = thread_begun, .wake = thread_wake,
	  .cleanup = thread_cleanup },
	{ "as_completed", "ccgc", "ggwg", .prepare = completion_prepare,
	  .wait = completion_wait, .wake = completion_wake, .cleanup = completion_cleanup },
	{ "process", "ccgc", "gggg", .prepare = process_prepare,
	  .wait = process_wait, .wake = process_wake, .cleanup = process_cleanup },
};
/* clang-format on */

TEST(a_wake_up_and_a_cancel_meet_in_every_order_and_none_is_lost_or_doubled)
{
	waiters_meet_in_order(primitives, array_size(primitives), sizeof(struct world));
}

TEST_WITH_LIMIT(whatever_the_order_of_the_ready_queue_no_wake_up_is_lost, 20)
{
	waiters_meet_shuffled(primitives, array_size(primitives), sizeof(struct world));
}
