# SPDX-License-Identifier: MIT
"""What samples say: medians with their spread, the noise, the speed-up, and what is not to be believed.

A sample whose thread waited for a CPU for more than 5 % of the run is invalid: the machine was busy
with something else. Medians are of the valid ones; where there are none, of all, and marked.
The noise of a cell is the whole spread of the A/A pair over its median: two rows that differ by less
are not told apart.
"""
import statistics

from sweep import plan

WAITED_TOO_LONG = 0.05
FIGURES = ['wall_s', 'cpu_s', 'beat_p50_ms', 'beat_p99_ms', 'beat_max_ms', 'task_p99_ms', 'hurt_mean',
           'hurt_max', 'switches_voluntary', 'switches_forced', 'cpu_wait_s', 'stalls']


def valid(sample):
    waited = sample.get('cpu_wait_s')
    return waited is None or waited <= WAITED_TOO_LONG * sample['wall_s']


def spread(samples, name):
    values = [sample[name] for sample in samples if sample.get(name) is not None]
    if not values:
        return None
    return {'median': statistics.median(values), 'min': min(values), 'max': max(values)}


def summarise(samples, names=FIGURES):
    good = [sample for sample in samples if valid(sample)]
    return {'n': len(good or samples), 'invalid': len(samples) - len(good),
            'doubtful': bool(samples) and not good,
            'figures': {name: spread(good or samples, name) for name in names}}


def wall(row):
    figure = row['figures']['wall_s']
    return figure['median'] if figure else None


def noise(rows, keys=('yield', plan.AGAIN), name='wall_s'):
    """Of a figure, as a share of the median; None without an A/A pair."""
    pair = [rows[key]['figures'][name] for key in keys if key in rows and rows[key]['figures'][name]]
    if len(pair) < 2 or not pair[0]['median']:
        return None
    width = max(figure['max'] for figure in pair) - min(figure['min'] for figure in pair)
    return width / pair[0]['median']


def compare(rows):
    """Adds to each row its speed-up over serial, its ratio to yielding, and whether that is noise."""
    level = noise(rows)
    serial, base = wall(rows['serial']), wall(rows['yield'])
    for row in rows.values():
        mine = wall(row)
        row['speedup'] = serial / mine if serial and mine else None
        row['to_yield'] = mine / base if mine and base else None
        row['within_noise'] = bool(level is not None and row['to_yield'] and
                                   abs(row['to_yield'] - 1) <= level)
    return level


def cell_record(cell, rows):
    """What bench.json keeps of a cell; rows: key -> (Row, command, samples, blank)."""
    made = {key: dict(key=key, label=row.label, runner=row.runner, mode=row.mode, command=command,
                      blank=blank if not samples else None, samples=samples, **summarise(samples))
            for key, (row, command, samples, blank) in rows.items()}
    level = compare(made)
    return {'experiment': cell.experiment, 'tasks': cell.tasks, 'block_ms': cell.block * 1e3,
            'share': cell.share, 'request': cell.request, 'noise': level,
            'rows': list(made.values())}
