# SPDX-License-Identifier: MIT
"""
stacks.py - the frames of a suspended task.

gdb unwinds from a thread's registers outwards. An Unwinder may tell it who called a frame; ours says
of the thread's innermost frame, while a task is looked at, that it was called from where the task was
suspended. From there gdb goes on by itself, by CFI, with inlined functions and variables, and ends
at the trampoline, which says that nobody called it. The frames before that one are the thread's own,
and hidden.

A context notes sp, the frame pointer and pc, whatever the backend. The other registers that a callee
must keep matter for variables: context_asm's CFI describes them, the others have saved them for
longjmp or setcontext. glibc mangles only what is noted anyway.
"""
import contextlib

import gdb
import gdb.unwinder

from .program import Damaged, copy_of

# Names of pc, sp, frame pointer; where registers are in glibc's __jmpbuf, and in gregs.
MACHINES = {
    "i386:x86-64": (("rip", "rsp", "rbp"),
                    {"rbx": 0, "r12": 2, "r13": 3, "r14": 4, "r15": 5},
                    {"rbx": 11, "r12": 4, "r13": 5, "r14": 6, "r15": 7}),
    "aarch64": (("pc", "sp", "x29"), {}, {}),
}


def _machine():
    name = gdb.selected_inferior().architecture().name()
    if name not in MACHINES:
        raise gdb.GdbError("stacks of tasks are not known on %s" % name)
    return MACHINES[name]


def _kept(context):
    """The registers that a backend has saved, by name."""
    _, in_jump, in_ucontext = _machine()
    switch = gdb.lookup_global_symbol("context_backend_switch")
    if switch is None or not int(context["saved"]):
        return {}
    block = switch.symtab.static_block()
    if switch.symtab.filename.endswith("context_ucontext.c"):
        saved = copy_of(context["saved"], gdb.lookup_type("struct registers", block))
        words, places = saved["jump"][0]["__jmpbuf"], in_jump
    else:
        saved = copy_of(context["saved"], gdb.lookup_type("ucontext_t", block).strip_typedefs())
        words, places = saved["uc_mcontext"]["gregs"], in_ucontext
    return {name: int(words[i]) for name, i in places.items()}


def registers_of(task):
    """Of a suspended task; what cannot be the registers of one is damaged."""
    context = task.value["context"]
    low, size, sp = int(context["low"]), int(context["size"]), int(context["sp"])
    if not low <= sp < low + size or not int(context["pc"]):
        raise Damaged("its registers are not those of its stack: sp %#x, pc %#x, stack %#x-%#x" % (
            sp, int(context["pc"]), low, low + size))
    task.check_stack()
    names = _machine()[0]
    registers = dict(zip(names, (int(context["pc"]), sp, int(context["bp"]))))
    try:
        registers.update(_kept(context))
    except (Damaged, gdb.error):
        pass  # frames are found without them
    return registers


# ---- The unwinder --------------------------------------------------------------------------------


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class Detour(gdb.unwinder.Unwinder):
    """From the innermost frame of a thread to a suspended task."""

    def __init__(self):
        super().__init__("loophound")
        self.start = self.registers = None

    def __call__(self, pending):
        if self.registers is None:
            return None
        pc, sp = (pending.read_register(name) for name in _machine()[0][:2])
        if (int(pc), int(sp)) != self.start:
            return None
        # gdb wants callers further up: a frame that is to be called from there seems just below.
        info = pending.create_unwind_info(FrameId(gdb.Value(self.registers[_machine()[0][1]] - 16)
                                                  .cast(sp.type), pc))
        for name, value in self.registers.items():
            info.add_saved_register(name, gdb.Value(value).cast(pending.read_register(name).type))
        return info

    def turn(self, start, registers):
        self.start, self.registers = start, registers
        gdb.invalidate_cached_frames()


DETOUR = Detour()


def _here():
    """pc and sp of the selected thread; the frame that begins there may be an inlined function's."""
    frame = gdb.newest_frame()
    return tuple(int(frame.read_register(name)) for name in _machine()[0][:2])


def enter(task):
    """Makes the selected thread seem to stand where the task does. Returns the task's first frame."""
    registers = registers_of(task)
    DETOUR.turn(None, None)
    DETOUR.turn(_here(), registers)
    frame = gdb.newest_frame()
    pc, sp = (registers[name] for name in _machine()[0][:2])
    while frame is not None and (frame.pc(), int(frame.read_register(_machine()[0][1]))) != (pc, sp):
        frame = frame.older()
    if frame is None:
        leave()
        raise Damaged("gdb does not find its first frame")
    return frame


def at_its_wait(task, frame):
    """The program's own frame that waits, by the place that the task has noted; or the one given."""
    at = frame
    while at is not None:
        sal = at.find_sal()
        if sal.symtab and "%s:%d" % (sal.symtab.filename, sal.line) == task.waiting_at:
            return at
        at = at.older()
    return frame


def leave():
    DETOUR.turn(None, None)


def is_entered():
    return DETOUR.registers is not None


@contextlib.contextmanager
def entered(task):
    """The same for a while: afterwards the thread, the frame and a task entered before are back."""
    frame, start, registers = gdb.selected_frame(), DETOUR.start, DETOUR.registers
    try:
        yield enter(task)
    finally:
        DETOUR.turn(start, registers)
        frame.select()


# ---- A task that runs ----------------------------------------------------------------------------


@contextlib.contextmanager
def _selected(thread):
    before, frame = gdb.selected_thread(), gdb.selected_frame()
    try:
        thread.switch()
        yield
    finally:
        before.switch()
        frame.select()


def _stands_on(thread, task):
    low = int(task.value["context"]["low"])
    with _selected(thread):
        start, registers = DETOUR.start, DETOUR.registers
        DETOUR.turn(None, None)
        try:
            return low <= _here()[1] < low + int(task.value["context"]["size"])
        finally:
            DETOUR.turn(start, registers)


def thread_on(task):
    """
    The thread whose registers are the task's: until it has switched away, those in its context are
    old. None for a suspended task. It may also run on the stack of a signal handler.
    """
    if not task.is_current:
        return None
    thread = task.loop.thread
    threads = [thread] if thread else gdb.selected_inferior().threads()
    on = next((t for t in threads if _stands_on(t, task)), None)
    return on or (thread if task.state == "running" else None)


@contextlib.contextmanager
def standing(task):
    """
    With the task's stack as the selected thread's; gives its first frame, and how many before it are
    not the task's.
    """
    thread = thread_on(task)
    with _selected(thread) if thread else entered(task) as first:
        first, hidden = first or gdb.newest_frame(), 0
        frame = gdb.newest_frame()
        while frame is not None and frame != first:
            frame, hidden = frame.older(), hidden + 1
        yield first, hidden
