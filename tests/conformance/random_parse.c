/* SPDX-License-Identifier: MIT */
/* random_parse.c - a random program's text as an array of operations; a block knows its end. */
#include "tests/conformance/random.h"

#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

/* The words of a line: a name and numbers, then perhaps a brace. */
static void read_words(struct operation *op, char *line)
{
	char *rest, *word = strtok_r(line, " ", &rest);

	*op = (struct operation){ .name = format("%s", word) };
	while ((word = strtok_r(NULL, " ", &rest)) && word[0] != '{')
		op->args[op->arg_count++] = atoi(word);
}

static void open_block(int *open, int *depth, int at)
{
	CHECK(*depth < 16);
	open[(*depth)++] = at;
}

static void close_block(int at)
{
	struct operation *op = &machine.operations[at];

	op->end = machine.operation_count;
	if (strcmp(op->name, "function") == 0) {
		machine.functions[op->args[0]].start = at + 1;
		machine.functions[op->args[0]].end = op->end;
	} else if (strcmp(op->name, "then") == 0) {
		/* It belongs to the block before it. */
		int before = at - 1;

		while (machine.operations[before].then != at)
			before--;
		machine.operations[before].end = op->end;
	}
}

static void add(char *line, int number, int *open, int *depth)
{
	struct operation *op = &machine.operations[machine.operation_count];
	bool is_block = strchr(line, '{') != NULL;

	CHECK(machine.operation_count < MACHINE_LINES);
	read_words(op, line);
	op->number = number;
	if (is_block) {
		open_block(open, depth, machine.operation_count);
		op->block = block_find(op->name);
	} else {
		op->run = operation_find(op->name);
	}
	if (!op->run && !op->block && strcmp(op->name, "function") != 0 &&
	    strcmp(op->name, "then") != 0)
		FAIL("no operation is called %s", op->name);
	machine.operation_count++;
}

void machine_parse(const char *text)
{
	int open[16], depth = 0, number = 0;

	machine.operation_count = 0;
	while (strncmp(text, "  ", 2) == 0 && strncmp(text, "   [", 4) != 0) {
		size_t length = strcspn(text, "\n");
		char *line = format("%.*s", (int)length, text);

		line += strspn(line, " ");
		if (line[0] != '}') {
			add(line, number, open, &depth);
		} else {
			int at = open[--depth];

			close_block(at);
			if (strcmp(machine.operations[at].name, "finally") == 0)
				machine.operations[at].then = machine.operation_count;
		}
		number++;
		text += length + (text[length] == '\n');
	}
	CHECK_INT(depth, 0);
}
