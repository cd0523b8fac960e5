# SPDX-License-Identifier: MIT
"""
loophound-gdb.py - what gdb loads: the commands `async tasks`, `async bt`, `async frame`.

    (gdb) source .../loophound-gdb.py

or by itself, for an installed libloophound.so. The work is in loophound_gdb/, beside this file.
"""
import os
import sys

_dont_write = sys.dont_write_bytecode
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True  # the folder may be a source tree, or root's
try:
    import loophound_gdb.commands
finally:
    sys.dont_write_bytecode = _dont_write
    del sys.path[0]

loophound_gdb.commands.register()
