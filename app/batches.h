/* SPDX-License-Identifier: MIT */
/*
 * batches.h - records on their way out, gathered into batches by one loop. The sink has one of these,
 * and each loop that is not the sink's has one of its own, whose batches it hands over as they are.
 *
 *     struct text *out = batches_begin(batches);
 *     ... append one record and its line end, without suspending ...
 *     batches_end(batches);
 *
 * A record counts as pending from here until it is written, wherever it is meanwhile.
 */
#ifndef LOOPHOUND_APP_BATCHES_H
#define LOOPHOUND_APP_BATCHES_H

#include <stdatomic.h>

#include "app/text.h"
#include "runtime/async.h"

/* A batch takes no further record once it has so many bytes. */
#define BATCHES_SIZE ((size_t)64 * 1024)

struct batch {
	struct async_list node;
	struct text text;
};

struct batches {
	atomic_size_t *pending; /* bytes of all loops that are not written yet */
	/* There is another record; must not suspend. */
	void (*added)(void *arg);
	void *arg;
	bool refusing; /* what comes is dropped: nobody would write it */

	struct async_list list;
	size_t queued;	      /* bytes in it */
	struct batch *spare;  /* saves an allocation a batch */
	size_t record;	      /* where the record being built begins in the last batch */
	struct text nowhere;  /* where records go without memory, or refused */
	struct text *current; /* between begin and end */
};

/* Where the next record is appended. Never NULL. Nothing may suspend before batches_end(). */
struct text *batches_begin(struct batches *batches);
/* 0, or ASYNC_ENOMEM when the text had failed: then the record is not there. */
int batches_end(struct batches *batches);
/* Takes over a text of whole records that was built elsewhere; *text is empty afterwards. */
int batches_take(struct batches *batches, struct text *text);

/* The first batch, taken out of the list; NULL: none. Its bytes stay pending until batches_done(). */
struct batch *batches_first(struct batches *batches);
void batches_done(struct batches *batches, struct batch *batch);
/* All that another loop has gathered, size bytes in all; refused, it is done at once. */
void batches_receive(struct batches *batches, struct async_list *list, size_t size);
/* From now on everything is dropped, and so is what is there. */
void batches_refuse(struct batches *batches);
/* With what is still there. */
void batches_free(struct batches *batches);

#endif
