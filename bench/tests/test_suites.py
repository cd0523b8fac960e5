# SPDX-License-Identifier: MIT
"""The suites of micro and peers: their goals, their table, and each of them whole, the smallest there is."""
import importlib.machinery
import importlib.util
import json
import os
import shlex
import subprocess
import sys
import tempfile
import unittest

from suite import question, table
from sweep import runs

BUILD = os.path.abspath(os.environ['BENCH_BUILD'])
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def sample(value, waited=0.0, **others):
    return dict({'ns': value, 'wall_s': 1.0, 'cpu_wait_s': waited}, **others)


def asked(samples, *goals):
    """The record of a question; samples: key -> values, the first one's twin included."""
    rows = tuple(question.Row(key, key, ('./' + key,)) for key in samples)
    found = question.Question('q', 'Q', (('ns', 'ns', '.1f'),), rows, goals)
    return question.record(found, {row: (samples[row.key], None if samples[row.key] else 'not here')
                                   for row in rows})


class Goals(unittest.TestCase):
    def test_a_goal_is_a_number_a_ratio_or_a_difference(self):
        record = asked({'own': [sample(50)], 'other': [sample(120)]},
                       question.Goal('own', 'ns', at_most=60), question.Goal('own', 'ns', at_most=0.4, of='other'),
                       question.Goal('other', 'ns', of='own', plus=20),
                       question.Goal('own', 'ns', at_least=2, of='absent'))
        self.assertEqual([goal['met'] for goal in record['goals']], [True, False, False, None])
        self.assertAlmostEqual(record['goals'][1]['value'], 50 / 120)
        self.assertEqual(record['goals'][2]['value'], 70)

    def test_a_row_that_is_not_there_leaves_its_goals_open(self):
        record = asked({'own': [sample(50)], 'other': []}, question.Goal('own', 'ns', at_least=2, of='other'))
        self.assertIsNone(record['goals'][0]['met'])
        self.assertIn('not here', '\n'.join(table.block(record)))

    def test_what_a_saturated_server_answers_is_void(self):
        record = asked({'own': [sample(50, server_busy=0.99)], 'other': [sample(50, server_busy=0.6)]},
                       question.Goal('own', 'ns', at_most=40))
        self.assertEqual([row['void'] for row in record['rows']], [True, False])
        self.assertIn('void', '\n'.join(table.block(record)))

    def test_what_waited_for_a_cpu_is_invalid_and_the_noise_is_that_of_the_twin(self):
        record = asked({'own': [sample(100), sample(900, 0.1)], 'own' + question.AGAIN: [sample(110)],
                        'other': [sample(105)]})
        self.assertEqual(record['rows'][0]['figures']['ns']['median'], 100)
        self.assertAlmostEqual(record['noise'], 0.1)
        self.assertTrue(record['rows'][2]['within_noise'])


class Suites(unittest.TestCase):
    def whole(self, suite, figures):
        """Every row of every question has its figures, or says why not."""
        with tempfile.TemporaryDirectory() as folder:
            for name in os.listdir(BUILD):
                os.symlink(os.path.join(BUILD, name), os.path.join(folder, name))
            done = subprocess.run([sys.executable, os.path.join(HERE, 'bench-' + suite), folder], text=True,
                                  capture_output=True, env=dict(os.environ, BENCH_QUICK='1'), timeout=300)
            self.assertEqual(done.returncode, 0, done.stderr)
            path = os.path.join(folder, f'bench-{suite}.json')
            with open(path) as file:
                made = json.load(file)
            os.unlink(path)
        for name in ('commit', 'flags', 'kernel', 'cpu'):
            self.assertTrue(made['facts'][name], name)
        for each in made['questions']:
            for row in each['rows']:
                self.assertTrue(row['samples'], (each['key'], row['key'], row['blank']))
                self.assertTrue(shlex.split(row['command']))
                self.assertIsNotNone(row['figures'][each['figures'][0][0]], (each['key'], row['key']))
        self.assertLessEqual(figures, {each['key'] for each in made['questions']})
        self.assertIn('goal:', done.stdout)

    def test_micro(self):
        self.whole('micro', {'switch', 'yield-2', 'heap-100', 'timers-100', 'gate-100', 'sleep'})

    def test_peers(self):
        figures = {'start', 'upstreams-50', 'upstreams-300'}
        peers = os.environ.get('PEERS', os.path.join(BUILD, 'peers'))
        if os.access(os.path.join(peers, 'usr/sbin/nginx'), os.X_OK):
            figures |= {'get-plain-20', 'get-tls-100', 'fresh-plain', 'fresh-tls', 'collect', 'connections-tls'}
        self.whole('peers', figures)

    def test_the_meter_gives_what_the_program_does_not_say(self):
        sample, blank = runs.run_once(['sh', '-c', 'echo "{\\"ns\\": 1, \\"cpu_s\\": 7}"'], 10,
                                      os.path.join(BUILD, 'bench-run'))
        self.assertIsNone(blank)
        self.assertEqual((sample['ns'], sample['cpu_s']), (1, 7))
        self.assertGreater(sample['rss_mb'], 0)
        self.assertIn('cpu_wait_s', sample)


class Count(unittest.TestCase):
    def test_a_count_that_has_grown_is_seen(self):
        loader = importlib.machinery.SourceFileLoader('count', os.path.join(HERE, 'bench-count'))
        count = importlib.util.module_from_spec(importlib.util.spec_from_loader('count', loader))
        loader.exec_module(count)
        last = dict.fromkeys(count.COLUMNS, 100)
        self.assertTrue(count.check(dict(last, switch=105), last))
        self.assertFalse(count.check(dict(last, switch=106), last))
        self.assertEqual(list(count.read()[2]), count.COLUMNS)

