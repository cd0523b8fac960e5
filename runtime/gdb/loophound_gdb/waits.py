# SPDX-License-Identifier: MIT
"""
waits.py - what a task waits for, in the words of runtime/dump/describe.c.

What in the library is a describe function beside each kind of wait is here a function of a few lines,
found by the kind's own words. Types are looked up in the file of the kind's describe function, for
the program may have a `struct sleep` of its own. A kind that is not here is told by its words alone.
"""
import gdb

from .program import SECOND, Damaged, copy_of, follow, offset_of, target_of, text_at

DESCRIBE = {}


def describes(*kinds):
    def add(function):
        for kind in kinds:
            DESCRIBE[kind] = function
        return function
    return add


class Wait:
    """The future that a task waits on, whose kind is known."""

    def __init__(self, task, kind):
        self.loop = task.loop
        self.future = int(task.value["waiting"])
        self.block = gdb.block_for_pc(int(kind["describe"])) if int(kind["describe"]) else None

    def type(self, name):
        if self.block is None:
            raise Damaged("no debug information")
        return gdb.lookup_type(name, self.block.static_block)

    def around(self, name, member):
        type_ = self.type(name)
        return copy_of(self.future - offset_of(type_, member), type_)

    def owner(self, name):
        """What a struct waiter queues for."""
        return copy_of(self.around("struct waiter", "future")["owner"], self.type(name))

    def until(self, when):
        return "%.1f s" % max((int(when) - self.loop.now) / SECOND, 0)

    def task_at(self, future):
        """The name of the task that a future is, or None."""
        task = self.loop.task_at(int(future))  # a task begins with its future
        return task.name if task else None


def _timer(wait, timer):
    return ", at most " + wait.until(timer["when"]) if timer["pending"] else ""


def _children(children):
    done, child = 0, children["list"]
    for i in range(int(children["count"])):
        one = target_of(child + i)
        if not one["repeated"] and str(target_of(one["future"])["state"]) != "ASYNC_PENDING":
            done += 1
    return " of %d, %d done" % (int(children["unique"]), done)


def _of_task(wait, future):
    name = wait.task_at(future)
    return " of " + name if name else ""


@describes("awaiting ")
def _task(wait):
    return wait.task_at(wait.future) or "a task that is gone"


@describes("sleep")
def _sleep(wait):
    return ", wakes in " + wait.until(wait.around("struct sleep", "future")["timer"]["when"])


@describes("gather")
def _gather(wait):
    return _children(wait.around("struct async_gathering", "outer")["children"])


@describes("wait")
def _wait(wait):
    whole = wait.around("struct wait", "waiter")
    return _children(whole["children"]) + _timer(wait, whole["limit"])


@describes("as_completed")
def _as_completed(wait):
    whole = wait.owner("struct async_completion")
    return _children(whole["children"]) + _timer(wait, whole["timer"])


@describes("shield")
def _shield(wait):
    return _of_task(wait, wait.around("struct async_shield", "outer")["inner"])


@describes("cancelled end")
def _ending(wait):
    return _of_task(wait, wait.around("struct ending", "waiter")["future"])


@describes("TaskGroup")
def _group(wait):
    group = wait.around("struct leaving", "completed")["group"]
    node, end = target_of(group)["members"]["next"], 0
    head = int(group) + offset_of(wait.type("struct async_task_group"), "members")
    for at in follow(node, lambda p: target_of(p)["next"]):
        if int(at) == head:
            break
        end += 1
    return ", %d task%s left" % (end, "" if end == 1 else "s")


@describes("Lock")
def _lock(wait):
    lock = wait.owner("struct async_lock")
    if not int(lock["acquired_by"]):
        return ""
    return ((" held by " if lock["locked"] else ", last held by ")
            + wait.loop.name_of_id(int(lock["acquired_by"])))


@describes("Queue.get", "Queue.put", "Queue.join")
def _queue(wait):
    queue = wait.owner("struct async_queue")
    return ", %d items, %d unfinished" % (int(queue["count"]), int(queue["unfinished"]))


@describes("Barrier")
def _barrier(wait):
    barrier = wait.owner("struct async_barrier")
    if str(barrier["state"]) == "ASYNC_BARRIER_FILLING":
        return ", %d of %d are here" % (int(barrier["count"]), int(barrier["parties"]))
    return ", %d of the last round still leave" % int(barrier["count"])


@describes("")
def _fd(wait):
    waiter = wait.around("struct fd_waiter", "future")
    wants = [target_of(waiter["wants"] + i) for i in range(int(waiter["count"]))]
    return " or ".join("%s fd %d" % ("readable" if str(w["direction"]) == "FD_READ" else "writable",
                                     int(w["fd"])) for w in wants)


@describes("subprocess")
def _process(wait):
    return " %d" % int(wait.owner("struct async_process")["child"]["pid"])


@describes("a thread")
def _thread(wait):
    job = target_of(wait.around("struct ticket", "future")["job"])
    address = int(job["fn"])
    block = gdb.block_for_pc(address)
    name = block.function.name if block and block.function else "%#x" % address
    queued = str(job["state"]) == "JOB_QUEUED"
    return " running " + name + (", queued: no thread is free" if queued else "")


@describes("look-up of ")
def _look_up(wait):
    owner = wait.around("struct waiter", "future")["owner"]
    return text_at(int(owner) + offset_of(wait.type("struct answer"), "name"))[:100]


# ---- A task's whole line -------------------------------------------------------------------------


def _wait_of(task):
    """In words; or None, when it does not wait for anything outside itself, and what it does."""
    if not task.started:
        return None, "not started"
    if task.state == "running":
        return None, "running" if task.is_current else "has started another task eagerly"
    pointer = task.value["waiting"]
    if not int(pointer) or str(target_of(pointer)["state"]) != "ASYNC_PENDING":
        return None, "ready"
    task.check_stack()
    pointer = target_of(pointer)["kind"]
    if not int(pointer):
        return "a future", ""
    kind = target_of(pointer)
    if int(kind["self"]) != int(pointer):
        raise Damaged("a kind of wait that there is not")
    what = text_at(kind["what"])
    more = DESCRIBE.get(what)
    return what + (more(Wait(task, kind)) if more else ""), ""


def _deadline(task):
    """The first that will end the wait, if nothing else does."""
    limits = follow(task.value["limit"], lambda p: target_of(p)["outer"])
    timers = [target_of(limit)["timer"] for limit in limits]
    whens = [int(timer["when"]) for timer in timers if timer["pending"]]
    if not whens:
        return ""
    return ", deadline in %.1f s" % max((min(whens) - task.loop.now) / SECOND, 0)


def describe(task):
    """`readable fd 9, 3.2 s, deadline in 6.8 s`; what is damaged says so."""
    try:
        wait, other = _wait_of(task)
        since = (task.loop.now - int(task.value["waiting_since"])) / SECOND
        text = other if wait is None else "%s, %.1f s" % (wait, max(since, 0))
        text += _deadline(task)
    except (Damaged, gdb.error) as damage:
        text = "unknown: %s" % damage
    if int(task.value["cancelling"]) or task.value["must_cancel"]:
        text += ", being cancelled"
    return text
