# SPDX-License-Identifier: MIT
"""Puts the page together: one file with its library, its data and nothing to fetch."""
import json
import os
import re

HERE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'page')


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def write(results, build):
    """build/bench.html; returns the word about it."""
    library = os.path.join(build, 'page', 'node_modules', 'uplot', 'dist')
    if not os.path.isdir(library):
        return 'no page: uPlot is not there (make bench fetches it with npm)'
    # "</script>" in a string would end the element it stands in.
    parts = {'uplot.css': read(library, 'uPlot.min.css'), 'uplot.js': read(library, 'uPlot.iife.min.js'),
             'page.css': read(HERE, 'page.css'), 'page.js': read(HERE, 'page.js'),
             'charts.js': read(HERE, 'charts.js'),
             'results': json.dumps(without_samples(results)).replace('</', '<\\/')}
    page = re.sub(r'{{([a-z.]+)}}', lambda match: parts[match[1]], read(HERE, 'page.html'))
    path = os.path.join(build, 'bench.html')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(page)
    return f'{path} is for looking at'


def without_samples(results):
    """The page draws medians; the samples are in bench.json."""
    cells = [dict(cell, rows=[{k: v for k, v in row.items() if k != 'samples'} for row in cell['rows']])
             for cell in results['cells']]
    return dict(results, cells=cells)
