# SPDX-License-Identifier: MIT
"""What a figure is worth nothing without: the commit, the flags, the machine, who else took part."""
import json
import os
import platform
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ''


def cpu_model():
    try:
        with open('/proc/cpuinfo') as file:
            for line in file:
                if line.startswith('model name'):
                    return line.split(':', 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def read(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ''


def gather(build):
    return {'date': time.strftime('%Y-%m-%d %H:%M:%S %z'),
            'commit': output('git', '-C', HERE, 'rev-parse', 'HEAD'),
            'changed': bool(output('git', '-C', HERE, 'status', '--porcelain', '--untracked-files=no')),
            'flags': ' '.join(read(os.path.join(build, 'flags')).split()),
            'kernel': f'{platform.system()} {platform.release()} {platform.machine()}',
            'cpu': cpu_model(), 'cpus': os.cpu_count(),
            'load_at_start': os.getloadavg()[0]}


def find_peers(folder):
    """Executables of the folder that say what they are, and what the others said instead."""
    found, skipped = [], []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not os.path.isfile(path) or not os.access(path, os.X_OK):
            continue
        try:
            said = subprocess.run([path, '--about'], capture_output=True, text=True, timeout=30)
            if said.returncode == 0:
                found.append((path, json.loads(said.stdout)))
                continue
            why = said.stderr.strip() or f'{name}: exit status {said.returncode}'
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            why = f'{name}: {error}'
        skipped.append(why.splitlines()[-1])
    return found, skipped
