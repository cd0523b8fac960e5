# SPDX-License-Identifier: MIT
"""What is run: the cells of the sweep, the rows in each, and how often, so that it all fits the time.

A cell is one point of an experiment, a row one way to do it: a program and its mode. A cell of a row
that would take over LIMIT is left blank, by arithmetic that can only be too low (pauses cannot overlap
where one holds what the next needs) or because it did. What does not fit the time is run less often, the
longest first.
"""
import dataclasses
import os

LIMIT = 10  # seconds that one run may take
ROUNDS = {'quick': 1, 'usual': 3, 'full': 5}
BUDGET = {'quick': 200, 'usual': 280, 'full': 1740}  # the rest of 5 and 30 minutes is for the page
AGAIN = 'yield again'  # the A/A row


def pool_size():
    return min(32, (os.cpu_count() or 1) + 4)  # asyncio's, and async_to_thread()'s


@dataclasses.dataclass(frozen=True)
class Experiment:
    name: str
    title: str
    axis: str  # the field of a cell that varies


@dataclasses.dataclass(frozen=True)
class Cell:
    experiment: str
    tasks: int
    block: float  # seconds
    share: int
    request: bool

    def pauses(self):
        return self.tasks * self.share // 100


@dataclasses.dataclass(frozen=True)
class Row:
    key: str
    label: str
    runner: str  # who it is
    mode: str
    program: str


OURS = [('serial', 'one after another', 'plain C'), ('threads', 'a thread per task', 'plain C'),
        ('pool', 'a pool of threads', 'plain C'), ('block', 'coroutines that block', 'loophound'),
        ('yield', 'coroutines that yield', 'loophound'),
        ('offload', 'coroutines that offload', 'loophound')]
THEIRS = {'block': 'blocking', 'yield': 'yielding', 'offload': 'offloaded'}

EXPERIMENTS = [
    Experiment('article', 'The article: ten polite fetches', 'tasks'),
    Experiment('tasks', 'More tasks', 'tasks'),
    Experiment('block', 'Longer blocks', 'block'),
    Experiment('share', 'More of them block', 'share'),
    Experiment('request', 'More tasks, each with a request', 'tasks'),
]


def cells(size):
    if size == 'quick':
        return ([Cell('article', 10, 0.02, 100, True)] +
                [Cell('tasks', n, 0.005, 50, False) for n in (10, 100)] +
                [Cell('block', 10, b, 50, False) for b in (0, 0.02)] +
                [Cell('share', 20, 0.005, s, False) for s in (0, 100)] +
                [Cell('request', n, 0.005, 50, True) for n in (10, 50)])
    full = size == 'full'
    many = (10, 30, 100, 300, 1000, 3000, 10000) if full else (10, 100, 1000, 10000)
    blocks = (0, 0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5) if full else (0, 0.001, 0.01, 0.1, 0.5)
    shares = (0, 1, 5, 10, 25, 50, 75, 100) if full else (0, 1, 10, 50, 100)
    return ([Cell('article', 10, 0.5, 100, True)] +
            [Cell('tasks', n, 0.005, 50, False) for n in many] +
            [Cell('block', 10, b, 50, False) for b in blocks] +
            [Cell('share', 100, 0.01, s, False) for s in shares] +
            [Cell('request', n, 0.005, 50, True) for n in many])


def rows(program, peers):
    """Ours first, the A/A row right behind what it repeats, then each peer that is there."""
    found = []
    for mode, label, runner in OURS:
        found.append(Row(mode, label, runner, mode, program))
        if mode == 'yield':
            found.append(Row(AGAIN, 'the same again (A/A)', runner, mode, program))
    for path, about in peers:
        found += [Row(f'{about["name"]} {mode}', f'{about["name"]}, {THEIRS.get(mode, mode)}',
                      about['name'], mode, path) for mode in about['modes']]
    return found


def least_seconds(row, cell, threads):
    """What the pauses alone take."""
    if row.mode in ('serial', 'block'):
        return cell.pauses() * cell.block
    if row.mode in ('pool', 'offload'):
        return -(-cell.pauses() // threads) * cell.block
    return cell.block if cell.pauses() else 0


def likely_seconds(row, cell, threads):
    """For the plan only, never for a result: with starting the program and the tasks' own work."""
    slow = row.runner not in ('plain C', 'loophound')
    each = (1e-3 if slow else 2e-4) if cell.request else (1e-4 if slow else 3e-5)
    return (0.35 if slow else 0.05) + cell.tasks * each + least_seconds(row, cell, threads)


def schedule(cells, rows, threads, rounds, budget):
    """How often each (cell, row) is run; 0: not at all. The longest give up rounds first."""
    cost = {(cell, row): likely_seconds(row, cell, threads) for cell in cells for row in rows}
    times = {key: rounds if least_seconds(key[1], key[0], threads) < LIMIT else 0 for key in cost}
    total = sum(cost[key] * times[key] for key in cost)
    while total > budget:
        key = max((key for key in cost if times[key] > 1), default=None,
                  key=lambda key: cost[key] * times[key])
        if key is None:
            break  # once each is the least; what the clock then cuts off is blank
        times[key] -= 1
        total -= cost[key]
    return times, cost
