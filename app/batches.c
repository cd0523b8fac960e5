/* SPDX-License-Identifier: MIT */
/* batches.c - see batches.h. Records are appended to the last batch, the first one goes out. */
#include "app/batches.h"

#include <stdlib.h>

#include "runtime/list.h"

/* A batch that once held a large record is not kept. */
#define KEPT (2 * BATCHES_SIZE)

static void count(const struct batches *batches, size_t size)
{
	atomic_fetch_add_explicit(batches->pending, size, memory_order_relaxed);
}

static void discount(const struct batches *batches, size_t size)
{
	atomic_fetch_sub_explicit(batches->pending, size, memory_order_relaxed);
}

static struct batch *of(struct async_list *node)
{
	return container_of(node, struct batch, node);
}

static struct batch *add_batch(struct batches *batches)
{
	struct batch *batch = batches->spare ? batches->spare : calloc(1, sizeof *batch);

	batches->spare = NULL;
	if (batch)
		list_append(&batches->list, &batch->node);
	return batch;
}

struct text *batches_begin(struct batches *batches)
{
	struct batch *batch = NULL;

	if (!list_empty(&batches->list))
		batch = of(batches->list.prev);
	if (!batches->refusing && (!batch || batch->text.length >= BATCHES_SIZE))
		batch = add_batch(batches);
	if (!batch) {
		batches->nowhere.length = 0;
		batches->nowhere.failed = true;
	}
	batches->current = batch ? &batch->text : &batches->nowhere;
	batches->record = batches->current->length;
	return batches->current;
}

static void announce(struct batches *batches, size_t size)
{
	batches->queued += size;
	count(batches, size);
	batches->added(batches->arg);
}

int batches_end(struct batches *batches)
{
	struct text *text = batches->current;

	if (batches->refusing)
		return 0;
	if (text->failed) {
		text->failed = false;
		text->length = batches->record;
		return ASYNC_ENOMEM;
	}
	announce(batches, text->length - batches->record);
	return 0;
}

int batches_take(struct batches *batches, struct text *text)
{
	struct batch *batch = batches->refusing ? NULL : calloc(1, sizeof *batch);

	if (!batch || text->failed) {
		free(batch);
		text_free(text);
		return batches->refusing ? 0 : ASYNC_ENOMEM;
	}
	batch->text = *text;
	*text = (struct text){ 0 };
	list_append(&batches->list, &batch->node);
	announce(batches, batch->text.length);
	return 0;
}

struct batch *batches_first(struct batches *batches)
{
	struct async_list *node = list_take(&batches->list);

	if (node)
		batches->queued -= of(node)->text.length;
	return node ? of(node) : NULL;
}

void batches_done(struct batches *batches, struct batch *batch)
{
	discount(batches, batch->text.length);
	if (batch->text.capacity > KEPT)
		text_free(&batch->text);
	batch->text.length = 0;
	batch->text.failed = false;
	if (!batches->spare) {
		batches->spare = batch;
		return;
	}
	text_free(&batch->text);
	free(batch);
}

static void drop_all(struct batches *batches)
{
	struct batch *batch;

	while ((batch = batches_first(batches)))
		batches_done(batches, batch);
}

void batches_receive(struct batches *batches, struct async_list *list, size_t size)
{
	list_splice(&batches->list, list);
	batches->queued += size;
	if (batches->refusing)
		drop_all(batches);
	else if (size)
		batches->added(batches->arg);
}

void batches_refuse(struct batches *batches)
{
	batches->refusing = true;
	drop_all(batches);
}

void batches_free(struct batches *batches)
{
	drop_all(batches);
	if (batches->spare)
		text_free(&batches->spare->text);
	free(batches->spare);
	batches->spare = NULL;
	text_free(&batches->nowhere);
}
