# SPDX-License-Identifier: MIT
"""Asks all questions of a suite round by round, within its time; prints the answers and keeps the samples.

    BUDGET seconds, which FULL=1 makes five times as many; ONLY=word leaves only questions whose key has it;
    BENCH_QUICK=1, for tests, asks everything once.
"""
import json
import os
import resource
import sys
import time

from suite import question, table
from sweep import facts, runs

BUDGET = 200
LIMIT = 60  # seconds that one run may take


def size():
    if os.environ.get('BENCH_QUICK'):
        return 'quick'
    return 'full' if os.environ.get('FULL') else 'usual'


def allow_many_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def plan(questions, budget):
    """(question, row) -> how often it is run. What does not fit gives up rounds, the dearest first."""
    rounds = 1 if size() == 'quick' else None
    cost = {(each, row): row.seconds for each in questions for row in each.rows}
    times = {key: rounds or key[0].rounds for key in cost}
    while sum(cost[key] * times[key] for key in cost) > budget:
        key = max((key for key in cost if times[key] > 1), default=None, key=lambda key: cost[key] * times[key])
        if key is None:
            break
        times[key] -= 1
    return times, cost


def main(suite, ask, build):
    """ask(build, size) is a context manager that gives the questions and the peers found and skipped."""
    begun = time.monotonic()
    build = os.path.abspath(build)
    os.environ['BENCH_BUILD'] = build
    allow_many_files()
    only = os.environ.get('ONLY', '')
    budget = BUDGET * (5 if size() == 'full' else 1)
    with ask(build, size()) as (questions, found, skipped):
        known = dict(facts.gather(build), peers=[who for _, who in found], skipped=skipped, size=size())
        questions = [each for each in questions if only in each.key]
        times, cost = plan(questions, budget - (time.monotonic() - begun))
        results = runs.run_all(times, cost, lambda row, _: list(row.words),
                               lambda each, row: f'{each.title}: {row.label.strip()}',
                               budget - (time.monotonic() - begun), LIMIT, os.path.join(build, 'bench-run'))
    known['seconds'] = round(time.monotonic() - begun, 1)
    made = {'facts': known, 'questions': [question.record(each, {row: results[each, row] for row in each.rows})
                                          for each in questions]}
    path = os.path.join(build, f'bench-{suite}.json')
    with open(path, 'w') as file:
        json.dump(made, file, indent=1)
    table.print_all(made)
    print(f'{path} has the samples and the commands')


def script(suite, ask, usage):
    if len(sys.argv) != 2:
        sys.exit(usage)
    try:
        main(suite, ask, sys.argv[1])
    except KeyboardInterrupt:
        sys.exit(130)
