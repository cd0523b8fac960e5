# SPDX-License-Identifier: MIT
"""
commands.py - what one types, and how the answers look.

A task is named by its id or its name; where several loops are open, LOOP.ID names one of them, and
an id alone all that have it. What is after the name goes to gdb's own backtrace: -full, -no-filters.
"""
import re

import gdb
import gdb.unwinder

from . import groups, stacks, waits
from .program import Damaged, loops

RANGES_SHOWN = 8


# ---- Text ----------------------------------------------------------------------------------------


def _head(loop):
    thread = "thread %d" % loop.thread.num if loop.thread else "a thread that gdb does not name"
    count = len(loop.tasks)
    return "loop %d, in %s%s: %d task%s" % (
        loop.number, thread, "" if loop.value["running"] else ", not running", count,
        "" if count == 1 else "s")


def _created(task):
    place, by = task.created_at, int(task.value["created_by"])
    return "%s %s%s" % ("at" if ":" in place else "by", place,
                        " by " + task.loop.name_of_id(by) if by else "")


def _line(task):
    at = " at %s" % task.waiting_at if task.state == "waiting" else ""
    return "%s [%s]%s, created %s" % (task.name, waits.describe(task), at, _created(task))


def _frames(task, options):
    """gdb's own backtrace, without the frames before the task's first."""
    with stacks.standing(task) as (_, hidden):
        text = gdb.execute("backtrace %s" % options, to_string=True)
    frames = re.split(r"(?m)^(?=#\d+ )", text)
    return "".join(f for f in frames if not re.match(r"#\d+ ", f) or int(f[1:].split()[0]) >= hidden)


def _stack(task, options):
    if not task.started:
        return ""
    try:
        return _frames(task, options)
    except Damaged as damage:
        return "    no stack: %s\n" % damage


def _print_stack(task, options):
    print("%s [%s]:" % (task.name, waits.describe(task)))
    print(_stack(task, options), end="")
    print("    created to run %s %s" % (task.label, _created(task)))


def _ranges(ids):
    """18-21 30"""
    ranges = []
    for id_ in ids:
        if ranges and ranges[-1][1] == id_ - 1:
            ranges[-1][1] = id_
        else:
            ranges.append([id_, id_])
    shown = ["%d" % a if a == b else "%d-%d" % (a, b) for a, b in ranges[:RANGES_SHOWN]]
    return " ".join(shown + (["..."] if len(ranges) > RANGES_SHOWN else []))


def _print_groups(loop, options):
    for tasks in groups.of_equal_stacks(loop.tasks):
        print()
        _print_stack(tasks[0], options)
        if len(tasks) > 1:
            print("    and %d more with this stack: %s" % (
                len(tasks) - 1, _ranges([task.id for task in tasks[1:]])))


# ---- Commands ------------------------------------------------------------------------------------


def _all_loops():
    found, damages = loops()
    for damage in damages:
        print(damage)
    if not found and not damages:
        print("no loop is open")
    return found


def _print_damages(loop):
    for damage in loop.damages:
        print("  " + damage)


def _named(name):
    """The tasks that a name or number means."""
    number = re.fullmatch(r"(?:(\d+)\.)?(\d+)", name)
    found = []
    for loop in _all_loops():
        for task in loop.tasks:
            if number and number[1] in (None, str(loop.number)) and task.id == int(number[2]):
                found.append(task)
            elif not number and task.own_name == name.strip('"'):
                found.append(task)
    if not found:
        raise gdb.GdbError("no task %s; `async tasks` lists them" % name)
    return found


class Async(gdb.Command):
    """The coroutines of loophound: tasks, their waits and their stacks."""

    def __init__(self):
        super().__init__("async", gdb.COMMAND_STACK, prefix=True)


class Tasks(gdb.Command):
    """List all tasks: what each waits for, since when, where; and where it was created.

Usage: async tasks"""

    def __init__(self):
        super().__init__("async tasks", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        for loop in _all_loops():
            print(_head(loop))
            for task in loop.tasks:
                print("  " + _line(task))
            _print_damages(loop)


class Backtrace(gdb.Command):
    """Print the stack of a task, suspended or not; or of all, equal ones once.

Usage: async bt ID|LOOP.ID|NAME|all [OPTION]...

Options are those of `backtrace`, such as -full. Frames are numbered as after `async frame`."""

    def __init__(self):
        super().__init__("async bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        words = argument.split(None, 1)
        if not words:
            raise gdb.GdbError("which task? An id, a name, or all.")
        options = words[1] if len(words) > 1 else ""
        if words[0] == "all":
            for loop in _all_loops():
                print(_head(loop))
                _print_damages(loop)
                _print_groups(loop, options)
        else:
            for task in _named(words[0]):
                _print_stack(task, options)


class Frame(gdb.Command):
    """Select a task's stack: then `up`, `info locals` and the like work in it.

Usage: async frame [ID|LOOP.ID|NAME]

The thread seems to stand there until it goes on, or until `async frame` without a task. Use that
before you step."""

    def __init__(self):
        super().__init__("async frame", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        stacks.leave()
        if argument:
            self._select(argument.strip())
        gdb.execute("frame")

    def _select(self, name):
        task = _named(name)
        if len(task) > 1:
            raise gdb.GdbError("that is %s: which one?" % ", ".join(t.name for t in task))
        thread = stacks.thread_on(task[0])
        try:
            if thread:
                thread.switch()
            elif task[0].started:
                stacks.at_its_wait(task[0], stacks.enter(task[0])).select()
            else:
                raise Damaged("it has not started")
        except Damaged as damage:
            raise gdb.GdbError("no stack: %s" % damage) from None


def register():
    gdb.unwinder.register_unwinder(None, stacks.DETOUR, replace=True)
    gdb.events.cont.connect(lambda event: stacks.leave() if stacks.is_entered() else None)
    for command in (Async, Tasks, Backtrace, Frame):
        command()
