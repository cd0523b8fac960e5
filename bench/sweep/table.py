# SPDX-License-Identifier: MIT
"""The results on a terminal: the article in full, of each sweep the wall times and the heartbeats."""

MARKS = ('! the process waited for a CPU more than 5 % of the time: invalid    '
         '~ as yielding, within the noise    blank: over 10 s, or no time left')


def seconds(value):
    if value is None:
        return ''
    return f'{value:.2f} s' if value >= 1 else f'{value * 1e3:.1f} ms'


def milliseconds(value):
    return '' if value is None else seconds(value / 1e3)


def median(row, name):
    figure = row['figures'].get(name)
    return figure['median'] if figure else None


def marks(row):
    return ('!' if row['doubtful'] else '') + \
        ('~' if row['within_noise'] and row['key'] not in ('yield', 'yield again') else '')


def spread(row):
    if row['n'] == 1:
        return 'once'
    figure = row['figures']['wall_s']
    return f'({seconds(figure["min"])}..{seconds(figure["max"])})'


def line(label, columns, width):
    return f'  {label:<30}' + ''.join(f'{column:>{width}}' for column in columns)


def full(cell):
    yield f'  {"":<30}{"wall":>12} {"":>22} {"speed-up":>9}{"beat p50":>11}{"p99":>11}{"max":>11}' \
          f'{"hurt":>8}{"CPU":>11}'
    for row in cell['rows']:
        if row['blank']:
            yield line(row['label'], [row['blank']], 24)
            continue
        speedup = f'{row["speedup"]:.1f}x' if row['speedup'] else ''
        yield f'  {row["label"]:<30}{seconds(median(row, "wall_s")) + marks(row):>12}' \
              f' {spread(row):>22} {speedup:>9}' + \
              ''.join(f'{milliseconds(median(row, f"beat_{p}_ms")):>11}' for p in ('p50', 'p99', 'max')) + \
              f'{median(row, "hurt_mean") or 0:>8.1f}{seconds(median(row, "cpu_s")):>11}'


def matrix(cells, axis, name, show, title):
    columns = [f'{cell[axis]:g}' for cell in cells]
    yield line(title, columns, 12)
    for i, row in enumerate(cells[0]['rows']):
        across = [cell['rows'][i] for cell in cells]
        yield line(row['label'], [show(median(each, name)) + (marks(each) if name == 'wall_s' else '')
                                  for each in across], 12)
    if name == 'wall_s':
        yield line('noise (A/A)', ['' if cell['noise'] is None else f'{cell["noise"] * 100:.1f} %'
                                   for cell in cells], 12)


def print_all(results):
    facts = results['facts']
    print(f'{facts["cpus"]} CPUs, {facts["cpu"]}, {facts["kernel"]}, {facts["date"][:10]}')
    for peer in facts['peers']:
        print(f'peer: {peer["version"]}')
    for why in facts['skipped']:
        print(f'skipped: {why}')
    for experiment in results['experiments']:
        cells = [cell for cell in results['cells'] if cell['experiment'] == experiment['name']]
        print(f'\n{experiment["title"]}: {experiment["about"]}')
        if len(cells) == 1:
            print('\n'.join(full(cells[0])))
            continue
        axis = experiment['axis']
        print('\n'.join(matrix(cells, axis, 'wall_s', seconds, f'wall time, by {experiment["unit"]}')))
        print('\n'.join(matrix(cells, axis, 'beat_max_ms', milliseconds, 'the latest heartbeat')))
    print(f'\n{MARKS}')
