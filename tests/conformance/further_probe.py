#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Further scenarios, in the manner of asyncio_probe.py: what happens when two of its rules meet.

    python3.13 further_probe.py >further-3.13.txt
"""
import socket

import asyncio_probe
from asyncio_probe import *

CASES.clear()
cancelling=lambda: asyncio.current_task().cancelling()

@case
async def tg_external_cancel_and_error():
    async def k():
        try: await sleep(10)
        except CE: await sleep(0); raise ValueError("k")
    async def w():
        try:
            async with asyncio.TaskGroup() as tg:
                tg.create_task(k()); await sleep(10)
        except BaseExceptionGroup as e: log(E(e), "cancelling", cancelling())
        try: await sleep(0); log("no CE")
        except CE: log("CE at next await cancelling", cancelling()); raise
    t=ct(w()); await sleep(0); await sleep(0); t.cancel("e"); await asyncio.wait([t]); log(st(t))

@case
async def tg_cancel_twice_in_exit():
    async def w():
        async with asyncio.TaskGroup() as tg: tg.create_task(worker("A",1,10,cleanup=4))
    t=ct(w()); await sleep(0); await sleep(0); t.cancel(); await sleep(0); t.cancel(); await sleep(0); t.cancel(); await asyncio.wait([t]); log(st(t), t.cancelling())

@case
async def tg_error_then_external_cancel():
    async def w():
        try:
            async with asyncio.TaskGroup() as tg:
                tg.create_task(worker("F",1,exc=ValueError(1))); tg.create_task(worker("B",1,10,cleanup=4)); await sleep(10)
        except BaseExceptionGroup as e: log(E(e), "cancelling", cancelling())
        await sleep(0); log("after", cancelling())
    t=ct(w())
    for _ in range(5): await sleep(0)
    t.cancel(); await asyncio.wait([t]); log(st(t), t.cancelling())

@case
async def tg_child_spawns_in_exit():
    async def c(tg):
        await sleep(0); tg.create_task(worker("late",2)); log("spawned")
    async with asyncio.TaskGroup() as tg: tg.create_task(c(tg))
    log("out")

@case
async def tg_swallow_in_body():
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(worker("F",1,exc=ValueError(1)))
            try: await sleep(10)
            except CE: log("swallow", cancelling())
            await sleep(1); log("body went on")
    except BaseExceptionGroup as e: log(E(e), cancelling())

@case
async def tg_body_ce_by_itself():
    try:
        async with asyncio.TaskGroup() as tg:
            b=tg.create_task(worker("B",1,10)); await sleep(0); raise CE("mine")
    except CE as e: log(E(e), st(b), cancelling())

@case
async def tg_nested_external():
    async def w():
        async with asyncio.TaskGroup() as o:
            o.create_task(worker("O",1,10,cleanup=1))
            async with asyncio.TaskGroup() as i:
                i.create_task(worker("I",1,10,cleanup=2))
    t=ct(w()); await sleep(0); await sleep(0); t.cancel(); await asyncio.wait([t]); log(st(t), t.cancelling())

@case
async def tg_in_timeout():
    try:
        async with asyncio.timeout(1):
            async with asyncio.TaskGroup() as tg: b=tg.create_task(worker("B",1,10,cleanup=2))
    except TimeoutError: log("TimeoutError", st(b), cancelling())

@case
async def tg_timeout_and_error():
    async def k():
        try: await sleep(10)
        except CE: raise ValueError("k")
    try:
        async with asyncio.timeout(1):
            async with asyncio.TaskGroup() as tg: tg.create_task(k())
    except BaseExceptionGroup as e: log(E(e), cancelling())
    except TimeoutError: log("TO")
    try: await sleep(0); log("ok")
    except CE: log("CE")

@case
async def tg_eager_error():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    async def bad(): raise ValueError("eager")
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(bad()); log("created", cancelling())
            try: await sleep(0); log("no")
            except CE: log("CE"); raise
    except BaseExceptionGroup as e: log(E(e), cancelling())
    asyncio.get_running_loop().set_task_factory(None)

@case
async def wait_cancelled():
    a=ct(worker("A",4))
    async def w():
        try: await asyncio.wait([a])
        except CE: log("w CE", st(a)); raise
    t=ct(w()); await sleep(0); await sleep(0); t.cancel(); await asyncio.wait([t]); log(st(t), st(a)); await a

@case
async def wait_done_already():
    a=ct(worker("A",0)); await a; b=ct(worker("B",5)); log("wait")
    d,p=await asyncio.wait([a,b],return_when=asyncio.FIRST_COMPLETED); log(len(d),len(p)); await b

@case
async def wait_first_exc_cancelled():
    a,b=ct(worker("A",1,10)),ct(worker("B",3)); await sleep(0); a.cancel()
    d,p=await asyncio.wait([a,b],return_when=asyncio.FIRST_EXCEPTION); log(len(d),len(p),st(a),st(b))

@case
async def wait_timeout_zero():
    a=ct(worker("A",0)); d,p=await asyncio.wait([a],timeout=0); log(len(d),len(p))
    b=ct(worker("B",1,10)); d,p=await asyncio.wait([b],timeout=0); log(len(d),len(p)); b.cancel()

@case
async def as_completed_timeout():
    fs=[ct(worker("A",1,1)),ct(worker("B",1,5)),ct(worker("C",1,6))]
    for f in asyncio.as_completed(fs,timeout=2):
        try: log(await f)
        except TimeoutError: log("TimeoutError")
    log([st(x) for x in fs])
    for x in fs: x.cancel()

@case
async def as_completed_async_for_done():
    a=ct(worker("A",0)); b=ct(worker("B",2)); await a
    async for t in asyncio.as_completed([a,b,a]): log("got", await t)

@case
async def as_completed_cancelled_consumer():
    fs=[ct(worker("A",3)),ct(worker("B",5))]; it=asyncio.as_completed(fs)
    async def c(n):
        try: log(n, await next(it))
        except CE: log(n,"CE"); raise
        except StopIteration: log(n,"stop")
    c1,c2=ct(c("c1")),ct(c("c2")); await sleep(0); c1.cancel(); await asyncio.wait([c1,c2]); log(st(c1),st(c2))
    await asyncio.wait(fs)

@case
async def shield_inner_cancelled():
    i=ct(worker("I",1,10))
    async def w():
        try: await asyncio.shield(i)
        except CE: log("w CE", cancelling()); raise
    t=ct(w()); await sleep(0); await sleep(0); i.cancel("z"); await asyncio.wait([t]); log(st(t), st(i))

@case
async def shield_wait_for():
    i=ct(worker("I",1,3))
    try: await asyncio.wait_for(asyncio.shield(i),1)
    except TimeoutError: log("TimeoutError", st(i))
    log(await i)

@case
async def shield_raises():
    i=ct(worker("I",2,exc=ValueError(3)))
    try: await asyncio.shield(i)
    except ValueError as e: log(E(e))

@case
async def shield_twice_cancel_in_same_tick():
    asyncio.get_running_loop().set_exception_handler(lambda l, c: log("handler:", c["message"]))
    i=ct(worker("I",2,exc=ValueError(3)))
    async def w(): await asyncio.shield(i)
    t=ct(w()); await sleep(0); await sleep(0); await sleep(0); log(st(t)); t.cancel(); await asyncio.wait([t]); log(st(t)); del i; gc.collect(); await sleep(0)
    asyncio.get_running_loop().set_exception_handler(None)

@case
async def gather_true_cancel():
    a,b=ct(worker("A",1,10)),ct(worker("B",1,10,cleanup=3)); g=asyncio.gather(a,b,return_exceptions=True)
    await sleep(0); await sleep(0); log("cancel", g.cancel("gm"))
    try: await g
    except CE as e: log(E(e), g.cancelled(), st(a), st(b))

@case
async def gather_child_cancelled_false():
    a,b=ct(worker("A",1,10)),ct(worker("B",3)); await sleep(0); a.cancel("why")
    g=asyncio.gather(a,b)
    try: await g
    except CE as e: log(E(e), g.cancelled(), cancelling(), st(b))
    await b

@case
async def gather_nested():
    a,b,c=ct(worker("A",1)),ct(worker("B",2)),ct(worker("C",1,10)); g=asyncio.gather(asyncio.gather(a,b),c)
    await sleep(0); await sleep(0); await sleep(0); await sleep(0); await sleep(0); log("cancel", g.cancel())
    try: await g
    except CE: log("CE", st(a), st(c))

@case
async def gather_done_all():
    a=ct(worker("A",0)); await a; g=asyncio.gather(a,a); log(g.done()); log(await g); log(g.cancel())

@case
async def msg_twice():
    t=ct(worker("T",1,10)); await sleep(0); t.cancel("a"); t.cancel("b"); await asyncio.wait([t])
    t=ct(worker("U",2)); await sleep(0); t.cancel("a"); t.cancel("b"); await asyncio.wait([t])

@case
async def msg_chain_two_awaiters():
    b=ct(worker("B",1,10))
    async def w(n):
        try: await b
        except CE as e: log(n,E(e)); raise
    x,y=ct(w("x")),ct(w("y")); await sleep(0); await sleep(0); x.cancel("m"); await asyncio.wait([x,y]); log(st(x),st(y),y.cancelling())
    try: await x
    except CE as e: log("main", E(e))
    try: await x
    except CE as e: log("main2", E(e))

@case
async def msg_not_started():
    t=ct(worker("T")); t.cancel("a"); t.cancel("b")
    try: await t
    except CE as e: log(E(e))

@case
async def msg_future():
    f=asyncio.get_running_loop().create_future(); f.cancel("fm")
    for _ in range(2):
        try: await f
        except CE as e: log(E(e))

@case
async def msg_self_then_second():
    async def w():
        asyncio.current_task().cancel("self")
        try: await sleep(10)
        except CE as e: log(E(e))
        try: await sleep(10)
        except CE as e: log(E(e)); raise
    t=ct(w()); await sleep(0); await sleep(0); t.cancel(); await asyncio.wait([t]); log(st(t))

@case
async def uncancel_clears():
    async def w():
        me=asyncio.current_task(); me.cancel("x"); log(me.uncancel()); await sleep(0); log("alive"); me.cancel(); me.cancel(); me.uncancel()
        try: await sleep(0)
        except CE as e: log(E(e), me.cancelling())
    await ct(w())

@case
async def cancel_awaiting_done_then_value_lost():
    async def w():
        asyncio.current_task().cancel("lost"); return 1
    t=ct(w()); await asyncio.wait([t])
    try: await t
    except CE as e: log(E(e))
    try: await t
    except CE as e: log(E(e))

@case
async def eager_nested_and_errors():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    async def inner(): log("inner", asyncio.current_task() is not me); await sleep(0); log("inner2"); return 1
    async def outer():
        mine=asyncio.current_task(); t=asyncio.create_task(inner()); log("outer again", asyncio.current_task() is mine); r=await t; log("outer got",r); return r
    async def bad(): raise ValueError("b")
    async def selfc(): asyncio.current_task().cancel(); return 1
    me=asyncio.current_task(); t=asyncio.create_task(outer()); log(st(t)); u=asyncio.create_task(bad()); log(st(u)); v=asyncio.create_task(selfc()); log(st(v))
    log(await t)
    async def w(): 
        try: await sleep(10)
        except CE as e: log(E(e)); raise
    x=asyncio.create_task(w()); x.cancel("ex"); await asyncio.wait([x]); log(st(x))
    asyncio.get_running_loop().set_task_factory(None)

@case
async def wait_for_swallow_and_outer_cancel():
    t=ct(worker("T",1,10,swallow=True)); log(await asyncio.wait_for(t,1))
    async def w(): await asyncio.wait_for(u,5)
    u=ct(worker("U",1,10,cleanup=2)); x=ct(w()); await sleep(0); await sleep(0); x.cancel("oc"); await asyncio.wait([x]); log(st(x),st(u))

@case
async def wait_for_zero_running():
    t=ct(worker("T",1,10,cleanup=2)); await sleep(0)
    try: await asyncio.wait_for(t,0)
    except TimeoutError: log("TE", st(t))

@case
async def future_exc_and_callbacks():
    f=asyncio.get_running_loop().create_future(); cb=lambda _: log("cb"); f.add_done_callback(cb); f.add_done_callback(lambda _: log("cb2")); log(f.remove_done_callback(cb)); f.set_exception(ValueError("f")); log(f.remove_done_callback(cb))
    try: await f
    except ValueError as e: log(E(e))
    await sleep(0)

# ---- Callbacks of fds: in which turn, before which timers

def pair():
    a,b=socket.socketpair()
    for x in (a,b): x.setblocking(False)
    return a,b

@case
async def reader_each_turn_while_ready():
    loop=asyncio.get_running_loop(); a,b=pair(); b.send(b"abc")
    def read(): log("read", a.recv(1).decode())
    loop.add_reader(a, read); log("added")
    for _ in range(5): await sleep(0); log("turn")
    b.send(b"d"); await sleep(0); await sleep(0); log("removed", int(loop.remove_reader(a)), int(loop.remove_reader(a)))
    b.send(b"e"); await sleep(0); await sleep(0); log("end"); a.close(); b.close()

@case
async def reader_before_timers_after_ready():
    loop=asyncio.get_running_loop(); a,b=pair(); b.send(b"x")
    loop.call_later(0, log, "timer"); loop.call_soon(log, "soon")
    loop.add_reader(a, lambda: (log("reader"), loop.remove_reader(a)))
    await sleep(0); log("task"); await sleep(0); a.close(); b.close()

@case
async def reader_replaced_before_it_ran():
    loop=asyncio.get_running_loop(); a,b=pair(); c,d=pair(); b.send(b"x"); d.send(b"x")
    # both are due in the same turn; the first to run replaces or removes the other's callback
    second=lambda: (log("second"), loop.remove_reader(c))
    def first(): log("first"); loop.add_reader(c, second); loop.remove_reader(a)
    loop.add_reader(a, first); loop.add_reader(c, log, "never")
    for _ in range(3): await sleep(0); log("turn")
    def third(): log("third"); log(int(loop.remove_reader(c)), int(loop.remove_reader(a)))
    loop.add_reader(a, third); loop.add_reader(c, log, "never")
    for _ in range(3): await sleep(0); log("turn")
    for x in (a,b,c,d): x.close()

@case
async def writer_and_reader_of_one_fd():
    loop=asyncio.get_running_loop(); a,b=pair()
    loop.add_writer(a, log, "writer"); await sleep(0); log("turn")
    b.send(b"x"); loop.add_reader(a, log, "reader"); await sleep(0); log("turn")
    loop.remove_writer(a); await sleep(0); log("turn"); a.recv(1); await sleep(0); log("turn")
    b.close(); loop.add_writer(a, log, "writer"); await sleep(0); log("turn")
    loop.remove_reader(a); loop.remove_writer(a); a.close()

@case
async def reader_wakes_a_sleeping_loop():
    loop=asyncio.get_running_loop(); a,b=pair(); f=loop.create_future()
    loop.add_reader(a, lambda: (log("reader"), loop.remove_reader(a), f.set_result(None)))
    loop.call_later(1, lambda: (log("timer"), b.send(b"x"))); loop.call_later(2, log, "later")
    await f; log("woken"); await sleep(2); log("end"); a.close(); b.close()


if __name__ == "__main__":
    print(f"# CPython {sys.version.split()[0]}; [tick@virtual-time] event")
    run_virtual([n for n in CASES if not sys.argv[1:] or n in sys.argv[1:]])
