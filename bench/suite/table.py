# SPDX-License-Identifier: MIT
"""The answers on a terminal: a block for each question, its goals below it."""

MARKS = ('! it waited for a CPU more than 5 % of the time: invalid    ~ as the first row, within the noise    '
         'v the server\'s CPU was saturated: void')


def number(form, value):
    return '' if value is None else format(value, form)


def cell(form, row, name):
    figure = row['figures'].get(name)
    return number(form, figure['median']) if figure else ''


def spread(form, row, name):
    figure = row['figures'].get(name)
    if row['n'] < 2 or not figure:
        return 'once'
    return f'({number(form, figure["min"])}..{number(form, figure["max"])})'


def marks(row, first):
    return ('!' if row['doubtful'] else '') + ('v' if row['void'] else '') + \
        ('~' if row['within_noise'] and not first else '')


def goal_line(goal):
    if goal['text'] is None:
        return None
    head = f'  goal: {goal["row"]}, {goal["figure"]} {goal["text"]}: '
    if goal['met'] is None:
        return head + 'cannot be told here'
    word = 'void, the server was saturated' if goal['void'] and not goal['met'] else \
        'met' if goal['met'] else 'MISSED'
    return head + f'{goal["value"]:.3g}, {word}'


def block(question):
    name, _, form = question['figures'][0]
    yield f'\n{question["title"]}' + (f' ({question["note"]})' if question['note'] else '')
    yield f'  {"":<34}' + f'{question["figures"][0][1]:>14} {"":>22}' + \
        ''.join(f'{heading:>16}' for _, heading, _ in question['figures'][1:])
    for i, row in enumerate(question['rows']):
        if row['blank']:
            yield f'  {row["label"]:<34}{row["blank"]}'
            continue
        yield f'  {row["label"]:<34}{cell(form, row, name) + marks(row, i == 0):>14} {spread(form, row, name):>22}' + \
            ''.join(f'{cell(f, row, other):>16}' for other, _, f in question['figures'][1:])
    if question['noise'] is not None:
        yield f'  noise (A/A): {question["noise"] * 100:.1f} %'
    yield from filter(None, map(goal_line, question['goals']))


def print_all(made):
    facts = made['facts']
    print(f'{facts["cpus"]} CPUs, {facts["cpu"]}, {facts["kernel"]}, {facts["date"][:10]}, '
          f'load at the start {facts["load_at_start"]:.1f}')
    for peer in facts['peers']:
        print(f'peer: {peer["name"]}: {peer["version"]}')
    for why in facts['skipped']:
        print(f'skipped: {why}')
    for question in made['questions']:
        print('\n'.join(block(question)))
    print(f'\n{MARKS}')
