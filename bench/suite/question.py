# SPDX-License-Identifier: MIT
"""What is asked: a question has rows, each a command that prints one line of JSON, and goals.

A goal compares a figure of one row with a number, or with the same figure of another row. What a sample
must be to count, and what the noise is, is as in the sweep (sweep/figures.py): the row that is measured
twice (again=True) shows the noise.
"""
import dataclasses
import statistics

from sweep import figures

AGAIN = ' again'
SATURATED = 0.95  # of the server's CPU: what is measured then is the server


@dataclasses.dataclass(frozen=True)
class Row:
    key: str
    label: str
    words: tuple  # the command
    seconds: float = 1.0  # that a run takes, about
    server: int = 0  # a process whose CPU time is watched meanwhile


@dataclasses.dataclass(frozen=True)
class Goal:
    row: str
    figure: str
    at_most: float = None
    at_least: float = None
    of: str = None  # a row: the ratio to it is meant
    plus: float = 0  # with of: the difference may be so much instead

    def check(self, rows):
        """(the value, is it met), or (None, None) where a row is not there."""
        value = median(rows.get(self.row), self.figure)
        if value is None:
            return None, None
        if self.of is not None:
            other = median(rows.get(self.of), self.figure)
            if not other:
                return None, None
            value = value - other if self.plus else value / other
        if self.plus:
            return value, value <= self.plus
        return value, value <= self.at_most if self.at_most is not None else value >= self.at_least

    def text(self, labels):
        if self.plus:
            return f'at most {self.plus:g} above {labels[self.of]}'
        bound = f'at most {self.at_most:g}' if self.at_most is not None else f'at least {self.at_least:g}'
        return bound + (f' of {labels[self.of]}' if self.of else '')


@dataclasses.dataclass(frozen=True)
class Question:
    key: str
    title: str
    figures: tuple  # (name in the line, heading, format), the first is what it is about
    rows: tuple
    goals: tuple = ()
    rounds: int = 5
    note: str = ''

    def names(self):
        return [name for name, _, _ in self.figures]


def twice(row):
    """The row and its A/A twin."""
    return row, dataclasses.replace(row, key=row.key + AGAIN, label='  the same again (A/A)')


def median(record, name):
    figure = record and record['figures'].get(name)
    return figure['median'] if figure else None


def saturated(samples):
    """Was it the server that was measured?"""
    busy = [sample['server_busy'] for sample in samples if sample.get('server_busy') is not None]
    return bool(busy) and statistics.median(busy) >= SATURATED


def record(question, results):
    """What the file keeps of a question; results: row -> (samples, the word of a blank or None)."""
    main = question.names()[0]
    rows = {}
    for row in question.rows:
        samples, blank = results[row]
        rows[row.key] = dict(key=row.key, label=row.label, command=' '.join(row.words), samples=samples,
                             blank=None if samples else blank, void=saturated(samples),
                             **figures.summarise(samples, question.names() + ['server_busy']))
    own = question.rows[0].key
    level = figures.noise(rows, (own, own + AGAIN), main)
    base = median(rows[own], main)
    for row in rows.values():
        mine = median(row, main)
        row['within_noise'] = bool(level is not None and mine and base and abs(mine / base - 1) <= level)
    labels = {row.key: row.label for row in question.rows}
    goals = []
    for goal in question.goals:
        value, met = goal.check(rows)
        goals.append({'row': labels.get(goal.row, goal.row), 'figure': goal.figure,
                      'text': goal.text(labels) if goal.of is None or goal.of in labels else None,
                      'value': value, 'met': met,
                      'void': any(rows[key]['void'] for key in (goal.row, goal.of) if key in rows)})
    return {'key': question.key, 'title': question.title, 'note': question.note, 'noise': level,
            'figures': question.figures, 'rows': list(rows.values()), 'goals': goals}
