# SPDX-License-Identifier: MIT
"""A sweep's results without a sweep: every way at a speed of its own, so that what is drawn is known."""
from sweep import plan

SPEED = {'serial': 0.15, 'block': 0.3, 'threads': 0.02, 'pool': 0.1, 'yield': 0.01, 'offload': 0.05}
ABOUT = {'name': 'a </script> peer', 'version': 'peer 1', 'modes': ['block', 'yield']}


def sample(wall, waited=0.0, **others):
    return dict({'wall_s': wall, 'cpu_s': wall / 10, 'beat_p50_ms': wall, 'beat_p99_ms': wall * 10,
                 'beat_max_ms': wall * 100, 'task_p99_ms': wall, 'hurt_mean': wall, 'hurt_max': 1,
                 'switches_voluntary': 1, 'switches_forced': 1, 'cpu_wait_s': waited, 'stalls': 0}, **others)


def seconds(row, i):
    """Serial and blocking grow with the cell, the others hardly do."""
    growth = 1 if row.mode in ('serial', 'block') else 0.1
    return SPEED[row.mode] * (1 + growth * i) * (1.3 if row.runner == ABOUT['name'] else 1)


def results():
    rows = plan.rows('bench-blocking', [('peer', ABOUT)])
    times = {}
    for i, cell in enumerate(plan.cells('usual')):
        for row in rows:
            times[cell, row] = ([sample(seconds(row, i % 5))], None)
    return times, rows
