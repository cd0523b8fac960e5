# SPDX-License-Identifier: MIT
"""What the peers in Python share: their arguments, the records of tasks and beats, the line of JSON.

A peer makes a Run of its arguments, runs its tasks, and prints run.line(). Times are those of
time.monotonic(). The rules are those of bench/blocking_beat.c and bench/blocking_harm.c.
"""
import argparse
import bisect
import json
import resource
import time

BEAT_INTERVAL = 0.005
HURT_AT_LEAST = 0.001


class Task:
    """When things happened: it was due or asked for a thread, its pause began and ended, it was done."""

    def __init__(self, url, pauses):
        self.url, self.pauses, self.failed = url, pauses, False
        self.called = self.begun = self.ended = self.done = 0.0


class Run:
    def __init__(self, args):
        self.args = args
        self.tasks = [Task(args.urls[i % len(args.urls)] if args.urls else None,
                           (i + 1) * args.share // 100 > i * args.share // 100)
                      for i in range(args.tasks)]
        self.delays = []

    def begin(self):
        self.usage = resource.getrusage(resource.RUSAGE_SELF)
        self.waited = waited_for_cpu()
        self.start = time.monotonic()
        self.next_beat = self.start + BEAT_INTERVAL
        for task in self.tasks:
            task.called = self.start

    def until_next_beat(self):
        return max(0, self.next_beat - time.monotonic())

    def beat(self):
        now = time.monotonic()
        while self.next_beat <= now:
            self.delays.append(now - self.next_beat)
            self.next_beat += BEAT_INTERVAL

    def end(self):
        self.stop = time.monotonic()
        self.beat()
        waited = waited_for_cpu()
        self.waited = None if waited is None else waited - self.waited

    def harm(self):
        """For each pause that held something, how many were due and did not get on for 1 ms of it."""
        if self.args.mode == 'yield':
            return []
        waits = [(task.called, task.begun) for task in self.tasks]
        if self.args.mode == 'block':
            waits += [(task.ended, task.done) for task in self.tasks]
        waits = [(a, b) for a, b in waits if b - a >= HURT_AT_LEAST]
        begins, ends = sorted(a for a, _ in waits), sorted(b for _, b in waits)
        return [0 if task.ended - task.begun < HURT_AT_LEAST else
                bisect.bisect_right(begins, task.ended - HURT_AT_LEAST) -
                bisect.bisect_left(ends, task.begun + HURT_AT_LEAST)
                for task in self.tasks if task.pauses]

    def line(self):
        before, after = self.usage, resource.getrusage(resource.RUSAGE_SELF)
        hurt = self.harm()
        args = self.args
        figures = {'mode': args.mode, 'tasks': args.tasks, 'block_ms': args.block * 1e3,
                   'share': args.share, 'threads': args.threads,
                   'wall_s': self.stop - self.start,
                   'cpu_s': after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
                   'switches_voluntary': after.ru_nvcsw - before.ru_nvcsw,
                   'switches_forced': after.ru_nivcsw - before.ru_nivcsw,
                   'beats': len(self.delays), 'cpu_wait_s': self.waited,
                   'blocks': len(hurt), 'hurt_mean': sum(hurt) / len(hurt) if hurt else 0,
                   'hurt_max': max(hurt, default=0),
                   'failed': sum(task.failed for task in self.tasks)}
        figures.update(percentiles('beat', self.delays))
        figures.update(percentiles('task', [task.done - self.start for task in self.tasks]))
        return json.dumps(figures)


def percentiles(what, seconds):
    values = sorted(seconds)
    at = {'p50': len(values) // 2, 'p99': len(values) * 99 // 100, 'max': -1}
    return {f'{what}_{name}_ms': values[i] * 1e3 if values else None for name, i in at.items()}


def waited_for_cpu():
    try:
        with open('/proc/thread-self/schedstat') as file:
            return int(file.read().split()[1]) / 1e9
    except OSError:
        return None


def arguments(about):
    """The Run that was asked for. With --about, prints that and ends the program."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--about', action='store_true')
    parser.add_argument('--mode', choices=about['modes'], default='yield')
    parser.add_argument('--tasks', type=int, default=10)
    parser.add_argument('--block', type=float, default=0.05, help='seconds')
    parser.add_argument('--share', type=int, default=100)
    parser.add_argument('--threads', type=int, default=6)
    parser.add_argument('urls', nargs='*')
    args = parser.parse_args()
    if args.about:
        print(json.dumps(about))
        raise SystemExit(0)
    return Run(args)
