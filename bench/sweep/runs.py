# SPDX-License-Identifier: MIT
"""Runs the schedule: round by round, cell by cell, all rows of a cell one right after another.

So a change of the machine's mood hits all of them, and who goes first changes from round to round. A
clock bounds the whole; its estimate of what is left corrects the plan by how long things took so far.
"""
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time

from sweep import plan


@contextlib.contextmanager
def upstream(program, *options):
    """The practice APIs' URLs, as long as they run."""
    child = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
    try:
        yield [child.stdout.readline().strip() for _ in range(12)]
    finally:
        child.terminate()
        child.wait()
        child.stdout.close()


def command(row, cell, threads, urls):
    return [row.program, '--mode', row.mode, '--tasks', str(cell.tasks), '--block', f'{cell.block:g}',
            '--share', str(cell.share), '--threads', str(threads)] + (urls if cell.request else [])


def cpu_of(process):
    """Seconds of CPU that it has used; None without such a process."""
    try:
        with open(f'/proc/{process}/stat') as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
    except OSError:
        return None


def measured(words, limit, meter):
    """The line that it printed; with a meter (bench-run) also what the whole process took, beneath it."""
    with tempfile.NamedTemporaryFile('r') as took:
        done = subprocess.run([meter, took.name, *words] if meter else words, capture_output=True, text=True,
                              timeout=limit + 2)
        if done.returncode != 0:
            return None, (done.stderr.strip().splitlines() or [f'exit status {done.returncode}'])[-1]
        return dict(json.load(took) if meter else {}, **json.loads(done.stdout)), None


def run_once(words, limit=plan.LIMIT, meter=None, server=0):
    """One line of figures, or the word that stands in the blank."""
    begun, before = time.monotonic(), cpu_of(server) if server else None
    try:
        sample, blank = measured(words, limit, meter)
    except subprocess.TimeoutExpired:
        return None, f'took over {limit} s'
    except (OSError, ValueError) as error:
        return None, str(error)
    if blank:
        return None, blank
    if sample['wall_s'] > limit:
        return None, f'took over {limit} s'
    if sample.get('failed'):
        return None, f'{sample["failed"]} of {sample.get("tasks", "?")} requests failed'
    if before is not None:
        sample['server_busy'] = (cpu_of(server) - before) / (time.monotonic() - begun)
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

    def show(self, what):
        if not sys.stderr.isatty():
            return
        pace = self.spent / self.planned if self.planned > 5 else 1
        left = min(self.left * pace, max(0, self.budget - (time.monotonic() - self.begun)))
        sys.stderr.write(f'\r\033[K{self.at} of {self.count}, about {minutes(left)} to go: {what}')
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


def run_all(times, cost, command, name, budget, limit=plan.LIMIT, meter=None):
    """(cell, row) -> (samples, the word of a blank or None). command and name are asked with row and cell."""
    results = {key: ([], None if times[key] else f'would take over {limit} s') for key in times}
    todo = in_turn(times, cost, seed=1)
    progress = Progress(todo, cost, budget)
    for key in todo:
        cell, row = key
        samples, blank = results[key]
        progress.show(name(cell, row))
        start = time.monotonic()
        if blank is None and progress.room_for(cost[key]):
            sample, blank = run_once(command(row, cell), limit, meter, getattr(row, 'server', 0))
            if sample is not None:
                samples.append(sample)
        elif blank is None and not samples:
            blank = 'no time left'
        results[key] = ([] if blank and blank != 'no time left' else samples, blank)
        progress.done(cost[key], time.monotonic() - start)
    progress.close()
    return results
