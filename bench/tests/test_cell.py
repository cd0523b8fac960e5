# SPDX-License-Identifier: MIT
"""One cell, ours and the peers': what can be known however slow the machine is."""
import json
import os
import subprocess
import unittest

from sweep import facts, runs

BUILD = os.environ['BENCH_BUILD']
PEERS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'peers')


def run(program, mode, tasks=5, block=0.02, share=100, urls=()):
    words = [program, '--mode', mode, '--tasks', str(tasks), '--block', str(block), '--share', str(share),
             '--threads', '2', *urls]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout)


def ours(mode, **cell):
    return run(os.path.join(BUILD, 'bench-blocking'), mode, **cell)


class Cell(unittest.TestCase):
    def test_what_holds_the_loop_takes_all_the_pauses(self):
        for mode in ('serial', 'block'):
            self.assertGreaterEqual(ours(mode)['wall_s'], 5 * 0.02)

    def test_a_block_hurts_all_that_come_behind_it(self):
        for mode in ('serial', 'block'):
            found = ours(mode)
            self.assertEqual((found['blocks'], found['hurt_max'], found['hurt_mean']), (5, 4, 2.0), mode)

    def test_with_a_request_behind_the_pause_all_others_are_hurt(self):
        with runs.upstream(os.path.join(BUILD, 'upstream')) as urls:
            found = ours('block', urls=urls)
        self.assertEqual((found['hurt_max'], found['hurt_mean'], found['failed']), (4, 4.0, 0))

    def test_who_yields_or_has_a_thread_hurts_nobody(self):
        for mode in ('yield', 'threads'):
            found = ours(mode)
            self.assertEqual((found['blocks'], found['hurt_max']), (0, 0), mode)

    def test_a_pool_hurts_those_for_whom_there_is_no_thread(self):
        for mode in ('pool', 'offload'):
            found = ours(mode, tasks=6, block=0.05)
            self.assertEqual(found['blocks'], 6, mode)
            # The second thread may be slow to start: then its task is hurt, too.
            self.assertIn(found['hurt_max'], (4, 5), mode)

    def test_the_heartbeat_is_an_open_loop(self):
        # Five blocks in one turn: 20 beats or so are late, not one, and the first by nearly all of it.
        found = ours('block')
        self.assertGreaterEqual(found['beats'], 19)
        self.assertGreaterEqual(found['beat_max_ms'], 80)
        self.assertGreaterEqual(found['beat_p50_ms'], 40)

    def test_the_share_is_spread_over_the_tasks(self):
        self.assertEqual(ours('serial', tasks=40, share=10, block=0.001)['blocks'], 4)
        self.assertEqual(ours('serial', tasks=40, share=0)['blocks'], 0)

    def test_failed_requests_are_counted(self):
        for mode in ('serial', 'threads', 'pool', 'block', 'yield', 'offload'):
            self.assertEqual(ours(mode, block=0.001, urls=['http://127.0.0.1:1/'])['failed'], 5, mode)

    def test_wrong_options_are_refused(self):
        for words in (['--mode', 'x'], ['--tasks', '0'], ['--share', '101'], ['--block', '-1'], ['--what']):
            done = subprocess.run([os.path.join(BUILD, 'bench-blocking'), *words], capture_output=True)
            self.assertEqual(done.returncode, 2, words)


class Peers(unittest.TestCase):
    def setUp(self):
        self.peers, skipped = facts.find_peers(PEERS)
        if skipped:
            self.skipTest('; '.join(skipped))

    def test_they_count_as_we_do(self):
        for path, about in self.peers:
            for mode, hurt in (('block', 4), ('yield', 0)):
                mine, found = ours(mode), run(path, mode)
                self.assertEqual((found['blocks'], found['hurt_max']), (mine['blocks'], hurt), about['name'])

    def test_they_have_all_the_figures_that_we_have(self):
        mine = set(ours('yield')) - {'stalls'}
        for path, about in self.peers:
            self.assertEqual(mine - set(run(path, 'yield')), set(), about['name'])

    def test_their_failed_requests_are_counted(self):
        for path, about in self.peers:
            found = run(path, 'yield', block=0.001, urls=['http://127.0.0.1:1/'])
            self.assertEqual(found['failed'], 5, about['name'])
