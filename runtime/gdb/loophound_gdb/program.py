# SPDX-License-Identifier: MIT
"""
program.py - the loops and tasks of the program that gdb looks at.

All of it is read by the types in the library's debug information. Loops are on one list, and tasks
in their loop's slabs (slab.c): neither is ever unmapped, so both can be read whatever the program is
in the middle of. Still nothing is believed: memory may be missing from a core file, or overwritten.
What cannot be true raises Damaged, says so where it would have been printed, and the rest goes on.
"""
import time

import gdb

STATES = ("free", "ready", "running", "waiting", "done")  # enum task_state, in task.h
TEXT_MAX = 255
PAGE = 4096
SECOND = 1e9


class Damaged(Exception):
    """Something in the program's memory is not what it ought to be."""


def read(address, size):
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size))
    except (gdb.MemoryError, OverflowError):
        raise Damaged("no memory at %#x" % address) from None


def text_at(pointer):
    """A text of the program's, cut off, fit to print; "?" where there is none."""
    address = int(pointer)
    try:
        raw = read(address, TEXT_MAX)
    except Damaged:
        try:
            raw = read(address, PAGE - address % PAGE)  # it may end with its page
        except Damaged:
            return "?"
    text = raw.split(b"\0", 1)[0].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "?" for c in text)


def copy_of(pointer_or_address, type_):
    """A struct, copied from the program in one go."""
    return gdb.Value(read(int(pointer_or_address), type_.sizeof), type_)


def target_of(pointer):
    return copy_of(pointer, pointer.type.strip_typedefs().target().strip_typedefs())


def offset_of(type_, member):
    return next(f.bitpos // 8 for f in type_.fields() if f.name == member)


def follow(first, step):
    """Along a chain of pointers, which may have been bent into a circle."""
    seen = set()
    while int(first):
        if int(first) in seen:
            raise Damaged("a list of the library runs in a circle at %#x" % int(first))
        seen.add(int(first))
        yield first
        first = step(first)


class Task:
    def __init__(self, loop, address, value):
        self.loop, self.address, self.value = loop, address, value
        self.id = int(value["id"])
        self.started = bool(value["started"])

    @property
    def state(self):
        return STATES[int(self.value["state"])]

    @property
    def is_current(self):
        return int(self.loop.value["current"]) == self.address

    @property
    def own_name(self):
        pointer = self.value["name"]
        return text_at(pointer)[:31] if int(pointer) else "Task-%d" % self.id

    @property
    def name(self):
        return 'task %s "%s"' % (self.shown_id, self.own_name)

    @property
    def shown_id(self):
        return "%d.%d" % (self.loop.number, self.id) if self.loop.one_of_many else str(self.id)

    def check_stack(self):
        """
        What a task is to run stands at the top of its stack, until it ends. gdb's own core files end
        each mapping at its first guard page and have zeroes beyond; the kernel's have all of it.
        """
        top = int(self.value["context"]["low"]) + int(self.value["context"]["size"])
        if self.started and not any(read(top, 8)):
            raise Damaged("its stack is not in this core file" if _is_core() else
                          "its stack is overwritten at the top, %#x" % top)

    @property
    def waiting_at(self):
        return text_at(self.value["waiting_at"])

    @property
    def created_at(self):
        return text_at(self.value["created_at"])

    @property
    def label(self):
        return text_at(self.value["label"])


class Loop:
    def __init__(self, number, pointer):
        self.number, self.address = number, int(pointer)
        self.value = target_of(pointer)
        self.one_of_many = False
        self.thread = _thread_of(int(self.value["thread"]))
        self.tasks, self.damages = [], []
        self._read_tasks()
        self._by_id = {task.id: task for task in self.tasks}
        self._by_address = {task.address: task for task in self.tasks}
        self.now = self._read_clock()

    def _read_tasks(self):
        """By id; and what was found where a task should have been."""
        chunk_type = gdb.lookup_type("struct slab_chunk")
        try:
            for chunk in follow(self.value["chunks"], lambda c: copy_of(c, chunk_type)["next"]):
                self._read_chunk(int(chunk), chunk_type)
        except Damaged as damage:
            self.damages.append("the list of tasks is cut off: %s" % damage)
        self.tasks.sort(key=lambda task: task.id)

    def _read_chunk(self, address, chunk_type):
        blocks = copy_of(address, chunk_type)["tasks"]
        at = address + offset_of(chunk_type, "tasks")
        for i in range(blocks.type.range()[1] + 1):
            self._take_block(at + i * blocks[i].type.sizeof, blocks[i])

    def _take_block(self, address, value):
        state = int(value["state"])
        if state < len(STATES) and (STATES[state] in ("free", "done") or int(value["id"]) == 0):
            return
        if (state >= len(STATES) or int(value["loop"]) != self.address
                or int(value["id"]) > int(self.value["next_id"])):
            self.damages.append("the task at %#x is damaged: state %d, id %d, loop %#x" % (
                address, state, int(value["id"]), int(value["loop"])))
            return
        self.tasks.append(Task(self, address, value))

    def task_at(self, address):
        return self._by_address.get(address)

    def name_of_id(self, id_):
        task = self._by_id.get(id_)
        return task.name if task else "task %d" % id_

    def _read_clock(self):
        """Of a living program what the clock says; else as its loop has read it last."""
        if self.value["virtual_clock"]:
            return int(self.value["virtual_now"])
        last = max([int(self.value["clock"])] + [int(t.value["waiting_since"]) for t in self.tasks])
        if not _is_core():
            return max(last, time.clock_gettime_ns(time.CLOCK_MONOTONIC))
        return last


def _is_core():
    """Or far away, with another clock."""
    connection = gdb.selected_inferior().connection
    return connection is None or connection.type != "native"


def _thread_of(handle):
    """The thread that a pthread_t is; None without libthread_db, or when it is gone."""
    for thread in gdb.selected_inferior().threads():
        try:
            if int.from_bytes(thread.handle(), "little") == handle:
                return thread
        except (gdb.error, AttributeError):
            return None
    return None


def _first_block():
    symbol = gdb.lookup_global_symbol("loop_blocks")
    if symbol is not None and symbol.type.target().strip_typedefs().fields():
        return symbol.value()
    try:
        gdb.parse_and_eval("(long)&async_run")
    except gdb.error:
        raise gdb.GdbError("loophound is not in this program, or not yet: is it started?") from None
    raise gdb.GdbError("loophound is here without its debug information, which tells where its tasks"
                       " are: it was stripped, or built without -g.")


def loops():
    """Those that are open, in the order in which they were made; and what was wrong with others."""
    found, damages = [], []
    try:
        pointers = list(follow(_first_block(), lambda p: target_of(p)["next_block"]))
    except Damaged as damage:
        raise gdb.GdbError("the list of loops cannot be read: %s" % damage) from None
    for number, pointer in enumerate(reversed(pointers), 1):
        try:
            if not target_of(pointer)["closed"]:
                found.append(Loop(number, pointer))
        except Damaged as damage:
            damages.append("loop %d cannot be read: %s" % (number, damage))
    for loop in found:
        loop.one_of_many = len(found) > 1
    return found, damages
