# SPDX-License-Identifier: MIT
"""The whole client beside others': GETs a second and CPU each, connections, collect, system calls.

The server has CPU 0 and every client CPU 1, by taskset. What a server that is saturated answers says
nothing of the client: such rows are void, and the figure that counts is the client's CPU per GET.
"""
import contextlib
import os
import shutil

from suite.nginx import nginx
from suite.question import Goal, Question, Row, twice
from sweep import facts

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RATE = (('requests_per_s', 'GETs a second', ',.0f'), ('cpu_us', 'CPU us each', '.1f'),
        ('server_busy', 'server busy', '.0%'))
WHOLE = (('cpu_us', 'CPU us each', '.1f'), ('wall_s', 'wall s', '.2f'), ('rss_mb', 'MB', '.1f'))
TURNS = (('wall_s', 'wall s', '.2f'), ('cpu_s', 'CPU s', '.3f'), ('rss_mb', 'MB', '.1f'),
         ('peak_connections', 'connections', '.0f'))
MANY = (('bytes_each', 'bytes each', ',.0f'), ('requests_per_s', 'GETs a second', ',.0f'), ('cpu_us', 'CPU us', '.1f'))
CALLS = (('all', 'calls a GET', '.2f'), ('writes', 'writes', '.2f'), ('reads', 'reads', '.2f'),
         ('waits', 'epoll_waits', '.2f'))


class Maker:
    def __init__(self, build, server, found, size):
        self.build, self.server, self.found = build, server, found
        self.seconds = 0.2 if size == 'quick' else 1.5
        self.quick, self.full = size == 'quick', size == 'full'

    def pinned(self, *words):
        return ('taskset', '-c', self.server.client_cpu, *map(str, words))

    def get(self, key, program, mode, url, connections, label=None):
        words = self.pinned(program, '--mode', mode, '--url', url, '--connections', connections, '--seconds',
                            self.seconds, '--cacert', self.server.certificate)
        # wrk knows only whole seconds.
        return Row(key, label or key, words, max(self.seconds, 1) + 0.4, self.server.process)

    def own(self, mode, url, connections, key='loophound'):
        return self.get(key, os.path.join(self.build, 'bench-get'), mode, url, connections)

    def rivals(self, mode, url, connections):
        return tuple(self.get(about['name'], path, mode, url, connections)
                     for path, about in self.found if mode in about['modes'])

    def whole(self, what, program, *more, seconds=1.0, key=None):
        words = (os.path.join(HERE, 'suite', 'whole'), self.build, what, program, *map(str, more))
        words = self.pinned(*words) if self.server else words
        return Row(key or program, key or program, words, seconds, self.server.process if self.server else 0)


def keep_alive(make, kind, url, connections):
    goals = [Goal('loophound', 'requests_per_s', at_least=0.9, of='wrk')] + \
        [Goal('loophound', 'requests_per_s', at_least=2, of=who) for who in ('libcurl', 'Go')] + \
        [Goal('loophound', 'requests_per_s', at_least=20, of='aiohttp')]
    if kind == 'plain':
        goals.append(Goal('loophound', 'cpu_us', at_most=7.5))
    return Question(f'get-{kind}-{connections}', f'Keep-alive GETs, {kind}, {connections} connections', RATE,
                    twice(make.own('keep', url, connections)) + make.rivals('keep', url, connections), tuple(goals),
                    rounds=3)


def fresh(make, kind, url):
    return Question(f'fresh-{kind}', f'A new connection for each GET, {kind}, 20 at once', RATE,
                    twice(make.own('fresh', url, 20)) + make.rivals('fresh', url, 20),
                    tuple(Goal('loophound', 'requests_per_s', at_least=1, of=who) for who in ('libcurl', 'Go')),
                    rounds=3, note='sessions are resumed where the client can' if kind == 'tls' else '')


def connections(make, kind, url, most):
    many = 200 if make.quick else 10000
    few = make.own('keep', url, 100, key='100 connections')
    lots = make.own('keep', url, many, key=f'{many:,} connections')
    # What is asked is not who is faster, so the server's CPU is of no matter.
    few = Row(few.key, few.label, (*few.words, '--warm'), few.seconds)
    lots = Row(lots.key, lots.label, (*lots.words, '--warm', '--seconds', str(make.seconds * 3)),
               make.seconds * 3 + (6 if kind == 'tls' else 3))
    return Question(f'connections-{kind}', f'{many:,} connections at once, {kind}', MANY, (lots, few),
                    (Goal(lots.key, 'bytes_each', at_most=most),
                     Goal(lots.key, 'requests_per_s', at_least=0.8, of=few.key)), rounds=2)


def collected(make, url):
    number = 1000 if make.quick else 1000000 if make.full else 200000
    return Question('collect', f'collect, {number:,} URLs from stdin to NDJSON on disk', WHOLE,
                    twice(make.whole('many', 'collect', number, url, seconds=number / 50000)) +
                    (make.whole('many', 'curl', number // 20, url, key='curl', seconds=number / 20 / 15000 + 0.5),),
                    (Goal('collect', 'cpu_us', at_most=12), Goal('collect', 'rss_mb', at_most=30)), rounds=2)


def slow_upstreams(make, parallel, ideal, goals):
    return Question(f'upstreams-{parallel}', f'1,200 URLs, 12 upstreams of 200 ms, {parallel} parallel', TURNS,
                    tuple(make.whole('upstreams', program, parallel, seconds=ideal + 0.5)
                          for program in ('collect', 'curl')), goals, rounds=3, note=f'ideal {ideal:.2f} s')


def starts(make):
    rows = twice(make.whole('start', 'collect', 0, key='collect', seconds=0.3)) + \
        (make.whole('start', 'curl', 0, key='curl', seconds=0.3),
         make.whole('start', 'collect', 1, key='collect, TLS', seconds=0.4),
         make.whole('start', 'curl', 1, key='curl, TLS', seconds=0.4))
    return Question('start', 'From the start of a program to the first byte that it sends',
                    (('start_ms', 'ms', '.1f'),), rows,
                    tuple(Goal(key, 'start_ms', at_most=5) for key in ('collect', 'collect, TLS')), rounds=7)


def calls(make, url):
    return Question('calls', 'System calls for each keep-alive GET, 20 connections, by strace -c', CALLS,
                    (make.whole('calls', 'bench-get', 20, url, key='loophound', seconds=4),),
                    (Goal('loophound', 'writes', at_most=1.01), Goal('loophound', 'reads', at_most=1.01)), rounds=1)


def of_nginx(make, size):
    plain, tls = make.server.plain, make.server.tls
    counts = (20, 100)
    asked = [keep_alive(make, kind, url, n) for kind, url in (('plain', plain), ('tls', tls)) for n in counts]
    asked += [fresh(make, 'plain', plain), fresh(make, 'tls', tls), collected(make, plain),
              connections(make, 'plain', plain, 10000), connections(make, 'tls', tls, 45000)]
    return asked + ([calls(make, plain)] if shutil.which('strace') else [])


@contextlib.contextmanager
def ask(build, size):
    with nginx(build) as (server, why):
        found, skipped = facts.find_peers(os.path.join(HERE, 'peers', 'get'))
        make = Maker(build, server, found, size)
        asked = of_nginx(make, size) if server else []
        asked += [starts(make),
                  slow_upstreams(make, 50, 4.8, (Goal('collect', 'wall_s', at_most=5.04),)),
                  slow_upstreams(make, 300, 0.8, (Goal('collect', 'wall_s', at_most=0.9),
                                                  Goal('collect', 'cpu_s', at_most=0.12),
                                                  Goal('collect', 'rss_mb', at_most=18)))]
        if not shutil.which('strace'):
            skipped = skipped + ['system calls: no strace here']
        yield asked, found, skipped + [why] * bool(why)
