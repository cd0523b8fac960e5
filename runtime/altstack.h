/* SPDX-License-Identifier: MIT */
/*
 * altstack.h - a stack for signal handlers, one per thread, shared by those who need it. A
 * coroutine's stack may have no room left for a handler's frame, which is some KiB by itself.
 */
#ifndef LOOPHOUND_RUNTIME_ALTSTACK_H
#define LOOPHOUND_RUNTIME_ALTSTACK_H

/*
 * Sees to it that the calling thread has one; whatever is there already will do. 0 or a negative
 * errno. The last of the drops, or the thread's end, gives back what the first hold made.
 */
int altstack_hold(void);
void altstack_drop(void);

#endif
