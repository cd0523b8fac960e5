# SPDX-License-Identifier: MIT
"""The plan, the statistics, strangers as peers, and a whole sweep, the smallest there is."""
import json
import os
import shlex
import subprocess
import sys
import tempfile
import unittest

import made_up
from sweep import facts, figures, plan, runs

BUILD = os.environ['BENCH_BUILD']
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def script(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'w') as file:
        file.write('#!/bin/sh\n' + text)
    os.chmod(path, 0o755)
    return path


class Plan(unittest.TestCase):
    rows = plan.rows('ours', [('peer', {'name': 'peer', 'modes': ['block', 'yield', 'offload']})])

    def test_the_plan_fits_the_time(self):
        for size in plan.BUDGET:
            cells = plan.cells(size)
            times, cost = plan.schedule(cells, self.rows, 6, plan.ROUNDS[size], plan.BUDGET[size])
            self.assertLessEqual(sum(cost[key] * times[key] for key in cost), plan.BUDGET[size], size)

    def test_what_would_take_over_the_limit_is_not_run(self):
        cells = plan.cells('usual')
        times, _ = plan.schedule(cells, self.rows, 6, 3, 280)
        blank = {(cell.tasks, row.mode) for (cell, row), n in times.items() if n == 0}
        self.assertEqual(blank, {(10000, 'serial'), (10000, 'block')})

    def test_the_longest_give_up_rounds_first(self):
        times, cost = plan.schedule(plan.cells('usual'), self.rows, 6, 3, 280)
        dear = [times[key] for key in cost if times[key] and cost[key] > 4]
        cheap = [times[key] for key in cost if cost[key] < 0.1]
        self.assertEqual((max(dear), min(cheap)), (1, 3))

    def test_rounds_are_interleaved_and_rows_change_places(self):
        times, cost = plan.schedule(plan.cells('quick'), self.rows, 6, 2, 1e9)
        order = runs.in_turn(times, cost, 1)
        half = len(order) // 2
        self.assertEqual(set(order[:half]), set(order[half:]))
        self.assertNotEqual(order[:half], order[half:])


class Figures(unittest.TestCase):
    def test_a_sample_that_waited_for_a_cpu_is_invalid(self):
        row = figures.summarise([made_up.sample(1.0), made_up.sample(2.0, waited=0.11), made_up.sample(1.2)])
        self.assertEqual((row['n'], row['invalid'], row['doubtful']), (2, 1, False))
        self.assertEqual(row['figures']['wall_s'], {'median': 1.1, 'min': 1.0, 'max': 1.2})

    def test_where_none_is_valid_the_median_is_marked(self):
        row = figures.summarise([made_up.sample(2.0, waited=1)])
        self.assertEqual((row['n'], row['doubtful'], row['figures']['wall_s']['median']), (1, True, 2.0))

    def test_differences_below_the_noise_are_marked(self):
        walls = {'serial': [10.0], 'yield': [1.0, 1.1], plan.AGAIN: [1.2, 0.9], 'pool': [1.2], 'offload': [1.5]}
        rows = {key: figures.summarise([made_up.sample(wall) for wall in each]) for key, each in walls.items()}
        self.assertAlmostEqual(figures.compare(rows), 0.3 / 1.05)
        marked = [rows[key]['within_noise'] for key in ('serial', 'pool', 'offload')]
        self.assertEqual(marked, [False, True, False])
        self.assertAlmostEqual(rows['offload']['speedup'], 10 / 1.5)

    def test_without_a_serial_time_there_is_no_speedup(self):
        rows = {key: figures.summarise(samples) for key, samples in
                {'serial': [], 'yield': [made_up.sample(1)], plan.AGAIN: [made_up.sample(1)]}.items()}
        figures.compare(rows)
        self.assertIsNone(rows['yield']['speedup'])


class Strangers(unittest.TestCase):
    def test_any_executable_is_a_peer_and_one_that_is_not_there_says_why(self):
        with tempfile.TemporaryDirectory() as folder:
            script(folder, 'mine', 'echo \'{"name": "mine", "version": "1", "modes": ["yield"]}\'')
            script(folder, 'other', 'echo "other: not installed" >&2; exit 77')
            open(os.path.join(folder, 'README.md'), 'w').close()
            found, skipped = facts.find_peers(folder)
        self.assertEqual([about['name'] for _, about in found], ['mine'])
        self.assertEqual(skipped, ['other: not installed'])

    def test_a_run_that_is_no_good_is_a_blank_with_a_word(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text, word in (
                    ('dies', 'echo "no threads" >&2; exit 1', 'no threads'),
                    ('slow', 'echo \'{"wall_s": 10.5}\'', 'took over 10 s'),
                    ('fails', 'echo \'{"wall_s": 1, "tasks": 9, "failed": 3}\'', '3 of 9 requests failed')):
                self.assertEqual(runs.run_once([script(folder, name, text)]), (None, word))
            self.assertIsNone(runs.run_once([script(folder, 'babbles', 'echo hello')])[0])


class Sweep(unittest.TestCase):
    def test_a_whole_sweep_leaves_everything_needed_to_do_it_again(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ('bench-blocking', 'upstream', 'page', 'flags'):
                os.symlink(os.path.join(BUILD, name), os.path.join(folder, name))
            done = subprocess.run([sys.executable, os.path.join(HERE, 'bench-blocking'), folder], text=True,
                                  capture_output=True, env=dict(os.environ, BENCH_QUICK='1'), timeout=300)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(os.path.join(folder, 'bench.json')) as file:
                made = json.load(file)
            self.assertTrue(os.path.exists(os.path.join(folder, 'bench.html')))
        self.assertIn('coroutines that yield', done.stdout)
        for name in ('commit', 'flags', 'kernel', 'cpu'):
            self.assertTrue(made['facts'][name], name)
        self.assertEqual(len(made['cells']), len(plan.cells('quick')))
        article = {row['key']: row for row in made['cells'][0]['rows']}
        self.assertTrue(article['serial']['samples'], article['serial']['blank'])
        self.assertGreaterEqual(article['serial']['figures']['wall_s']['median'], 0.2)
        self.assertIn('--mode yield', article[plan.AGAIN]['command'])
        self.assertEqual(len(shlex.split(article['serial']['command'])), 11 + 12)
