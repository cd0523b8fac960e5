# SPDX-License-Identifier: MIT
"""asyncio in debug mode: slow callbacks are logged, over 0.1 s.
usage: asyncio_debug.py SCENARIO"""
import asyncio
import logging
import sys

import scenarios


async def beat():
    while True:
        await asyncio.sleep(0.01)


async def slice_():
    scenarios.short_slice()


async def main(name):
    beating = asyncio.create_task(beat())
    await asyncio.sleep(0.3)
    if name == "slices":
        await asyncio.gather(*[slice_() for _ in range(scenarios.SHORT_SLICES)])
    elif name == "callback":
        asyncio.get_running_loop().call_soon(scenarios.HOLDS[name])
    else:
        scenarios.HOLDS[name]()
    await asyncio.sleep(0.3)
    beating.cancel()


logging.basicConfig(format="%(message)s")
scenarios.BEGIN.get(sys.argv[1], lambda: None)()
asyncio.run(main(sys.argv[1]), debug=True)
scenarios.END.get(sys.argv[1], lambda: None)()
