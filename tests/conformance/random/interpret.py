#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random programs (generate.py) on asyncio, with the virtual clock of ../asyncio_probe.py.

usage: interpret.py FIRST COUNT      prints each program of these seeds and its trace
       interpret.py FILE             the same for the programs in it, which have names

A line of the trace is "[loop iteration@milliseconds] task.line event". A program whose order CPython
leaves open (two timers for the same moment) is left out. A task group walks through a set when it
cancels; here it walks in the order of creation, as ours does.
"""
import asyncio
import contextvars
import os
import sys
from asyncio.base_events import _run_until_complete_cb

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from asyncio_probe import VLoop  # noqa: E402
from generate import program  # noqa: E402

MESSAGES = [None, "m", "n"]
STEPS = 400
CE = asyncio.CancelledError


class Ambiguous(Exception):
    pass


class Loop(VLoop):
    ambiguous = False

    def call_at(self, when, callback, *args, context=None):
        for handle in self._scheduled:
            if not handle.cancelled() and abs(handle._when - when) < 1e-6:
                self.ambiguous = True
        return super().call_at(when, callback, *args, context=context)


class Ordered(dict):
    """A set that remembers the order."""

    def add(self, item):
        self[item] = None

    def discard(self, item):
        self.pop(item, None)


class Group(asyncio.TaskGroup):
    def __init__(self):
        super().__init__()
        self._tasks = Ordered()


def describe(e, leaf=False):
    if isinstance(e, CE):
        return f"CancelledError({', '.join(map(repr, e.args))})" if leaf else "CancelledError"
    if isinstance(e, BaseExceptionGroup):
        return "Group(" + ", ".join(describe(x) for x in e.exceptions) + ")"
    if isinstance(e, ValueError) and e.args and isinstance(e.args[0], int):
        return f"ValueError({e.args[0]})"
    return type(e).__name__


def status(t):
    if t is None:
        return "none"
    if not t.done():
        return "pending"
    if t.cancelled():
        return "cancelled"
    e = t.exception()
    return f"raised {describe(e)}" if e else f"result {t.result()}"


def parse(lines):
    """A line's number is its place in the program; a block is (number, words, inside, after)."""
    position = 0

    def block():
        nonlocal position
        ops = []
        while position < len(lines):
            number, words = position, lines[position].split()
            position += 1
            if words[0] == "}":
                break
            inside = block() if words[-1] == "{" else None
            after = None
            if words[0] == "finally":
                position += 1
                after = block()
            ops.append((number, words[0], [int(w) for w in words[1:] if w != "{"], inside, after))
        return ops

    return {op[2][0]: op[3] for op in block()}


class Frame:
    def __init__(self, name, f):
        self.name, self.f, self.groups, self.timeouts, self.value = name, f, [], [], None


class Machine:
    def __init__(self, lines, loop):
        self.functions = parse(lines)
        self.loop, self.out, self.steps = loop, [], 0
        self.slots = [None] * 6
        self.tasks, self.count, self.items = [], 0, 0
        self.base = 0
        self.events = [asyncio.Event() for _ in range(2)]
        self.locks = [asyncio.Lock() for _ in range(2)]
        self.semaphores = [asyncio.Semaphore(1), asyncio.BoundedSemaphore(2)]
        self.cond = asyncio.Condition()
        self.queues = [asyncio.Queue(1), asyncio.LifoQueue(2), asyncio.PriorityQueue()]
        self.barrier_ = asyncio.Barrier(2)
        self.futures = [loop.create_future() for _ in range(3)]
        self.callbacks = [[] for _ in range(3)]
        self.timer, self.cancellations = None, {}
        self.outer, self.until = None, None
        self.locals = [contextvars.ContextVar(name, default=0) for name in ("a", "b")]

    def seconds(self, ms):
        """No two for the same moment, if two tasks run the same operation."""
        return (ms + self.steps) / 1000 if ms else 0

    def log(self, text):
        self.out.append(f"[{self.loop.tick - self.base}@{round(self.loop.now * 1000)}] {text}")

    def create(self, f, how):
        self.count += 1
        frame = Frame(f"t{self.count}", f)
        place = len(self.tasks)
        self.tasks.append(None)
        coroutine = self.task(frame, f)
        try:
            t = how(coroutine)
        except BaseException:
            coroutine.close()
            raise
        self.tasks[place] = self.slots[f] = t
        return frame.name

    async def task(self, frame, f):
        self.log(f"{frame.name} starts f{f}")
        try:
            value = await self.function(frame, f)
        except BaseException as e:
            self.log(f"{frame.name} ends {describe(e)}")
            raise
        self.log(f"{frame.name} ends {value}")
        return value

    async def function(self, frame, f):
        inner = Frame(frame.name, f)
        await self.block(inner, self.functions[f])
        return inner.value or 0

    async def block(self, frame, ops):
        """Until its end, or until the function has a value."""
        for number, name, args, inside, after in ops:
            self.steps += 1
            if self.steps > STEPS:
                raise ValueError(99)
            where = f"{frame.name}.{number}"
            if inside is not None:
                await getattr(self, "block_" + name)(frame, where, args, inside, after)
                if frame.value is not None:
                    return
                continue
            if name == "return":
                self.log(f"{where} return {args[0]}")
                frame.value = args[0]
                return
            try:
                result = getattr(self, "op_" + name)(frame, *args)
                if asyncio.iscoroutine(result):
                    result = await result
            except BaseException as e:
                if isinstance(e, CE):
                    self.cancellations[frame.name] = self.cancellations.get(frame.name, 0) + 1
                self.log(f"{where} {name} {describe(e, name not in ('call', 'call_for'))}")
                raise
            self.log(f"{where} {name}" + ("" if result is None or result == "" else f" {result}"))

    # ---- Blocks

    async def block_try(self, frame, where, args, inside, after):
        kinds = (BaseException, CE, Exception)[args[0]]
        try:
            await self.block(frame, inside)
        except kinds as e:
            self.log(f"{where} caught {describe(e)}")

    async def block_finally(self, frame, where, args, inside, after):
        try:
            await self.block(frame, inside)
        except CE:
            # Here the first cancellation goes on, with its message; a code has only the last one's.
            before = self.cancellations.get(frame.name, 0)
            self.log(f"{where} finally")
            await self.block(frame, after)
            if self.cancellations.get(frame.name, 0) != before:
                self.loop.ambiguous = True
            frame.value = None
            raise
        except BaseException:
            self.log(f"{where} finally")
            await self.block(frame, after)
            frame.value = None
            raise
        else:
            value, frame.value = frame.value, None
            self.log(f"{where} finally")
            await self.block(frame, after)
            if frame.value is None:
                frame.value = value

    async def within(self, frame, where, manager, inside, stack=None):
        entered = False
        try:
            async with manager:
                entered = True
                self.log(f"{where} enters")
                if stack is not None:
                    stack.append(manager)
                try:
                    await self.block(frame, inside)
                finally:
                    if stack is not None:
                        stack.pop()
        except BaseException as e:
            frame.value = None
            self.log(f"{where} {'exits' if entered else 'fails'} {describe(e)}")
            raise
        self.log(f"{where} exits")

    async def block_timeout(self, frame, where, args, inside, after):
        if args[0] == 0 and asyncio.current_task()._must_cancel:
            self.loop.ambiguous = True  # gh-134471, which differs on purpose
        await self.within(frame, where, asyncio.timeout(self.seconds(args[0])), inside, frame.timeouts)

    async def block_group(self, frame, where, args, inside, after):
        await self.within(frame, where, Group(), inside, frame.groups)

    async def block_lock(self, frame, where, args, inside, after):
        await self.within(frame, where, self.locks[args[0]], inside)

    async def block_semaphore(self, frame, where, args, inside, after):
        await self.within(frame, where, self.semaphores[args[0]], inside)

    async def block_condition(self, frame, where, args, inside, after):
        await self.within(frame, where, self.cond, inside)

    # ---- Tasks

    async def op_sleep(self, frame, ms):
        await asyncio.sleep(self.seconds(ms))

    def op_spawn(self, frame, f):
        return self.create(f, asyncio.create_task)

    def op_eager(self, frame, f):
        return self.create(f, lambda c: asyncio.Task(c, loop=self.loop, eager_start=True))

    def op_member(self, frame, f):
        return self.create(f, frame.groups[-1].create_task) if frame.groups else "none"

    def op_eager_member(self, frame, f):
        if not frame.groups:
            return "none"
        def factory(loop, coroutine, **options):
            loop.set_task_factory(None)  # for this one only
            return asyncio.Task(coroutine, loop=loop, eager_start=True, **options)

        self.loop.set_task_factory(factory)
        try:
            return self.create(f, frame.groups[-1].create_task)
        finally:
            self.loop.set_task_factory(None)

    async def op_await(self, frame, s):
        return await self.slots[s] if self.slots[s] else "none"

    async def op_call(self, frame, f):
        return await self.function(frame, f)

    async def op_call_for(self, frame, f, ms):
        return await asyncio.wait_for(self.function(frame, f), self.seconds(ms))

    def op_raise(self, frame, k):
        raise ValueError(k)

    def op_status(self, frame, s):
        return status(self.slots[s])

    def op_cancel(self, frame, s, m):
        return self.cancel(self.slots[s], m)

    def cancel(self, t, m):
        return int(t.cancel(*MESSAGES[m:m + 1] if m else ())) if t else "none"

    def op_cancel_self(self, frame):
        return int(asyncio.current_task().cancel())

    def op_uncancel(self, frame):
        return f"{asyncio.current_task().cancelling()} {asyncio.current_task().uncancel()}"

    def op_local_set(self, frame, v, value):
        self.locals[v].set(value)

    def op_local_get(self, frame, v):
        return self.locals[v].get()

    def op_stop(self, frame, s):
        self.until = self.slots[s]
        self.loop.stop()

    # ---- Waiting

    def many(self, slots):
        return [self.slots[s] for s in slots if self.slots[s]]

    async def op_wait(self, frame, when, ms, *slots):
        tasks = self.many(slots)
        if not tasks:
            return "none"
        whens = (asyncio.ALL_COMPLETED, asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION)
        done, pending = await asyncio.wait(tasks, return_when=whens[when], timeout=self.seconds(ms) or None)
        return f"{len(done)} {len(pending)}"

    async def op_shield(self, frame, s):
        return await asyncio.shield(self.slots[s]) if self.slots[s] else "none"

    async def op_wait_for(self, frame, s, ms):
        return await asyncio.wait_for(self.slots[s], self.seconds(ms)) if self.slots[s] else "none"

    async def op_completed(self, frame, ms, *slots):
        tasks, got = self.many(slots), []
        if not tasks:
            return "none"
        if len({t for t in tasks if t.done()}) > 1:
            return "done"  # in the order of a set
        all = asyncio.as_completed(tasks, timeout=self.seconds(ms) or None)
        try:
            async for t in all:
                self.log(f"{frame.name} completed {tasks.index(t)}")
                got.append(status(t))
        finally:
            if all._timeout_handle:  # async_as_completed_end() does; here it would fire for nothing
                all._timeout_handle.cancel()
        return "/".join(got)

    def results(self, values):
        return " ".join(describe(v) if isinstance(v, BaseException) else str(v) for v in values)

    async def op_gather(self, frame, mode, *slots):
        return self.results(await asyncio.gather(*self.many(slots), return_exceptions=bool(mode)))

    def op_gathering(self, frame, mode, *slots):
        tasks = self.many(slots)
        if self.outer or not tasks:
            return "none"
        self.outer = asyncio.gather(*tasks, return_exceptions=bool(mode))
        self.outer_slot = min(slots)

    async def op_gathering_await(self, frame):
        """Not by one who is waited for: a circle."""
        if not self.outer or frame.f >= self.outer_slot:
            return "none"
        return self.results(await self.outer)

    def op_gathering_cancel(self, frame, m):
        return self.cancel(self.outer, m)

    def op_reschedule(self, frame, ms):
        if not frame.timeouts:
            return "none"
        if frame.timeouts[-1].expired():
            return "expired"  # an error here, misuse there
        frame.timeouts[-1].reschedule(self.loop.time() + self.seconds(ms))

    # ---- Synchronisation

    async def op_event_wait(self, frame, e):
        await self.events[e].wait()

    def op_event_set(self, frame, e):
        self.events[e].set()

    def op_event_clear(self, frame, e):
        self.events[e].clear()

    async def op_condition_wait(self, frame):
        await self.cond.wait()

    def op_notify(self, frame, n):
        self.cond.notify(n)

    def item(self):
        self.items += 1
        return self.items

    async def op_put(self, frame, q):
        await self.queues[q].put(self.item())

    async def op_get(self, frame, q):
        return await self.queues[q].get()

    def op_put_nowait(self, frame, q):
        self.queues[q].put_nowait(self.item())

    def op_get_nowait(self, frame, q):
        return self.queues[q].get_nowait()

    def op_task_done(self, frame, q):
        self.queues[q].task_done()

    async def op_join(self, frame, q):
        await self.queues[q].join()

    def op_queue_shutdown(self, frame, q, immediate):
        self.queues[q].shutdown(bool(immediate))

    async def op_barrier(self, frame):
        return await self.barrier_.wait()

    async def op_barrier_reset(self, frame):
        await self.barrier_.reset()

    async def op_barrier_abort(self, frame):
        await self.barrier_.abort()

    # ---- Futures and callbacks

    async def op_future_await(self, frame, k):
        return await self.futures[k]

    async def op_future_limit(self, frame, k, ms):
        return await asyncio.wait_for(self.futures[k], self.seconds(ms))

    async def op_future_shield(self, frame, k):
        return await asyncio.shield(self.futures[k])

    def op_future_result(self, frame, k, value):
        self.futures[k].set_result(value)

    def op_future_exception(self, frame, k, value):
        self.futures[k].set_exception(ValueError(value))

    def op_future_cancel(self, frame, k, m):
        return self.cancel(self.futures[k], m)

    def action(self, act, arg):
        """Numbered as it was made, so that each callback has a name."""
        self.count += 1
        name = f"c{self.count}"

        def run(*_):
            if act == 1:
                self.log(f"{name} cancels {self.cancel(self.slots[arg], 0)}")
            elif act == 2:
                self.events[0].set()
                self.log(f"{name} sets")
            elif act == 3:
                done = self.futures[0].done()
                if not done:
                    self.futures[0].set_result(arg)
                self.log(f"{name} completes {int(not done)}")
            else:
                self.log(f"{name} runs")

        return name, run

    def op_future_callback(self, frame, k, act, arg):
        name, run = self.action(act, arg)
        self.futures[k].add_done_callback(run)
        self.callbacks[k].append(run)
        return name

    def op_future_remove(self, frame, k):
        if not self.callbacks[k]:
            return "none"
        return self.futures[k].remove_done_callback(self.callbacks[k].pop())

    def op_task_callback(self, frame, s, act, arg):
        if not self.slots[s]:
            return "none"
        name, run = self.action(act, arg)
        self.slots[s].add_done_callback(run)
        return name

    def op_soon(self, frame, act, arg):
        name, run = self.action(act, arg)
        self.loop.call_soon(run)
        return name

    def op_later(self, frame, ms, act, arg):
        name, run = self.action(act, arg)
        self.timer = self.loop.call_later(self.seconds(ms), run)
        return name

    def op_later_cancel(self, frame):
        if not self.timer:
            return "none"
        self.timer.cancel()

    # ---- The whole

    async def drive(self):
        """Main is a task like the others; whatever waits for ever is cancelled, in order, again and again."""
        self.base = self.loop.tick
        self.create(0, asyncio.create_task)
        for _ in range(20):
            await asyncio.sleep(1000)
            left = [t for t in self.tasks if t and not t.done()]
            if not left:
                break
            self.log(f"driver cancels {len(left)}")
            for t in left:
                t.cancel()
        for i, t in enumerate(self.tasks):
            self.log(f"#{i} {status(t)}" + (f" {t.cancelling()}" if t else ""))


def run_from_outside(loop, machine):
    """The driver, and when it is stopped, the task that the stop named before it goes on."""
    driver = loop.create_task(machine.drive())
    while not driver.done():
        t, machine.until = machine.until, None
        try:
            loop.run_until_complete(t or driver)
        except CE as e:
            if e.args:  # taken from the task, as by an await; in C whoever ran the loop asks the task for it
                loop.ambiguous = True
        except Exception:
            pass
        if any(handle._callback is _run_until_complete_cb for handle in loop._ready):
            loop.ambiguous = True  # stopped in the turn in which it was done: here the next run is stopped, too
        if t or not driver.done():
            machine.log(f"until {status(t)}" if t else "stopped")
    driver.result()


def run(lines):
    loop = Loop()
    asyncio.set_event_loop(loop)
    loop.set_exception_handler(lambda *_: None)
    machine = Machine(lines, loop)
    try:
        run_from_outside(loop, machine)
        stuck = len(asyncio.all_tasks(loop)) > 0
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    if os.environ.get("WHY") and (loop.ambiguous or stuck):
        print("left out:", "ambiguous" if loop.ambiguous else "stuck", file=sys.stderr)
    return None if loop.ambiguous or stuck else machine.out


def show(name, lines):
    out = run(lines)
    if out is None:
        return
    print(f"## {name}")
    for line in lines:
        print("  " + line)
    for line in out:
        print("   " + line)


def show_file(path):
    with open(path) as file:
        for part in file.read().split("## ")[1:]:
            name, *lines = part.splitlines()
            show(name, [line[2:] for line in lines])


if __name__ == "__main__":
    if len(sys.argv) == 2:
        show_file(sys.argv[1])
    else:
        for seed in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
            show(seed, program(seed))
