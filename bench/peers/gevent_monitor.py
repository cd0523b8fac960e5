# SPDX-License-Identifier: MIT
"""gevent with its monitor thread: GEVENT_MONITOR_THREAD_ENABLE=1, limit 0.1 s.
usage: gevent_monitor.py SCENARIO"""
import sys

import gevent

import scenarios


def beat():
    while True:
        gevent.sleep(0.01)


def main(name):
    gevent.spawn(beat)
    gevent.sleep(0.3)
    if name == "slices":
        gevent.joinall([gevent.spawn(scenarios.short_slice) for _ in range(scenarios.SHORT_SLICES)])
    elif name == "callback":
        gevent.get_hub().loop.run_callback(scenarios.HOLDS[name])
    else:
        scenarios.HOLDS[name]()
    gevent.sleep(0.3)


scenarios.BEGIN.get(sys.argv[1], lambda: None)()
gevent.config.monitor_thread = True
gevent.config.max_blocking_time = 0.1
gevent.get_hub().start_periodic_monitoring_thread()
gevent.spawn(main, sys.argv[1]).join()
scenarios.END.get(sys.argv[1], lambda: None)()
