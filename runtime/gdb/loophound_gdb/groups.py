# SPDX-License-Identifier: MIT
"""
groups.py - which tasks have the same stack.

To unwind takes gdb 2 ms, too long for ten thousand tasks. So of each stack that was unwound it is kept
which words of it are return addresses. A stack that begins at the same pc, is as long, and has the
same return addresses in the same places is the same stack, whatever else is on it.
"""
import struct

from . import stacks
from .program import Damaged, read

WORD = 8


class _Known:
    """One unwound stack: its return addresses by their place, and the group that it is in."""

    def __init__(self, words, pcs, group):
        self.places = [(i, word) for i, word in enumerate(words) if word in pcs]
        self.group = group

    def fits(self, words):
        return all(words[i] == word for i, word in self.places)


def _words(task):
    context = task.value["context"]
    sp, top = int(context["sp"]), int(context["low"]) + int(context["size"])
    raw = read(sp, (top - sp) // WORD * WORD)
    return struct.unpack("<%dQ" % (len(raw) // WORD), raw)


def _pcs(task):
    with stacks.standing(task) as (frame, _):
        pcs = []
        while frame is not None:
            pcs.append(frame.pc())
            frame = frame.older()
    return tuple(pcs)


def _look(task):
    """What one could tell apart without the stack."""
    return (task.label, task.waiting_at if task.started else task.created_at, task.started)


def _group_of(task, known):
    look = _look(task)
    if not task.started:
        return look
    if stacks.thread_on(task):
        return look + (task.id,)
    try:
        stacks.registers_of(task)  # or it is damaged
        words = _words(task)
        alike = known.setdefault((look, int(task.value["context"]["pc"]), len(words)), [])
        for one in alike:
            if one.fits(words):
                return one.group
        pcs = _pcs(task)
    except Damaged:
        return look + (task.id,)
    alike.append(_Known(words, set(pcs), look + pcs))
    return alike[-1].group


def of_equal_stacks(tasks):
    """Lists of tasks, in the order of their first ones."""
    known, groups = {}, {}
    for task in tasks:
        groups.setdefault(_group_of(task, known), []).append(task)
    return groups.values()
