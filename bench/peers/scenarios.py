# SPDX-License-Identifier: MIT
"""The ways to hold a loop of hold.c, in Python: see hold.h. HOLDS[name] is called in the
loop, BEGIN[name] before it and END[name] after it. The scenario "slices" is short_slice(), so many
times."""
import ctypes
import mmap
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

HOLD = 0.5
SHORT = 0.07
SHORT_SLICES = 10
BURNERS = 4


def lines_that_hold(count):
    line = sys._getframe(1).f_lineno
    file = os.path.basename(__file__)
    os.write(1, b"\n@begin %.6f %s %d %d\n" % (time.monotonic(), file.encode(), line + 1, line + count))


def end():
    os.write(1, b"\n@end %.6f\n" % time.monotonic())


def start(function):
    threading.Thread(target=function, daemon=True).start()


# ---- Blocked


def sleep():
    lines_that_hold(1)
    time.sleep(HOLD)
    end()


def pipe():
    reads, writes = os.pipe()
    start(lambda: (time.sleep(HOLD), os.write(writes, b"x")))
    lines_that_hold(1)
    os.read(reads, 1)
    end()


def lock():
    mutex = threading.Lock()
    taken = threading.Event()

    def hold():
        with mutex:
            taken.set()
            time.sleep(HOLD)

    start(hold)
    taken.wait()
    lines_that_hold(1)
    mutex.acquire()
    end()


class ResolverState(ctypes.Structure):
    """The beginning of glibc's struct __res_state."""

    _fields_ = [
        ("retrans", ctypes.c_int),
        ("retry", ctypes.c_int),
        ("options", ctypes.c_ulong),
        ("nscount", ctypes.c_int),
        ("family", ctypes.c_ushort),
        ("port", ctypes.c_uint16.__ctype_be__),
        ("address", ctypes.c_uint32.__ctype_be__),
    ]


def resolve():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    libc = ctypes.CDLL("libc.so.6")
    libc.__res_init()
    libc.__res_state.restype = ctypes.POINTER(ResolverState)
    state = libc.__res_state().contents
    state.retrans = state.retry = state.nscount = 1
    state.family, state.port, state.address = socket.AF_INET, server.getsockname()[1], 0x7F000001
    try:
        lines_that_hold(1)
        socket.getaddrinfo("slow.invalid.", 80)
    except OSError:
        end()


def dirty_file(mb):
    file = tempfile.TemporaryFile(dir=os.environ.get("TMPDIR", "/var/tmp"), buffering=0)
    for i in range(mb):
        file.write(bytes([i % 255 + 1]) * (1 << 20))
    return file


dirty = None


def begin_fsync():
    global dirty
    mb, took = 64, 0
    while took < HOLD / 2 and mb < 1024:
        mb *= 2
        with dirty_file(mb) as file:
            begin = time.monotonic()
            os.fsync(file.fileno())
            took = time.monotonic() - begin
    dirty = dirty_file(int(mb * HOLD / took) + 1)


def fsync():
    lines_that_hold(1)
    os.fsync(dirty.fileno())
    end()


curl = {}


def begin_curl():
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        peer, _ = listener.accept()
        peer.recv(1000)
        time.sleep(HOLD)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        peer.close()

    try:
        library = ctypes.CDLL("libcurl.so.4")
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(77)
    library.curl_easy_init.restype = ctypes.c_void_p
    start(serve)
    curl["handle"] = handle = ctypes.c_void_p(library.curl_easy_init())
    curl["perform"] = library.curl_easy_perform
    url = b"http://127.0.0.1:%d/" % listener.getsockname()[1]
    library.curl_easy_setopt(handle, 10002, ctypes.c_char_p(url))


def fetch():
    lines_that_hold(1)
    curl["perform"](curl["handle"])
    end()


# ---- Computing


def compute(seconds):
    until = time.thread_time() + seconds
    lines_that_hold(3)
    while time.thread_time() < until:
        for _ in range(1000):
            pass
    end()


def cpu():
    compute(HOLD)


def faults():
    until = time.thread_time() + HOLD
    size = 8 << 20
    lines_that_hold(5)
    while time.thread_time() < until:
        pages = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        at = ctypes.addressof(ctypes.c_char.from_buffer(pages))
        ctypes.memset(at, 1, size)
        pages = None
    end()


# ---- Not the code's fault

others = []


def begin_starved():
    cpu = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    for _ in range(BURNERS):
        others.append(subprocess.Popen(["sh", "-c", "while :; do :; done"]))


def end_others():
    for other in others:
        other.kill()
        other.wait()


def short_work():
    compute(SHORT)


def begin_stopped():
    script = "read go; sleep %f; kill -STOP %d; sleep %f; kill -CONT %d" % (
        SHORT / 2, os.getpid(), HOLD, os.getpid())
    others.append(subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE))


def stopped():
    others[0].stdin.write(b"\n")
    others[0].stdin.flush()
    compute(SHORT)


def end_stopped():
    others[0].wait()


def short_slice():
    lines_that_hold(1)
    time.sleep(SHORT)
    end()


HOLDS = {
    "sleep": sleep, "pipe": pipe, "lock": lock, "getaddrinfo": resolve, "fsync": fsync, "cpu": cpu,
    "faults": faults, "callback": sleep, "curl": fetch, "starved": short_work, "stopped": stopped,
}
BEGIN = {"fsync": begin_fsync, "curl": begin_curl, "starved": begin_starved, "stopped": begin_stopped}
END = {"starved": end_others, "stopped": end_stopped}
