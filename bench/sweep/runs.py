# SPDX-License-Identifier: MIT
"""Runs the schedule: round by round, cell by cell, all rows of a cell one right after another.

So a change of the machine's mood hits all of them, and who goes first changes from round to round. A
clock bounds the whole; its estimate of what is left corrects the plan by how long things took so far.
"""
import contextlib
import json
import random
import subprocess
import sys
import time

from sweep import plan


@contextlib.contextmanager
def upstream(program):
    """The practice APIs' URLs, as long as they run."""
    child = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    try:
        yield [child.stdout.readline().strip() for _ in range(12)]
    finally:
        child.terminate()
        child.wait()
        child.stdout.close()


def command(row, cell, threads, urls):
    return [row.program, '--mode', row.mode, '--tasks', str(cell.tasks), '--block', f'{cell.block:g}',
            '--share', str(cell.share), '--threads', str(threads)] + (urls if cell.request else [])


def run_once(words):
    """One line of figures, or the word that stands in the blank."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=plan.LIMIT + 2)
        if done.returncode != 0:
            return None, (done.stderr.strip().splitlines() or [f'exit status {done.returncode}'])[-1]
        sample = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return None, f'took over {plan.LIMIT} s'
    except (OSError, ValueError) as error:
        return None, str(error)
    if sample['wall_s'] > plan.LIMIT:
        return None, f'took over {plan.LIMIT} s'
    if sample.get('failed'):
        return None, f'{sample["failed"]} of {sample.get("tasks", "?")} requests failed'
    return sample, None


def minutes(seconds):
    return f'{int(seconds) // 60}:{int(seconds) % 60:02}'


class Progress:
    def __init__(self, todo, cost, budget):
        self.left = sum(cost[key] for key in todo)
        self.planned = 0
        self.spent = 0
        self.begun = time.monotonic()
        self.budget = budget
        self.count, self.at = len(todo), 0
        sys.stderr.write(f'{self.count} runs, about {minutes(self.left)}, at most {minutes(budget)}\n')

    def room_for(self, expected):
        return time.monotonic() - self.begun + expected <= self.budget

    def show(self, cell, row):
        if not sys.stderr.isatty():
            return
        pace = self.spent / self.planned if self.planned > 5 else 1
        left = min(self.left * pace, max(0, self.budget - (time.monotonic() - self.begun)))
        sys.stderr.write(f'\r\033[K{self.at} of {self.count}, about {minutes(left)} to go: '
                         f'{cell.tasks} tasks, {row.label}')
        sys.stderr.flush()

    def done(self, expected, took):
        self.left -= expected
        self.planned += expected
        self.spent += took
        self.at += 1

    def close(self):
        if sys.stderr.isatty():
            sys.stderr.write('\r\033[K')


def in_turn(times, cost, seed):
    """The order of all runs. The cheap cells first: where time runs short, most is done."""
    order = []
    chance = random.Random(seed)
    total = {}
    for key in times:
        total[key[0]] = total.get(key[0], 0) + cost[key] * (times[key] > 0)
    cells = sorted(total, key=total.get)
    for turn in range(max(times.values(), default=0)):
        for cell in cells:
            rows = [row for (at, row), n in times.items() if at == cell and turn < n]
            chance.shuffle(rows)
            order += [(cell, row) for row in rows]
    return order


def run_all(times, cost, threads, urls, budget):
    """(cell, row) -> (samples, the word of a blank or None)."""
    results = {key: ([], None if times[key] else f'would take over {plan.LIMIT} s') for key in times}
    todo = in_turn(times, cost, seed=1)
    progress = Progress(todo, cost, budget)
    for key in todo:
        cell, row = key
        samples, blank = results[key]
        progress.show(cell, row)
        start = time.monotonic()
        if blank is None and progress.room_for(cost[key]):
            sample, blank = run_once(command(row, cell, threads, urls))
            if sample is not None:
                samples.append(sample)
        elif blank is None and not samples:
            blank = 'no time left'
        results[key] = ([] if blank and blank != 'no time left' else samples, blank)
        progress.done(cost[key], time.monotonic() - start)
    progress.close()
    return results
