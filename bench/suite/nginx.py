# SPDX-License-Identifier: MIT
"""The server to ask: nginx on a CPU of its own, gone when the block ends."""
import contextlib
import dataclasses
import os
import subprocess

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclasses.dataclass(frozen=True)
class Nginx:
    process: int
    plain: str  # URLs
    tls: str
    certificate: str
    client_cpu: str


@contextlib.contextmanager
def nginx(build):
    """An Nginx; None and why not, where there is none."""
    child = subprocess.Popen([os.path.join(HERE, 'serve-nginx'), build], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        words = child.stdout.readline().split()
        if len(words) == 5:
            yield Nginx(int(words[0]), f'http://127.0.0.1:{words[1]}/', f'https://127.0.0.1:{words[2]}/', *words[3:]), ''
        else:
            yield None, 'nginx: ' + (' '.join(words) or child.stderr.read().strip() or 'does not start')
    finally:
        child.stdin.close()
        child.wait()
        child.stdout.close()
        child.stderr.close()
