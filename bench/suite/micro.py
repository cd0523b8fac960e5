# SPDX-License-Identifier: MIT
"""The runtime alone: what a switch, a yield, a timer, a waiting task and a sleep cost, beside others'."""
import contextlib
import os

from suite.question import Goal, Question, Row, twice
from sweep import facts

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NS = (('ns', 'ns each', '.1f'), ('cpu_ns', 'CPU ns', '.1f'))
GATE = (('bytes_each', 'bytes each', ',.0f'), ('all_s', 'start to end', '.2f'), ('peak_live', 'peak live', ',.0f'),
        ('stack_bytes', 'stack', ',.0f'))
LATE = (('late_p99_us', 'p99 late us', '.1f'), ('late_p50_us', 'p50 us', '.1f'), ('late_max_us', 'max us', '.1f'))


class Maker:
    """Makes rows of ours and of the peers that are there."""

    def __init__(self, build, found):
        self.build, self.found = build, found

    def own(self, mode, tasks=1, count=0, seconds=1.0, variant='', label='loophound'):
        words = (os.path.join(self.build, 'bench-micro' + variant), '--mode', mode, '--tasks', str(tasks),
                 '--count', str(count))
        return Row(f'{label}', label, words, seconds)

    def asm(self, mode, **options):
        if not os.path.exists(os.path.join(self.build, 'bench-micro-asm')):
            return ()
        return (self.own(mode, variant='-asm', label='loophound, CONTEXT=asm', **options),)

    def peers(self, mode, tasks=1, count=0, seconds=1.0, leave_out=()):
        return tuple(Row(about['name'], about['name'],
                         (path, '--mode', mode, '--tasks', str(tasks), '--count', str(count)), seconds)
                     for path, about in self.found if mode in about['modes'] and about['name'] not in leave_out)


def switches(make, few):
    rows = [make.own('switch', variant=f'-{context}', label=context, count=few)
            for context in ('ucontext', 'asm', 'swapcontext')
            if os.path.exists(os.path.join(make.build, f'bench-micro-{context}'))]
    rows[1:1] = twice(rows[0])[1:]
    return Question('switch', 'Switch of stacks, resume to yield', NS, tuple(rows),
                    (Goal('asm', 'ns', at_most=4), Goal('ucontext', 'ns', at_most=12)))


def yields(make, tasks, few):
    rows = twice(make.own('yield', tasks, few)) + make.asm('yield', tasks=tasks, count=few) + \
        make.peers('yield', tasks, few)
    if tasks == 2:
        rows += (make.own('sched_yield', count=few, label='baseline: sched_yield()'),
                 make.own('pipe', count=few, label='baseline: threads and a pipe', seconds=0.5))
    return Question(f'yield-{tasks}', f'async_sleep(0), {tasks:,} tasks', NS, rows,
                    (Goal('loophound', 'ns', at_most=60), Goal('loophound', 'ns', at_most=0.5, of='Go'),
                     Goal('loophound', 'ns', at_most=1 / 30, of='asyncio')))


def heaps(make, pending, few):
    """Where it goes and whence it comes at random, and one that is always the first."""
    rows = twice(make.own('heap', pending, few, 0.5 if pending < 1e4 else 6)) + \
        (make.own('near', pending, few, 0.5 if pending < 1e4 else 3, label='due before all others'),)
    most = 30 if pending < 1e4 else 200
    return Question(f'heap-{pending}', f'A timer inserted and expired, {pending:,} pending, the heap alone', NS,
                    rows, (Goal('loophound', 'ns', at_most=most), Goal('due before all others', 'ns', at_most=most)),
                    rounds=3, note='at random places')


def timers(make, pending, few):
    seconds = 0.5 if pending < 1e4 else 2
    return Question(f'timers-{pending}', f'async_call_later() to its callback, {pending:,} at once', NS,
                    twice(make.own('timers', pending, few, seconds)) + make.peers('timers', pending, few, seconds * 2),
                    rounds=3)


def gates(make, tasks, seconds, slow):
    """slow: asyncio takes half a minute for a million."""
    rows = twice(make.own('gate', tasks, seconds=seconds)) if seconds < 4 else \
        (make.own('gate', tasks, seconds=seconds),)
    rows += make.peers('gate', tasks, seconds=seconds, leave_out=() if slow else ('asyncio',))
    if seconds < 4:
        rows += (make.own('gate_threads', min(tasks, 10000), seconds=2, label='baseline: 10,000 threads'),)
    return Question(f'gate-{tasks}', f'{tasks:,} tasks all suspended at once, then asleep for 1 s', GATE, rows,
                    (Goal('loophound', 'bytes_each', at_most=4500), Goal('loophound', 'all_s', at_most=0.5, of='Go')),
                    rounds=2, note='bytes are VmRSS + VmPTE over the live; guards on')


def sleeps(make, few):
    rows = twice(make.own('sleep', count=few, seconds=0.6))
    rows += (make.own('bare_sleep', count=few, seconds=0.6, label='epoll_pwait2'),) + \
        make.peers('sleep', count=few, seconds=0.7)
    return Question('sleep', 'How late a sleep of 1 to 2 ms ends', LATE, rows,
                    (Goal('loophound', 'late_p99_us', of='epoll_pwait2', plus=20),), rounds=7)


@contextlib.contextmanager
def ask(build, size):
    found, skipped = facts.find_peers(os.path.join(HERE, 'peers', 'micro'))
    make = Maker(build, found)
    few = 1000 if size == 'quick' else 0
    many = 1000 if size == 'quick' else 1000000
    fewer = 100 if size == 'quick' else 100000
    yield ([switches(make, few), yields(make, 2, few), yields(make, 10000 if not few else 100, few),
            heaps(make, 100, few), heaps(make, many, few), timers(make, 100, few), timers(make, many, few),
            gates(make, fewer, 2.5, True), gates(make, many, 12, size == 'full'), sleeps(make, few and 10)],
           found, skipped)
