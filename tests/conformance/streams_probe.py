#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""asyncio's streams: what readers, writers, servers and pipes return, raise, and in which order.

    python3.13 streams_probe.py >streams-3.13.txt

The other end is a plain socket of this process, so what it sends is there at once; settle() lets the
loop see it. There are no iteration numbers: they would be those of the sockets.
"""
import asyncio, os, socket, struct, sys, tempfile

CASES = {}
sleep = asyncio.sleep
CE = asyncio.CancelledError
BIG = 4 << 20

def case(f):
    CASES[f.__name__] = f
    return f

def log(*a): OUT.append(" ".join(str(x) for x in a))
def b(x): return bytes(x).decode().replace("\n", "\\n").replace("\r", "\\r")

def err(e):
    if isinstance(e, asyncio.IncompleteReadError): return f"IncompleteReadError: {e} partial={b(e.partial)}"
    if isinstance(e, asyncio.LimitOverrunError): return f"LimitOverrunError: {e} consumed={e.consumed}"
    if isinstance(e, OSError) and e.errno: return type(e).__name__
    return f"{type(e).__name__}: {e}" if str(e) else type(e).__name__

async def attempt(what, awaitable):
    try: r = await awaitable
    except (Exception, CE) as e: log(what, "->", err(e))
    else: log(what, "->", "None" if r is None else "'" + b(r) + "'")

async def settle(): await sleep(0.01)

async def pair(**kw):
    a, peer = socket.socketpair(); peer.setblocking(False)
    r, w = await asyncio.open_connection(sock=a, **kw)
    return r, w, peer

async def end(w, peer):
    w.close(); peer.close()
    try: await w.wait_closed()
    except OSError: pass

def drink(peer):
    n = 0
    try:
        while (d := peer.recv(1 << 20)): n += len(d)
    except BlockingIOError: return n, False
    except OSError: return n, False
    return n, True

async def drink_until(peer, total):
    n = 0
    for _ in range(1000):
        k, eof = drink(peer); n += k
        if eof or n >= total: break
        await sleep(0.001)
    return n, eof

@case
async def read_takes_what_is_there():
    r, w, p = await pair(); p.send(b"abcdef")
    await attempt("read 2", r.read(2)); await attempt("read 100", r.read(100)); await attempt("read 0", r.read(0))
    await end(w, p)

@case
async def read_at_the_end():
    r, w, p = await pair(); p.send(b"ab"); p.close(); await settle()
    log("at_eof", r.at_eof()); await attempt("read", r.read(5)); await settle(); log("at_eof", r.at_eof())
    await attempt("read", r.read(5)); await attempt("readline", r.readline()); await attempt("readexactly 0", r.readexactly(0))
    await attempt("readexactly 1", r.readexactly(1)); await end(w, p)

@case
async def read_to_the_end():
    r, w, p = await pair(limit=4); p.send(b"abcdefghijkl"); t = asyncio.create_task(r.read()); await settle(); log("done", t.done())
    p.send(b"mno"); p.close(); await attempt("read -1", t); await attempt("read -1", r.read()); await end(w, p)

@case
async def exactly():
    r, w, p = await pair(limit=4); p.send(b"abc"); t = asyncio.create_task(r.readexactly(6)); await settle(); log("done", t.done())
    p.send(b"defghi"); await attempt("readexactly 6", t); await attempt("readexactly 3", r.readexactly(3)); await end(w, p)

@case
async def exactly_incomplete():
    r, w, p = await pair(); p.send(b"abc"); p.close(); await attempt("readexactly 5", r.readexactly(5))
    await attempt("readexactly 5", r.readexactly(5)); log("at_eof", r.at_eof()); await end(w, p)

@case
async def lines():
    r, w, p = await pair(); p.send(b"one\n\ntwo\nthr"); p.close()
    for _ in range(5): await attempt("readline", r.readline())
    await end(w, p)

@case
async def until():
    r, w, p = await pair(); p.send(b"a\rb\r\n\r\nc\r"); await attempt("readuntil", r.readuntil(b"\r\n"))
    await attempt("readuntil", r.readuntil(b"\r\n")); t = asyncio.create_task(r.readuntil(b"\r\n")); await settle(); log("done", t.done())
    p.send(b"\nrest"); await attempt("readuntil", t); p.close(); await attempt("readuntil", r.readuntil(b"\r\n")); log("at_eof", r.at_eof())
    await attempt("readuntil", r.readuntil(b"")); await end(w, p)

@case
async def limit_exactly():
    r, w, p = await pair(limit=4); p.send(b"abcd\nabcde\nab\n"); await attempt("readuntil", r.readuntil()); await attempt("readuntil", r.readuntil())
    await attempt("readuntil", r.readuntil()); await attempt("readexactly 6", r.readexactly(6)); await attempt("readuntil", r.readuntil()); await end(w, p)

@case
async def limit_without_a_separator():
    r, w, p = await pair(limit=4); p.send(b"abcd"); t = asyncio.create_task(r.readuntil()); await settle(); log("done", t.done())
    p.send(b"e"); await attempt("readuntil", t); await attempt("read 100", r.read(100)); await end(w, p)

@case
async def limit_with_a_long_separator():
    r, w, p = await pair(limit=4); p.send(b"abcdEN"); t = asyncio.create_task(r.readuntil(b"END")); await settle(); log("done", t.done())
    p.send(b"D"); await attempt("readuntil", t); p.send(b"abcdeEND"); await attempt("readuntil", r.readuntil(b"END")); await end(w, p)

@case
async def line_over_the_limit_with_its_end():
    r, w, p = await pair(limit=4); p.send(b"abcdefgh\nok\n"); await attempt("readline", r.readline()); await attempt("readline", r.readline()); await end(w, p)

@case
async def line_over_the_limit_without_an_end():
    r, w, p = await pair(limit=4); p.send(b"abcdefgh"); await attempt("readline", r.readline()); p.send(b"ij\nok\n")
    await attempt("readline", r.readline()); await attempt("readline", r.readline()); await end(w, p)

@case
async def second_reader():
    r, w, p = await pair(); t = asyncio.create_task(r.readline()); await settle()
    for name, c in (("readline", r.readline()), ("readuntil", r.readuntil(b"x")), ("readexactly", r.readexactly(1)), ("read", r.read(1)), ("read -1", r.read())):
        await attempt(name, c)
    p.send(b"first\n"); await attempt("first", t); await end(w, p)

@case
async def cancelled_reads_lose_nothing():
    r, w, p = await pair()
    for c in (r.readexactly(8), r.readline(), r.readuntil(b"\r\n"), r.read(0x100)):
        t = asyncio.create_task(c); await settle()
        if c.__name__ != "read": p.send(b"ab"); await settle(); t.cancel()
        await attempt(c.__name__, t)
    await end(w, p)

@case
async def cancelled_in_the_turn_of_the_data():
    r, w, p = await pair(); t = asyncio.create_task(r.readline()); await settle(); p.send(b"line\n"); t.cancel(); await attempt("readline", t); await attempt("readline", r.readline()); await end(w, p)

@case
async def close_wakes_the_reader():
    r, w, p = await pair(); t = asyncio.create_task(r.readline()); u = asyncio.create_task(w.wait_closed()); await settle(); w.close()
    log("closing", w.is_closing()); await attempt("readline", t); await attempt("wait_closed", u); log("at_eof", r.at_eof()); p.close()

@case
async def what_is_buffered_outlives_the_close():
    r, w, p = await pair(); p.send(b"one\ntwo\n"); await attempt("readline", r.readline()); w.close(); await w.wait_closed()
    await attempt("readline", r.readline()); await attempt("readline", r.readline()); p.close()

@case
async def write_after_write_eof():
    r, w, p = await pair(); w.write(b"x"); log("can", w.can_write_eof()); w.write_eof(); w.write_eof()
    for n, f in (("write", lambda: w.write(b"y")), ("write nothing", lambda: w.write(b"")), ("writelines", lambda: w.writelines([b"y"]))):
        try: f(); log(n, "-> None")
        except RuntimeError as e: log(n, "->", err(e))
    await settle(); log("peer", *drink(p)); p.send(b"answer\n"); await attempt("readline", r.readline()); await attempt("drain", w.drain()); await end(w, p)

@case
async def write_after_close():
    r, w, p = await pair(); log("closing", w.is_closing()); w.close(); w.close(); log("closing", w.is_closing()); w.write(b"x")
    await attempt("drain", w.drain()); await attempt("wait_closed", w.wait_closed()); await attempt("wait_closed", w.wait_closed()); w.write(b"x"); await attempt("drain", w.drain()); log("peer", *drink(p)); p.close()

@case
async def write_to_a_peer_that_is_gone():
    r, w, p = await pair(); p.close(); await settle(); await attempt("drain", w.drain()); w.write(b"x"); log("closing", w.is_closing())
    await attempt("drain", w.drain()); await attempt("drain", w.drain()); await attempt("wait_closed", w.wait_closed()); await attempt("read", r.read(1)); w.write(b"y"); w.close()

@case
async def drain_waits_for_low_water():
    r, w, p = await pair(); await attempt("drain", w.drain()); w.write(bytes(BIG)); log("queued", w.transport.get_write_buffer_size() > 65536)
    t = asyncio.create_task(w.drain()); u = asyncio.create_task(w.drain()); await settle(); log("done", t.done(), u.done())
    log("peer", *(await drink_until(p, BIG))); await attempt("drain", t); await attempt("drain", u); log("queued", w.transport.get_write_buffer_size()); await end(w, p)

@case
async def drain_below_the_high_water_mark():
    r, w, p = await pair(); w.transport.set_write_buffer_limits(high=2 * BIG); w.write(bytes(BIG)); log("queued", w.transport.get_write_buffer_size() > 0)
    await attempt("drain", w.drain()); w.transport.set_write_buffer_limits(high=0); t = asyncio.create_task(w.drain()); await settle(); log("done", t.done())
    t.cancel(); await attempt("drain", t); log("peer", *(await drink_until(p, BIG))); await settle(); await attempt("drain", w.drain()); await end(w, p)

@case
async def drain_when_the_peer_goes():
    r, w, p = await pair(); w.write(bytes(BIG)); t = asyncio.create_task(w.drain()); await settle(); log("done", t.done()); p.close()
    try: await t
    except ConnectionError: log("drain -> ConnectionError")
    try: await w.wait_closed()
    except ConnectionError: log("wait_closed -> ConnectionError")
    log("closing", w.is_closing())

@case
async def limits_that_are_none():
    r, w, p = await pair()
    for k in ({"high": 1, "low": 2}, {"high": 0}, {"low": 5}, {}):
        try: w.transport.set_write_buffer_limits(**k); log(k, "-> None")
        except ValueError as e: log(k, "->", err(e))
    await end(w, p)

@case
async def close_sends_what_is_queued():
    r, w, p = await pair(); w.write(bytes(BIG)); w.writelines([b"a", b"", b"bc"]); w.close(); log("closing", w.is_closing()); w.write(b"more")
    t = asyncio.create_task(w.wait_closed()); await settle(); log("done", t.done()); log("peer", *(await drink_until(p, BIG + 8))); await attempt("wait_closed", t); p.close()

@case
async def abort_drops_what_is_queued():
    r, w, p = await pair(); w.write(bytes(BIG)); t = asyncio.create_task(w.drain()); await settle(); w.transport.abort(); log("closing", w.is_closing(), w.transport.get_write_buffer_size())
    await attempt("drain", t); await attempt("wait_closed", w.wait_closed()); n, eof = await drink_until(p, BIG); log("all", n == BIG); await attempt("read", r.read(1)); p.close()

@case
async def write_eof_after_what_is_queued():
    r, w, p = await pair(); w.write(bytes(BIG)); w.write_eof(); n, eof = await drink_until(p, BIG + 1); log("peer", n, eof); p.send(b"still\n"); await attempt("readline", r.readline()); await end(w, p)

async def dial(port): return await asyncio.open_connection("127.0.0.1", port)
def port_of(s): return s.sockets[0].getsockname()[1]

@case
async def reset_by_the_peer():
    got = asyncio.Queue()
    s = await asyncio.start_server(lambda r, w: got.put_nowait((r, w)), "127.0.0.1", 0); c = socket.create_connection(("127.0.0.1", port_of(s))); r, w = await got.get()
    t = asyncio.create_task(r.readline()); await settle(); c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); c.close()
    await attempt("readline", t); await attempt("read", r.read(1)); await attempt("drain", w.drain()); await attempt("wait_closed", w.wait_closed()); log("closing", w.is_closing(), "exception", type(r.exception()).__name__); s.close()

@case
async def a_server_and_its_end():
    async def echo(r, w):
        line = await r.readline(); log("server got", b(line)); w.write(line); await w.drain(); await r.read(); log("server saw the end"); w.close()
    s = await asyncio.start_server(echo, "127.0.0.1", 0); log("serving", s.is_serving()); r, w = await dial(port_of(s)); w.write(b"hello\n"); await attempt("readline", r.readline())
    t = asyncio.create_task(s.wait_closed()); await settle(); log("done", t.done()); s.close(); s.close(); log("serving", s.is_serving(), len(s.sockets)); await settle(); log("done", t.done())
    w.close(); await attempt("wait_closed", t); await attempt("wait_closed", s.wait_closed()); await w.wait_closed()

@case
async def a_handler_that_fails():
    asyncio.get_running_loop().set_exception_handler(lambda l, c: log("handler:", c["message"], type(c["exception"]).__name__))
    async def bad(r, w): await r.readline(); raise ValueError("x")
    s = await asyncio.start_server(bad, "127.0.0.1", 0); r, w = await dial(port_of(s)); w.write(b"go\n"); await attempt("read", r.read()); w.close(); s.close(); await attempt("wait_closed", s.wait_closed())

@case
async def a_handler_that_is_cancelled():
    asyncio.get_running_loop().set_exception_handler(lambda l, c: log("handler:", c["message"]))
    tasks = []
    async def wait(r, w): tasks.append(asyncio.current_task()); log("handler starts"); await r.readline()
    s = await asyncio.start_server(wait, "127.0.0.1", 0); r, w = await dial(port_of(s)); await settle(); tasks[0].cancel(); await attempt("read", r.read()); w.close(); s.close(); await attempt("wait_closed", s.wait_closed())

@case
async def closing_the_clients():
    async def wait(r, w): await attempt("handler read", r.read()); w.close()
    s = await asyncio.start_server(wait, "127.0.0.1", 0); r, w = await dial(port_of(s)); await settle(); s.close(); s.close_clients(); await attempt("wait_closed", s.wait_closed()); await attempt("read", r.read()); w.close()

@case
async def aborting_the_clients():
    async def fill(r, w): w.write(bytes(BIG * 4)); await attempt("handler drain", w.drain()); await attempt("handler drain", w.drain())
    s = await asyncio.start_server(fill, "127.0.0.1", 0); r, w = await dial(port_of(s)); await settle(); s.close(); s.abort_clients(); await attempt("wait_closed", s.wait_closed()); await settle(); w.close()

@case
async def serving_for_ever():
    async def h(r, w): w.close()
    s = await asyncio.start_server(h, "127.0.0.1", 0); t = asyncio.create_task(s.serve_forever()); await settle(); log("done", t.done())
    try: await s.serve_forever()
    except RuntimeError as e: log("second", str(e).endswith("is already being awaited on serve_forever()"))
    t.cancel(); await attempt("serve_forever", t); log("serving", s.is_serving()); await attempt("wait_closed", s.wait_closed())
    try: await s.serve_forever()
    except RuntimeError as e: log("closed", str(e).endswith("is closed"))
    s = await asyncio.start_server(h, "127.0.0.1", 0); t = asyncio.create_task(s.serve_forever()); await settle(); s.close(); await attempt("serve_forever", t)

@case
async def unix_sockets():
    with tempfile.TemporaryDirectory() as d:
        path = d + "/s"
        async def h(r, w): w.write((await r.readline()).upper()); w.close()
        s = await asyncio.start_unix_server(h, path); r, w = await asyncio.open_unix_connection(path); w.write(b"abc\n"); await attempt("read", r.read()); w.close(); s.close(); await s.wait_closed(); log("path", os.path.exists(path))
        try: await asyncio.open_unix_connection(path)
        except OSError as e: log(err(e))

async def read_pipe(fd):
    loop = asyncio.get_running_loop(); r = asyncio.StreamReader(); t, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(r), os.fdopen(fd, "rb", 0)); return r, t

async def write_pipe(fd):
    loop = asyncio.get_running_loop(); t, p = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(fd, "wb", 0)); p._get_close_waiter = None; return asyncio.StreamWriter(t, p, None, loop), t

@case
async def pipes():
    a, c = os.pipe(); r, rt = await read_pipe(a); w, wt = await write_pipe(c); w.write(b"one\ntwo"); await attempt("readline", r.readline()); log("can", w.can_write_eof()); w.write_eof(); log("closing", w.is_closing())
    w.write(b"lost"); await attempt("read", r.read()); await settle(); await attempt("drain", w.drain())

@case
async def a_pipe_without_a_reader():
    a, c = os.pipe(); w, t = await write_pipe(c); await settle(); log("closing", w.is_closing()); os.close(a); await settle(); log("closing", w.is_closing()); w.write(b"x"); await attempt("drain", w.drain())

@case
async def what_is_no_pipe():
    with tempfile.TemporaryFile() as f:
        try: await asyncio.get_running_loop().connect_read_pipe(asyncio.Protocol, f)
        except ValueError as e: log(err(e))
        try: await asyncio.get_running_loop().connect_write_pipe(asyncio.Protocol, f)
        except ValueError as e: log(err(e))


if __name__ == "__main__":
    print(f"# CPython {sys.version.split()[0]}; streams")
    for n in [n for n in CASES if not sys.argv[1:] or n in sys.argv[1:]]:
        OUT = []
        try: asyncio.run(asyncio.wait_for(CASES[n](), 20))
        except BaseException as e: OUT.append(f"!! {err(e)}")
        print(f"## {n}")
        for l in OUT: print("  ", l)
