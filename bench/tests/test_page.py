# SPDX-License-Identifier: MIT
"""What is drawn on the page, in Chromium: light and dark, wide and on a phone. Of made-up results."""
import importlib.machinery
import importlib.util
import os
import re
import tempfile
import unittest

import browser
import made_up
from sweep import page, plan

BUILD = os.environ['BENCH_BUILD']
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WAYS = ['serial', 'threads', 'pool', 'block', 'yield', 'offload']


def driver():
    loader = importlib.machinery.SourceFileLoader('driver', os.path.join(HERE, 'bench-blocking'))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('driver', loader))
    loader.exec_module(module)
    return module


def light(color):
    return sum(int(part) for part in re.findall(r'\d+', color)[:3]) / 3


@unittest.skipUnless(browser.find(), 'no chromium here (Debian: chromium)')
class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        os.symlink(os.path.join(BUILD, 'page'), os.path.join(cls.folder.name, 'page'))
        results, rows = made_up.results()
        made = driver().record(results, rows, 6, [])
        made['facts'] = {'date': 'today', 'commit': 'c0ffee', 'changed': False, 'flags': '-O2', 'kernel': 'k',
                         'cpu': 'cpu', 'cpus': 2, 'load_at_start': 0.0, 'peers': [made_up.ABOUT], 'skipped': [],
                         'size': 'usual', 'threads': 6, 'seconds': 1}
        page.write(made, cls.folder.name)
        cls.page = os.path.join(cls.folder.name, 'bench.html')

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def check_drawn(self, seen):
        self.assertEqual(seen['errors'], [])
        self.assertEqual(len(seen['first']), len(plan.EXPERIMENTS) - 1)
        for canvas in seen['first']:
            for way in WAYS:
                self.assertGreater(canvas[way], 60, (way, canvas))

    def test_every_line_is_drawn_in_both_themes_wide_and_on_a_phone(self):
        for dark in (False, True):
            for width in (1200, 390):
                with self.subTest(dark=dark, width=width):
                    seen = browser.look(self.page, dark, width)
                    self.check_drawn(seen)
                    self.assertEqual(seen['width'], width)
                    self.assertLessEqual(seen['needed'], width)
                    self.assertEqual(light(seen['back']) < 60, dark)
                    self.assertEqual(light(seen['text']) > 200, dark)

    def test_buttons_change_what_is_drawn(self):
        seen = browser.look(self.page, presses={
            'speed': ['Speed-up'], 'c': ['Wall time', 'Only C'], 'no_block': ['coroutines that block'],
            'dark': ['◐']})
        self.check_drawn(seen)
        self.assertNotEqual(seen['speed'], seen['first'])
        for first, c, without in zip(seen['first'], seen['c'], seen['no_block']):
            self.assertLess(c['block'], first['block'])
            self.assertGreater(c['block'], 60)
            self.assertEqual(without['block'], 0)
            self.assertGreater(without['serial'], 60)
        for canvas in seen['dark']:
            self.assertGreater(canvas['yield'], 60)

    def test_a_pointer_over_a_chart_is_told_the_figures(self):
        tip = browser.look(self.page, width=390)['tip']
        self.assertTrue(tip['shown'])
        self.assertIn('coroutines that block', tip['text'])
        self.assertRegex(tip['text'], r'\d m?s')

    def test_the_page_fetches_nothing(self):
        self.assertEqual(browser.look(self.page)['fetched'], [])
        with open(self.page, encoding='utf-8') as file:
            self.assertIsNone(re.search(r'(src|href)="|@import|{{', file.read()))
