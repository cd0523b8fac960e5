/* SPDX-License-Identifier: MIT */
/*
 * test_gdb.c - gdb sees coroutines: tasks and stacks of a program that is stopped anywhere, of a core
 * file, of several loops. Built twice, with and without optimisation.
 *
 * The tests named debuggee_* are the program that gdb looks at. They end by themselves when nobody
 * does. `after` is written to behind each call, which keeps it from becoming a tail call.
 * Long, because that program and what gdb says of it have to be one binary.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/harness.h"

#define NOT_INLINED __attribute__((noinline))
#define INLINED static inline __attribute__((always_inline))

enum { WORKERS = 4, KEPT = 4710 };

static atomic_int after;

/* ---- The program ----------------------------------------------------------------------------- */

static int far_pipe[2], quiet_pipe[2], looked_pipe[2];
static sem_t far_is_there, all_are_there;
static struct async_lock lock;
static struct async_event never;

NOT_INLINED void debuggee_breakpoint(void)
{
	__asm__ volatile("" ::: "memory");
	if (getenv("DEBUGGEE_DIES"))
		abort();
}

NOT_INLINED static int innermost(double seconds)
{
	int rc = async_sleep(seconds);

	after++;
	return rc;
}

INLINED int inlined(double seconds)
{
	int rc = innermost(seconds);

	after++;
	return rc;
}

/* The value is in a register here, and of unknown origin to the compiler. */
#define IN_REGISTER(value) __asm__ volatile("" : "+r"(value))

/* As many as the machine has registers that a callee keeps; all are needed after the call. */
NOT_INLINED static int outer(double seconds)
{
	int kept = after + 1, kept2 = after + 2, kept3 = after + 3;
	int kept4 = after + 4, kept5 = after + 5, kept6 = after + 6;
	int rc;

	IN_REGISTER(kept);
	IN_REGISTER(kept2);
	IN_REGISTER(kept3);
	IN_REGISTER(kept4);
	IN_REGISTER(kept5);
	IN_REGISTER(kept6);
	rc = inlined(seconds);
	after += kept + kept2 * kept3 - kept4 * kept5 + kept6;
	return rc;
}

static int sleeper(void *arg)
{
	int rc;

	(void)arg;
	after = KEPT;
	rc = outer(1000);
	after++;
	return rc;
}

static int holder(void *arg)
{
	int rc = async_lock_acquire(&lock);

	(void)arg;
	if (rc == 0)
		rc = async_event_wait(&never);
	after++;
	async_lock_release(&lock);
	return rc;
}

static int reader(void *arg)
{
	struct async_timeout limit;
	int rc;

	(void)arg;
	async_timeout_begin(&limit, 500);
	rc = async_wait_readable(quiet_pipe[0]);
	after++;
	return async_timeout_end(&limit, rc);
}

static int locked_out(void *arg)
{
	int rc = 0;

	(void)arg;
	while (rc == 0 && !async_lock_locked(&lock))
		rc = async_sleep(0);
	if (rc == 0)
		rc = async_lock_acquire(&lock);
	if (rc == 0)
		async_lock_release(&lock);
	return rc;
}

static int worker(void *arg)
{
	int rc = async_event_wait(&never);

	(void)arg;
	after++;
	return rc;
}

static int grouped(void *arg)
{
	struct async_task *tasks[WORKERS];
	int rc;

	(void)arg;
	for (int i = 0; i < WORKERS; i++)
		tasks[i] = async_create_task(worker, NULL);
	rc = async_gather(tasks, WORKERS, ASYNC_RAISE, NULL);
	after++;
	return rc;
}

static void post(void *semaphore)
{
	sem_post(semaphore);
}

#define START(called, fn) \
	async_create_task_with(fn, NULL, &(struct async_task_options){ .name = called })

/* Says that it is there when it stands at its wait. */
static int far_main(void *arg)
{
	struct async_task *task = START("far", sleeper);
	struct async_handle handle = { 0 };
	int rc;

	(void)arg;
	async_sleep(0);
	async_call_soon(&handle, post, &far_is_there);
	rc = async_wait_readable(far_pipe[0]);
	async_cancel(task);
	return rc;
}

static void *run_far(void *arg)
{
	CHECK(async_run(far_main, arg) >= 0);
	return NULL;
}

/* Where the program is stopped. */
enum place { IN_A_COROUTINE, IN_THE_LOOP, IN_ANOTHER_THREAD };

static void *look(void *arg)
{
	sem_wait(&all_are_there);
	debuggee_breakpoint();
	CHECK_INT(write(looked_pipe[1], "", 1), 1);
	return arg;
}

static void look_between(void *arg)
{
	(void)arg;
	debuggee_breakpoint();
	async_blocking("a byte into an empty pipe", 0)
		CHECK_INT(write(looked_pipe[1], "", 1), 1);
}

NOT_INLINED static int look_here(void)
{
	struct async_task *task = START("newborn", worker);

	debuggee_breakpoint();
	after++;
	return task ? 0 : -1;
}

static int near_main(void *arg)
{
	enum place place = *(enum place *)arg;
	struct async_task *tasks[] = { START("sleeper", sleeper), START("reader", reader),
				       START("holder", holder), START("locked out", locked_out),
				       START("group", grouped) };
	struct async_handle handle = { 0 };

	CHECK(tasks[0] != NULL);
	/* Each has come to its place, in whatever order they run. */
	for (int i = 0; i < 10; i++)
		async_sleep(0);
	if (place == IN_A_COROUTINE)
		return look_here();
	async_call_soon(&handle, place == IN_THE_LOOP ? look_between : post, &all_are_there);
	return async_wait_readable(looked_pipe[0]);
}

static void run_at(enum place place)
{
	pthread_t far, looker;

	CHECK_INT(pipe(far_pipe) | pipe(quiet_pipe) | pipe(looked_pipe), 0);
	sem_init(&far_is_there, 0, 0);
	sem_init(&all_are_there, 0, 0);
	CHECK_INT(pthread_create(&far, NULL, run_far, NULL), 0);
	sem_wait(&far_is_there);
	if (place == IN_ANOTHER_THREAD)
		CHECK_INT(pthread_create(&looker, NULL, look, NULL), 0);
	CHECK(async_run(near_main, &place) >= 0);
	if (place == IN_ANOTHER_THREAD)
		pthread_join(looker, NULL);
	async_blocking("a byte into an empty pipe", 0)
		CHECK_INT(write(far_pipe[1], "", 1), 1);
	pthread_join(far, NULL);
	for (int end = 0; end < 2; end++) {
		close(far_pipe[end]);
		close(quiet_pipe[end]);
		close(looked_pipe[end]);
	}
}

TEST(debuggee_in_a_coroutine)
{
	run_at(IN_A_COROUTINE);
}

TEST(debuggee_in_the_loop)
{
	run_at(IN_THE_LOOP);
}

TEST(debuggee_in_another_thread)
{
	run_at(IN_ANOTHER_THREAD);
}

/* ---- What gdb says --------------------------------------------------------------------------- */

#define COMMANDS                                                                                \
	"-ex", "echo [tasks]\\n", "-ex", "async tasks", "-ex", "echo [sleeper]\\n", "-ex",      \
		"async bt sleeper -full", "-ex", "echo [all]\\n", "-ex", "async bt all", "-ex", \
		"echo [frame]\\n", "-ex", "async frame sleeper", "-ex", "info frame", "-ex",    \
		"async frame", "-ex", "echo [end]\\n"
#define START_UP                                                            \
	"gdb", "-batch", "-nx", "-ex", "set debuginfod enabled off", "-ex", \
		format("source %s", in_source("runtime/gdb/loophound-gdb.py"))
#define STOP_AT \
	"-ex", "set disable-randomization off", "-ex", "break debuggee_breakpoint", "-ex", "run"

static const char *self(void)
{
	static char path[4096];
	ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);

	CHECK(size > 0);
	path[size] = '\0';
	return path;
}

static const char *run_gdb(const char *const *argv)
{
	/* The strict guard works by a signal, at which gdb would stop. */
	struct program gdb = { .argv = argv,
			       .env = ARGV("LOOPHOUND_WATCHDOG=limit=100ms"),
			       .limit = 40 };

	if (!have_program("gdb"))
		SKIP("no gdb");
	if (UNDER_ASAN || UNDER_TSAN || under_valgrind())
		NOT_HERE("gdb would see the tool");
	run_program(&gdb);
	printf("%s\n%s\n", gdb.out, gdb.err);
	if (strstr(gdb.err, "ptrace: Operation not permitted"))
		SKIP("ptrace is forbidden here");
	CHECK(strstr(gdb.err, "Python Exception") == NULL);
	CHECK(strstr(gdb.err, "Error occurred in Python") == NULL);
	return format("%s%s", gdb.out, gdb.err);
}

/* What stands between [name] and the next such mark. */
static const char *part(const char *text, const char *name)
{
	const char *from = strstr(text, format("\n[%s]\n", name)), *to;

	if (!from)
		FAIL("no part %s", name);
	from += strlen(name) + 3;
	to = strstr(from, "\n[");
	return format("%.*s", to ? (int)(to - from + 1) : (int)strlen(from), from);
}

static void check_in_order(const char *text, const char *const *words)
{
	for (; *words; words++) {
		CHECK_CONTAINS(text, *words);
		text = strstr(text, *words) + strlen(*words);
	}
}

static void check_tasks(const char *text)
{
	check_in_order(text, ARGV("loop 1, in ", ": 2 tasks\n", "  task 1.1 \"main\" [readable fd ",
				  "  task 1.2 \"far\" [sleep, wakes in ", "] at tests/test_gdb.c:",
				  ", created at tests/test_gdb.c:", " by task 1.1 \"main\"\n"));
	check_in_order(strstr(text, "loop 2, "),
		       ARGV("  task 2.2 \"sleeper\" [sleep, wakes in ",
			    "  task 2.3 \"reader\" [readable fd ", ", deadline in ",
			    "  task 2.4 \"holder\" [Event, ",
			    "  task 2.5 \"locked out\" [Lock held by task 2.4 \"holder\", ",
			    "  task 2.6 \"group\" [gather of 4, 0 done, ",
			    "  task 2.7 \"Task-7\" [Event, "));
}

/* Locals whose values were in registers. */
static void check_kept(const char *text)
{
	static const char *const names[] = { "kept", "kept2", "kept3", "kept4", "kept5", "kept6" };

	for (int i = 0; i < 6; i++)
		CHECK_CONTAINS(text, format("        %s = %d\n", names[i], KEPT + 1 + i));
}

/* All of the sleeper's frames, and nothing before and beyond them. */
static void check_sleeper(const char *text)
{
	check_in_order(text, ARGV("task 2.2 \"sleeper\" [sleep, wakes in ", "\n#1 ",
				  "async_sleep_at", "innermost (", " at tests/test_gdb.c:",
				  "inlined (", "outer (", "kept = ", "sleeper (", "task_main (",
				  "context_main (", "context_trampoline",
				  "    created to run sleeper at tests/test_gdb.c:"));
	check_kept(text);
	CHECK(strstr(text, "#0 ") == NULL);
	CHECK(strstr(text, "?? ()") == NULL);
	CHECK(strstr(text, "Backtrace stopped") == NULL);
}

static void check_all(const char *text)
{
	check_tasks(part(text, "tasks"));
	check_sleeper(part(text, "sleeper"));
	check_in_order(part(text, "all"),
		       ARGV("loop 1, ", "\ntask 1.2 \"far\" [", "sleeper (", "\nloop 2, ",
			    "\ntask 2.5 \"locked out\" [", "async_lock_acquire_at (",
			    "locked_out (", "\ntask 2.7 \"Task-7\" [", "worker (",
			    "    and 3 more with this stack: 8-10\n"));
	check_in_order(part(text, "frame"),
		       ARGV("innermost (", "tests/test_gdb.c", "caller of frame"));
}

static const char *look_at(const char *test)
{
	return run_gdb(
		ARGV(START_UP, STOP_AT, COMMANDS, "-ex", "kill", "--args", self(), "-d", test));
}

TEST_WITH_LIMIT(gdb_sees_the_tasks_of_a_program_stopped_in_a_coroutine, 60)
{
	const char *text = look_at("debuggee_in_a_coroutine");

	check_all(text);
	CHECK_CONTAINS(part(text, "tasks"),
		       "  task 2.1 \"main\" [running], created by async_run\n");
	CHECK_CONTAINS(part(text, "tasks"), "  task 2.11 \"newborn\" [not started], created at ");
	check_in_order(part(text, "all"),
		       ARGV("task 2.1 \"main\" [running]:\n#0 ", "debuggee_breakpoint", "look_here",
			    "near_main", "context_trampoline",
			    "    created to run main by async_run",
			    "task 2.11 \"newborn\" [not started]:\n    created to run worker at "));
}

TEST_WITH_LIMIT(gdb_sees_the_tasks_of_a_program_stopped_in_its_loop, 60)
{
	check_all(look_at("debuggee_in_the_loop"));
}

TEST_WITH_LIMIT(gdb_sees_the_tasks_of_a_program_stopped_in_another_thread, 60)
{
	check_all(look_at("debuggee_in_another_thread"));
}

/* Guard pages inside a mapping end what gdb puts into a core file: then that is said. */
TEST_WITH_LIMIT(gdb_sees_the_tasks_in_a_core_file_that_it_has_made, 90)
{
	const char *core = temp_path("core.gdb"), *text;

	run_gdb(ARGV(START_UP, STOP_AT, "-ex", format("generate-core-file %s", core), "-ex", "kill",
		     "--args", self(), "-d", "debuggee_in_the_loop"));
	text = run_gdb(ARGV(START_UP, COMMANDS, self(), core));
	if (!strstr(text, "its stack is not in this core file")) {
		check_all(text);
		return;
	}
	CHECK_CONTAINS(part(text, "tasks"),
		       "task 2.2 \"sleeper\" [unknown: its stack is not in this core file] at ");
	CHECK_CONTAINS(part(text, "all"), "    no stack: its stack is not in this core file\n"
					  "    created to run ");
}

static const char *core_in(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	const char *core = NULL;

	CHECK(dir != NULL);
	while ((entry = readdir(dir)))
		if (strncmp(entry->d_name, "core", 4) == 0)
			core = temp_path(entry->d_name);
	closedir(dir);
	return core;
}

TEST_WITH_LIMIT(gdb_sees_the_tasks_in_a_core_file_of_a_program_that_died, 60)
{
	struct program victim = {
		.argv = ARGV("sh", "-c", "ulimit -c unlimited && exec \"$0\" \"$@\"", self(), "-d",
			     "debuggee_in_a_coroutine"),
		.env = ARGV("DEBUGGEE_DIES=1"),
		.dir = temp_dir(),
	};
	const char *core;

	run_program(&victim);
	core = core_in(temp_dir());
	if (!core)
		NOT_HERE("the system keeps core files elsewhere, or makes none");
	check_all(run_gdb(ARGV(START_UP, COMMANDS, self(), core)));
}

/* ---- What is wrong is said ------------------------------------------------------------------- */

#define OVERWRITE(name, place)                                                                  \
	"-ex", "python t = next(t for l in loophound_gdb.program.loops()[0] for t in l.tasks "  \
	       "if t.own_name == '" name "'); gdb.selected_inferior().write_memory("            \
	       "t.address + [f.bitpos // 8 for f in t.value.type.fields() if f.name == '" place \
	       "'][0], b'\\x4d' * 8)"

TEST_WITH_LIMIT(a_damaged_task_says_so_and_the_others_are_listed, 60)
{
	const char *text =
		run_gdb(ARGV(START_UP, STOP_AT, OVERWRITE("reader", "waiting"),
			     OVERWRITE("holder", "context"), OVERWRITE("group", "created_at"),
			     OVERWRITE("Task-8", "loop"), OVERWRITE("Task-9", "name"), COMMANDS,
			     "-ex", "kill", "--args", self(), "-d", "debuggee_in_the_loop"));

	check_in_order(part(text, "tasks"),
		       ARGV("\"sleeper\" [sleep, wakes in ",
			    "\"reader\" [unknown: no memory at 0x4d4d", "\"holder\" [Event, ",
			    "\"group\" [gather of 4", "created by ?", "\"Task-7\" [Event, ",
			    "task 2.9 \"?\" [Event, ", "\"Task-10\" [Event, ", "  the task at 0x",
			    " is damaged: ", "loop 0x4d4d4d4d4d4d4d4d"));
	check_sleeper(part(text, "sleeper"));
	check_in_order(part(text, "all"),
		       ARGV("\"holder\" [",
			    "    no stack: its registers are not those of its stack: "
			    "sp 0x4d4d4d4d4d4d4d4d",
			    "\"Task-7\" [", "    and 2 more with this stack: 9-10\n"));
}

TEST_WITH_LIMIT(a_list_of_tasks_that_is_torn_is_told_up_to_there, 60)
{
	const char *text = run_gdb(
		ARGV(START_UP, STOP_AT, "-ex",
		     "python l = loophound_gdb.program.loops()[0][1]; "
		     "gdb.selected_inferior().write_memory(int(l.value['chunks']), b'\\x4d' * 8)",
		     "-ex", "echo [tasks]\\n", "-ex", "async tasks", "-ex", "kill", "--args",
		     self(), "-d", "debuggee_in_the_loop"));

	check_tasks(part(text, "tasks"));
	CHECK_CONTAINS(part(text, "tasks"), "  the list of tasks is cut off: no memory at 0x4d4d");
}

TEST_WITH_LIMIT(without_debug_information_one_sentence_says_so, 60)
{
	const char *bare = temp_path("bare");
	struct program strip = { .argv = ARGV("strip", "-g", "-o", bare, self()) };

	if (!have_program("strip"))
		SKIP("no strip");
	run_program(&strip);
	CHECK_INT(strip.status, 0);
	CHECK_CONTAINS(run_gdb(ARGV(START_UP, "-ex", "async tasks", bare)),
		       "loophound is here without its debug information");
	CHECK_CONTAINS(run_gdb(ARGV(START_UP, "-ex", "async bt all")),
		       "loophound is not in this program");
}

TEST_WITH_LIMIT(a_task_that_there_is_not_is_an_error_of_one_line, 60)
{
	const char *text =
		run_gdb(ARGV(START_UP, STOP_AT, "-ex", "async bt 3.1", "-ex", "async bt nobody",
			     "-ex", "async bt", "-ex", "async frame 1", "-ex", "async frame 2.11",
			     "-ex", "kill", "--args", self(), "-d", "debuggee_in_a_coroutine"));

	CHECK_CONTAINS(text, "no task 3.1; `async tasks` lists them\n");
	CHECK_CONTAINS(text, "no task nobody; `async tasks` lists them\n");
	CHECK_CONTAINS(text, "which task? An id, a name, or all.\n");
	CHECK_CONTAINS(text, "that is task 1.1 \"main\", task 2.1 \"main\": which one?\n");
	CHECK_CONTAINS(text, "no stack: it has not started\n");
}
