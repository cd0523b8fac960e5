/* SPDX-License-Identifier: MIT */
/*
 * dump.h - every task at a glance: what its files share. In the order in which a dump is made:
 *
 *     dump.c      what is asked for, and by whom
 *     snapshot.c  which tasks there are, and who waits for whom
 *     describe.c  what a task waits for, in words
 *     tree.c      the tree of who awaits whom, and its cycles
 *     stacks.c    the stacks, grouped
 *     print.c     the groups as text
 *
 * Two threads may ask. The loop's own, between turns or inside a call, reads memory as it is. The
 * watchdog's, when the loop is stuck, copies everything by system calls that fail instead of
 * faulting, since the loop may go on at any moment; then the dump says so and ends. Neither takes a
 * lock; what memory is needed is mapped for the occasion.
 */
#ifndef LOOPHOUND_RUNTIME_DUMP_DUMP_H
#define LOOPHOUND_RUNTIME_DUMP_DUMP_H

#include "runtime/symbol/maps.h"
#include "runtime/symbol/symbol.h"
#include "runtime/task.h"

enum {
	DUMP_LINE = 256,
	DUMP_FRAMES = 64,
	DUMP_STACK = 64 * 1024, /* bytes of a stack that are looked at */
	DUMP_TREE_LINES = 1000,
	DUMP_GROUPS = 256,	 /* that are printed */
	DUMP_FINGERPRINTS = 512, /* stacks that are unwound */
	DUMP_RANGES = 64,
	DUMP_CYCLES = 8,
	DUMP_PEEKS =
		4000000, /* for descriptions: a thousand tasks may wait for the same thousand */
	DUMP_NONE = -1,	 /* no index */
};

enum dump_visit { DUMP_NEW, DUMP_ON_PATH, DUMP_LEFT };

struct dump_entry {
	const struct task *task; /* of the loop: to be copied, never to be followed */
	uint64_t id;
	uint32_t first_edge, edges; /* whom it waits for: a stretch of dump->edges */

	/* tree.c */
	uint32_t next_edge;
	int32_t parent;
	uint8_t visit;
	bool awaited, shown;

	int32_t group; /* stacks.c; DUMP_NONE: of its own kind, or not looked at */
};

struct dump_group {
	uint64_t hash;
	int32_t first; /* index of an entry */
	uint32_t count;
};

/* What one asks for. */
struct dump_request {
	const struct async_loop *loop;
	int fd;
	bool tree, stacks;
	struct async_task *only; /* its stack alone; NULL: all */

	/* By the watchdog's thread: the slice in which the loop is stuck. 0: the loop's own thread. */
	uint32_t generation;
	const struct task *current;	    /* who runs; NULL: nobody, or a callback */
	const struct symbol_stack *running; /* where, if that is not in its context */
	struct symbols *symbols;	    /* NULL: to be made */
};

struct dump {
	struct dump_request request;
	int64_t now;
	uint64_t current_id; /* of the task that runs; 0: none does */
	bool moved;	     /* the loop went on under the watchdog's eyes */
	bool own_symbols;
	size_t mapped;

	/* snapshot.c: by id. */
	struct dump_entry *entries;
	uint32_t *edges; /* indices of entries */
	size_t count, capacity, edge_count, edge_capacity, edges_lost, peeks;

	/* tree.c: from waits for to, which waits, perhaps over others, for from. */
	struct {
		int32_t from, to;
	} cycles[DUMP_CYCLES];
	size_t cycle_count;

	/* stacks.c */
	struct symbol_frame frames[DUMP_FRAMES];
	struct dump_group groups[DUMP_FINGERPRINTS];
	struct {
		uint64_t fingerprint; /* 0: free */
		int32_t group;
	} seen[2 * DUMP_FINGERPRINTS]; /* an open hash table */
	size_t group_count, unwound;
	size_t skipped; /* tasks that came when so many stacks had been unwound already */
	struct maps_range code[DUMP_RANGES];
	size_t code_count;
	uintptr_t stack[DUMP_STACK / sizeof(uintptr_t)];

	/* out.c */
	size_t used;
	char text[4096];
};

/* ---- dump.c ---------------------------------------------------------------------------------- */

/* 0, or -ENOMEM. What it writes is lost where fd does not take it. */
int dump_make(const struct dump_request *request);
/* Made when they are first needed; NULL without memory. */
struct symbols *dump_symbols(struct dump *dump);
/* For SIGQUIT: does what was asked for unless the watchdog has done it. On the loop's thread. */
void dump_answer(struct async_loop *loop);

/* ---- out.c ----------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) void dump_say(struct dump *dump, const char *format, ...);
void dump_flush(struct dump *dump);

/* ---- snapshot.c ------------------------------------------------------------------------------ */

/* NULL without memory. */
struct dump *dump_open(const struct dump_request *request);
void dump_close(struct dump *dump);
bool dump_peek(const struct dump *dump, void *copy, const void *from, size_t size);
/* A text of the loop's, cut off; "?" where there is none. */
void dump_copy_text(const struct dump *dump, const char *from, char line[DUMP_LINE]);
/* A copy of an entry's task; false when it has ended meanwhile. */
bool dump_task(const struct dump *dump, size_t index, struct task *copy);
/* DUMP_NONE: no such task, or not any more. */
int32_t dump_find(const struct dump *dump, uint64_t id);
/* Notes whether the loop has moved, when it should not. */
bool dump_moved(struct dump *dump);

/* ---- describe.c ------------------------------------------------------------------------------ */

/* Calls edge for each task that this one waits for. */
void dump_edges(struct dump *dump, const struct task *task,
		void (*edge)(struct dump *dump, uint64_t id));
/* "readable fd 9, 127.0.0.1:8080" */
void dump_describe_wait(struct dump *dump, const struct task *task, char line[DUMP_LINE]);
/* The same, with since when and until when. */
void dump_describe(struct dump *dump, const struct task *task, char line[DUMP_LINE]);
/* `task 3 "b"` */
void dump_describe_name(struct dump *dump, uint64_t id, char line[DUMP_LINE]);

/* ---- tree.c ---------------------------------------------------------------------------------- */

/* Finds the cycles, and prints the tree on the way. */
void dump_tree(struct dump *dump, bool print);
/* A sentence for each cycle. */
void dump_cycles(struct dump *dump);

/* ---- stacks.c, print.c ----------------------------------------------------------------------- */

/* Puts each task into a group of those with the same stack. */
void dump_group(struct dump *dump);
/* Fills dump->frames from the task's stack; returns how many. */
size_t dump_unwind(struct dump *dump, const struct task *task);
void dump_print_groups(struct dump *dump);
void dump_print_task(struct dump *dump, size_t index);

#endif
